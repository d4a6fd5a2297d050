"""Sources: the monitoring systems that tell us what happens at customers'."""

import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Domain

from .service_monitoring_site import UNKNOWN

DOOR_KEY_BYTES = 12
PARKED = Domain("state", "=", "parked")
UNKNOWN_ACTIVITY = "service_agreement_monitoring.mail_activity_type_unknown"


class ServiceMonitoringSource(models.Model):
    """One monitoring system, with the address and the secret it posts alerts with."""

    _name = "service.monitoring.source"
    _description = "Monitoring Source"
    _inherit = ["service.agreement.guard", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, name, id"
    _facts = ("door_key", "secret", "previous_secret", "last_heard_at")

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        tracking=True,
        help="Is told when something unknown is heard of.",
    )
    format = fields.Selection(
        [
            ("plain", "Plain JSON"),
            ("alertmanager", "Prometheus Alertmanager"),
            ("auvik", "Auvik"),
            ("domotz", "Domotz"),
            ("mapped", "Other: say where each field stands"),
        ],
        default="plain",
        required=True,
        tracking=True,
    )
    authentication = fields.Selection(
        [
            ("signed", "Signature"),
            ("bearer", "Key in a Header"),
            ("basic", "User Name and Password"),
        ],
        string="Proves Itself By",
        compute="_compute_authentication",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        help="A signature is safest: it holds for one delivery only, and the secret "
        "itself is never sent. Many systems can only send a key or a password.",
    )
    per_minute = fields.Integer(
        string="Deliveries per Minute",
        default=600,
        help="More than these are told to come back later. 0: any number.",
    )
    keep_days = fields.Integer(
        string="Keep Deliveries",
        default=90,
        help="Days after which what was posted, and is done, is deleted. What it told "
        "stays.",
    )
    alive_names = fields.Char(
        string="Signs of Life",
        default="Watchdog, DeadMansSwitch",
        help="Names of alerts that fire all the time, only to say that all is well.",
    )
    door_key = fields.Char(
        string="Address Key",
        default=lambda self: secrets.token_hex(DOOR_KEY_BYTES),
        required=True,
        readonly=True,
        copy=False,
        groups="service_agreement.group_manager",
        help="The last part of the address that alerts are posted to.",
    )
    secret = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    previous_secret = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    previous_valid_until = fields.Datetime(
        string="Old Secret Valid Until", readonly=True, copy=False
    )
    last_heard_at = fields.Datetime(string="Last Heard", readonly=True, copy=False)
    site_ids = fields.One2many(
        "service.monitoring.site", "source_id", string="Sites and Devices"
    )
    unknown_count = fields.Integer(compute="_compute_counts")
    parked_count = fields.Integer(
        compute="_compute_counts", groups="service_agreement.group_manager"
    )

    # What becomes of its alerts
    minimum_seconds = fields.Integer(
        string="Minimum Duration",
        default=120,
        help="Seconds that an alert must last before it becomes a ticket.",
    )
    reopen_hours = fields.Integer(
        string="Reopen Within",
        default=24,
        help="Hours in which the same alert reopens its ticket; later it gets a new "
        "one.",
    )
    flap_count = fields.Integer(
        string="Flapping After",
        default=4,
        help="An alert that comes this many times in the minutes beside is flapping.",
    )
    flap_minutes = fields.Integer(string="Flapping Within", default=30)
    silent_days = fields.Integer(
        string="Silent After",
        default=7,
        help="Days without a word after which a monitored customer counts as silent.",
    )

    _door_key_uniq = models.Constraint(
        "UNIQUE(door_key)", "Another source has this address."
    )
    _settings_not_negative = models.Constraint(
        "CHECK(minimum_seconds >= 0 AND reopen_hours >= 0 AND flap_count >= 0"
        " AND flap_minutes >= 0 AND silent_days >= 0 AND per_minute >= 0"
        " AND keep_days >= 0)",
        "Durations and counts cannot be negative.",
    )

    @api.depends("format")
    def _compute_authentication(self):
        """Plain JSON comes of a program that can be made to sign."""
        for source in self:
            is_own = source.format == "plain"
            source.authentication = "signed" if is_own else "bearer"

    @api.depends("site_ids.partner_id", "site_ids.active")
    def _compute_counts(self):
        unknown = self._count("service.monitoring.site", UNKNOWN)
        parked = self._count("service.monitoring.delivery", PARKED)
        for source in self:
            source.unknown_count = unknown.get(source, 0)
            source.sudo().parked_count = parked.get(source, 0)

    def _count(self, model, domain):
        """Sudo: a number only, for who may see the source.

        :return: dict of int by source
        """
        domain = domain & Domain("source_id", "in", self.ids)
        rows = self.env[model].sudo()._read_group(domain, ["source_id"], ["__count"])
        return {source.sudo(False): count for source, count in rows}

    @api.ondelete(at_uninstall=False)
    def _unlink_nothing_heard(self):
        if heard := self.filtered("last_heard_at"):
            raise UserError(
                self.env._(
                    "%s has told of alerts, which stay on record: archive it.",
                    heard[0].name,
                )
            )

    def _get_oldest_kept(self, now):
        """:return: datetime, before which what is done is deleted"""
        return now - timedelta(days=self.keep_days)

    # Who is told

    def _tell_unknown(self, sites):
        """One to-do for the responsible, however many sites it is about."""
        self.ensure_one()
        if self._get_unknown_activities() or not self.user_id:
            return
        self.activity_schedule(
            UNKNOWN_ACTIVITY,
            user_id=self.user_id.id,
            summary=self.env._("Say whose this is: %s", sites[0].display_name),
        )

    def _settle_unknown(self):
        """Whoever assigned the last unknown site has done the to-do."""
        done = self.filtered(lambda source: not source.unknown_count)
        done._get_unknown_activities().action_done()

    def _get_unknown_activities(self):
        kind = self.env.ref(UNKNOWN_ACTIVITY)
        return self.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def action_view_unknown(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_monitoring.action_service_monitoring_unknown"
        )
        action["domain"] = list(UNKNOWN & Domain("source_id", "=", self.id))
        return action

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_monitoring.action_service_monitoring_delivery"
        )
        action["domain"] = [("source_id", "=", self.id)]
        return action
