"""What a source calls a site or a device, and which customer's it is."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .service_monitoring_event import WAITING

# Archived ones are nobody's on purpose; a device has the customer of its site.
UNKNOWN = (
    Domain("partner_id", "=", False)
    & Domain("parent_id", "=", False)
    & Domain("active", "=", True)
)
WHOSE = {"partner_id", "system_id", "device_id", "parent_id", "active"}


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
        help="By what the source tells it from others; of a device: site / device.",
    )
    parent_id = fields.Many2one(
        "service.monitoring.site",
        string="At",
        domain="[('source_id', '=', source_id), ('parent_id', '=', False),"
        " ('id', '!=', id)]",
        ondelete="restrict",
        index="btree_not_null",
        help="The site that a device stands at; its customer is the site's.",
    )
    child_ids = fields.One2many(
        "service.monitoring.site", "parent_id", string="Devices"
    )
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
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id")
    system_id = fields.Many2one(
        "service.agreement.system",
        compute="_compute_system_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        domain="[('company_id', '=', company_id),"
        " '|', ('commercial_partner_id', '=', commercial_partner_id),"
        " (not partner_id, '=', True)]",
    )
    device_id = fields.Many2one(
        "service.agreement.device",
        index="btree_not_null",
        domain="[('company_id', '=', company_id),"
        " '|', ('system_id', '=', system_id), (not system_id, '=', True)]",
    )
    last_heard_at = fields.Datetime(string="Last Heard", readonly=True, copy=False)
    waiting_count = fields.Integer(string="Waiting", compute="_compute_waiting_count")
    event_ids = fields.One2many("service.monitoring.event", "site_id", string="Events")

    _external_ref_uniq = models.Constraint(
        "UNIQUE(source_id, external_ref)",
        "The source has a site or device of this reference already.",
    )
    _unknown_idx = models.Index("(source_id) WHERE partner_id IS NULL")

    @api.depends("device_id", "parent_id")
    def _compute_system_id(self):
        """Of a site: what was chosen. A device starts with that of its site."""
        for site in self:
            of_device = site.device_id.system_id
            site.system_id = of_device or site.system_id or site.parent_id.system_id

    @api.depends("system_id.partner_id", "parent_id.partner_id")
    def _compute_partner_id(self):
        for site in self:
            chosen = site.parent_id.partner_id if site.parent_id else site.partner_id
            site.partner_id = site.system_id.partner_id or chosen

    def _compute_waiting_count(self):
        """Of a site with what waits for its devices."""
        events = self.env["service.monitoring.event"]
        of_site = dict(
            events._read_group(
                WAITING & Domain("site_id", "in", (self | self.child_ids).ids),
                ["site_id"],
                ["__count"],
            )
        )
        for site in self:
            places = site | site.child_ids
            site.waiting_count = sum(of_site.get(place, 0) for place in places)

    @api.constrains("partner_id", "system_id", "device_id", "source_id")
    def _check_same_customer(self):
        for site in self.filtered("system_id"):
            owner = site.system_id.commercial_partner_id
            if site.partner_id.commercial_partner_id != owner:
                raise ValidationError(
                    self.env._(
                        "%(system)s is a system of %(owner)s: choose one of the "
                        "customer's, or leave it empty.",
                        system=site.system_id.display_name,
                        owner=owner.display_name,
                    )
                )
            if site.device_id and site.device_id.system_id != site.system_id:
                raise ValidationError(
                    self.env._(
                        "%(device)s belongs to the system %(system)s: choose that, or "
                        "another device.",
                        device=site.device_id.display_name,
                        system=site.device_id.system_id.display_name,
                    )
                )

    @api.constrains("system_id", "source_id")
    def _check_system_company(self):
        """Another company's system is not looked after by this source."""
        for site in self.filtered("system_id"):
            if site.system_id.company_id != site.company_id:
                raise ValidationError(
                    self.env._(
                        "%(system)s is looked after by another company than %(site)s.",
                        system=site.system_id.display_name,
                        site=site.display_name,
                    )
                )

    def write(self, vals):
        before = {site: site.system_id for site in self} if WHOSE & vals.keys() else {}
        result = super().write(vals)
        for site, old_system in before.items():
            site._pass_on(old_system, vals)
        if before:
            self._after_assigning()
        return result

    def _pass_on(self, old_system, vals):
        """Devices that had the system of their site get its new one."""
        devices = self.with_context(active_test=False).child_ids
        if "active" in vals:
            devices.filtered(lambda d: d.active != self.active).active = self.active
        if self.system_id != old_system:
            same = devices.filtered(lambda d: d.system_id == old_system)
            same.filtered(lambda d: not d.device_id).system_id = self.system_id

    def _after_assigning(self):
        """Have handed on what waited for it. Sudo: deliveries and the to-do of the
        responsible are not for everybody who may say whose a site is."""
        places = self.sudo().with_context(active_test=False)
        places |= places.child_ids
        waiting = WAITING & Domain("site_id", "in", places.ids)
        deliveries = places.env["service.monitoring.event"].search(waiting).delivery_id
        deliveries._settle()
        deliveries._wake()
        places.source_id._settle_unknown()

    def _prepare_event(self, delivery, position, alert):
        """
        :param Alert alert: of ``delivery`` the one at ``position``
        :return: dict of values
        """
        self.ensure_one()
        return {
            "source_id": self.source_id.id,
            "site_id": self.id,
            "delivery_id": delivery.id,
            "position": position,
            "alert_name": alert.name,
            "key": alert.key,
            "status": alert.status,
            "severity": alert.severity,
            "happened_at": alert.happened_at,
            "summary": alert.summary,
            "url": alert.url,
        }

    # By hand

    def action_not_ours(self):
        """Archive it: what it tells from now on is not listened to."""
        self.action_archive()
        return True
