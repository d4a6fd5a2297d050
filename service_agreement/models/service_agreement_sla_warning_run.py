"""When a promise wakes us up to tell people in time."""

import logging
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.sla_warning import BREACH, thresholds, used_up_at
from . import instant

_logger = logging.getLogger(__name__)

CRON = "service_agreement.ir_cron_warn"
# What the transaction wants to be woken up for, looked at once when it commits.
ASKED = "service_agreement.wake_up"
# A promise that another worker holds is looked at again after this time.
LATER = timedelta(minutes=1)
# A miss that is older when it is first seen is on record, and told to nobody: a
# database that was installed, imported or switched on again is full of them.
OLD_NEWS = timedelta(days=2)


class Waking(NamedTuple):
    """What of a clock tells when people are to be told; of other records, their ids."""

    state: str
    told_percent: int
    minutes: int
    sla_calendar_id: int | bool
    tier_id: int | bool
    company_id: int
    started_at: datetime | bool
    deadline: datetime | bool


class ServiceAgreementSlaClock(models.Model):
    """The instant at which the next warning is due, and giving it.

    `wake_at` follows from the deadline and the ladder; a scheduled action sleeps until
    the earliest one. That a promise is late needs none of this (see `status`): people
    are told here, and what follows from a miss is started (`_after_breach`).
    """

    _inherit = "service.agreement.sla.clock"

    # One pass of the scheduled action between two commits.
    _warn_batch = 100

    wake_at = fields.Datetime(
        string="Next Warning",
        compute="_compute_wake_at",
        store=True,
        # What `_prepare_new` says of a new one holds; nobody else may write it.
        readonly=False,
    )

    _wake_idx = models.Index("(wake_at, id) WHERE wake_at IS NOT NULL")

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
            clock.wake_at = self._find_wake_at(clock._get_waking())

    # EXTENDS 'service.agreement.sla.clock'
    @api.model
    def _prepare_new(self, values):
        values = super()._prepare_new(values)
        waking = Waking(**{name: values[name] for name in Waking._fields})
        return {**values, "wake_at": self._find_wake_at(waking)}

    def _after_reading(self):
        result = super()._after_reading()
        self._plan_wake_up()
        return result

    # Waking up

    def _get_waking(self):
        self.ensure_one()
        return Waking(
            *(self[name] for name in ("state", "told_percent", "minutes")),
            *(self[name].id for name in ("sla_calendar_id", "tier_id", "company_id")),
            *(self[name] for name in ("started_at", "deadline")),
        )

    @api.model
    def _find_wake_at(self, waking):
        """:return: naive datetime; False where nothing more is to be told"""
        ahead = self._get_thresholds(waking)
        return bool(ahead) and self._get_used_up_at(ahead[0], waking)

    @api.model
    def _get_thresholds(self, waking):
        """:return: list of the percents still to be told, in order"""
        if waking.state not in ("running", "missed") or not waking.deadline:
            return []
        warnings = self.env["service.agreement.sla.warning"]
        rungs = warnings._get_rungs(waking.company_id, waking.tier_id)
        percents = [percent for percent, _whom, _how in rungs]
        return thresholds(percents, waking.told_percent)

    def _get_ladder(self):
        self.ensure_one()
        warnings = self.env["service.agreement.sla.warning"]
        return warnings._get_ladder(self.company_id, self.tier_id)

    @api.model
    def _get_used_up_at(self, percent, waking):
        """:return: naive datetime from which on that much of the promise is used up"""
        if percent == BREACH:
            # Done at the very deadline is in time.
            return waking.deadline + timedelta(seconds=1)
        at = used_up_at(
            percent,
            timedelta(minutes=waking.minutes),
            self.sla_calendar_id.browse(waking.sla_calendar_id)._working_time(),
            waking.started_at.replace(tzinfo=timezone.utc),
            waking.deadline.replace(tzinfo=timezone.utc),
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
        cron = self.sudo().env.ref(CRON, raise_if_not_found=False)
        if not cron:
            # A ticket is accepted, whatever was deleted.
            _logger.warning("Nobody is warned of promises: %s is missing.", CRON)
            return
        earlier = Domain("cron_id", "=", cron.id) & Domain("call_at", "<=", at)
        if not cron.env["ir.cron.trigger"].search(earlier, limit=1):
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
        """What a miss leads to does not hang on anybody being told of it."""
        for clock in self:
            clock = clock.with_company(clock.company_id)
            if percent := clock._get_reached(instant.now(self.env)):
                clock._warn(percent)
                if percent == BREACH:
                    clock._attempt(clock._after_breach)
            else:
                # Planned by a ladder that is another one by now.
                self.env.add_to_compute(self._fields["wake_at"], clock)

    def _get_reached(self, now):
        """:return: int, the highest percent reached that was not told; or None"""
        self.ensure_one()
        waking = self._get_waking()
        ahead = self._get_thresholds(waking)
        reached = [p for p in ahead if self._get_used_up_at(p, waking) <= now]
        return reached[-1] if reached else None

    def _warn(self, percent):
        """Tell, and record who was reached; why nobody was, is on record, too."""
        self.ensure_one()
        reached, failures = self.env["res.users"], []
        ticket, audience = self._get_ticket(), {}
        if not self._is_old_news():
            audience = self._get_audience(percent, ticket)
        for user, ways in audience.items():
            is_told, failure = self._attempt(
                lambda user=user, ways=ways: self._tell(user, ways, percent)
            )
            if failure:
                failures.append(failure)
            elif is_told:
                reached |= user
        self._record_notice(percent, reached, "\n".join(dict.fromkeys(failures)))

    def _attempt(self, method):
        """One that fails, for a template that is gone or an address that is none, holds
        up no other.

        :return: (what ``method`` returns or None, str: why it failed or "")
        """
        try:
            with self.env.cr.savepoint():
                return method(), ""
        except (UserError, ValueError) as error:
            _logger.warning("Promise %s: %s", self.id, error)
            return None, str(error)

    def _is_old_news(self):
        """Whether it was missed so long ago, or is closed, that nobody need be told."""
        self.ensure_one()
        ticket = self._get_ticket()
        return bool(ticket and ticket._ticket_is_closed()) or (
            self.deadline + OLD_NEWS < instant.now(self.env)
        )

    def _after_breach(self):
        """Hook: this promise is missed, and that is on record just now, for good."""
        self.ensure_one()
