import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from .service_agreement_contract import Later

# Unit and months or days of what OCA calls a recurrence.
UNITS = {
    "daily": ("day", 1),
    "weekly": ("week", 1),
    "monthly": ("month", 1),
    "monthlylastday": ("month", 1),
    "quarterly": ("month", 3),
    "semesterly": ("month", 6),
    "yearly": ("year", 1),
}
# What of a line the charge of the agreement follows.
FOLLOWED = {
    "analytic_distribution",
    "automatic_price",
    "date_end",
    "date_start",
    "discount",
    "display_type",
    "is_canceled",
    "last_date_invoiced",
    "name",
    "price_unit",
    "product_id",
    "quantity",
    "recurring_interval",
    "recurring_invoicing_type",
    "recurring_next_date",
    "recurring_rule_type",
    "sequence",
    "specific_price",
}
# What OCA puts the period's dates in; our invoices print them by themselves.
MARKERS = re.compile(
    r"[\s:,]*[(\[]?\s*#START#\s*[-–/]?\s*(?:to\s*)?#END#\s*[)\]]?"
    r"|[ \t]*#(?:START|END|INVOICEMONTHNAME)#"
)


class ContractLine(models.Model):
    """A line is a charge of the agreement, which it bills instead of the agreement."""

    _name = "contract.line"
    _inherit = ["contract.line", "service.agreement.guard"]
    _facts = ("moved_on",)

    service_line_ids = fields.One2many(
        "service.agreement.line", "contract_line_id", string="Agreement Charges"
    )
    moved_on = fields.Date(
        string="Billed by the Agreement From",
        readonly=True,
        copy=False,
        help="First day that the service agreement bills. This line ends before.",
    )

    _ends_where_moved = models.Constraint(
        "CHECK(moved_on IS NULL OR is_canceled "
        "OR (date_end IS NOT NULL AND date_end < moved_on))",
        "A service agreement bills this line: it stays as it was when it was moved. "
        "Change the agreement instead.",
    )
    _billed_until_moved = models.Constraint(
        "CHECK(moved_on IS NULL OR last_date_invoiced IS NULL "
        "OR last_date_invoiced < moved_on)",
        "A service agreement bills these days already.",
    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.contract_id._keep_agreements()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if not FOLLOWED.isdisjoint(vals):
            self.contract_id._keep_agreements()
        return result

    def _update_last_date_invoiced(self):
        """EXTENDS 'contract': the lines of an invoice are one change."""
        later = self.with_context(agreements_kept=Later())
        result = super(ContractLine, later)._update_last_date_invoiced()
        self.contract_id._keep_agreements()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_not_moved(self):
        for line in self.filtered("moved_on"):
            raise UserError(
                self.env._(
                    'A service agreement bills "%(line)s" from %(day)s on: the line '
                    "stays on record.",
                    line=line.name,
                    day=format_date(self.env, line.moved_on),
                )
            )

    def unlink(self):
        contracts = self.contract_id
        # Sudo: the charge follows the line, whoever may write agreements.
        self.sudo().service_line_ids._stop_with_contract()
        result = super().unlink()
        contracts.exists()._keep_agreements()
        return result

    # As a charge of the agreement

    def _is_chargeable(self):
        """Whether an agreement knows such a charge: nothing below zero, no text."""
        self.ensure_one()
        return bool(
            not self.display_type
            and not self.is_canceled
            and self.date_start
            and self.price_unit >= 0
            and self.quantity >= 0
            and 0 <= self.discount <= 100
        )

    def _get_billed_after(self, day):
        """:return: those of these lines that are billed on ``day`` or later"""
        return self.filtered(
            lambda line: line._is_chargeable() and not line._is_over_by(day)
        )

    def _is_over_by(self, day):
        self.ensure_one()
        return bool(self.date_end and self.date_end < day)

    def _prepare_agreement_line_values(self):
        """:return: values of the ``service.agreement.line`` that says what this line
        bills, and until when it is billed
        """
        self.ensure_one()
        tier = self.contract_id.service_tier_id
        product = self.product_id or tier.product_id
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        taxes = self.contract_id.fiscal_position_id.map_tax(taxes)
        return {
            "contract_line_id": self.id,
            "charge": "recurring",
            "sequence": self.sequence,
            "product_id": product.id,
            "name": self._get_agreement_name(),
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "discount": self.discount,
            "tax_ids": [Command.set(taxes.ids)],
            "analytic_distribution": self.analytic_distribution,
            "plan_id": self._get_agreement_plan().id,
            "is_arrears": self.recurring_invoicing_type == "post-paid",
            "anchor_date": self._get_next_start() or self.date_start,
            "date_start": self.date_start,
            "date_end": self.date_end,
            "settled_until": self._get_settled_until(),
        }

    def _get_agreement_name(self):
        """:return: str, without the marks that OCA replaces by dates"""
        self.ensure_one()
        name = MARKERS.sub("", self.name or "").strip()
        return name or self.product_id.display_name or self.env._("Service")

    def _get_next_start(self):
        """:return: date, first day that is on no invoice yet"""
        self.ensure_one()
        last = self.last_date_invoiced
        return last + timedelta(days=1) if last else self.date_start

    def _get_settled_until(self):
        """:return: date before which everything is billed by the contract, or False"""
        self.ensure_one()
        return bool(self.last_date_invoiced) and self._get_next_start()

    def _get_next_invoice_day(self):
        """:return: date, the earliest on which one of these is invoiced; of what is
        over OCA leaves a date behind that means nothing
        """
        due = self.filtered(
            lambda ln: ln._is_chargeable() and ln.next_period_date_start
        )
        return min(filter(None, due.mapped("recurring_next_date")), default=False)

    # Its recurrence as a billing plan

    def _get_agreement_plan(self):
        """:return: service.agreement.plan that bills as often; made where none does.

        Sudo: a plan of the catalogue, for who changes contracts.
        """
        self.ensure_one()
        wanted = self._prepare_plan_values()
        plans = self.env["service.agreement.plan"].sudo()
        companies = (False, self.company_id.id)
        found = plans.with_context(active_test=False).search(
            [
                *((name, "=", value) for name, value in wanted.items()),
                ("company_id", "in", companies),
            ],
            order="active DESC, sequence, id",
            limit=1,
        )
        return found or plans.create(
            {
                **wanted,
                "name": self._get_plan_name(),
                "company_id": self.company_id.id,
                # No option of the catalogue: nobody is to be offered it.
                "active": False,
            }
        )

    def _prepare_plan_values(self):
        """:return: dict of unit, interval, timing and billing day"""
        self.ensure_one()
        unit, factor = UNITS[self.recurring_rule_type]
        arrears = self.recurring_invoicing_type == "post-paid"
        return {
            "unit": unit,
            "interval": factor * max(self.recurring_interval, 1),
            "timing": "arrears" if arrears else "advance",
            "anchor_type": "anniversary",
        }

    def _get_plan_name(self):
        """:return: str, "Every 2 weeks, in arrears" """
        self.ensure_one()
        plan = self.env["service.agreement.plan"].new(self._prepare_plan_values())
        period = plan._get_period_label()
        if plan.timing == "arrears":
            return self.env._("Every %(period)s, in arrears", period=period)
        return self.env._("Every %(period)s, in advance", period=period)
