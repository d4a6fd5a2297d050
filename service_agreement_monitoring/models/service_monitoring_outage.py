from odoo import api, fields, models

from ..tools.alerts import Span


class ServiceMonitoringOutage(models.Model):
    """From when to when an alert fired: read from its events, never entered."""

    _name = "service.monitoring.outage"
    _description = "Outage"
    _inherit = ["service.agreement.guard"]
    _order = "started_at desc, id desc"
    _rec_name = "alert_id"

    alert_id = fields.Many2one(
        "service.monitoring.alert",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="alert_id.company_id", store=True, index=True)
    site_id = fields.Many2one(related="alert_id.site_id", store=True, index=True)
    partner_id = fields.Many2one(related="alert_id.partner_id", store=True, index=True)
    commercial_partner_id = fields.Many2one(
        related="alert_id.commercial_partner_id", store=True, index=True
    )
    system_id = fields.Many2one(
        related="alert_id.system_id", store=True, index="btree_not_null"
    )
    severity = fields.Selection(related="alert_id.severity", store=True)
    is_down = fields.Boolean(related="alert_id.is_down", store=True)
    started_at = fields.Datetime(string="From", required=True, readonly=True)
    ended_at = fields.Datetime(
        string="To", readonly=True, help="Empty: it is not over."
    )
    hours = fields.Float(
        compute="_compute_hours",
        store=True,
        readonly=True,
        help="Of what is over.",
    )
    is_behind = fields.Boolean(
        string="Behind Its Gateway",
        readonly=True,
        help="The gateway was down: its ticket is for this, too.",
    )
    result = fields.Selection(
        [
            ("brief", "Too short for a ticket"),
            ("behind", "With its gateway"),
            ("healed", "By itself"),
            ("helped", "With our help"),
        ],
        string="Recovered",
        readonly=True,
        index="btree_not_null",
        help="By itself: nobody of us had worked on its ticket.",
    )
    res_model = fields.Char(string="Ticket Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", readonly=True, index=True
    )

    # Whoever reads an alert at the same time: it has begun once.
    _start_uniq = models.Constraint(
        "UNIQUE(alert_id, started_at)", "This outage is known already."
    )
    _system_idx = models.Index("(system_id, started_at) WHERE system_id IS NOT NULL")

    @api.depends("started_at", "ended_at")
    def _compute_hours(self):
        for outage in self:
            lasted = outage.ended_at and outage.ended_at - outage.started_at
            outage.hours = lasted.total_seconds() / 3600 if lasted else 0.0

    def _get_spans(self):
        """:return: list of tools.alerts.Span"""
        return [Span(each.started_at, each.ended_at or None) for each in self]

    # What is read

    def _note_span(self, outage):
        """:param tools.alerts.Outage outage: as it is known now"""
        self.ensure_one()
        span = {"started_at": outage.start, "ended_at": outage.end or False}
        if any(self[name] != value for name, value in span.items()):
            self.write(span)

    def _note_behind(self, parent):
        """:param parent: service.monitoring.alert of the gateway"""
        self.ensure_one()
        self.write(
            {
                "is_behind": True,
                "res_model": parent.res_model,
                "res_id": parent.res_id,
            }
        )

    def _note_result(self):
        self.ensure_one()
        if self.is_behind:
            self.result = "behind"
        elif not self.res_id:
            self.result = "brief"
        else:
            healed = self._get_ticket().is_self_healed
            self.result = "healed" if healed else "helped"

    def _get_ticket(self):
        """:return: the ticket, or the one it was merged into; falsy where there is
        none, or none any more
        """
        self.ensure_one()
        if not self.res_id:
            return None
        ticket = self.env[self.res_model].browse(self.res_id).exists()
        return ticket and ticket._ticket_get_last()

    def action_view_ticket(self):
        self.ensure_one()
        self.check_access("read")
        return self.env[self.res_model].browse(self.res_id).get_formview_action()
