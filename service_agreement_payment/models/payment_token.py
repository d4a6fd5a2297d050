from odoo import models


class PaymentToken(models.Model):
    _inherit = "payment.token"

    # EXTENDS 'payment'
    def get_linked_records_info(self):
        """What he is told before he deletes a payment method."""
        info = super().get_linked_records_info()
        agreements = self._get_autopay_agreements()
        return [
            *info,
            *(
                {
                    "description": self.env._("Autopay of service agreement"),
                    "id": agreement.id,
                    "name": agreement.name,
                    "url": f"/my/agreements/{agreement.id}/autopay",
                }
                for agreement in agreements
            ),
        ]

    # EXTENDS 'payment'
    def _handle_archiving(self):
        """Nothing is charged to what is deleted, and somebody asks for another one."""
        result = super()._handle_archiving()
        for agreement in self._get_autopay_agreements():
            agreement._stop_autopay("token", self.env.user.name)
            agreement._ask_person(
                self.env._("Autopay ended: the payment method was deleted"),
                self.env._("Ask the customer how he wants to pay."),
            )
        return result

    def _get_autopay_agreements(self):
        """Sudo: of whoever owns the payment method, which the caller knows."""
        consents = self.env["service.agreement.autopay.consent"].sudo()
        in_force = [
            ("token_id", "in", self.ids),
            ("in_force_on", "!=", False),
            ("withdrawn_on", "=", False),
        ]
        return consents.search(in_force).agreement_id
