from odoo import fields, models


class ServiceAgreementWorkType(models.Model):
    """What is done for a customer: remote support, work on site, programming …"""

    _name = "service.agreement.work.type"
    _description = "Type of Service Work"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    company_id = fields.Many2one("res.company", index=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    is_on_site = fields.Boolean(
        string="On Site", help="A technician goes there: the trip has its price, too."
    )
    is_preventive = fields.Boolean(
        string="Preventive", help="The work of planned visits, not of faults."
    )
    is_requestable = fields.Boolean(
        string="Customers Ask for It",
        default=True,
        help="It can be chosen when service is requested in the portal.",
    )
    portal_hint = fields.Char(
        string="Said to Customers",
        translate=True,
        help="What it means, in a few words, where they choose it.",
    )
