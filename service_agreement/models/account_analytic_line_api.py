from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .service_api import to_amount, to_day, to_link, to_quantity
from .service_request import describe_agreement


class AccountAnalyticLine(models.Model):
    """Work that another system writes down, see ``service.agreement.book_work``."""

    _inherit = "account.analytic.line"

    service_reference = fields.Char(
        string="External Reference",
        copy=False,
        export_string_translation=False,
        help="By which another system knows this work. Sent twice, it is booked once.",
    )

    _service_reference_uniq = models.UniqueIndex(
        "(company_id, service_reference) WHERE service_reference IS NOT NULL",
        "There is work with this external reference already.",
    )

    @api.model
    def _api_prepare(self, ticket, work_type, day, start, employee, **values):
        """
        :param values: plain ones: unit_amount, name, reference
        :return: dict of values of a new line
        :raise UserError: no work is booked on such a task
        """
        # Sudo: who may read the ticket may know whether it is one.
        if not ticket.sudo()._ticket_in_scope():
            raise UserError(
                self.env._(
                    "ticket_id: %s is no ticket of a service desk.", ticket.display_name
                )
            )
        company = ticket.sudo()._ticket_company()
        day = day or (
            company._service_day(start) if start else company._service_today()
        )
        optional = {
            "service_work_type_id": work_type.id,
            "employee_id": employee.id,
            "service_start": start,
        }
        return {
            "task_id": ticket.id,
            "company_id": company.id,
            "date": day,
            "name": values["name"],
            "unit_amount": values["unit_amount"],
            "service_reference": values["reference"],
            **{name: value for name, value in optional.items() if value},
        }

    @api.model
    def _api_find(self, values):
        """:return: the work of this reference, or none
        :raise UserError: it is other work
        """
        if not values["service_reference"]:
            return self.browse()
        # Sudo: what exists is not booked again because the caller may not see it.
        known = self.sudo().search(
            Domain("company_id", "=", values["company_id"])
            & Domain("service_reference", "=", values["service_reference"]),
            limit=1,
        )
        found = known.with_env(self.env)
        found.check_access("read")
        same = found.task_id.id, found.unit_amount
        if found and same != (values["task_id"], values["unit_amount"]):
            raise UserError(
                self.env._(
                    "reference: %s is other work already, on another ticket or of "
                    "another length. Use another reference.",
                    values["service_reference"],
                )
            )
        return found

    def _to_api(self):
        """:return: dict, see ``service.agreement.book_work``"""
        self.ensure_one()
        # Sudo: who wrote it down may know who pays for it; prices are asked below.
        line = self.sudo()
        shows_prices = line.service_draw_ids.with_env(self.env).has_access("read")
        payer = line.service_agreement_id
        return {
            "id": self.id,
            "ticket": to_link(line.task_id),
            "employee": to_link(line.employee_id, line.employee_id.name),
            "day": to_day(line.date),
            "hours": to_quantity(line.unit_amount),
            "reference": line.service_reference or None,
            "verdict": line.service_verdict or None,
            "texts": [row["text"] for row in self._list_service_reasons()],
            "parts": [draw._to_api(shows_prices) for draw in line.service_draw_ids],
            "allowances": payer._api_list_allowances().get(payer, []),
        }


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def _to_api(self, shows_prices):
        """:return: dict, a part of ``service.agreement.book_work``"""
        self.ensure_one()
        currency = self.currency_id
        is_paid = self.outcome != "covered" and self.answer in ("bill", False)
        return {
            "unit": self.unit,
            "outcome": self.outcome,
            "quantity": to_quantity(self.quantity),
            "agreement": describe_agreement(self.env, self.agreement_id),
            "answer": self.answer or None,
            "currency": currency.name,
            "price": to_amount(self.price, currency) if shows_prices else None,
            "amount": to_amount(is_paid and self.amount, currency)
            if shows_prices
            else None,
        }
