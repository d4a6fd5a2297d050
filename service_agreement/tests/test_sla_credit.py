from datetime import date, timedelta
from unittest.mock import patch

from lxml import html
from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.service_agreement_change import PendingChange
from .test_sla_warning import WarningCommon

LOGGER = "odoo.addons.service_agreement.models.service_agreement_sla_warning_run"


@tagged("post_install", "-at_install")
class TestSlaCredit(WarningCommon):
    """149.00 a month in advance; 10 % back for each miss, at most 25 % a period."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.agreement_invoice_mode = "draft"
        cls.reason = cls.env.ref("service_agreement.sla_miss_reason_capacity")
        cls._run_billing("2026-03-01")

    @classmethod
    def _create_tier(cls, name, price, rank, **values):
        terms = {"sla_credit_percent": 10, "sla_credit_cap": 25, **values}
        return super()._create_tier(name, price, rank, **terms)

    def _agree(self, start, plan=None, **terms):
        """:return: the agreement of another customer, at a tier of these terms"""
        tier = self._create_tier("Gold", 149.0, 30, **terms)
        customer = self._create_customer("Nobody's Villa")
        agreement = self._create_active(
            start, plan, tier_id=tier.id, partner_id=customer.id
        )
        self.agreement.target_ids.copy({"agreement_id": agreement.id})
        return agreement

    def _miss(self, wall="2026-03-06 15:00", **values):
        """:return: the credit proposed for a ticket that nobody answered in time"""
        ticket = self._open(wall, **values)
        self._warn("2026-04-30 12:00")
        return self._get_credit(ticket)

    def _get_credit(self, ticket):
        clocks = [("clock_id", "in", ticket.sla_clock_ids.ids)]
        return self.env["service.agreement.sla.credit"].search(clocks)

    def _lines(self, moves):
        """(amount before taxes) of each line, credits first."""
        lines = moves.invoice_line_ids.filtered(lambda ln: ln.display_type == "product")
        return sorted(lines.mapped("price_subtotal"))

    # Proposing

    def test_a_miss_proposes_a_share_of_the_fee(self):
        credit = self._miss()
        self.assertEqual(credit.agreement_id, self.agreement)
        self.assertEqual((credit.fee, credit.percent, credit.amount), (149, 10, 14.90))
        self.assertEqual((credit.state, str(credit.date)), ("proposed", "2026-03-09"))
        self.assertEqual(str(credit.period_start), "2026-03-01")

    def test_kept_proposes_nothing(self):
        ticket = self._open()
        self._answer(ticket, "2026-03-09 11:00")
        self._warn("2026-03-31 12:00")
        self.assertFalse(self._get_credit(ticket))

    def test_answered_too_late_proposes_it_though_nobody_had_been_told(self):
        ticket = self._open()
        self._answer(ticket, "2026-03-09 12:00")
        self._warn("2026-03-10 12:00")
        self.assertEqual(self._get_credit(ticket).amount, 14.90)

    def test_late_by_another_priority_proposes_nothing(self):
        ticket = self._open("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
        self._answer(ticket, "2026-03-09 13:30")
        for night in ("2026-03-10 02:00", "2026-03-11 02:00"):
            self._check(night)
        self.assertEqual(ticket.sla_clock_ids.status, "missed")
        self.assertFalse(self._get_credit(ticket))

    def test_late_by_the_old_priority_as_well_proposes_it_once(self):
        ticket = self._open("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
        self._warn("2026-03-09 13:30")
        self.assertFalse(self._get_credit(ticket))
        for night in ("2026-03-10 02:00", "2026-03-11 02:00"):
            self._check(night)
        self.assertEqual(self._get_credit(ticket).amount, 14.90)

    def test_nothing_is_asked_again_of_an_excuse_that_is_over(self):
        ticket = self._open("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
        clocks = self.env["service.agreement.sla.clock"]
        with patch.object(type(clocks), "_after_excuse", autospec=True) as after:
            self._check("2026-03-09 13:30")
            self.assertFalse(after.call_args.args[0])
            self._check("2026-03-10 02:00")
            self.assertEqual(after.call_args.args[0], ticket.sla_clock_ids)
            self._check("2026-03-11 02:00")
            self.assertFalse(after.call_args.args[0])
            # It counts from an earlier opening: the excuse ended at another time.
            with self.at_desk("2026-03-11 10:00"):
                opened_at = ticket.create_date - timedelta(minutes=30)
                ticket.sudo()._ticket_note("opened", at=opened_at)
            self._check("2026-03-12 02:00")
            self.assertEqual(after.call_args.args[0], ticket.sla_clock_ids)

    def _check(self, wall):
        with self.at_desk(wall):
            self._warn(wall)
            self._run_cron("service_agreement.ir_cron_check_clocks")

    @mute_logger("odoo.sql_db")
    def test_never_twice(self):
        credit = self._miss()
        clock = credit.clock_id
        for _again in range(2):
            self._warn("2026-04-02 12:00")
        self.assertEqual(self._get_credit(clock._get_ticket()), credit)
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            clock._propose_credit()

    def test_the_cap_of_a_period(self):
        amounts = [self._miss().amount for _number in range(4)]
        self.assertEqual(amounts, [14.90, 14.90, 7.45, 0])

    def test_a_refused_credit_leaves_room_below_the_cap(self):
        first, _second, _third = (self._miss() for _number in range(3))
        first.miss_reason_id = self.reason
        first.note = "Nobody was at home"
        first.action_refuse()
        self.assertEqual(self._miss().amount, 14.90)

    def test_reconsidered_it_asks_the_cap_again(self):
        first, second, third = (self._miss() for _number in range(3))
        first.miss_reason_id = self.reason
        first.note = "Nobody was at home"
        first.action_refuse()
        fourth = self._miss()
        first.action_reconsider()
        (second | third | fourth).action_grant()  # 14.90 + 7.45 + 14.90 of 37.25
        with self.assertRaisesRegex(UserError, "at most .*0.00"):
            first.action_grant()

    def test_a_failing_mail_takes_no_credit_away(self):
        clocks = type(self.env["service.agreement.sla.clock"])

        reason = "No mail server"

        def fail(*_args):
            raise UserError(reason)

        self.patch(clocks, "_tell", fail)
        ticket = self._open()
        with self.assertLogs(LOGGER, "WARNING"):
            self._warn("2026-03-09 12:00")
        self.assertEqual(self._get_credit(ticket).amount, 14.90)

    def test_without_the_template_of_the_delay_notice_there_is_a_credit(self):
        self.company.service_delay_notice = True
        self.env.ref("service_agreement.mail_template_delay_notice").unlink()
        ticket = self._open()
        with self.assertLogs(LOGGER, "WARNING"):
            self._warn("2026-03-09 12:00")
        self.assertEqual(self._get_credit(ticket).amount, 14.90)

    def test_no_miss_after_all_it_can_be_missed_again(self):
        """A wait that was written down late moves the deadline: what was announced is
        taken back, and the real miss is announced."""
        self.agreement.sudo().target_ids.pausable = True
        ticket = self._open()
        clock = ticket.sla_clock_ids
        self._warn("2026-03-09 12:00")
        self.assertTrue(self._get_credit(ticket))
        for kind, day in (("waiting", "2026-03-06"), ("resumed", "2026-03-09")):
            at = fields.Datetime.to_datetime(f"{day} 14:30:00")
            with self.at_desk("2026-03-09 16:00"):
                ticket._ticket_record(kind, at=at)
                self._write_down()
                self.assertFalse(clock._is_missed())
        self.assertFalse(self._get_credit(ticket))
        self._warn("2026-03-11 12:00")
        self.assertEqual(len(self._get_credit(ticket)), 1)

    def test_nothing_is_given_back_of_what_is_charged_no_more(self):
        credit = self._miss()
        with self.at("2026-04-30 12:00:00"):
            self.agreement.sudo()._end(date(2026, 3, 4), "cancelled")
            with self.assertRaisesRegex(UserError, "nothing to give back"):
                credit.action_grant()
        self.assertEqual(credit.decision, "proposed")

    def test_each_period_has_its_own_cap(self):
        march = [self._miss().amount for _number in range(2)]
        april = [self._miss("2026-04-03 15:00").amount for _number in range(2)]
        self.assertEqual(march + april, [14.90] * 4)

    def test_a_part_of_a_period_is_a_part_of_the_fee(self):
        agreement = self._agree("2026-03-17", self.plan_first)
        credit = self._miss("2026-03-20 10:00", partner_id=agreement.partner_id.id)
        self.assertEqual(credit.fee, 72.10)  # PER-06: 15 of 31 days
        self.assertEqual(credit.amount, 7.21)

    def test_the_terms_are_those_that_were_agreed(self):
        self.tier.write({"sla_credit_percent": 50, "sla_credit_cap": 100})
        self.assertEqual(self.agreement.sla_credit_percent, 10)
        self.assertEqual(self._miss().amount, 14.90)
        with self.assertRaises(UserError):
            self.agreement.with_user(self.coordinator).sla_credit_percent = 100

    def test_a_tier_without_credit_proposes_none(self):
        agreement = self._agree("2026-03-01", sla_credit_percent=0)
        self.assertFalse(self._miss(partner_id=agreement.partner_id.id))

    def test_kept_after_all_it_is_withdrawn(self):
        credit = self._miss()
        ticket = credit.clock_id._get_ticket()
        on_time = fields.Datetime.to_datetime("2026-03-06 14:30:00")
        ticket._ticket_record("answered", at=on_time)
        self._write_down()
        self.assertEqual(ticket.sla_clock_ids.state, "met")
        self.assertFalse(credit.exists())

    def test_nothing_for_what_was_due_before_the_terms(self):
        """Moved up to a tier with credits: what was missed before stays without."""
        agreement = self._agree("2026-03-01", sla_credit_percent=0)
        partner = agreement.partner_id.id
        tier = self._create_tier("Platinum", 299.0, 40)
        self.env["service.agreement.sla.target"].create(
            {
                "tier_id": tier.id,
                "priority": "0",
                "metric": "first_response",
                "minutes": 4 * 60,
                "calendar_id": self.calendar.id,
            }
        )
        before = self._open(partner_id=partner)  # due on Monday, the 9th
        with self.at("2026-03-10 07:00:00"):
            agreement._change(PendingChange(date(2026, 3, 10), {}, [], tier=tier))
        after = self._open("2026-03-10 09:00", partner_id=partner)
        self._warn("2026-03-30 12:00")
        self.assertEqual(agreement.sla_credit_percent, 10)
        self.assertFalse(self._get_credit(before))
        self.assertEqual(str(self._get_credit(after).date), "2026-03-10")

    def test_nothing_for_what_was_due_before_it_was_followed_here(self):
        """A project of old tasks becomes a service desk."""
        ticket = self._open()
        clock = ticket.sla_clock_ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE service_agreement_sla_clock SET create_date = %s WHERE id = %s",
            ("2026-03-20 12:00:00", clock.id),
        )
        clock.invalidate_recordset()
        self._warn("2026-03-30 12:00")
        self.assertEqual(clock.told_percent, 100)
        self.assertFalse(self._get_credit(ticket))

    # In words

    def test_the_customer_reads_the_figures_that_the_credit_uses(self):
        credit = self._miss()
        text = (
            "If we are late, you get 10 % of the period's fee back for each promise "
            "missed, at most 25 % per period."
        )
        report = self.env["ir.actions.report"]._render_qweb_html(
            "service_agreement.action_report_agreement", self.agreement.ids
        )[0]
        self.assertIn(text, html.fromstring(report).text_content())
        self.assertEqual(credit.amount, self.agreement.currency_id.round(149 * 0.10))
        self._miss()
        room = self.agreement._get_credit_room(credit.period_start, 149)
        self.assertEqual(str(room), "7.45")  # 25 % of 149.00 less two credits

    def test_without_credit_the_document_says_nothing_of_it(self):
        agreement = self._agree("2026-03-01", sla_credit_percent=0)
        self.assertEqual(agreement._get_document_credit(), "")

    # Another amount

    def test_a_coordinator_changes_the_amount_before_it_is_granted(self):
        credit = self._miss().with_user(self.coordinator)
        credit.amount = 20
        self.assertEqual(credit.amount_proposed, 14.90)
        note = self.agreement.message_ids[0]
        self.assertRegex(note.body, r"14\.90 → .*20\.00")
        self.assertEqual(note.author_id, self.coordinator.partner_id)
        credit.action_grant()
        self.assertEqual(self._lines(self._bill("2026-04-01")), [-20, 149])

    def test_within_the_cap_and_more_than_nothing(self):
        first, second = (self._miss().with_user(self.coordinator) for _n in range(2))
        for amount in (-1, 0, 22.36):  # 37.25 - 14.90 is left
            with self.assertRaisesRegex(UserError, "at most .*22.35"):
                second.amount = amount
        second.amount = 22.35
        with self.assertRaisesRegex(UserError, "at most .*14.90"):
            first.amount = 15
        self.assertEqual((first.amount, second.amount), (14.90, 22.35))

    def test_a_decided_amount_stays(self):
        credit = self._miss().with_user(self.coordinator)
        credit.action_grant()
        with self.assertRaisesRegex(UserError, "decided already"):
            credit.amount = 5
        credit.action_reconsider()
        credit.amount = 5
        self.assertEqual(credit.amount, 5)

    # Deciding

    def test_who_decides(self):
        credit = self._miss()
        with self.assertRaises(AccessError):
            credit.with_user(self.agent).action_grant()
        with self.assertRaises(AccessError):
            credit.with_user(self.agent).amount = 1
        for values in ({"fee": 500}, {"decision": "granted"}, {"state": "billed"}):
            with self.assertRaisesRegex(AccessError, "by hand"):
                credit.with_user(self.coordinator).write(values)
        credit.with_user(self.coordinator).action_grant()
        self.assertEqual(
            (credit.state, credit.decided_by_id), ("granted", self.coordinator)
        )
        with self.assertRaisesRegex(UserError, "decided already"):
            credit.with_user(self.coordinator).action_grant()

    def test_refused_for_a_reason_that_is_written_down(self):
        credit = self._miss().with_user(self.coordinator)
        with self.assertRaisesRegex(UserError, "why the promise was missed"):
            credit.action_refuse()
        credit.miss_reason_id = self.reason
        with self.assertRaisesRegex(UserError, "note why"):
            credit.action_refuse()
        credit.note = "You asked us to come later"
        credit.action_refuse()
        self.assertEqual(credit.state, "refused")
        self.assertEqual(credit.clock_id.status, "missed")
        self.assertEqual(self._lines(self._bill("2026-04-01")), [149])

    def test_a_decision_is_taken_back_before_it_is_billed(self):
        credit = self._miss()
        credit.action_grant()
        credit.action_reconsider()
        self.assertEqual(credit.state, "proposed")
        self.assertFalse(credit.line_ids)
        self.assertEqual(self._lines(self._bill("2026-04-01")), [149])
        credit.action_grant()
        self._bill("2026-05-01")
        with self.assertRaisesRegex(UserError, "on an invoice"):
            credit.action_reconsider()

    def test_nobody_hangs_a_credit_on_a_charge(self):
        credit = self._miss()
        draft = self._create_agreement("2026-05-01")
        with self.assertRaisesRegex(AccessError, "by hand"):
            draft.line_ids.with_user(self.coordinator).write(
                {"sla_credit_id": credit.id, "sla_credit_amount": 500}
            )

    # On the invoice

    def test_granted_it_is_taken_off_the_next_invoice(self):
        credit = self._miss()
        credit.action_grant()
        self.assertEqual(credit.state, "granted")
        preview = self.agreement._get_next_invoices(1)[0]
        self.assertEqual(str(preview.amount), "134.10")
        shown = self.agreement.with_user(self.coordinator).next_invoice_preview
        for text in ("Credit: answer later than promised", "14.90", "134.10"):
            self.assertIn(text, shown)
        move = self._bill("2026-04-01")
        self.assertEqual(self._lines(move), [-14.90, 149.00])
        self.assertEqual(move.amount_untaxed, 134.10)
        line = move.invoice_line_ids.sorted("price_subtotal")[0]
        number = credit.clock_id._get_ticket()._ticket_reference()
        self.assertEqual(
            line.name, f"Credit: answer later than promised (ticket {number}, 9 March)"
        )
        self.assertEqual(line.tax_ids, self.tax_sale_a)
        self.assertEqual((credit.state, credit.amount_billed), ("billed", 14.90))
        self.assertEqual(self._lines(self._bill("2026-05-01")), [149])

    def test_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        credit = self._miss()
        credit.action_grant()
        self.assertIn("9 mars", credit.line_ids.name)

    def test_what_is_left_over_carries_on(self):
        agreement = self.agreement.sudo()
        agreement.write({"sla_credit_percent": 100, "sla_credit_cap": 100})
        first = self._miss()
        self.assertEqual(first.amount, 149)
        first.action_grant()
        agreement.line_ids.filtered("is_suggested").sudo().write({"price_unit": 100})
        april = self._bill("2026-04-01")
        self.assertEqual(april.amount_untaxed, 0)
        self.assertEqual((first.state, first.amount_billed), ("granted", 100))
        may = self._bill("2026-05-01")
        self.assertEqual(self._lines(may), [-49, 100])
        self.assertEqual(first.state, "billed")

    def test_a_deleted_draft_reopens_it(self):
        credit = self._miss()
        credit.action_grant()
        self._bill("2026-04-01").unlink()
        self.assertEqual((credit.state, credit.amount_billed), ("granted", 0))
        self.assertEqual(self._lines(self._bill("2026-04-01")), [-14.90, 149])
        self.assertEqual(credit.state, "billed")

    def test_credited_with_its_invoice_it_stays_given(self):
        credit = self._miss()
        credit.action_grant()
        move = self._bill("2026-04-01")
        move.action_post()
        reversal = move._reverse_moves(
            [{"invoice_date": date(2026, 4, 2)}], cancel=True
        )
        self.assertEqual(reversal.amount_untaxed, 134.10)
        self.assertEqual(self._lines(self._bill("2026-05-01")), [149])

    def test_with_taxes_of_each_fee(self):
        self.agreement.sudo().line_ids.copy(
            {
                "agreement_id": self.agreement.id,
                "price_unit": 51.0,
                "tax_ids": [Command.set(self.tax_sale_b.ids)],
                "is_suggested": False,
                "date_start": "2026-03-01",
            }
        )
        self._bill("2026-03-01")
        credit = self._miss()
        self.assertEqual((credit.fee, credit.amount), (200, 20))
        credit.action_grant()
        move = self._bill("2026-04-01")
        self.assertEqual(self._lines(move), [-14.90, -5.10, 51, 149])
        for line in move.invoice_line_ids:
            fee = abs(line.price_subtotal) in (149, 14.90)
            self.assertEqual(line.tax_ids, self.tax_sale_a if fee else self.tax_sale_b)

    def test_given_also_where_a_change_gives_nothing_back(self):
        self.agreement.sudo().credit_policy = "forfeit"
        self._miss().action_grant()
        self.assertEqual(self._lines(self._bill("2026-04-01")), [-14.90, 149])

    def test_paid_back_at_the_end(self):
        credit = self._miss()
        with self.at("2026-03-31 10:00:00"):
            self.agreement._end(date(2026, 3, 31), "cancelled")
            credit.action_grant()
        move = self._bill("2026-04-01")
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 14.90))
        self.assertEqual(credit.state, "billed")

    def test_the_amount_explains_itself(self):
        self._miss().action_grant()
        move = self._bill("2026-04-01")
        line = move.invoice_line_ids.sorted("price_subtotal")[0]
        text = line.agreement_period_ids.explanation
        for words in ("First answer", "10 %", "149.00", "14.90"):
            self.assertIn(words, text)

    def test_no_charge_of_the_agreement(self):
        mrr, lines = self.agreement.mrr, self.agreement.current_line_ids
        self._miss().action_grant()
        self.assertEqual(self.agreement.mrr, mrr)
        self.assertEqual(self.agreement.amount_untaxed, 149)
        self.assertEqual(self.agreement.current_line_ids, lines)
        self.assertFalse(self.agreement.past_line_ids)
        self.assertEqual(len(self.agreement.copy().line_ids), 1)

    def test_two_companies_see_their_own(self):
        credit = self._miss()
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_staff("elsewhere")
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(credit.with_user(user).search([]))
        self.assertTrue(credit.with_user(self.coordinator).search([]))
