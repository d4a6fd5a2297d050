"""Work at the service desk, decided by hand: tests of what becomes of it start here."""

from unittest.mock import patch

from odoo.fields import Command

from ..models.account_analytic_line_coverage import AccountAnalyticLine
from .common import ServiceDeskCommon


class WorkMixin:
    """``self._log("2026-03-03", 1.5)``: so many hours that are billed at 120.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Decided by hand, and by nobody else.
        cls.startClassPatcher(
            patch.object(
                AccountAnalyticLine, "_decide_for_customers", lambda *_args: None
            )
        )
        cls.hours = cls._create_work_product("Service Hours")
        cls.trip = cls._create_work_product("Service Trip")
        cls.company.service_hours_product_id = cls.hours
        cls.company.service_trip_product_id = cls.trip
        cls.employee = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Tom", "company_id": cls.company.id})
        )
        cls.programming = cls.env.ref("service_agreement.work_type_programming")
        cls.ticket = cls.env["project.task"].create(cls._prepare_ticket_values())

    @classmethod
    def _create_work_product(cls, name):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "taxes_id": [Command.set(cls.tax_sale_a.ids)],
            }
        )

    @classmethod
    def _create_work(cls, day, hours, ticket=None, **values):
        ticket = ticket or cls.ticket
        return (
            cls.env["account.analytic.line"]
            .sudo()
            .create(
                {
                    "name": "New scenes for the terrace",
                    "project_id": ticket.project_id.id,
                    "task_id": ticket.id,
                    "employee_id": cls.employee.id,
                    "date": day,
                    "unit_amount": hours,
                    "service_work_type_id": cls.programming.id,
                    **values,
                }
            )
        )

    @classmethod
    def _decide(cls, work, hours, price=120.0, **values):
        """A part of `work` that is billed by the agreement, as the engine writes it."""
        agreement = values.pop("agreement", cls.agreement)
        company = work.company_id
        draws = cls.env["service.agreement.allowance.draw"].sudo()
        draw = draws.create(
            {
                "line_id": work.id,
                "company_id": company.id,
                "partner_id": work.task_id.partner_id.commercial_partner_id.id,
                "date": work.date,
                "outcome": "overage",
                "answer": "bill",
                "reason": False,
                "agreement_id": agreement.id,
                "quantity": hours,
                "currency_id": company.currency_id.id,
                "price": price,
                "amount": company.currency_id.round(hours * price),
                "list_price": 150.0,
                "list_amount": company.currency_id.round(hours * 150.0),
                **values,
            }
        )
        draw._after_decided()
        return draw.sudo(False)

    @classmethod
    def _log(cls, day, hours, price=120.0, ticket=None, **values):
        return cls._decide(cls._create_work(day, hours, ticket), hours, price, **values)

    @classmethod
    def _log_unsold(cls, day, hours, price=150.0, **values):
        """Work that no agreement has to do with."""
        values = {"outcome": "uncovered", "reason": "never_sold"} | values
        none = cls.env["service.agreement"]
        return cls._log(day, hours, price, agreement=none, **values)

    def _work_lines(self, moves):
        return moves.invoice_line_ids.filtered("service_draw_ids")


class WorkCommon(WorkMixin, ServiceDeskCommon):
    """A customer who pays 149.00 on the first of each month, from January 2026 on."""
