from datetime import datetime, time, timezone

from odoo import api, fields, models

from . import instant


class ServiceAgreement(models.Model):
    """How well its promises are kept: for us, and in plain words for the customer."""

    _inherit = "service.agreement"

    promise_kept_count = fields.Integer(
        string="Promises Kept",
        compute="_compute_compliance",
        groups="service_agreement.group_user",
    )
    promise_missed_count = fields.Integer(
        string="Promises Missed",
        compute="_compute_compliance",
        groups="service_agreement.group_user",
    )
    compliance_text = fields.Char(
        string="Kept So Far",
        compute="_compute_compliance",
        groups="service_agreement.group_user",
        help="Kept out of those that are decided. Empty: none is, so far.",
    )

    @api.depends("target_ids")
    def _compute_compliance(self):
        counts = {
            agreement.id: (kept, missed)
            for agreement, kept, missed in self.env[
                "service.agreement.sla.report"
            ]._read_group(
                [("agreement_id", "in", self.ids)],
                ["agreement_id"],
                ["met:sum", "missed:sum"],
            )
        }
        for agreement in self:
            kept, missed = counts.get(agreement.id, (0, 0))
            agreement.promise_kept_count = kept
            agreement.promise_missed_count = missed
            agreement.compliance_text = agreement._get_compliance_text(kept, missed)

    def _get_compliance_text(self, kept, missed):
        """:return: str, "96 % kept"; False while nothing is decided

        Rounded down: one miss in a thousand is not "100 % kept".
        """
        decided = kept + missed
        if not decided:
            return False
        return self.env._("%(percent)s %% kept", percent=100 * kept // decided)

    def action_view_promises(self):
        """The promises on its tickets, those that were missed first in sight."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_sla_clock"
        )
        action["domain"] = [("agreement_id", "=", self.id)]
        action["context"] = {"search_default_decided": 1}
        action["views"] = [(False, name) for name in ("list", "pivot", "graph")]
        return action

    def _get_portal_compliance(self):
        """What the customer reads of this year's promises.

        Sudo: read for him, he may read neither clocks nor the report. Only what was
        promised to him: a ticket that was corrected to be another customer's is not
        his to see.

        :return: dict: kept, decided, missed (list of dict, see `_get_portal_miss`);
            empty while nothing is decided
        """
        self.ensure_one()
        rows = (
            self.env["service.agreement.sla.report"]
            .sudo()
            .search_fetch(
                [
                    ("agreement_id", "=", self.id),
                    ("partner_id", "=", self.commercial_partner_id.id),
                    ("status", "in", ("met", "missed")),
                    ("started_at", ">=", self._get_start_of_year()),
                ]
            )
        )
        if not rows:
            return {}
        missed = rows.filtered(lambda row: row.status == "missed")
        return {
            "kept": len(rows - missed),
            "decided": len(rows),
            "missed": [self._get_portal_miss(row) for row in missed],
        }

    def _get_start_of_year(self):
        """:return: naive UTC datetime, when the year began on the customer's clock"""
        wall = instant.zone(self._get_portal_tz())
        now = instant.now(self.env).replace(tzinfo=timezone.utc).astimezone(wall)
        midnight = datetime.combine(now.date().replace(month=1, day=1), time(), wall)
        return midnight.astimezone(timezone.utc).replace(tzinfo=None)

    def _get_portal_miss(self, row):
        """:return: dict: ticket, reference, promise, due and done (done: or False)"""
        ticket = self.env[row.res_model].sudo().browse(row.res_id)
        headings = self._get_document_metric_headings()
        labels = dict(row._fields["metric"]._description_selection(self.env))
        show = self._format_portal_instant
        return {
            "ticket": ticket,
            "reference": ticket._ticket_reference(),
            "promise": labels.get(row.metric) or headings.get(row.metric),
            "due": row.deadline and show(row.deadline),
            "done": row.stopped_at and show(row.stopped_at),
        }
