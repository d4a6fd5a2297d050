from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.billing_period import Recurrence
from .service_agreement_change import PendingChange

# Days more than promised: a scheduled action may be late.
ANNOUNCED_EARLY = 7


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    escalation_percent = fields.Float(
        string="Price Increase (%)",
        digits="Discount",
        help="Of the price, at each anniversary. 0: prices stay.",
    )
    escalation_notice_days = fields.Integer(
        string="Announced (days before)",
        default=60,
        help="An increase that is not announced in time moves to a later period.",
    )

    _escalation_not_negative = models.Constraint(
        "CHECK(escalation_percent >= 0 AND escalation_notice_days >= 0)",
        "A price increase is 0 % or more, announced 0 or more days before.",
    )


class ServiceAgreement(models.Model):
    """Price increases, promised with a notice and never without it (LIF-01, LIF-03).

    Each anniversary multiplies the rounded price. The customer is told by mail, in
    time; what cannot be told in time moves to the next period that it may hold for.
    """

    _inherit = "service.agreement"

    escalation_percent = fields.Float(
        string="Price Increase (%)",
        digits="Discount",
        compute="_compute_escalation",
        store=True,
        readonly=False,
        precompute=True,
    )
    escalation_notice_days = fields.Integer(
        string="Announced (days before)",
        compute="_compute_escalation",
        store=True,
        readonly=False,
        precompute=True,
    )
    escalation_date = fields.Date(
        string="Next Price Increase",
        compute="_compute_escalation_date",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="It holds from the first period that begins on this day or later.",
    )

    @api.depends("tier_id")
    def _compute_escalation(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            tier = agreement.tier_id
            agreement.escalation_percent = tier.escalation_percent
            agreement.escalation_notice_days = tier.escalation_notice_days

    @api.depends("date_start", "escalation_percent")
    def _compute_escalation_date(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            agreement.escalation_date = (
                agreement._get_anniversary_after(agreement.date_start)
                if agreement.date_start and agreement.escalation_percent
                else False
            )

    def _get_anniversary_after(self, day):
        """:return: the first anniversary of the start that lies after ``day``"""
        self.ensure_one()
        years = Recurrence(self.date_start, "year")
        return years.period(years.index(day) + 1).start

    def _get_period_start(self, day):
        """:return: the first day of the first period that begins on ``day`` or later,
        by the plan that holds then, which may be another than today's
        """
        self.ensure_one()
        served = self.line_ids.filtered(
            lambda line: line.charge == "recurring" and line._serves(day)
        )
        if charge := (served.filtered("is_suggested") or served)[:1]:
            periods = charge._get_recurrence()
        else:
            plan = self.plan_id
            periods = Recurrence(self.anchor_date, plan.unit, plan.interval)
        whole = periods.period(periods.index(day))
        return day if whole.start == day else whole.end

    # Announce, and let it hold

    @api.model
    def _announce_escalations(self, today):
        """Announce the increases whose time has come, in the current company."""
        candidates = self.search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("state", "=", "active")
            & Domain("end_reason", "=", False)
            & Domain("escalation_percent", ">", 0)
            & Domain("escalation_date", "!=", False)
        )
        for agreement in candidates:
            if day := agreement._get_escalation_day(today):
                agreement._escalate(day)

    def _get_escalation_day(self, today):
        """:return: date from which an increase that is announced today holds; None if
        it is too early to announce it, or the agreement ends before
        """
        self.ensure_one()
        notice = self.escalation_notice_days
        planned = self._get_period_start(self.escalation_date)
        if today < fields.Date.subtract(planned, days=notice + ANNOUNCED_EARLY):
            return None
        allowed = fields.Date.add(today, days=notice)
        day = self._get_period_start(max(self.escalation_date, allowed))
        last_day = self._get_last_day()
        return None if last_day and day > last_day else day

    def _escalate(self, day):
        """Announce an increase that holds from ``day``, and record it."""
        self.ensure_one()
        if not self.partner_id.email:
            self._ask_for_address()
            return
        planned = self._get_period_start(self.escalation_date)
        agreement = self.sudo()
        change = agreement._change(agreement._prepare_escalation(day)).sudo()
        change.notice_message_id = agreement._send_escalation_notice(change)
        if day > planned:
            agreement._tell_escalation_moved(planned, day)
        agreement.escalation_date = agreement._get_anniversary_after(
            agreement.escalation_date
        )

    def _prepare_escalation(self, day):
        """:return: PendingChange"""
        self.ensure_one()
        factor = 1 + Decimal(str(self.escalation_percent)) / 100
        origins = self.line_ids.filtered(
            lambda line: not line.origin_id and line.charge == "recurring"
        )
        return PendingChange(
            day, {line: {"factor": factor} for line in origins}, [], kind="escalation"
        )

    def _send_escalation_notice(self, change):
        """:return: mail.message"""
        self.ensure_one()
        template = self.env.ref("service_agreement.mail_template_agreement_escalation")
        return self.with_context(escalation_date=change.date).message_post_with_source(
            template, subtype_xmlid="mail.mt_comment"
        )

    def _get_escalation_prices(self):
        """What the notice says.

        :return: dict: date, and old and new price of a period, before taxes
        """
        self.ensure_one()
        day = self.env.context.get("escalation_date") or self.escalation_date
        day = day or self.company_id._service_today()
        lines = self.line_ids.filtered(lambda line: line.charge == "recurring")
        before = fields.Date.subtract(day, days=1)
        old, new = (
            sum(line.price_subtotal for line in lines if line._serves(each))
            for each in (before, day)
        )
        return {"date": day, "old": old, "new": new}

    def _tell_escalation_moved(self, planned, day):
        self.message_post(
            body=self.env._(
                "The price increase of %(planned)s was not announced %(days)s days "
                "before: it holds from %(day)s instead.",
                planned=format_date(self.env, planned),
                days=self.escalation_notice_days,
                day=format_date(self.env, day),
            )
        )

    def _ask_for_address(self):
        """One to-do, not one a day: without a mail address nothing is announced."""
        summary = self.env._("No e-mail address for the notice of the price increase")
        if summary in self.activity_ids.mapped("summary"):
            return
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            user_id=(self.user_id or self.env.user).id,
        )

    # Notices that did not arrive

    @api.model
    def _withdraw_unannounced(self, today):
        """An increase whose notice bounced was not announced: it is taken back, and
        tried anew once the address is right.
        """
        changes = self.env["service.agreement.change"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("kind", "=", "escalation"),
                ("is_withdrawn", "=", False),
                ("date", ">", today),
                (
                    "notice_message_id.notification_ids.notification_status",
                    "in",
                    ("bounce", "exception"),
                ),
            ]
        )
        for change in changes:
            agreement = change.agreement_id
            agreement._withdraw_change(change)
            agreement.sudo().escalation_date = change.date
            agreement.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=agreement.env._("The notice of the price increase bounced"),
                user_id=(agreement.user_id or agreement.env.user).id,
            )


class ServiceAgreementChange(models.Model):
    _inherit = "service.agreement.change"

    notice_message_id = fields.Many2one(
        "mail.message", string="Notice", readonly=True, ondelete="set null"
    )
