"""Telling people in time: when a promise wakes us up, and whom it tells what."""

import logging
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, format_time

from ..tools.sla_warning import BREACH, thresholds, used_up_at
from . import instant

_logger = logging.getLogger(__name__)

CRON = "service_agreement.ir_cron_warn"
ACTIVITY = "service_agreement.mail_activity_type_promise"
TEMPLATE = "service_agreement.mail_template_promise_warning"
# What the transaction wants to be woken up for, looked at once when it commits.
ASKED = "service_agreement.wake_up"
WAYS = {
    "activity": {"activity"},
    "mail": {"mail"},
    "both": {"activity", "mail"},
}
# Further away, a weekday alone does not say which week.
THIS_WEEK = timedelta(days=6)
# A promise that another worker holds is looked at again after this time.
LATER = timedelta(minutes=1)


class ServiceAgreementSlaClock(models.Model):
    """The instant at which the next warning is due, and giving it.

    `wake_at` follows from the deadline and the ladder; a scheduled action sleeps until
    the earliest one. That a promise is late needs none of this (see `status`): people
    are told here, and what follows from a miss is started (`_after_breach`).
    """

    _inherit = "service.agreement.sla.clock"

    # One pass of the scheduled action between two commits.
    _warn_batch = 100

    notice_ids = fields.One2many(
        "service.agreement.sla.notice", "clock_id", string="Warnings", readonly=True
    )
    told_percent = fields.Integer(
        compute="_compute_told_percent",
        store=True,
        precompute=True,
        export_string_translation=False,
        help="The highest warning given, of the priority it has now.",
    )
    wake_at = fields.Datetime(
        string="Next Warning", compute="_compute_wake_at", store=True, precompute=True
    )

    _wake_idx = models.Index("(wake_at, id) WHERE wake_at IS NOT NULL")

    @api.depends("metric", "res_model", "res_id")
    def _compute_display_name(self):
        """Also where the ticket may not be read: its number says enough."""
        labels = dict(self._fields["metric"]._description_selection(self.env))
        for clock in self:
            ticket = clock.sudo()._get_ticket()
            reference = ticket and ticket._ticket_reference()
            names = (labels.get(clock.metric), reference)
            clock.display_name = " ".join(filter(None, names))

    @api.depends("notice_ids.percent", "notice_ids.priority", "priority")
    def _compute_told_percent(self):
        for clock in self:
            told = clock.notice_ids.filtered(
                lambda notice, priority=clock.priority: notice.priority == priority
            )
            clock.told_percent = max(told.mapped("percent"), default=0)

    @api.depends(
        "state",
        "started_at",
        "deadline",
        "minutes",
        "sla_calendar_id",
        "priority",
        "tier_id",
        "company_id",
        "told_percent",
    )
    def _compute_wake_at(self):
        for clock in self:
            ahead = clock._get_thresholds()
            clock.wake_at = bool(ahead) and clock._get_used_up_at(ahead[0])

    def _after_reading(self):
        super()._after_reading()
        self._plan_wake_up()
        self.filtered("told_percent")._refresh_activities()

    # Waking up

    def _get_thresholds(self):
        """:return: list of the percents still to be told, in order"""
        self.ensure_one()
        if self.state not in ("running", "missed") or not self.deadline:
            return []
        percents = [percent for percent, _whom, _how in self._get_ladder()]
        return thresholds(percents, self.told_percent)

    def _get_ladder(self):
        self.ensure_one()
        warnings = self.env["service.agreement.sla.warning"]
        return warnings._get_ladder(self.company_id, self.tier_id)

    def _get_used_up_at(self, percent):
        """:return: naive datetime from which on that much of the promise is used up"""
        self.ensure_one()
        if percent == BREACH:
            # Done at the very deadline is in time.
            return self.deadline + timedelta(seconds=1)
        at = used_up_at(
            percent,
            timedelta(minutes=self.minutes),
            self.sla_calendar_id._working_time(),
            self.started_at.replace(tzinfo=timezone.utc),
            self.deadline.replace(tzinfo=timezone.utc),
        )
        return at.replace(tzinfo=None)

    def _plan_wake_up(self):
        """See to it that the scheduled action runs at the earliest of these.

        When the transaction commits: a hundred tickets ask once.
        """
        at = min(filter(None, self.mapped("wake_at")), default=None)
        if not at:
            return
        hooks = self.env.cr.precommit
        if ASKED not in hooks.data:
            hooks.add(self.browse()._trigger_wake_up)
        hooks.data[ASKED] = min(at, hooks.data.get(ASKED, at))

    @api.model
    def _trigger_wake_up(self):
        """One more trigger, unless one is there that is no later: whoever runs by it
        plans what comes next."""
        at = self.env.cr.precommit.data.pop(ASKED)
        # Sudo: whoever opens a ticket wakes up the scheduled action.
        cron = self.env.ref(CRON, raise_if_not_found=False).sudo()
        earlier = Domain("cron_id", "=", cron.id) & Domain("call_at", "<=", at)
        if cron and not cron.env["ir.cron.trigger"].search(earlier, limit=1):
            cron._trigger(at)

    @api.model
    def _cron_warn(self):
        """Tell all that is due, each once, and sleep until the next one is."""
        due = Domain("wake_at", "<=", instant.now(self.env))
        last_id = 0
        while clocks := self.search(
            due & Domain("id", ">", last_id), order="id", limit=self._warn_batch
        ):
            last_id = clocks[-1].id
            clocks.try_lock_for_update().filtered_domain(due)._warn_each()
            left = self.search_count(due & Domain("id", ">", last_id))
            if not self.env["ir.cron"]._commit_progress(len(clocks), remaining=left):
                break
        self._plan_next()

    @api.model
    def _plan_next(self):
        first = self.search([("wake_at", "!=", False)], order="wake_at, id", limit=1)
        if first:
            soon = instant.now(self.env) + LATER
            self.env.ref(CRON)._trigger(max(first.wake_at, soon))

    # Warning

    def _warn_each(self):
        """One that cannot be told holds up no other; why is on record with it."""
        for clock in self:
            clock = clock.with_company(clock.company_id)
            percent = clock._get_reached(instant.now(self.env))
            try:
                with self.env.cr.savepoint():
                    clock._warn(percent)
            except UserError as error:
                _logger.warning("Promise %s was not announced: %s", clock.id, error)
                clock._record_notice(percent, failure=str(error))

    def _get_reached(self, now):
        """:return: int, the highest percent that is reached and was not told"""
        self.ensure_one()
        reached = [p for p in self._get_thresholds() if self._get_used_up_at(p) <= now]
        return reached[-1]

    def _warn(self, percent):
        self.ensure_one()
        audience = self._get_audience(percent)
        self._record_notice(percent, users=self.env["res.users"].union(*audience))
        for user, ways in audience.items():
            self._tell(user, ways, percent)
        if percent == BREACH:
            self._after_breach()

    def _after_breach(self):
        """Hook: this promise is missed, and that was told just now, for good."""
        self.ensure_one()

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

    def _get_audience(self, percent):
        """:return: dict of {"activity", "mail"} by res.users"""
        self.ensure_one()
        if not self._get_ticket():
            return {}
        audience = {}
        for rung, whom, how in self._get_ladder():
            if rung == percent:
                for user in self._get_people(whom):
                    audience.setdefault(user, set()).update(WAYS[how])
        return audience

    def _get_people(self, whom):
        """:return: res.users; where there is nobody, who stands in for them"""
        self.ensure_one()
        assignees, coordinator = self._get_assignees(), self._get_coordinator()
        manager = self.company_id.service_manager_id
        candidates = {
            "assignee": (assignees, coordinator, manager),
            "coordinator": (coordinator, manager),
            "manager": (manager, coordinator),
        }[whom]
        users = map(self._filter_reachable, candidates)
        return next(filter(None, users), self.env["res.users"])

    def _filter_reachable(self, users):
        return users.filtered(
            lambda user: (
                user.active
                and user._is_internal()
                and self.company_id in user.company_ids
            )
        )

    def _get_ticket(self):
        """:return: the record the promise was made on, empty if it is gone"""
        self.ensure_one()
        if self.res_model not in self.env:
            return self.env["service.agreement.ticket.mixin"]
        return self.env[self.res_model].browse(self.res_id).exists()

    def _get_assignees(self):
        ticket = self._get_ticket()
        return ticket._ticket_assignees() if ticket else self.env["res.users"]

    def _get_coordinator(self):
        ticket = self._get_ticket()
        coordinator = ticket and ticket._ticket_coordinator()
        return coordinator or self.agreement_id.user_id

    def _tell(self, user, ways, percent):
        """An activity is for who may see the ticket and has still something to do;
        anybody else gets a mail."""
        self.ensure_one()
        clock, seen = self._for_reader(user), self._is_readable(user)
        if "activity" in ways and self._is_open() and seen:
            clock._set_activity(user, percent)
        elif ways == {"activity"} and not seen:
            ways = {"mail"}
        if "mail" in ways and user.email:
            clock._mail_warning(user, percent)

    def _for_reader(self, user):
        """:return: this promise, in the language and time zone of who reads of it"""
        tz = user.tz or str(self.company_id._service_tz())
        return self.with_context(lang=user.lang or self.env.lang, tz=tz)

    def _mail_warning(self, user, percent):
        template = self.env.ref(TEMPLATE).with_context(
            template_preview_lang=user.lang or self.env.lang, warning_percent=percent
        )
        template.send_mail(
            self.id,
            email_values={"recipient_ids": [fields.Command.set(user.partner_id.ids)]},
        )

    # Activities

    def _get_activities(self):
        return self.env["mail.activity"].search([("sla_clock_id", "in", self.ids)])

    def _set_activity(self, user, percent):
        """One to-do per person and promise, that becomes more pressing."""
        self.ensure_one()
        values = self._prepare_activity_values(percent)
        mine = self._get_activities().filtered(lambda each: each.user_id == user)
        if mine:
            mine.write(values)
            return
        # Odoo would send a mail of its own: whether there is one, the ladder says.
        quiet = self._get_ticket().with_context(mail_activity_quick_update=True)
        quiet.activity_schedule(
            ACTIVITY, user_id=user.id, sla_clock_id=self.id, **values
        )

    def _pass_on_activities(self):
        """Whoever works on it now has to know what was told to others."""
        for clock in self.filtered(lambda c: c.told_percent and c._is_open()):
            audience = clock._get_audience(clock.told_percent)
            people = self.env["res.users"].union(*audience)
            old = clock._get_activities().filtered(
                lambda each, people=people: each.user_id not in people
            )
            old.unlink()
            for user, ways in audience.items():
                if "activity" in ways and clock._is_readable(user):
                    clock._for_reader(user)._set_activity(user, clock.told_percent)

    def _is_readable(self, user):
        """:return: bool, whether the user may see the ticket"""
        ticket = self._get_ticket().with_user(user)
        # Not those of who is at work here: they may be none of the user's.
        ticket = ticket.with_context(allowed_company_ids=self.company_id.ids)
        return bool(ticket) and ticket.has_access("read")

    def _prepare_activity_values(self, percent):
        day = fields.Datetime.context_timestamp(
            self, self.deadline or instant.now(self.env)
        )
        return {
            "summary": self._get_warning_text(percent),
            "date_deadline": day.date(),
        }

    def _refresh_activities(self):
        """Kept, missed for good, or cancelled: nothing is left to do. Else another
        deadline is written on what is."""
        activities = self.sudo()._get_activities()
        for activity in activities:
            clock = activity.sla_clock_id._for_reader(activity.user_id)
            if clock._is_open():
                activity.write(clock._prepare_activity_values(clock.told_percent))
        activities.filtered(lambda each: not each.sla_clock_id._is_open()).unlink()

    # In words

    def _get_warning_text(self, percent=None):
        """:return: str, "Answer promised by Mon 13:00 (90 % used)" """
        self.ensure_one()
        percent = percent or self.env.context.get("warning_percent", 0)
        what = self._get_promised_thing()
        if not self.deadline:
            return self.env._(
                "%(answer)s promised; waiting for the customer", answer=what
            )
        when = self._format_promised(self.deadline)
        if percent < BREACH:
            return self.env._(
                "%(answer)s promised by %(when)s (%(percent)s %% used)",
                answer=what,
                when=when,
                percent=percent,
            )
        if self.stopped_at:
            return self.env._(
                "%(answer)s came late: promised by %(when)s", answer=what, when=when
            )
        return self.env._(
            "%(answer)s is late: promised by %(when)s", answer=what, when=when
        )

    def _get_promised_thing(self):
        """:return: str that begins a sentence"""
        self.ensure_one()
        things = {
            "first_response": self.env._("Answer"),
            "update": self.env._("Update"),
            "on_site": self.env._("Arrival"),
            "resolution": self.env._("Solution"),
        }
        return things[self.metric]

    def _format_promised(self, at):
        """:return: str, "Mon 13:00", on the clock of who reads it"""
        tz = self.env.context.get("tz")
        near = abs(at - instant.now(self.env)) < THIS_WEEK
        day = format_datetime(
            self.env, at, tz=tz, dt_format="EEE" if near else "EEE d MMM"
        )
        local = fields.Datetime.context_timestamp(self, at)
        time = format_time(self.env, local.time(), time_format="short")
        return self.env._("%(day)s %(time)s", day=day, time=time)

    def _get_ticket_url(self):
        self.ensure_one()
        query = f"model={self.res_model}&res_id={self.res_id}"
        return f"{self.get_base_url()}/mail/view?{query}"


class MailActivity(models.Model):
    _inherit = "mail.activity"

    sla_clock_id = fields.Many2one(
        "service.agreement.sla.clock",
        string="Promise",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        groups="service_agreement.group_user",
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

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(self._ticket_assignee_fields()):
            self.sudo()._ticket_clocks()._pass_on_activities()
        return result

    # Questions a ticket model answers

    def _ticket_coordinator(self):
        """:return: res.users who sees to it that somebody works on it, may be empty:
        then it is who is responsible for the agreement"""
        return self.env["res.users"]


class ServiceAgreementSlaNotice(models.Model):
    _inherit = "service.agreement.sla.notice"

    def _describe(self):
        """:return: str, "Mon 10:36: 90 % used (First answer), told to Ann" """
        self.ensure_one()
        clock = self.clock_id
        labels = dict(clock._fields["metric"]._description_selection(self.env))
        return self.env._(
            "%(when)s: %(percent)s %% used (%(promise)s), told to %(people)s",
            when=clock._format_promised(self.told_at),
            percent=self.percent,
            promise=labels[clock.metric],
            people=", ".join(self.user_ids.mapped("name")) or self.env._("nobody"),
        )


class ProjectTask(models.Model):
    _inherit = "project.task"

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_coordinator(self):
        return self.project_id.user_id
