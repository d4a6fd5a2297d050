from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .allowance_cases import AllowanceCommon


@tagged("post_install", "-at_install")
class TestAllowancePrepaid(AllowanceCommon):
    """Hours bought in advance: SEMANTICS §6."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", groups="service_agreement.group_user"
        )

    def _buy(self, allowance, day, count=1, user=None, **values):
        """Through the wizard, as a person does."""
        with self.at(f"{day} 10:00:00"):
            form = self._open_wizard(allowance, user)
            form.count = count
            for name, value in values.items():
                form[name] = value
            form.save().action_confirm()
        return allowance.lot_ids.sorted("id")[-1:]

    def _open_wizard(self, allowance, user=None):
        agreement = allowance.agreement_id.with_user(user or self.seller)
        action = agreement.action_add_prepaid()
        Wizard = self.env[action["res_model"]].with_user(user or self.seller)
        return Form(Wizard.with_context(**action["context"]))

    def _bill_and_pay(self, allowance, billed, paid=None):
        with self.at(f"{billed} 10:00:00"):
            moves = self._bill(billed)
        invoice = moves.filtered(
            lambda m: allowance.lot_ids.agreement_line_id & m.line_ids.agreement_line_id
        )
        if paid:
            self._pay(invoice, paid)
        return invoice

    def _pay(self, invoice, day):
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        register.create({"payment_date": day})._create_payments()

    # Bought

    def test_a_lot_and_a_charge_that_is_no_monthly_revenue(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        agreement = allowance.agreement_id
        before = agreement.mrr
        lot = self._buy(allowance, "2026-03-10", count=2)
        self.assertEqual(lot.granted, 20)
        self.assertEqual(
            (str(lot.date_start), str(lot.date_end)), ("2026-03-10", "2027-03-09")
        )
        line = lot.agreement_line_id
        self.assertEqual((line.charge, line.price_subtotal), ("one_off", 1800))
        self.assertEqual(line.tax_ids, self.tax_sale_a)
        self.assertEqual(agreement.mrr, before)
        self.assertIn("20 h", agreement.message_ids[0].body)
        invoice = self._bill_and_pay(allowance, "2026-03-10")
        billed = invoice.line_ids.filtered(lambda ln: ln.agreement_line_id == line)
        self.assertEqual(billed.price_subtotal, 1800)
        self.assertIn("20 h", billed.name)
        # Once
        later = self._bill("2026-06-01").line_ids
        self.assertFalse(later.filtered(lambda ln: ln.agreement_line_id == line))

    def test_blk_01_two_that_end_together_the_earlier_start(self):
        allowance = self._start(self._prepaid(validity_months=0), "2026-05-01")
        may = self._buy(allowance, "2026-05-01", quantity=5)
        june = self._buy(allowance, "2026-06-01", quantity=5)
        taken = self._draw(allowance, ("2026-06-03", 7), today="2026-06-03")
        self.assertEqual(taken, [(may, 5), (june, 2)])
        self._check_identity(allowance)

    def test_it_expires_and_is_forfeited(self):
        allowance = self._start(self._prepaid(validity_months=3), "2026-01-31")
        lot = self._buy(allowance, "2026-01-31")
        self.assertEqual(str(lot.date_end), "2026-04-29")
        self._draw(allowance, ("2026-04-29", 1), today="2026-04-29")
        self._run_grants("2026-04-30")
        self.assertEqual((lot.forfeited, lot.balance), (9, 0))
        self._check_identity(allowance)

    def test_beside_hours_that_are_included(self):
        allowance = self._start(self._including(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10", quantity=5, price=400)
        taken = self._draw(allowance, ("2026-03-12", 6), today="2026-03-12")
        self.assertEqual([units for _lot, units in taken], [4, 2])
        self.assertEqual(lot.balance, 3)

    def test_given_without_a_charge(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10", price=0)
        self.assertFalse(lot.agreement_line_id)
        self.assertTrue(lot.is_paid)

    def test_a_price_is_proposed_by_the_rates(self):
        rates = self.env["service.agreement.rate"]
        rates.search([]).unlink()
        tier = self._prepaid(price=0)
        tier.rate_ids = [Command.create({"price": 120.0})]
        allowance = self._start(tier, "2026-03-01")
        with self.at("2026-03-10 10:00:00"):
            form = self._open_wizard(allowance)
            self.assertEqual((form.price, form.afterwards), (1200, 1200))
            form.quantity = 2.5
            self.assertEqual(form.price, 300)
            form.price = 250
            form.save().action_confirm()
        self.assertEqual(allowance.lot_ids.agreement_line_id.price_unit, 250)

    def test_the_price_of_its_lots_goes_first_and_for_parts_of_one(self):
        rates = self.env["service.agreement.rate"]
        rates.search([]).unlink()
        rates.create({"price": 150.0, "company_id": self.company.id})
        allowance = self._start(self._prepaid(), "2026-03-01")
        with self.at("2026-03-10 10:00:00"):
            form = self._open_wizard(allowance)
            self.assertEqual((form.price, form.afterwards), (900, 1500))
            form.quantity = 5
        self.assertEqual((form.price, form.afterwards), (450, 750))

    def test_where_no_price_is_known_none_is_made_up(self):
        visits = self._prepaid(price=0, unit="visits", quantity=2)
        allowance = self._start(visits, "2026-03-01")
        with self.at("2026-03-10 10:00:00"):
            form = self._open_wizard(allowance)
        self.assertEqual((form.price, form.afterwards), (0, 0))
        self.assertIn("The price is 0.00", form._view["tree"].xpath("string(//form)"))

    def test_in_the_words_of_the_customer(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        tier = self._prepaid()
        tier.allowance_ids.with_context(lang="nl_NL").name = "Strippenkaart"
        self.customer.lang = "nl_NL"
        allowance = self._start(tier, "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        self.assertTrue(lot.agreement_line_id.name.startswith("Strippenkaart"))

    def test_it_ends_with_the_agreement_and_comes_back_with_it(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        agreement = allowance.agreement_id
        with self.at("2026-04-01 10:00:00"):
            agreement._end(date(2026, 4, 30), "cancelled")
            self.assertEqual(str(lot.date_end), "2026-04-30")
            agreement.action_take_back_end()
        self.assertEqual(str(lot.date_end), "2027-03-09")

    def _replace(self, allowance, today, start, tier):
        """:return: the allowance of the agreement that replaces this one's"""
        with self.at(f"{today} 10:00:00"):
            action = allowance.agreement_id.action_replace()
            new = self.env["service.agreement"].browse(action["res_id"])
            new.write({"date_start": start, "tier_id": tier.id})
            new.action_activate()
        return new.coverage_ids.allowance_ids

    def test_what_was_paid_for_goes_on_with_the_agreement_that_replaces_it(self):
        old = self._start(self._prepaid(), "2026-03-01")
        bought = self._buy(old, "2026-03-10")
        self._bill_and_pay(old, "2026-03-10", paid="2026-03-12")
        self._draw(old, ("2026-03-15", 3), today="2026-03-15")
        new = self._replace(old, "2026-03-20", "2026-04-01", self._prepaid())
        self.assertFalse(new.lot_ids, "it has not begun")
        self.assertEqual(bought.balance, 7)
        self._refresh(old, "2026-04-01")
        moved = new.lot_ids
        self.assertEqual(self._figures(old), {"2026-03-10": (10, 0, 0, 3, 0, 7, 0)})
        self.assertEqual(self._figures(new), {"2026-04-01": (0, 0, 7, 0, 0, 0, 7)})
        self.assertEqual(moved.date_end, bought.date_expiry)
        self.assertEqual((moved.origin_id, moved.is_paid), (bought, True))
        # Closed months do not undo it, and late work takes it back.
        self.company.sudo().service_closed_until = "2026-03-31"
        self._draw(new, ("2026-04-10", 2), today="2026-04-10")
        self.company.sudo().service_closed_until = False
        self._draw(old, ("2026-03-20", 4), today="2026-04-11")
        self.assertEqual(self._figures(old), {"2026-03-10": (10, 0, 0, 7, 0, 3, 0)})
        self.assertEqual(self._figures(new), {"2026-04-01": (0, 0, 3, 2, 0, 0, 1)})
        for allowance in old | new:
            self._check_identity(allowance)
        # A second time, and credited wherever it is by then.
        third = self._replace(new, "2026-05-02", "2026-06-01", self._prepaid())
        self._refresh(third, "2026-06-01")
        self.assertEqual(self._figures(third), {"2026-06-01": (0, 0, 1, 0, 0, 0, 1)})
        with self.at("2026-06-02 10:00:00"):
            invoice = bought.agreement_line_id.invoice_line_ids.move_id
            invoice._reverse_moves().action_post()
        self.assertEqual(third.lot_ids.balance, 0)
        self._check_identity(third)

    def test_somebody_is_told_where_nothing_goes_on_with_it(self):
        old = self._start(self._prepaid(), "2026-03-01")
        self._buy(old, "2026-03-10")
        tier = self._including("Platinum", kind="unlimited")
        new = self._replace(old, "2026-04-01", "2026-04-01", tier)
        [todo] = new.agreement_id.activity_ids
        self.assertIn("10 h", todo.note)
        self.assertEqual(old.lot_ids.forfeited, 10)

    def test_it_comes_back_where_the_next_one_does_not_start(self):
        old = self._start(self._prepaid(), "2026-03-01")
        self._buy(old, "2026-03-10")
        new = self._replace(old, "2026-03-20", "2026-04-01", self._prepaid())
        with self.at("2026-03-21 10:00:00"):
            new.agreement_id._end(date(2026, 3, 21), "cancelled")
            old.agreement_id.action_take_back_end()
        self._refresh(old, "2026-04-02")
        self.assertFalse(new.lot_ids)
        self.assertEqual(old.lot_ids.balance, 10)

    def test_what_cannot_be_sold(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        agreement = allowance.agreement_id
        other = self._start(self._including("Other"), "2026-03-01")
        sell = agreement._add_prepaid
        for arguments, message in (
            ((allowance, 0, 900, date(2026, 3, 10)), "above 0"),
            ((other, 10, 900, date(2026, 3, 10)), "Choose an allowance"),
            ((allowance, 10, 900, date(2026, 2, 10)), "not in force"),
        ):
            with self.assertRaisesRegex(UserError, message):
                sell(*arguments)
        plain = self._create_active("2026-03-01")
        with self.assertRaisesRegex(UserError, "no allowance"):
            plain.action_add_prepaid()
        draft = self._create_agreement(
            "2026-03-01", tier_id=allowance.agreement_id.tier_id.id
        )
        with self.assertRaisesRegex(UserError, "not in force"):
            draft.action_add_prepaid()

    def test_who_only_reads_sells_nothing(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        accountant = new_test_user(
            self.env, "accountant", groups="account.group_account_invoice"
        )
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_rule"),
        ):
            self._buy(allowance, "2026-03-10", user=accountant)

    def test_bought_by_mistake(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        line = lot.agreement_line_id
        with self.assertRaises(AccessError):
            lot.with_user(self.seller).action_cancel_purchase()
        lot.with_user(self.env.user).action_cancel_purchase()
        self.assertFalse(lot.exists() or line.exists())
        used = self._buy(allowance, "2026-03-11")
        self._draw(allowance, ("2026-03-12", 1), today="2026-03-12")
        with self.assertRaisesRegex(UserError, "used already"):
            used.action_cancel_purchase()
        billed = self._buy(allowance, "2026-03-12")
        self._bill_and_pay(allowance, "2026-03-12")
        with self.assertRaisesRegex(UserError, "billed already"):
            billed.action_cancel_purchase()

    # Paid only

    def test_usable_from_the_day_it_is_paid_and_not_after_it_bounced(self):
        allowance = self._start(self._prepaid(paid_only=True), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        self.assertFalse(lot.is_paid)
        self.assertFalse(self._draw(allowance, ("2026-03-11", 1), today="2026-03-11"))
        invoice = self._bill_and_pay(allowance, "2026-03-10")
        self.assertFalse(lot.is_paid)
        self._pay(invoice, "2026-03-20")
        self.assertTrue(lot.is_paid)
        self.assertEqual(str(lot.paid_on), "2026-03-20")
        self.assertFalse(self._draw(allowance, ("2026-03-19", 1), today="2026-03-21"))
        self.assertEqual(
            self._draw(allowance, ("2026-03-20", 1), today="2026-03-21"), [(lot, 1)]
        )
        invoice.line_ids.remove_move_reconcile()
        self.assertFalse(lot.is_paid)
        self.assertFalse(self._draw(allowance, ("2026-03-22", 1), today="2026-03-22"))
        # What was drawn meanwhile stays drawn
        self.assertEqual((lot.drawn, lot.balance), (1, 9))

    def test_others_may_be_used_before_they_are_paid(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        self.assertEqual(
            self._draw(allowance, ("2026-03-11", 1), today="2026-03-11"), [(lot, 1)]
        )

    # Taken back

    def test_credited_the_rest_is_gone_and_what_was_used_stays_used(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        self._draw(allowance, ("2026-03-11", 3), today="2026-03-11")
        invoice = self._bill_and_pay(allowance, "2026-03-10")
        with self.at("2026-03-15 10:00:00"):
            invoice._reverse_moves([{"invoice_date": "2026-03-15"}])._post()
        self.assertEqual((lot.adjusted, lot.drawn, lot.balance), (-7, 3, 0))
        self.assertIn("credited", allowance.agreement_id.message_ids[0].body)
        self.assertFalse(self._draw(allowance, ("2026-03-16", 1), today="2026-03-16"))
        self._check_identity(allowance)

    def test_cancelled(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        invoice = self._bill_and_pay(allowance, "2026-03-10")
        invoice.button_draft()
        self.assertEqual(lot.balance, 10)
        invoice.button_cancel()
        self.assertEqual(lot.balance, 0)

    def test_credited_in_part_is_for_a_person_to_judge(self):
        allowance = self._start(self._prepaid(), "2026-03-01")
        lot = self._buy(allowance, "2026-03-10")
        invoice = self._bill_and_pay(allowance, "2026-03-10")
        credit = invoice._reverse_moves([{"invoice_date": "2026-03-15"}])
        for line in credit.invoice_line_ids:
            line.price_unit /= 2
        credit._post()
        self.assertEqual(lot.balance, 10)


@tagged("post_install", "-at_install")
class TestAllowanceAdjust(AllowanceCommon):
    """By hand, with a reason, and never below what was drawn."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", groups="service_agreement.group_user"
        )

    def _adjust(self, lot, units, reason="Credit for the visit", day="2026-03-12"):
        with self.at(f"{day} 10:00:00"):
            action = lot.with_user(self.env.user).action_open_adjust()
            Wizard = self.env[action["res_model"]].with_context(**action["context"])
            wizard = Wizard.create({"quantity": units, "reason": reason})
            result = wizard.result, wizard.obstacle
            wizard.action_confirm()
        return result

    def test_more_and_less(self):
        allowance = self._start(self._including(), "2026-03-01")
        lot = allowance.lot_ids
        self.assertEqual(self._adjust(lot, 1.5), (5.5, False))
        self.assertEqual(lot.balance, 5.5)
        message = allowance.agreement_id.message_ids[0]
        self.assertIn("Credit for the visit", message.body)
        self.assertEqual(message.author_id, self.env.user.partner_id)
        self._draw(allowance, ("2026-03-12", 5), today="2026-03-12")
        self._adjust(lot, -0.5)
        self.assertEqual(self._figures(allowance)["2026-03-01"], (4, 1, 0, 5, 0, 0, 0))
        self._check_identity(allowance)
        # And it stays, however often the ledger is computed
        self._refresh(allowance, "2026-03-20")
        self.assertEqual(lot.adjusted, 1)

    def test_what_was_used_stays_used(self):
        allowance = self._start(self._including(), "2026-03-01")
        self._draw(allowance, ("2026-03-12", 3), today="2026-03-12")
        with self.assertRaisesRegex(UserError, "Only 1 h are left"):
            self._adjust(allowance.lot_ids, -1.5)

    def test_not_without_a_reason_nor_of_what_is_over(self):
        allowance = self._start(self._including(), "2026-03-01")
        with self.assertRaisesRegex(UserError, "Say why"):
            self._adjust(allowance.lot_ids, 1, reason=" ")
        with self.assertRaisesRegex(UserError, "above 0 to add"):
            self._adjust(allowance.lot_ids, 0)
        with self.assertRaisesRegex(UserError, "is over"):
            self._adjust(allowance.lot_ids, 1, day="2026-04-01")

    def test_a_debt_can_be_forgiven(self):
        allowance = self._start(self._including(when_used_up="overrun"), "2026-03-01")
        self._draw(allowance, ("2026-03-12", 6), today="2026-03-12")
        self._adjust(allowance.lot_ids, 2)
        self._run_grants("2026-04-01")
        self.assertEqual(self._figures(allowance)["2026-04-01"][-1], 4)

    def test_only_managers(self):
        lot = self._start(self._including(), "2026-03-01").lot_ids.with_user(
            self.seller
        )
        with self.assertRaises(AccessError):
            lot.action_open_adjust()
        with self.assertRaises(AccessError):
            lot._adjust(5, "Please")
        with self.assertRaises(AccessError):
            self.env["service.agreement.allowance.adjust"].with_user(
                self.seller
            ).create({"lot_id": lot.id, "quantity": 5, "reason": "Please"})


@tagged("post_install", "-at_install")
class TestAllowanceNotice(AllowanceCommon):
    """BLK-12: one notice until it is topped up."""

    def _tell(self, day):
        with self.at(f"{day} 04:00:00"):
            self._run_cron("service_agreement.ir_cron_allowance_notices")

    def _block(self, **values):
        """:return: ten hours bought in advance"""
        allowance = self._start(self._prepaid(**values), "2026-03-01")
        self._top_up(allowance)
        return allowance

    def _top_up(self, allowance, day="2026-03-01"):
        with self.at(f"{day} 10:00:00"):
            allowance.agreement_id._add_prepaid(
                allowance, 10, 900, date.fromisoformat(day)
            )

    def _get_mails(self, allowance):
        return allowance.agreement_id.message_ids.filtered("subject").sorted("id")

    def test_blk_12_at_a_fifth_and_not_again(self):
        allowance = self._block()
        self._draw(allowance, ("2026-03-02", 7.9), today="2026-03-02")
        self._tell("2026-03-02")
        self.assertFalse(self._get_mails(allowance))
        self._draw(allowance, ("2026-03-03", 0.1), today="2026-03-03")
        self._tell("2026-03-03")
        self._draw(allowance, ("2026-03-04", 0.1), today="2026-03-04")
        self._tell("2026-03-04")
        mail = self._get_mails(allowance)
        self.assertEqual(mail.mapped("subject"), ["Service hours: 2 h left"])
        self.assertIn(self.customer, mail.notified_partner_ids)
        self.assertIn("charged at the agreed rates", mail.body)
        todo = allowance.agreement_id.activity_ids
        self.assertEqual(todo.user_id, allowance.agreement_id.user_id)
        self.assertEqual(todo.summary, "Service hours: 2 h left")
        self.assertEqual(len(allowance.notice_ids), 1)

    def test_again_once_it_was_topped_up_and_is_low_again(self):
        allowance = self._block()
        self._draw(allowance, ("2026-03-03", 9), today="2026-03-03")
        self._tell("2026-03-03")
        self._top_up(allowance, "2026-03-04")
        self.assertFalse(allowance.agreement_id.activity_ids)
        self._tell("2026-03-04")
        self.assertEqual(len(self._get_mails(allowance)), 1)
        self._draw(allowance, ("2026-03-05", 10), today="2026-03-05")
        self._tell("2026-03-05")
        self._tell("2026-03-06")
        self.assertEqual(
            self._get_mails(allowance).mapped("subject"),
            ["Service hours: 1 h left", "Service hours: 1 h left"],
        )

    def test_each_period_has_its_own(self):
        allowance = self._start(self._including(), "2026-03-01")
        for day in ("2026-03-10", "2026-03-11", "2026-04-10"):
            self._draw(allowance, (day, 4), today=day)
            self._tell(day)
        self.assertEqual(
            self._get_mails(allowance).mapped("subject"), ["Service hours: used up"] * 2
        )

    def test_the_database_refuses_a_second_one(self):
        allowance = self._block()
        self._draw(allowance, ("2026-03-03", 9), today="2026-03-03")
        self._tell("2026-03-03")
        notice = allowance.notice_ids
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            notice.sudo().copy()

    def test_in_the_language_of_the_customer_with_a_way_to_the_portal(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        tier = self._prepaid()
        tier.allowance_ids.with_context(lang="nl_NL").name = "Strippenkaart"
        self.customer.lang = "nl_NL"
        allowance = self._start(tier, "2026-03-01")
        self._top_up(allowance)
        self._draw(allowance, ("2026-03-03", 9), today="2026-03-03")
        self._tell("2026-03-03")
        message = self._get_mails(allowance)
        self.assertIn("Strippenkaart", message.subject)
        mail = (
            self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)])
        )
        if mail:
            self.assertIn("/mail/view", mail.body_html)

    def test_who_has_no_mail_address_is_called(self):
        self.customer.email = False
        allowance = self._block()
        self._draw(allowance, ("2026-03-03", 9), today="2026-03-03")
        self._tell("2026-03-03")
        self.assertFalse(self._get_mails(allowance))
        self.assertIn("call", allowance.agreement_id.activity_ids.note)

    def test_no_notice_where_none_is_wanted(self):
        allowance = self._block(warn_percent=0)
        self._draw(allowance, ("2026-03-03", 10), today="2026-03-03")
        self._tell("2026-03-03")
        self.assertFalse(allowance.is_low or allowance.notice_ids)


@tagged("post_install", "-at_install")
class TestAllowanceMeter(AllowanceCommon):
    """What is left, for people."""

    def test_what_is_left_today(self):
        allowance = self._start(self._including(rollover_cap=1), "2026-03-01")
        agreement = allowance.agreement_id
        self._draw(allowance, ("2026-03-12", 1.5), today="2026-03-12")
        with self.at("2026-03-12 10:00:00"):
            [meter] = agreement._get_portal_allowances()
            self.assertEqual(
                (meter["granted"], meter["used"], meter["left"]), (4, 1.5, 2.5)
            )
            self.assertEqual(str(meter["valid_until"]), "2026-03-31")
            self.assertEqual(agreement.allowance_summary, "2.5 h left")
            self.assertIn("progress", agreement.allowance_meters)
        agreement.invalidate_recordset()
        # Right at any instant: nothing has run since
        with self.at("2026-04-01 10:00:00"):
            [meter] = agreement._get_portal_allowances()
            self.assertEqual((meter["granted"], meter["left"]), (5, 5))

    def test_unlimited_and_visits(self):
        tier = self._including(kind="unlimited")
        self.env["service.agreement.allowance"].create(
            {
                "tier_id": tier.id,
                "name": "Preventive visits",
                "unit": "visits",
                "quantity": 1,
                "interval_months": 3,
            }
        )
        with self.at("2026-03-01 10:00:00"):
            agreement = self._create_active("2026-03-01", tier_id=tier.id)
            self.assertEqual(agreement.allowance_summary, "unlimited, 1 visit left")

    def test_an_agreement_without_allowances_says_nothing(self):
        agreement = self._create_active("2026-03-01")
        self.assertFalse(agreement.has_allowances or agreement.allowance_summary)

    def test_what_waits_for_payment_is_not_left(self):
        allowance = self._start(self._prepaid(paid_only=True), "2026-03-01")
        with self.at("2026-03-02 10:00:00"):
            allowance.agreement_id._add_prepaid(allowance, 10, 900, date(2026, 3, 2))
            [meter] = allowance.agreement_id._get_portal_allowances()
        self.assertEqual((meter["left"], meter["percent"]), (0, 0))
        self.assertEqual(meter["until_text"], "10 h more once paid")
