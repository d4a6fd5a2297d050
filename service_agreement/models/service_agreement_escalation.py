from decimal import Decimal
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date, groupby

from ..tools.billing_period import Recurrence
from .service_agreement_change import PendingChange

# Days more than promised: a scheduled action may be late.
ANNOUNCED_EARLY = 7


class Rise(NamedTuple):
    """When the price of a charge rises.

    :param line: its first stretch, a service.agreement.line
    :param planned: date, its first period on or after the day that was agreed
    :param day: date, the same after the notice that was promised; None: it ends before
    """

    line: models.Model
    planned: fields.Date
    day: fields.Date


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


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    def _get_stretches(self):
        """:return: all stretches of this charge, by their first day"""
        self.ensure_one()
        return (self | self.stretch_ids).sorted(lambda line: line._get_window()[0])

    def _get_first_period_start(self, day):
        """:return: date, the first day of this charge's first period that begins on
        ``day`` or later, by the plan that holds then; None: it ends before
        """
        renewable = {"last_day": False} if self.agreement_id.term_months else {}
        for line in self._get_stretches():
            start, end = line._get_window(**renewable)
            since, periods = max(start, day), line._get_recurrence()
            whole = periods.period(periods.index(since))
            found = since if whole.start == since else whole.end
            if not end or found < end:
                return found
        return None

    def _get_held_on(self, day):
        """:return: its stretches that hold on ``day``, also after a last day that a
        renewal may move
        """
        windows = {
            line: line._get_window(last_day=False) for line in self._get_stretches()
        }
        return self.browse().union(
            *(
                line
                for line, (start, end) in windows.items()
                if start <= day and (not end or day < end)
            )
        )

    def _get_plan_on(self, day):
        """:return: service.agreement.plan"""
        return self._get_held_on(day)[:1].plan_id or self.plan_id

    def _get_subtotal_on(self, day):
        """:return: float, what a period costs on ``day``, before taxes"""
        return sum(self._get_held_on(day).mapped("price_subtotal"))


class ServiceAgreement(models.Model):
    """Price increases, promised with a notice and never without it (LIF-01, LIF-03).

    Each anniversary multiplies the rounded price of each charge, once, with the first
    of its own periods. The customer is told by one mail, in time; what cannot be told
    in time moves to the next period that it may hold for.
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
            agreement._announce_escalation(today)

    def _announce_escalation(self, today):
        self.ensure_one()
        rises = self._get_rises(today)
        if rises and self._is_escalation_due(rises, today):
            self._escalate(rises)
        elif not rises and self.escalation_date <= today:
            # Nothing that it could hold for: the next one is not to wait for it.
            self.sudo()._plan_next_escalation()

    def _get_rises(self, today):
        """:return: list of :class:`Rise`, what an increase that is announced today does
        to the charges
        """
        self.ensure_one()
        allowed = fields.Date.add(today, days=self.escalation_notice_days)
        days = self.escalation_date, max(self.escalation_date, allowed)
        rises = [
            Rise(line, *map(line._get_first_period_start, days))
            for line in self._get_rising()
        ]
        return [rise for rise in rises if rise.day]

    def _is_escalation_due(self, rises, today):
        """Whether it is neither too early to announce it, nor over before it holds."""
        self.ensure_one()
        days = self.escalation_notice_days + ANNOUNCED_EARLY
        first = min(rise.planned for rise in rises)
        last_day = self._get_last_day()
        is_over = last_day and min(rise.day for rise in rises) > last_day
        return not is_over and today >= fields.Date.subtract(first, days=days)

    def _get_rising(self):
        """:return: the charges, each by its first stretch, that an increase of
        ``escalation_date`` is still to be announced for: a price that was agreed for
        that day or later is the new one already
        """
        self.ensure_one()
        day = self.escalation_date
        announced = self.change_ids.filtered(
            lambda c: c.escalated_for == day and not c.is_withdrawn
        ).line_ids.origin_id
        return self.line_ids.filtered(
            lambda line: (
                not line.origin_id
                and line.charge == "recurring"
                and line not in announced
                and line._get_window()[0] < day
            )
        )

    def _escalate(self, rises):
        """Announce an increase in one mail, and record it: a change for each day."""
        self.ensure_one()
        if not self.partner_id.email:
            self._ask_for_address()
            return
        agreement = self.sudo()
        changes = agreement._record_escalation(rises)
        changes.write(
            {
                "escalated_for": agreement.escalation_date,
                "notice_message_id": agreement._send_escalation_notice(changes).id,
            }
        )
        if moved := [rise for rise in rises if rise.day > rise.planned]:
            agreement._tell_escalation_moved(moved)
        agreement._plan_next_escalation()

    def _record_escalation(self, rises):
        """:return: service.agreement.change, by date"""
        changes = self.env["service.agreement.change"]
        for day in sorted({rise.day for rise in rises}):
            lines = [rise.line for rise in rises if rise.day == day]
            # Not by `_change`: where a renewal is for us to decide, charges of long
            # periods rise in the term to come.
            changes |= self._apply_change(self._prepare_escalation(day, lines))
        return changes

    def _prepare_escalation(self, day, lines):
        """:return: PendingChange"""
        self.ensure_one()
        factor = 1 + Decimal(str(self.escalation_percent)) / 100
        return PendingChange(
            day, {line: {"factor": factor} for line in lines}, [], kind="escalation"
        )

    def _plan_next_escalation(self):
        """The next anniversary that is not announced: of some a notice came back."""
        self.ensure_one()
        day = self._get_anniversary_after(self.escalation_date)
        announced = self.change_ids.filtered(lambda c: not c.is_withdrawn)
        while day in announced.mapped("escalated_for"):
            day = self._get_anniversary_after(day)
        self.escalation_date = day

    def _send_escalation_notice(self, changes):
        """:return: mail.message"""
        self.ensure_one()
        template = self.env.ref("service_agreement.mail_template_agreement_escalation")
        announcing = self.with_context(escalation_change_ids=changes.ids)
        return announcing.message_post_with_source(
            template, subtype_xmlid="mail.mt_comment"
        )

    def _get_escalation_prices(self):
        """What the notice says of the changes that it announces.

        :return: list of dict, one for each day and billing plan: date, period label,
            names of the charges, and old and new price of a period, before taxes
        """
        self.ensure_one()
        changes = self.env["service.agreement.change"].browse(
            self.env.context.get("escalation_change_ids")
        )
        prices = []
        for change in changes.sorted("date"):
            by_plan = change.line_ids.origin_id.grouped(
                lambda line, day=change.date: line._get_plan_on(day)
            )
            prices += [
                self._describe_rise(change.date, plan, lines)
                for plan, lines in by_plan.items()
            ]
        return prices

    def _describe_rise(self, day, plan, lines):
        before = fields.Date.subtract(day, days=1)
        return {
            "date": day,
            "period": plan.with_context(lang=self._get_lang()).period_label,
            "names": ", ".join(line.name.partition("\n")[0] for line in lines),
            "old": sum(line._get_subtotal_on(before) for line in lines),
            "new": sum(line._get_subtotal_on(day) for line in lines),
        }

    def _tell_escalation_moved(self, moved):
        """:param moved: list of :class:`Rise`"""
        texts = []
        for (planned, day), rises in groupby(moved, lambda r: (r.planned, r.day)):
            texts.append(
                self.env._(
                    "The price increase of %(planned)s was not announced %(days)s days "
                    "before: it holds from %(day)s instead (%(charges)s).",
                    planned=format_date(self.env, planned),
                    days=self.escalation_notice_days,
                    day=format_date(self.env, day),
                    charges=", ".join(r.line.name.partition("\n")[0] for r in rises),
                )
            )
        self.message_post(body=Markup("<br/>").join(texts))

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
        """An increase whose notice bounced was not announced: all of it is taken back,
        and tried anew once the address is right.
        """
        Change = self.env["service.agreement.change"]
        announced = (
            Domain("company_id", "=", self.env.company.id)
            & Domain("kind", "=", "escalation")
            & Domain("is_withdrawn", "=", False)
            & Domain("agreement_id.state", "in", ("active", "suspended"))
        )
        bounced = Domain("date", ">", today) & Domain(
            "notice_message_id.notification_ids.notification_status",
            "in",
            ("bounce", "exception"),
        )
        notices = Change.search(announced & bounced).notice_message_id
        changes = Change.search(
            announced & Domain("notice_message_id", "in", notices.ids)
        )
        for agreement, own in changes.grouped("agreement_id").items():
            agreement._withdraw_escalation(own)

    def _withdraw_escalation(self, changes):
        """:param changes: service.agreement.change, whose notice did not arrive"""
        self.ensure_one()
        for change in changes:
            self._withdraw_change(change)
        days = [self.escalation_date, *changes.mapped("escalated_for")]
        self.sudo().escalation_date = min(filter(None, days))
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("The notice of the price increase bounced"),
            user_id=(self.user_id or self.env.user).id,
        )


class ServiceAgreementChange(models.Model):
    _inherit = "service.agreement.change"

    notice_message_id = fields.Many2one(
        "mail.message", string="Notice", readonly=True, ondelete="set null"
    )
    escalated_for = fields.Date(
        string="Increase Of",
        readonly=True,
        help="The day of the price increase that it belongs to; each charge rises with "
        "its own first period afterwards, and once.",
    )
