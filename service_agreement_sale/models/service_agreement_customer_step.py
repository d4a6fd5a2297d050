from odoo import fields, models


class ServiceAgreementCustomerStep(models.Model):
    _inherit = "service.agreement.customer.step"

    kind = fields.Selection(
        selection_add=[("decline_free", "Declined while it was free")],
        ondelete={"decline_free": "cascade"},
    )

    def _get_title(self):
        """EXTENDS: it ends before it costs anything."""
        self.ensure_one()
        if self.kind == "decline_free":
            return self.env._("Your service agreement ends with its free period")
        return super()._get_title()
