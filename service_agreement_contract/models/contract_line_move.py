"""A line of a contract whose billing moves over to the agreement."""

from datetime import date, timedelta
from typing import NamedTuple

from odoo import models
from odoo.tools import format_amount

# A line that is billed day by day has so many periods in ten years.
MAX_PERIODS = 4000
DAY = timedelta(days=1)


class Boundary(NamedTuple):
    """Where the contract stops to bill a line, and the agreement begins.

    :param first: date, first day that the agreement bills; the line ends before
    :param pending: number of periods that the contract still bills
    """

    first: date
    pending: int


class ContractLine(models.Model):
    _inherit = "contract.line"

    def _get_boundary(self, day):
        """Whole periods stay on one side: that of ``day``, if it is not invoiced yet,
        is the contract's last one.

        :param date day: from which on the agreement is to bill
        :return: Boundary
        """
        self.ensure_one()
        first, pending = self._get_next_start(), 0
        while first < day and not self._is_over_by(first) and pending < MAX_PERIODS:
            first, pending = self._get_period_end(first) + DAY, pending + 1
        if self.date_end:
            first = min(first, self.date_end + DAY)
        return Boundary(first, pending)

    def _get_period_end(self, start):
        """:return: date, last day of OCA's period that begins on ``start``; of the
        next one a date of invoice that was typed over decides
        """
        self.ensure_one()
        is_next = start == self._get_next_start()
        return self.get_next_period_date_end(
            start,
            self.recurring_rule_type,
            self.recurring_interval,
            max_date_end=self.date_end,
            next_invoice_date=is_next and self.recurring_next_date,
            recurring_invoicing_type=self.recurring_invoicing_type,
            recurring_invoicing_offset=self.recurring_invoicing_offset,
        )

    # What cannot be moved

    def _why_not_move(self):
        """Hook for bridges to addons that give lines what an agreement does not know.

        :return: str, why no agreement can bill this line as OCA does; or None
        """
        self.ensure_one()
        if self.price_unit < 0 or self.quantity < 0:
            return self.env._(
                "“%(line)s” is less than nothing. Make it a discount of another line.",
                line=self._get_agreement_name(),
            )
        if not 0 <= self.discount <= 100:
            return self.env._(
                "“%(line)s” has a discount below zero. Raise its price instead.",
                line=self._get_agreement_name(),
            )
        if self.product_id and self.uom_id not in (False, self.product_id.uom_id):
            return self.env._(
                "“%(line)s” is counted in %(unit)s, its product in %(own)s. Count it "
                "in the unit of the product.",
                line=self._get_agreement_name(),
                unit=self.uom_id.name,
                own=self.product_id.uom_id.name,
            )
        return self._why_not_move_quantity()

    def _why_not_move_quantity(self):
        """A quantity worked out anew for each invoice, by a formula or by usage."""
        start = self._get_next_start()
        quantity = self._get_quantity_to_invoice(
            start, self._get_period_end(start), self.recurring_next_date
        )
        varies = "qty_type" in self._fields and self.qty_type == "variable"
        if not varies and quantity == self.quantity:
            return None
        return self.env._(
            "The quantity of “%(line)s” is worked out for each invoice. An agreement "
            "bills a quantity that was agreed: enter one.",
            line=self._get_agreement_name(),
        )

    def _get_notes_on_move(self):
        """:return: list of str, what is different afterwards"""
        self.ensure_one()
        notes = []
        if self.automatic_price:
            notes.append(
                self.env._(
                    "“%(line)s” follows the pricelist until it is moved; its price of "
                    "that day stays.",
                    line=self._get_agreement_name(),
                )
            )
        if not self.product_id:
            notes.append(
                self.env._(
                    "“%(line)s” has no product: account and taxes are those of "
                    "%(product)s.",
                    line=self._get_agreement_name(),
                    product=self.contract_id.service_tier_id.product_id.display_name,
                )
            )
        return notes

    def _format_per_period(self, amount):
        """:return: str, "$ 149.00 per month" """
        self.ensure_one()
        return self.env._(
            "%(amount)s per %(period)s",
            amount=format_amount(self.env, amount, self.currency_id),
            period=self._get_agreement_plan().period_label,
        )

    # Moving

    def _move_to_agreement(self, charge, boundary):
        """
        :param charge: service.agreement.line that goes on with this line
        :param Boundary boundary:
        """
        self.ensure_one()
        self.write(self._prepare_move_values(boundary))
        charge.write({"settled_until": boundary.first, "anchor_date": boundary.first})

    def _prepare_move_values(self, boundary):
        self.ensure_one()
        values = {"moved_on": boundary.first}
        if boundary.first <= self.date_start:
            # Nothing is left of it that the contract would bill.
            return {**values, "is_canceled": True}
        values["date_end"] = boundary.first - DAY
        if boundary.pending:
            # Of a date that was typed over OCA keeps what is written with it.
            values["recurring_next_date"] = self.recurring_next_date
        return values
