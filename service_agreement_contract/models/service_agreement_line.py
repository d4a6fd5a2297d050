from odoo import api, fields, models

from odoo.addons.service_agreement.tools.billing_period import Recurrence


class ServiceAgreementLine(models.Model):
    """A charge that a line of a contract bills, or billed until it was moved."""

    _inherit = "service.agreement.line"

    contract_line_id = fields.Many2one(
        "contract.line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="It says what this costs, and bills it.",
    )

    _contract_line_uniq = models.UniqueIndex(
        "(agreement_id, contract_line_id) WHERE contract_line_id IS NOT NULL",
        "This line of the contract is a charge of the agreement already.",
    )

    @api.model
    def _get_facts(self):
        return (*super()._get_facts(), "contract_line_id")

    def _is_billable(self):
        """EXTENDS billing: of an agreement that is over, the contract's charges stop
        nobody from an invoice of what it does not bill.
        """
        if self._is_the_contract_s() and self.agreement_id.state == "ended":
            return False
        return super()._is_billable()

    def _is_the_contract_s(self):
        """Whether a contract bills it, and not the agreement."""
        self.ensure_one()
        return self.charge == "recurring" and self.agreement_id.is_billed_by_contract

    def _get_full_price(self):
        """:return: float, of a whole period, as its unit price is"""
        self.ensure_one()
        return float(self._get_net_amount())

    def _get_first_due(self, day):
        """:return: date on which the period that begins on ``day`` is billed"""
        self.ensure_one()
        recurrence = Recurrence(day, self.plan_id.unit, self.plan_id.interval)
        return recurrence.due(recurrence.period(0), self.is_arrears)
