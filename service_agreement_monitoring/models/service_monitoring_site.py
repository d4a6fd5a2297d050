"""What a source calls a site or a device, and which customer's it is."""

from odoo import api, fields, models


class ServiceMonitoringSite(models.Model):
    """A site or device as a source names it; without a customer it is unknown."""

    _name = "service.monitoring.site"
    _description = "Monitored Site or Device"
    _inherit = ["service.agreement.guard"]
    _order = "source_id, name, id"
    _rec_names_search = ["name", "external_ref"]
    _facts = ("last_heard_at",)

    name = fields.Char(required=True, help="What the source calls it.")
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        "service.monitoring.source", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    external_ref = fields.Char(
        string="Their Reference",
        required=True,
        help="By what the source tells it from others.",
    )
    parent_id = fields.Many2one(
        "service.monitoring.site",
        string="At",
        domain="[('source_id', '=', source_id)]",
        ondelete="restrict",
        index="btree_not_null",
        help="The site that a device stands at.",
    )
    child_ids = fields.One2many("service.monitoring.site", "parent_id")
    gateway_site_id = fields.Many2one(
        "service.monitoring.site",
        string="Behind",
        domain="[('source_id', '=', source_id), ('id', '!=', id)]",
        ondelete="set null",
        index="btree_not_null",
        help="The gateway it is reached through: when that is down, so is this.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
        recursive=True,
        index="btree_not_null",
    )
    system_id = fields.Many2one(
        "service.agreement.system",
        compute="_compute_system_id",
        store=True,
        readonly=False,
        precompute=True,
        recursive=True,
        index="btree_not_null",
        domain="[('company_id', '=', company_id)]",
    )
    device_id = fields.Many2one(
        "service.agreement.device",
        index="btree_not_null",
        domain="[('company_id', '=', company_id)]",
    )
    last_heard_at = fields.Datetime(string="Last Heard", readonly=True, copy=False)
    event_ids = fields.One2many("service.monitoring.event", "site_id", string="Events")

    _external_ref_uniq = models.Constraint(
        "UNIQUE(source_id, external_ref)",
        "The source has a site or device of this reference already.",
    )

    @api.depends("device_id", "parent_id.system_id")
    def _compute_system_id(self):
        for site in self:
            of_device = site.device_id.system_id
            site.system_id = of_device or site.system_id or site.parent_id.system_id

    @api.depends("system_id", "parent_id.partner_id")
    def _compute_partner_id(self):
        for site in self:
            of_system = site.system_id.partner_id
            site.partner_id = of_system or site.partner_id or site.parent_id.partner_id
