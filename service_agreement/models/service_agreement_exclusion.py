from odoo import fields, models


class ServiceAgreementExclusion(models.Model):
    """What an agreement does not cover, in words that a customer understands."""

    _name = "service.agreement.exclusion"
    _description = "Excluded from Service"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Text(
        translate=True, help="What it means, as the customer reads it."
    )
    company_id = fields.Many2one("res.company", index=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    is_warranty = fields.Boolean(
        string="Under Warranty",
        help="The manufacturer answers for it, not the customer.",
    )
    is_known_defect = fields.Boolean(
        string="Known Defect",
        help="What was noted at the entry inspection and not yet repaired.",
    )
