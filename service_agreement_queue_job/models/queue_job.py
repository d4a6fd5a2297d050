from odoo import fields, models


class QueueJob(models.Model):
    _inherit = "queue.job"

    agreement_billing_run_id = fields.Many2one(
        "service.agreement.billing.run",
        string="Billing Run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
