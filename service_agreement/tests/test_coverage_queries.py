"""Queries at N and at 2N: what one more line, customer or agreement costs."""

from odoo.tests import tagged

from .test_coverage import CoverageCase


@tagged("post_install", "-at_install")
class TestCoverageQueries(CoverageCase):
    def _create_customers(self, number):
        tickets = self.env["project.task"]
        for index in range(number):
            customer = self._create_customer(f"Customer {index}")
            agreement = self._create_active("2026-01-01", partner_id=customer.id)
            self._cover(agreement, {"kind": "included", "quantity": 4})
            tickets |= self.ticket.copy({"partner_id": customer.id})
        return tickets

    def _create_lines(self, tickets, number):
        return self.env["account.analytic.line"].create(
            [
                {
                    "name": "Worked",
                    "task_id": ticket.id,
                    "employee_id": self.technician.id,
                    "date": f"2026-03-{day + 1:02}",
                    "unit_amount": 1,
                }
                for ticket in tickets
                for day in range(number)
            ]
        )

    def _count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _count_decided(self, lines):
        """Queries of deciding anew, warm."""
        lines._decide_service_work()
        return self._count(lines._decide_service_work)

    def test_twice_the_lines(self):
        self._cover(self.agreement, {"kind": "included", "quantity": 4})
        few = self._create_lines(self.ticket, 10)
        queries = self._count_decided(few)
        many = few | self._create_lines(self.ticket, 10)
        self.assertLessEqual(self._count_decided(many), queries)

    def test_twice_the_customers(self):
        few = self._create_lines(self._create_customers(5), 2)
        queries = self._count_decided(few)
        many = few | self._create_lines(self._create_customers(5), 2)
        self.assertLessEqual(self._count_decided(many), queries)

    def test_one_line_more(self):
        self._cover(self.agreement, {"kind": "included", "quantity": 4})
        values = {"unit_amount": 1, "date": "2026-03-20"}
        self._create_lines(self.ticket, 5)

        def log():
            self._log(values["date"], values["unit_amount"])

        log()
        few = self._count(log)
        self._create_lines(self.ticket, 10)
        self.assertLessEqual(self._count(log), few)
        plain = self.env["project.project"].create({"name": "Plain"})
        task = self.env["project.task"].create({"name": "x", "project_id": plain.id})
        without = self._count(lambda: self._log("2026-03-20", 1, task_id=task.id))
        self.assertLessEqual(few - without, 48)
