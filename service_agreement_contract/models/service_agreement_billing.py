"""What an agreement bills by itself, and what rides on its contract's invoices."""

from itertools import islice

from odoo import api, models

# More than the months that work may wait for an invoice to ride on.
LOOKED_AHEAD = 120


class ServiceAgreement(models.Model):
    """The charges of every period are the contract's, and stand in the schedule all
    the same: they tell when it makes an invoice, and how much of a credit it takes.
    What falls due with them rides on that invoice; what falls due on other days has
    one of its own, from our billing run.
    """

    _inherit = "service.agreement"

    @api.depends("contract_id", "contract_moved_on")
    def _compute_next_invoice_date(self):
        """EXTENDS: the next one that the contract does not make."""
        followers = self.filtered("is_billed_by_contract")
        others = self - followers
        result = super(ServiceAgreement, others)._compute_next_invoice_date()
        charges = followers._get_charges()
        own = followers.filtered(
            lambda a: any(not c.key._is_the_contract_s() for c in charges[a])
        )
        coming = own._get_own_invoices()
        for agreement in followers:
            invoice = coming.get(agreement)
            agreement.next_invoice_date = invoice.due if invoice else False
        return result

    def _get_own_invoices(self):
        """:return: {agreement: tools.charges.Invoice, the next one that the contract
        does not make}, of those that have some
        """
        return self._find_next_invoices(
            lambda each: not self._is_contract_invoice(each)
        )

    def _get_next_invoice_total(self):
        if not self.is_billed_by_contract:
            return super()._get_next_invoice_total()
        invoice = self._get_own_invoices().get(self)
        return self._describe_invoice(invoice)["total"] if invoice else 0.0

    @api.model
    def _is_contract_invoice(self, invoice):
        """:param invoice: tools.charges.Invoice"""
        return any(piece.charge.key._is_the_contract_s() for piece in invoice.pieces)

    def _get_contract_invoices(self):
        """:return: {agreement: tools.charges.Invoice, the contract's next one, with
        what rides on it}, of those whose contract will make one
        """
        return self._find_next_invoices(self._is_contract_invoice)

    def _find_next_invoices(self, suits):
        """
        :param suits: function of a tools.charges.Invoice
        :return: {agreement: the next one that suits}, of those that have some
        """
        found = {}
        for agreement, invoices in self._get_schedules().items():
            coming = islice(invoices, LOOKED_AHEAD)
            if invoice := next(filter(suits, coming), None):
                found[agreement] = invoice
        return found

    def _get_riders(self):
        """:return: {agreement: list of DuePiece that go on the contract's next
        invoice}, of those that have some
        """
        found = {}
        for agreement, invoice in self._get_contract_invoices().items():
            pieces = agreement._prepare_due_pieces(invoice)
            riders = [due for due in pieces if not due.line._is_the_contract_s()]
            if riders:
                found[agreement] = riders
        return found

    def _get_due_pieces(self, until):
        """EXTENDS: without what the contract's invoices take."""
        pieces = super()._get_due_pieces(until)
        taken = {due[:3] for due in pieces if due.line._is_the_contract_s()}
        return [due for due in pieces if due[:3] not in taken]

    @api.model
    def _get_billing_lines(self, move):
        """EXTENDS: the contract's own lines bill no period of ours."""
        lines = super()._get_billing_lines(move)
        return lines.filtered(lambda line: not line.contract_line_id)

    def _why_not_bill(self):
        if self.is_billed_by_contract and not self.next_invoice_date:
            return self.env._(
                "%(agreement)s is billed by the contract %(contract)s.",
                agreement=self.name,
                # Sudo: a name, for who may not read contracts.
                contract=self.sudo().contract_id.display_name,
            )
        return super()._why_not_bill()
