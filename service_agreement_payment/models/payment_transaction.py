from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    # EXTENDS 'account_payment'
    def _post_process(self):
        """After the payment is booked: what follows for autopay."""
        result = super()._post_process()
        self._put_consents_into_force()
        self._find_attempts()._take_answer()
        self._find_refunded_attempts()._note_reversed()
        return result

    def _put_consents_into_force(self):
        """Consents that were given with a payment method that is saved by now."""
        saved = self.filtered(
            lambda t: t.state in ("done", "authorized") and t.token_id
        )
        consents = self.env["service.agreement.autopay.consent"].sudo()
        waiting = consents.search(
            [
                ("transaction_id", "in", saved.ids),
                ("in_force_on", "=", False),
                ("withdrawn_on", "=", False),
            ]
        )
        for consent in waiting:
            consent._take_effect(consent.transaction_id.token_id)

    def _find_attempts(self):
        attempts = self.env["service.agreement.autopay.attempt"].sudo()
        return attempts.search([("transaction_id", "in", self.ids)])

    def _find_refunded_attempts(self):
        refunds = self.filtered(lambda t: t.operation == "refund" and t.state == "done")
        return refunds.source_transaction_id._find_attempts()
