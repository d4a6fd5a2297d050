from psycopg2.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_answer import AnswerCommon, SettlementCommon


@tagged("post_install", "-at_install")
class TestSettlement(AnswerCommon):
    """The owner settles a month: every part has an answer, then nothing changes."""

    def _close(self, month, user=None, at="2026-04-02 09:00:00"):
        with self.at(at):
            month.with_user(user or self.anna).action_close()

    def _answered(self, day="2026-02-10", answer="given", **values):
        part = self._create_part(day, **values)
        part.with_user(self.anna)._answer(answer, "Because")
        return part

    # Months are made on demand

    def test_a_month_is_there_with_its_first_work(self):
        self.assertFalse(self._get_month("2026-02-01"))
        first, second = self._create_part("2026-02-28"), self._create_part("2026-02-01")
        self.assertEqual(first.month_id, second.month_id)
        self.assertEqual(first.month_id.display_name, "February 2026")
        self.assertNotEqual(self._create_part("2026-03-01").month_id, first.month_id)

    def test_one_month_per_company(self):
        part = self._create_part()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            part.month_id.sudo().copy()

    def test_settling_begins_with_the_first_open_month(self):
        march, feb = self._answered("2026-03-02"), self._answered("2026-02-02")
        months = self.env["service.agreement.month"].with_user(self.anna)
        self.assertEqual(months.action_settle()["res_id"], feb.month_id.id)
        self._close(feb.month_id)
        self.assertEqual(months.action_settle()["res_id"], march.month_id.id)
        self._close(march.month_id)
        self.assertFalse(months.action_settle()["res_id"])

    # What it shows

    def test_its_figures_add_up(self):
        self._create_part(outcome="covered", answer="covered", reason=False)
        self._create_part(unit="trip", quantity=2, outcome="covered", answer="covered")
        for answer in ("bill", "goodwill", "warranty", "given"):
            self._answered(answer=answer)
        month = self._create_part(worth=30).month_id
        self.assertEqual((month.hours, month.hours_covered), (6, 1))
        self.assertEqual((month.line_count, month.part_count), (7, 7))
        self.assertEqual((month.open_count, month.answer_count), (1, 4))
        self.assertEqual(month.amount_covered, 200)
        self.assertEqual((month.amount_billed, month.amount_goodwill), (100, 100))
        self.assertEqual((month.amount_warranty, month.amount_given), (100, 100))
        self.assertEqual(month.amount_open, 30)
        self.assertAlmostEqual(month.progress, 100 * 6 / 7)

    def test_figures_cost_the_same_for_many_months(self):
        def count(months):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            months.mapped("amount_given")
            return self.cr.sql_log_count - before

        first = self._create_part("2026-01-05").month_id
        months = first | self._create_part("2026-02-05").month_id
        months |= self._create_part("2026-03-05").month_id
        self.assertEqual(count(first), count(months))

    # Closing

    def test_closed_with_author_and_time(self):
        part = self._answered()
        self._close(part.month_id)
        month = part.month_id
        self.assertEqual((month.state, month.closed_by_id), ("closed", self.anna))
        self.assertEqual(str(month.closed_at), "2026-04-02 09:00:00")
        self.assertEqual(str(self.company.service_closed_until), "2026-02-28")
        self.assertTrue(part.is_closed)
        message = month.message_ids[0]
        self.assertIn("Given away: $", message.body.replace("\N{NO-BREAK SPACE}", " "))
        self.assertEqual(message.author_id, self.anna.partner_id)

    def test_not_while_a_part_has_no_answer(self):
        part = self._create_part()
        self._create_part(worth=50)
        with self.assertRaisesRegex(UserError, "2 parts of work.*150.00.*no answer"):
            self._close(part.month_id)
        self.assertFalse(part.month_id.is_closed)

    def test_not_before_it_is_over(self):
        month = self._answered("2026-04-01").month_id
        for at in ("2026-04-02 09:00:00", "2026-04-30 20:00:00"):
            with self.assertRaisesRegex(UserError, "not over yet"):
                self._close(month, at=at)
        # The company's May has begun, the server's has not.
        self._close(month, at="2026-04-30 22:30:00")

    def test_months_close_in_order(self):
        feb, march = self._answered(), self._answered("2026-03-02")
        with self.assertRaisesRegex(UserError, "February 2026 first"):
            self._close(march.month_id)
        self._close(feb.month_id)
        self._close(march.month_id)
        self.assertEqual(str(self.company.service_closed_until), "2026-03-31")
        with self.assertRaisesRegex(UserError, "closed already"):
            self._close(march.month_id)

    def test_not_while_a_line_misses_something(self):
        part = self._answered()
        line = self._create_work("2026-02-20", name="Whose was that?")
        line.sudo().service_issue = "customer"
        self.env.invalidate_all()
        self.assertEqual(part.month_id.missing_count, 1)
        with self.assertRaisesRegex(UserError, r"Tom, Whose was that\?: No customer"):
            self._close(part.month_id)
        action = part.month_id.with_user(self.anna).action_view_missing()
        lines = self.env["account.analytic.line"].search(action["domain"])
        self.assertEqual(lines, line)
        line.unlink()
        self.env.invalidate_all()
        self._close(part.month_id)

    def test_not_while_a_line_was_never_decided(self):
        part = self._answered()
        line = self._create_work("2026-02-20")
        line.sudo().service_issue = False
        with self.assertRaisesRegex(UserError, "nobody decided it yet"):
            self._close(part.month_id)

    def test_what_is_doubtful_keeps_no_month_open(self):
        line = self._create_work("2026-02-20")
        part = self._answered(line=line)
        line.sudo().service_issue = "overlap"
        self.env.invalidate_all()
        self.assertEqual(
            (part.month_id.missing_count, part.month_id.doubtful_count), (0, 1)
        )
        self._close(part.month_id)

    def test_only_who_settles_months_closes_and_only_managers_reopen(self):
        month = self._answered().month_id
        with self.assertRaises(AccessError):
            self._close(month, self.agent)
        accountant = new_test_user(
            self.env, "ada", "base.group_user,account.group_account_invoice"
        )
        with self.assertRaisesRegex(AccessError, "close a month"):
            self._close(month, accountant)
        self._close(month)
        with self.assertRaisesRegex(AccessError, "administrator reopens"):
            month.with_user(self.anna).action_reopen()

    # What is closed stays

    def test_a_closed_part_is_never_rewritten(self):
        part = self._answered()
        self._close(part.month_id)
        for action in ("action_bill", "action_give", "action_warranty"):
            with self.assertRaisesRegex(UserError, "February 2026 is settled"):
                getattr(part.with_user(self.boss), action)()
        with self.assertRaisesRegex(UserError, "is settled"):
            part.sudo().list_amount = 1
        with self.assertRaisesRegex(UserError, "is settled"):
            part.sudo().unlink()

    def test_late_work_goes_with_the_month_after(self):
        part = self._answered()
        self._close(part.month_id)
        late = self._create_part("2026-02-11")
        self.assertEqual(str(late.month_id.date), "2026-03-01")
        self.assertFalse(late.is_closed)
        self.assertEqual(str(late.date), "2026-02-11")
        with self.assertRaisesRegex(UserError, "1 parts of work"):
            self._close(late.month_id)
        late.with_user(self.anna).action_give()
        self._close(late.month_id)

    @mute_logger("odoo.sql_db")
    def test_the_database_keeps_closed_months_answered(self):
        """Whatever a script or another transaction does: no part without an answer in
        a month that is closed.
        """
        part = self._answered()
        open_part = self._create_part("2026-03-05")
        month = part.month_id
        self._close(month)
        with self.assertRaises(CheckViolation), self.cr.savepoint():
            self.cr.execute(
                "UPDATE service_agreement_allowance_draw SET answer = NULL "
                "WHERE id = %s",
                [part.id],
            )
        with self.assertRaises(CheckViolation), self.cr.savepoint():
            self.cr.execute(
                "UPDATE service_agreement_month SET is_closed = TRUE WHERE id = %s",
                [open_part.month_id.id],
            )
        with self.assertRaises(ForeignKeyViolation), self.cr.savepoint():
            self.cr.execute(
                "UPDATE service_agreement_allowance_draw SET month_id = %s "
                "WHERE id = %s",
                [month.id, open_part.id],
            )

    # Reopening

    def test_the_last_closed_month_is_reopened(self):
        feb, march = self._answered(), self._answered("2026-03-02")
        self._close(feb.month_id)
        self._close(march.month_id)
        with self.assertRaisesRegex(UserError, "March 2026 was closed after it"):
            feb.month_id.with_user(self.boss).action_reopen()
        march.month_id.with_user(self.boss).action_reopen()
        self.assertEqual(str(self.company.service_closed_until), "2026-02-28")
        self.assertFalse(march.is_closed or march.month_id.closed_by_id)
        self.assertIn("Reopened", march.month_id.message_ids[0].body)
        feb.month_id.with_user(self.boss).action_reopen()
        self.assertFalse(self.company.service_closed_until)
        feb.with_user(self.anna).action_bill()
        with self.assertRaisesRegex(UserError, "is open"):
            feb.month_id.with_user(self.boss).action_reopen()

    def test_not_reopened_once_something_of_it_is_invoiced(self):
        part = self._answered(answer="bill")
        part.sudo().move_line_id = self._create_invoice_line()
        month = part.month_id
        self._close(month)
        with self.assertRaisesRegex(UserError, "on invoices: Tran Residence"):
            month.with_user(self.boss).action_reopen()

    def test_what_is_invoiced_keeps_its_answer(self):
        part = self._answered(answer="bill")
        part.sudo().move_line_id = self._create_invoice_line()
        with self.assertRaisesRegex(UserError, "is on an invoice"):
            part.with_user(self.anna).action_give()

    def _create_invoice_line(self):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.nobody.id,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100.0})
                ],
            }
        )
        return move.invoice_line_ids

    # Suggestions

    def test_a_device_under_warranty(self):
        device = self._create_device(warranty_until="2026-02-10")
        line = self._create_work(service_device_id=device.id)
        part = self._create_part(line=line)
        self.assertEqual(part.suggestion, "warranty")
        self.assertIn("until 02/10/2026", part.suggestion_text)
        device.warranty_until = "2026-02-09"
        self.assertFalse(part.suggestion)

    def _create_device(self, **values):
        system = self.env["service.agreement.system"].create(
            {"name": "Theatre", "partner_id": self.nobody.id}
        )
        return self.env["service.agreement.device"].create(
            {"name": "Projector", "system_id": system.id, **values}
        )

    def test_the_same_as_last_time(self):
        old = self._create_part("2026-01-20")
        with self.at("2026-02-01 10:00:00"):
            old.with_user(self.anna)._answer("goodwill", "Friend")
        part = self._create_part()
        other = self._create_part(reason="excluded")
        stranger = self._create_part(partner_id=self.customer.id)
        self.assertEqual(part.suggestion, "goodwill")
        self.assertIn("01/20/2026: Friend", part.suggestion_text)
        self.assertFalse(other.suggestion or stranger.suggestion)
        (part | other).with_user(self.anna).action_follow_suggestion()
        self.assertEqual((part.answer, part.answer_note), ("goodwill", "Friend"))
        self.assertFalse(other.answer)
        with self.assertRaisesRegex(UserError, "Nothing is suggested"):
            other.with_user(self.anna).action_follow_suggestion()

    def test_suggestions_cost_the_same_for_many(self):
        def count(parts):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            parts.mapped("suggestion")
            return self.cr.sql_log_count - before

        parts = self.env["service.agreement.allowance.draw"]
        for _number in range(4):
            parts |= self._create_part()
        count(parts)
        self.assertEqual(count(parts[:2]), count(parts))

    # Companies

    def test_another_company_s_months_stay_there(self):
        month = self._create_part().month_id
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "elsewhere",
            "base.group_user,service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(month.with_user(user).search([("id", "=", month.id)]))
        with self.assertRaises(AccessError):
            month.draw_ids.with_user(user).action_bill()
        with self.assertRaises(AccessError):
            month.with_user(user).action_close()


@tagged("post_install", "-at_install")
class TestSettledMonth(SettlementCommon):
    """From the hours somebody wrote down to the invoice, as it is lived."""

    def _close(self, day):
        with self.at("2026-04-02 09:00:00"):
            self._get_month(day).with_user(self.anna).action_close()

    def _create_settled(self, answer="given", **values):
        """Work of an hour in February, answered; the month is closed."""
        line = self._create_work(**values)
        line.service_draw_ids.with_user(self.anna)._answer(answer, "Because")
        self._close("2026-02-01")
        return line

    def test_uncovered_work_waits_for_an_answer(self):
        part = self._create_work(hours=1.5).service_draw_ids
        self.assertEqual((part.outcome, part.reason), ("uncovered", "never_sold"))
        self.assertEqual((part.answer, part.worth), (False, 150))
        self.assertEqual(part.month_id, self._get_month("2026-02-01"))

    def test_an_answer_survives_what_is_decided_anew(self):
        line = self._create_work()
        line.service_draw_ids.with_user(self.anna)._answer("goodwill", "Friend")
        line.unit_amount = 2
        part = line.service_draw_ids
        self.assertEqual((part.answer, part.worth), ("goodwill", 200))

    def test_late_work_is_settled_with_the_month_after(self):
        self._create_settled()
        late = self._create_work("2026-02-11")
        part = late.service_draw_ids
        self.assertEqual(str(part.month_id.date), "2026-03-01")
        late.unit_amount = 3
        self.assertEqual(late.service_draw_ids.worth, 300)
        late.service_draw_ids.with_user(self.anna).action_give()
        self._close("2026-03-01")
        self.assertTrue(late.service_draw_ids.is_closed)

    def test_late_work_can_still_be_completed(self):
        self._create_settled()
        late = self._create_work("2026-02-11", partner_id=False)
        self.assertEqual(late.service_issue, "customer")
        month = self._get_month("2026-03-01")
        self.assertEqual(month.missing_count, 1)
        late.partner_id = self.nobody
        self.env.invalidate_all()
        self.assertFalse(late.service_issue or month.missing_count)

    def test_settled_work_is_not_changed(self):
        line = self._create_settled()
        with self.assertRaisesRegex(UserError, "month that is settled"):
            line.unit_amount = 7
        with self.assertRaisesRegex(UserError, "month that is settled"):
            line.unlink()
        # Nor by other work of the same customer.
        self._create_work("2026-02-03")
        self._create_work("2026-03-03")
        self.assertEqual(line.service_draw_ids.answer, "given")
        self.assertTrue(line.service_draw_ids.is_closed)

    def test_a_rate_of_today_moves_nothing_of_the_past(self):
        line = self._create_settled()
        report = self.env["service.agreement.leakage"]
        rates = self.env["service.agreement.rate"]
        rates.create({"price": 900, "date_start": "2026-03-01"})
        late = self._create_work("2026-02-20")
        self.assertEqual(late.service_draw_ids.worth, 100)
        rates.search([("date_start", "=", "2026-03-01")]).price = 5000
        row = report.search([("draw_id", "=", line.service_draw_ids.id)])
        self.assertEqual((row.worth, row.leaked), (100, 100))

    def test_closing_bills_customers_without_an_agreement(self):
        line = self._create_settled("bill", hours=1.2)
        [move] = line.service_draw_ids.move_line_id.move_id
        self.assertEqual((move.state, move.partner_id), ("draft", self.nobody))
        self.assertEqual(move.amount_untaxed, 120)
        month = self._get_month("2026-02-01")
        self.assertEqual(month.invoice_count, 1)
        self.assertIn("Tran Residence", month.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "on invoices: Tran Residence"):
            month.with_user(self.boss).action_reopen()
        move.unlink()
        self.env.invalidate_all()
        month.with_user(self.boss).action_reopen()
        self.assertFalse(line.service_draw_ids.is_closed)

    def test_a_tier_without_limit_leaks_nothing(self):
        self.tier.allowance_ids = [Command.create({"name": "All", "kind": "unlimited"})]
        agreement = self._create_active("2026-01-01", partner_id=self.nobody.id)
        part = self._create_work(hours=6).service_draw_ids
        self.assertEqual((part.outcome, part.agreement_id), ("covered", agreement))
        [[leaked, covered]] = self.env["service.agreement.leakage"]._read_group(
            [("partner_id", "=", self.nobody.id)], [], ["leaked:sum", "covered:sum"]
        )
        self.assertEqual((leaked, covered), (0, 600))
        self._close("2026-02-01")
