from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .work_cases import WorkCommon


@tagged("post_install", "-at_install")
class TestWorkInvoice(WorkCommon):
    """Work that no agreement has to do with gets an invoice of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls._create_customer("Stranger Inc.")
        cls.pay_later = cls.env.ref("account.account_payment_term_30days")
        cls.stranger.property_payment_term_id = cls.pay_later
        cls.strange = cls._create_ticket("No sound", cls.stranger)

    @classmethod
    def _create_ticket(cls, name, customer):
        values = {"name": name, "partner_id": customer.id}
        return cls.env["project.task"].create(cls._prepare_ticket_values() | values)

    def setUp(self):
        super().setUp()
        self.enterContext(self.at("2026-04-02 12:00:00"))

    def test_one_draft_for_each_customer_with_a_section_for_each_ticket(self):
        other = self._create_ticket("No picture", self.stranger)
        third = self._create_ticket("No light", self._create_customer("Third"))
        draws = (
            self._log_unsold("2026-03-04", 2.0, ticket=self.strange)
            | self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
            | self._log_unsold("2026-03-05", 1.0, ticket=other)
            | self._log_unsold("2026-03-05", 1.0, ticket=third)
        )
        moves = draws._create_invoices().sorted("amount_untaxed")
        self.assertEqual(moves.mapped("amount_untaxed"), [150.0, 600.0])
        self.assertEqual(set(moves.mapped("state")), {"draft"})
        move = moves[1]
        self.assertEqual(
            [line.name.partition(" ")[2] for line in move.invoice_line_ids][::3],
            ["No sound", "No picture"],
        )
        self.assertIn("Mar 3, 2026 · Programming · 1 h", move.invoice_line_ids[1].name)
        self.assertEqual(move.invoice_payment_term_id, self.pay_later)
        self.assertEqual(self._work_lines(move).tax_ids, self.tax_sale_a)
        self.assertEqual(draws.move_line_id.move_id, moves)

    def test_once_only(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        self.assertTrue(draw._create_invoices())
        self.assertFalse(draw._create_invoices())
        with self.assertRaisesRegex(UserError, "Nothing of this is left"):
            draw.action_create_invoices()

    def test_only_what_is_to_be_billed_and_has_no_agreement(self):
        draws = (
            self._log_unsold("2026-03-03", 1.0, answer=False, ticket=self.strange)
            | self._log_unsold("2026-03-03", 1.0, answer="given", ticket=self.strange)
            | self._log_unsold("2026-03-03", 1.0, 0.0, ticket=self.strange)
            | self._log("2026-03-03", 1.0)
        )
        self.assertFalse(draws._create_invoices())

    def test_a_deleted_or_cancelled_draft_reopens_it(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        invoiced = [("id", "=", draw.id), ("is_invoiced", "=", True)]
        draw._create_invoices().unlink()
        self.assertFalse(draw.is_invoiced)
        self.assertFalse(draw.search(invoiced))
        move = draw._create_invoices()
        self.assertTrue(draw.search(invoiced))
        move.button_cancel()
        self.assertFalse(draw.search(invoiced))
        again = draw._create_invoices()
        self.assertEqual(draw.move_line_id.move_id, again)

    def test_cancelled_and_billed_anew_it_stays_cancelled(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        first = draw._create_invoices()
        first.action_post()
        first.button_cancel()
        again = draw._create_invoices()
        again.action_post()
        with self.assertRaisesRegex(UserError, f"is on {again.name} by now"):
            first.button_draft()
        self.assertEqual(first.state, "cancel")
        again.button_draft()
        again.button_cancel()
        with self.assertRaisesRegex(UserError, "Leave it cancelled"):
            first.button_draft()
        again.button_draft()
        self.assertEqual(draw.move_id, again)
        self.assertTrue(draw.is_invoiced)

    def test_cancelled_it_takes_its_work_again(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        move = draw._create_invoices()
        move.button_cancel()
        self.assertFalse(draw.is_invoiced)
        draw._answer("bill")
        move.button_draft()
        self.assertTrue(draw.is_invoiced)
        self.assertFalse(draw._create_invoices())

    def test_cancelled_it_does_not_bill_what_the_work_was(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        other = self._log_unsold("2026-03-04", 1.0, ticket=self.strange)
        move = (draw | other)._create_invoices()
        move.button_cancel()
        draw._answer("given")
        with self.assertRaisesRegex(UserError, "decided otherwise"):
            move.button_draft()
        draw.line_id.unlink()
        with self.assertRaisesRegex(UserError, "Leave it cancelled"):
            move.button_draft()
        self.assertEqual(other.move_id, move)

    def test_a_line_taken_from_the_draft_is_open_again(self):
        draws = self._log_unsold(
            "2026-03-03", 1.0, ticket=self.strange
        ) | self._log_unsold("2026-03-04", 1.0, ticket=self.strange)
        move = draws._create_invoices()
        self._work_lines(move)[0].unlink()
        self.assertEqual(draws.mapped("is_invoiced").count(False), 1)

    def test_billed_work_stays(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        draw._create_invoices()
        with self.assertRaisesRegex(UserError, "was invoiced"):
            draw.line_id.unlink()

    def test_free_work_beside_what_is_billed(self):
        self.company.service_show_free_work = True
        free = self._log_unsold(
            "2026-03-03", 2.0, ticket=self.strange, answer="goodwill"
        )
        self.assertFalse(free._create_invoices())
        paid = self._log_unsold("2026-03-04", 1.0, ticket=self.strange)
        move = (free | paid)._create_invoices()
        self.assertEqual(move.amount_untaxed, 150.0)
        self.assertEqual(free.move_line_id.discount, 100.0)
        self.assertEqual(free.move_line_id.price_unit, 150.0)

    def test_the_customers_fiscal_position_and_address(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.tax_sale_b.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax_sale_a.ids)],
            }
        )
        self.stranger.property_account_position_id = position
        accounting = self.env["res.partner"].create(
            {"name": "Books", "type": "invoice", "parent_id": self.stranger.id}
        )
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        move = draw._create_invoices()
        self.assertEqual(move.partner_id, accounting)
        self.assertEqual(move.fiscal_position_id, position)
        self.assertEqual(self._work_lines(move).tax_ids, self.tax_sale_b)

    def test_who_may(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        groups = "base.group_user,service_agreement.group_user"
        salesman = new_test_user(self.env, "salesman", groups)
        with self.assertRaises(AccessError):
            draw.with_user(salesman).action_create_invoices()
        with self.assertRaises(AccessError):
            draw.with_user(self.agent).action_create_invoices()
        manager = new_test_user(
            self.env, "manager", "base.group_user,service_agreement.group_manager"
        )
        self.assertTrue(draw.with_user(manager)._create_invoices())

    # From one to the other

    def test_from_the_invoice_to_the_work_and_from_the_ticket_to_the_invoice(self):
        draws = self._log_unsold(
            "2026-03-03", 1.0, ticket=self.strange
        ) | self._log_unsold("2026-03-04", 1.0, ticket=self.strange)
        move = draws._create_invoices()
        self.assertEqual(move.service_work_count, 2)
        domain = move.action_view_service_work()["domain"]
        self.assertEqual(self.env[draws._name].search(domain), draws)
        self.assertEqual(self.strange.service_move_ids, move)
        action = self.strange.action_view_service_invoices()
        self.assertEqual(action["res_id"], move.id)

    def test_from_the_agreement_to_its_work(self):
        draw = self._log("2026-03-03", 1.0)
        domain = self.agreement.action_view_work()["domain"]
        self.assertEqual(self.env[draw._name].search(domain), draw)

    def test_a_work_report_where_it_is_wanted(self):
        draw = self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
        move = draw._create_invoices()
        self.assertEqual(move._get_work_report(), [])
        self.company.service_work_report = True
        [row] = move._get_work_report()
        self.assertEqual(row["ticket"], f"#{self.strange.id}")
        self.assertEqual(row["hours"], "1 h")
        move.action_post()
        report = self.env["ir.actions.report"]
        html, _type = report._render_qweb_html(
            "account.report_invoice_with_payments", move.ids
        )
        self.assertIn("Work report", html.decode())
        self.assertIn("No sound", html.decode())

    def test_queries_do_not_grow_with_the_work(self):
        def count(number):
            draws = self.env["service.agreement.allowance.draw"]
            for _each in range(number):
                draws |= self._log_unsold("2026-03-03", 1.0, ticket=self.strange)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            draws._create_invoices()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertLessEqual(count(20) - count(10), 20)
