from odoo import fields, models


class ServiceAgreementSystem(models.Model):
    """Something that works as a whole at a customer's: a theatre, a network."""

    _name = "service.agreement.system"
    _description = "Customer System"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, sequence, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, tracking=True
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    site_id = fields.Many2one(
        "res.partner",
        string="Site",
        index="btree_not_null",
        help="Where it stands. Empty: at the customer's own address.",
    )
    device_ids = fields.One2many("service.agreement.device", "system_id")
    device_count = fields.Integer(compute="_compute_device_count")
    inspected_on = fields.Date(
        string="Entry Inspection",
        tracking=True,
        help="When it was looked at before it was covered; defects found then are not.",
    )
    note = fields.Html()

    def _compute_device_count(self):
        counts = dict(
            self.env["service.agreement.device"]._read_group(
                [("system_id", "in", self.ids)], ["system_id"], ["__count"]
            )
        )
        for system in self:
            system.device_count = counts.get(system, 0)


class ServiceAgreementDevice(models.Model):
    _name = "service.agreement.device"
    _description = "Device of a Customer System"
    _order = "system_id, sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    system_id = fields.Many2one(
        "service.agreement.system", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="system_id.partner_id")
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    product_id = fields.Many2one("product.product", index="btree_not_null")
    serial = fields.Char(string="Serial Number", index="btree_not_null")
    installed_on = fields.Date()
    warranty_until = fields.Date(help="Last day of the manufacturer's warranty.")
    is_monitored = fields.Boolean(string="Monitored")
    known_defect = fields.Char(
        help="Found at the entry inspection; not covered until it is repaired."
    )
    defect_until = fields.Date(
        string="Defect Repaired On", help="From this day on the device is covered."
    )
