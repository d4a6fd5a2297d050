from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.service_agreement.models import instant

from ..tools import formats
from ..tools.examples import get_body
from ..tools.reading import FormatError, load


class ServiceMonitoringTry(models.TransientModel):
    """Show how a body would be understood, and send it as if it had been posted."""

    _name = "service.monitoring.try"
    _description = "Test Alert"

    source_id = fields.Many2one(
        "service.monitoring.source", required=True, ondelete="cascade"
    )
    body = fields.Text(
        string="What Is Posted",
        compute="_compute_body",
        store=True,
        readonly=False,
        precompute=True,
    )
    understood = fields.Html(
        string="How It Is Understood", compute="_compute_understood"
    )

    @api.depends("source_id")
    def _compute_body(self):
        """An example; of an unknown format what came last."""
        for attempt in self:
            source = attempt.source_id
            attempt.body = get_body(source.format) or source._get_last_body()

    @api.depends("source_id", "body")
    def _compute_understood(self):
        for attempt in self:
            try:
                attempt.understood = attempt._describe(attempt._read())
            except FormatError as error:
                deliveries = attempt.env["service.monitoring.delivery"]
                reason = deliveries._describe_format_error(error)
                attempt.understood = Markup("<p>%s</p>") % reason

    def _read(self):
        """:return: list of Alert"""
        source, body = self.source_id, (self.body or "").encode()
        paths, now = source._get_paths(), instant.now(self.env)
        return formats.read(source.format, paths, load(body), now)

    def _describe(self, alerts):
        """:return: Markup"""
        labels = self.env["service.monitoring.event"]._fields
        statuses, severities = (
            dict(labels[name]._description_selection(self.env))
            for name in ("status", "severity")
        )
        lines = Markup().join(
            Markup("<li><b>%s</b>: %s (%s, %s)</li>")
            % (
                " / ".join(filter(None, (a.site_name or a.site, a.device_name))),
                a.name,
                statuses[a.status],
                severities[a.severity],
            )
            for a in alerts
        )
        return Markup("<ul>%s</ul>") % lines

    def action_send(self):
        """Take it in, and show what became of it. Sudo: at the door, too, it is not
        the user's own right that makes the delivery."""
        self.ensure_one()
        self.source_id.check_access("write")
        if not self.source_id.active:
            raise UserError(
                self.env._("%s is archived: restore it first.", self.source_id.name)
            )
        deliveries = self.env["service.monitoring.delivery"].sudo()
        door = self.source_id._get_door(self.source_id.door_key)
        now = instant.now(self.env)
        answer = deliveries._take_in(door, {}, (self.body or "").encode(), now)
        if answer.content["status"] == "known":
            raise UserError(
                self.env._("The same was sent just now: change something in it.")
            )
        delivery = deliveries.search(
            [
                ("source_id", "=", door.source_id),
                ("external_id", "=", answer.content["delivery"]),
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": delivery._name,
            "res_id": delivery.id,
            "view_mode": "form",
        }
