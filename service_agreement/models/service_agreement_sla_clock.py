from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.sla_clock import Fact, Target, read
from . import instant
from .service_agreement_sla_target import METRICS, PRIORITIES, format_minutes

# The share of a promise after which a clock is at risk.
AT_RISK = 0.75

# What a fact means to a clock, by metric. A reopened ticket is not answered anew.
ROLES = {
    "first_response": {
        "opened": "start",
        "waiting": "pause",
        "resumed": "resume",
        "answered": "stop",
        "solved": "stop",
        "cancelled": "cancel",
    },
    "resolution": {
        "opened": "start",
        "waiting": "pause",
        "resumed": "resume",
        "solved": "stop",
        "reopened": "reopen",
        "cancelled": "cancel",
    },
}
# Of facts of one kind of change at one instant only the last one counts.
CHANGES = {
    "start": "start",
    "pause": "wait",
    "resume": "wait",
    "stop": "close",
    "reopen": "close",
    "cancel": "close",
}


class ServiceAgreementSlaClock(models.Model):
    """One promise running on one ticket.

    Target and working hours are frozen on it; everything else is read from the
    ticket's facts by `tools.sla_clock`, as of the last fact, and stored: it can be
    read again at any time and comes out the same. What time alone changes is not
    stored but asked: `status` is right at any instant, also in a search, though
    nothing ran in between.
    """

    _name = "service.agreement.sla.clock"
    _description = "Service Promise on a Ticket"
    _order = "deadline, id"
    _rec_name = "metric"

    res_model = fields.Char(string="Ticket Model", required=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", required=True, index=True
    )
    metric = fields.Selection(METRICS, string="Promise", required=True)
    priority = fields.Selection(PRIORITIES, required=True)
    minutes = fields.Integer(string="Within", required=True)
    pausable = fields.Boolean(string="Pauses")
    sla_calendar_id = fields.Many2one(
        "service.agreement.sla.calendar",
        string="Service Hours",
        ondelete="restrict",
        index="btree_not_null",
        help="As they were when the ticket was opened. Empty: day and night.",
    )
    agreement_id = fields.Many2one(
        "service.agreement", ondelete="restrict", index="btree_not_null"
    )
    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="restrict", index="btree_not_null"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        ondelete="set null",
        index="btree_not_null",
    )
    company_id = fields.Many2one("res.company", required=True, index=True)

    state = fields.Selection(
        [
            ("running", "Running"),
            ("paused", "Paused"),
            ("met", "Kept"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        help="As of the last fact. What it is now, is the status.",
    )
    status = fields.Selection(
        [
            ("running", "Running"),
            ("at_risk", "At risk"),
            ("paused", "Paused"),
            ("met", "Kept"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_status",
        search="_search_status",
    )
    started_at = fields.Datetime()
    stopped_at = fields.Datetime()
    deadline = fields.Datetime()
    risk_at = fields.Datetime(
        string="At Risk From", help="When three quarters of the time are used."
    )
    used_seconds = fields.Integer(help="Service time used, as of the last fact.")
    remaining_seconds = fields.Integer(help="Service time left, as of the last fact.")
    late_seconds = fields.Integer(help="Service time too late, as of the last fact.")
    reprioritised = fields.Boolean(
        string="Missed by Re-prioritisation",
        help="By the deadline of a new priority, which had passed when it was set.",
    )

    _ticket_metric_uniq = models.UniqueIndex(
        "(res_model, res_id, metric)", "A ticket has one clock per promise."
    )
    _running_idx = models.Index("(deadline) WHERE state = 'running'")

    @api.depends("state", "deadline", "risk_at")
    def _compute_status(self):
        now = instant.now(self.env)
        for clock in self:
            clock.status = clock._get_status(now)

    def _get_status(self, now):
        self.ensure_one()
        if self.state != "running":
            return self.state
        if self.deadline and self.deadline < now:
            return "missed"
        return "at_risk" if self.risk_at and self.risk_at <= now else "running"

    @api.model
    def _search_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._get_status_domains(instant.now(self.env))
        return Domain.OR(domains[status] for status in value if status in domains)

    @api.model
    def _get_status_domains(self, now):
        """:return: dict of Domain by status; together they are all clocks, once"""
        running = Domain("state", "=", "running")
        late = Domain("deadline", "<", now)
        in_time = Domain("deadline", "=", False) | Domain("deadline", ">=", now)
        risky = Domain("risk_at", "<=", now)
        safe = Domain("risk_at", "=", False) | Domain("risk_at", ">", now)
        return {
            "running": running & in_time & safe,
            "at_risk": running & in_time & risky,
            "missed": Domain("state", "=", "missed") | running & late,
            "paused": Domain("state", "=", "paused"),
            "met": Domain("state", "=", "met"),
            "cancelled": Domain("state", "=", "cancelled"),
        }

    def _is_open(self):
        """Whether something is still to be done for it, late or not."""
        self.ensure_one()
        return self.state in ("running", "paused", "missed") and not self.stopped_at

    def _get_duration_text(self):
        """:return: str, "4 working hours (Office)" """
        self.ensure_one()
        duration = format_minutes(self.env, self.minutes, bool(self.sla_calendar_id))
        if not self.sla_calendar_id:
            return self.env._("%(duration)s, day and night", duration=duration)
        calendar = self.sla_calendar_id.name
        return self.env._(
            "%(duration)s (%(calendar)s)", duration=duration, calendar=calendar
        )

    def _get_portal_row(self):
        """:return: dict of what the customer reads: promise, text, color"""
        self.ensure_one()
        headings = self.agreement_id._get_document_metric_headings()
        labels = dict(self._fields["metric"]._description_selection(self.env))
        heading = headings.get(self.metric) or labels[self.metric]
        text, color = self._get_portal_outcome(self._get_status(instant.now(self.env)))
        return {
            "promise": f"{heading} {self._get_duration_text()}",
            "text": text,
            "color": color,
        }

    def _get_portal_outcome(self, status):
        """:return: (text, colour of bootstrap); times are on the customer's clock"""
        show = self.agreement_id._format_portal_instant
        due = self.deadline and show(self.deadline)
        done = self.stopped_at and show(self.stopped_at)
        if status == "met":
            return self.env._("Kept: %(when)s", when=done), "success"
        if status == "missed":
            text = self.env._("Missed: was due %(due)s", due=due)
            if done:
                text = self.env._("Missed: %(when)s, due %(due)s", when=done, due=due)
            return text, "danger"
        if status == "paused":
            return self.env._("Waiting for you"), "warning"
        return self.env._("Due %(due)s", due=due) if due else False, "info"

    def _refresh(self):
        """Read the clocks again from their tickets' facts; write where it differs."""
        for res_model, clocks in self.grouped("res_model").items():
            facts = self.env["service.agreement.ticket.fact"]._get_by_ticket(
                res_model, clocks.mapped("res_id")
            )
            for clock in clocks:
                clock._write_reading(facts[clock.res_id])

    def _write_reading(self, facts):
        reading = self._prepare_reading(
            {name: self[name] for name in ("metric", "minutes", "pausable")},
            self.sla_calendar_id,
            facts,
        )
        changed = {name: new for name, new in reading.items() if self[name] != new}
        if changed:
            self.write(changed)

    @api.model
    def _prepare_reading(self, line, calendar, facts):
        """What a clock shows after these facts.

        :param dict line: metric, minutes and pausable
        :param calendar: service.agreement.sla.calendar, empty for day and night
        :param facts: list of (naive datetime, kind) in order, from the opening on
        :return: dict of field values
        """
        events = _clock_facts(ROLES[line["metric"]], facts)
        target = Target(
            timedelta(minutes=line["minutes"]),
            calendar._working_time(),
            line["pausable"],
        )
        now = events[-1].at
        reading = read(target, events, now)
        running = reading.state == "running"
        return {
            "state": reading.state,
            "started_at": _naive(next(e.at for e in events if e.kind == "start")),
            "stopped_at": _stopped_at(events, reading),
            "deadline": _naive(reading.deadline),
            "risk_at": running and _naive(_risk_at(target, reading, now)),
            "used_seconds": int(reading.used.total_seconds()),
            "remaining_seconds": int(reading.remaining.total_seconds()),
            "late_seconds": int(reading.late.total_seconds()),
        }


def _clock_facts(roles, facts):
    """The ticket's facts as one clock understands them.

    Facts carry whole seconds: of two opposite ones in the same second only the later
    one counts, else `read` would have to guess which it was.
    """
    latest = {}
    for at, kind in facts:
        role = roles.get(kind)
        if role:
            latest[at, CHANGES[role]] = Fact(at.replace(tzinfo=timezone.utc), role)
    return sorted(latest.values(), key=lambda fact: fact.at)


def _stopped_at(events, reading):
    """When the clock was stopped for good, or for now; False if it is open.

    What was stopped in time can be reopened; too late, or cancelled, is final.
    """
    ends = [event for event in events if event.kind in ("stop", "cancel", "reopen")]
    if reading.state == "missed":
        ends = [e for e in ends if e.at > reading.deadline and e.kind != "reopen"]
    elif reading.state == "cancelled":
        ends = [e for e in ends if e.kind == "cancel"]
    elif ends and ends[-1].kind == "reopen":
        return False
    elif any(e.kind == "reopen" for e in ends):
        last = max(i for i, e in enumerate(ends) if e.kind == "reopen")
        ends = ends[last + 1 :]
    return _naive(ends[0].at) if ends else False


def _risk_at(target, reading, now):
    return target.calendar.add(now, target.duration * AT_RISK - reading.used)


def _naive(aware):
    """:return: as the ORM stores it: in UTC, without zone, in whole seconds"""
    return bool(aware) and aware.replace(tzinfo=None, microsecond=0)
