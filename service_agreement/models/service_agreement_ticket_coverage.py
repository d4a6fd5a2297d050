from odoo import fields, models


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Who pays for the work on a ticket; its promise is another question."""

    _inherit = "service.agreement.ticket.mixin"

    work_type_id = fields.Many2one(
        "service.agreement.work.type", string="Work", index="btree_not_null"
    )
    system_id = fields.Many2one(
        "service.agreement.system", string="System", index="btree_not_null"
    )
    device_id = fields.Many2one(
        "service.agreement.device", string="Device", index="btree_not_null"
    )
    exclusion_id = fields.Many2one(
        "service.agreement.exclusion",
        string="Not Covered Because",
        index="btree_not_null",
    )
    payer_id = fields.Many2one(
        "service.agreement",
        string="Paid By (chosen)",
        copy=False,
        index="btree_not_null",
        help="Chosen by a person for all the work on this ticket.",
    )
