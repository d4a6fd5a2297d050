"""The record of whom was told what, and when."""

from odoo import api, fields, models

from . import instant
from .service_agreement_sla_target import PRIORITIES


class ServiceAgreementSlaNotice(models.Model):
    """People were told that a share of a promise is used up. A fact.

    Once for a promise and a percentage. The priority is part of it: after a change of
    priority another promise holds, that nobody was told of yet.
    """

    _name = "service.agreement.sla.notice"
    _description = "Warning Given"
    _inherit = ["service.agreement.guard"]
    _order = "told_at desc, id desc"
    _rec_name = "percent"

    clock_id = fields.Many2one(
        "service.agreement.sla.clock",
        string="Promise",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="clock_id.company_id", store=True, index=True)
    priority = fields.Selection(PRIORITIES, required=True, readonly=True)
    percent = fields.Integer(string="Time Used (%)", required=True, readonly=True)
    told_at = fields.Datetime(string="When", required=True, readonly=True)
    user_ids = fields.Many2many("res.users", string="Told", readonly=True)
    failure = fields.Char(readonly=True, help="Why nobody could be told.")

    _once_uniq = models.UniqueIndex(
        "(clock_id, priority, percent)", "This was told already."
    )

    def _describe(self):
        """:return: str, "Mon 10:36: 90 % used (First answer), told to Ann" """
        self.ensure_one()
        clock = self.clock_id
        return self.env._(
            "%(when)s: %(percent)s %% used (%(promise)s), told to %(people)s",
            when=clock._format_promised(self.told_at),
            percent=self.percent,
            promise=clock._get_metric_text(),
            people=", ".join(self.user_ids.mapped("name")) or self.env._("nobody"),
        )


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    notice_ids = fields.One2many(
        "service.agreement.sla.notice", "clock_id", string="Warnings", readonly=True
    )
    told_percent = fields.Integer(
        compute="_compute_told_percent",
        store=True,
        # What `_prepare_new` says of a new one holds; nobody else may write it.
        readonly=False,
        export_string_translation=False,
        help="The highest warning given, of the priority it has now.",
    )

    @api.depends("notice_ids.percent", "notice_ids.priority", "priority")
    def _compute_told_percent(self):
        for clock in self:
            told = clock.notice_ids.filtered(
                lambda notice, priority=clock.priority: notice.priority == priority
            )
            clock.told_percent = max(told.mapped("percent"), default=0)

    # EXTENDS 'service.agreement.sla.clock'
    @api.model
    def _prepare_new(self, values):
        return {**super()._prepare_new(values), "told_percent": 0}

    def _record_notice(self, percent, users=(), failure=False):
        self.ensure_one()
        self.env["service.agreement.sla.notice"].create(
            {
                "clock_id": self.id,
                "priority": self.priority,
                "percent": percent,
                "told_at": instant.now(self.env),
                "user_ids": [fields.Command.set([user.id for user in users])],
                "failure": failure,
            }
        )


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    sla_warnings = fields.Text(
        string="Warnings Given",
        compute="_compute_sla_warnings",
        help="What was told of this ticket's promises, and to whom.",
    )

    def _compute_sla_warnings(self):
        """Sudo: who may read a ticket may read what was told of it, and of no other."""
        clocks = self.sudo()._ticket_clocks().grouped("res_id")
        for ticket in self:
            notices = clocks[ticket.id].notice_ids if ticket.id in clocks else ()
            ticket.sla_warnings = "\n".join(
                notice._describe() for notice in reversed(notices)
            )
