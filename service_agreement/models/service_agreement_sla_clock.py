from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..tools.sla_history import renumber
from . import instant
from .service_agreement_sla_target import METRICS, PRIORITIES, format_promise

# The share of a promise after which a clock is at risk.
AT_RISK = 0.75

# What is derived from the facts, and by nothing else.
READING = (
    "priority",
    "minutes",
    "pausable",
    "sla_calendar_id",
    "agreement_id",
    "tier_id",
    "late_by_change",
    "excused_until",
    "state",
    "started_at",
    "stopped_at",
    "deadline",
    "risk_at",
    "used_seconds",
    "remaining_seconds",
    "late_seconds",
)


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
    _inherit = ["service.agreement.guard", "service.agreement.ticket.record"]
    _order = "deadline, id"
    _rec_name = "metric"

    metric = fields.Selection(METRICS, string="Promise", required=True)
    number = fields.Integer(
        string="Round",
        required=True,
        default=1,
        help="Updates are promised again with every question of the customer.",
    )
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
    used_seconds = fields.Integer(
        "Time Used", help="Service time used, as of the last fact."
    )
    remaining_seconds = fields.Integer(
        "Time Left", help="Service time left, as of the last fact."
    )
    late_seconds = fields.Integer(
        "Too Late By", help="Service time too late, as of the last fact."
    )
    late_by_change = fields.Boolean(
        string="Late by a Later Change",
        help="The deadline of a new priority or promise had passed when it was set.",
    )
    excused_until = fields.Datetime(
        help="From then on it is late by what was promised before the change, too.",
    )
    is_excuse_over = fields.Boolean(
        export_string_translation=False,
        help="What follows from the end of the excuse was done.",
    )
    reprioritised = fields.Boolean(
        string="Missed by a Later Change",
        compute="_compute_reprioritised",
        help="The deadline of a new priority or promise had passed when it was set, and"
        " by what was promised before it is not late.",
    )

    _ticket_metric_uniq = models.UniqueIndex(
        "(res_model, res_id, metric, number)", "A ticket has one clock per promise."
    )
    _running_idx = models.Index("(deadline) WHERE state = 'running'")
    _excused_idx = models.Index("(excused_until) WHERE excused_until IS NOT NULL")

    @api.depends("state", "deadline", "risk_at")
    def _compute_status(self):
        now = instant.now(self.env)
        for clock in self:
            clock.status = clock._get_status(now)

    @api.depends("late_by_change", "excused_until")
    def _compute_reprioritised(self):
        now = instant.now(self.env)
        for clock in self:
            until = clock.excused_until
            clock.reprioritised = clock.late_by_change and not (until and until < now)

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
        return format_promise(self.env, self.minutes, self.sla_calendar_id)

    def _get_metric_text(self):
        """:return: str, "First answer" """
        self.ensure_one()
        return self._name_value("metric", self.metric)

    def _get_portal_row(self):
        """:return: dict of what the customer reads: promise, text, color"""
        self.ensure_one()
        headings = self.agreement_id._get_document_metric_headings()
        heading = headings.get(self.metric) or self._get_metric_text()
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

    @api.model
    def _cron_check(self):
        self._end_excuses()
        self.env["service.agreement.ticket.mixin"]._cron_check_clocks()

    @api.model
    def _end_excuses(self):
        """Each once: an excuse that ends at another time is another one."""
        ended = self.search(
            [
                ("state", "=", "missed"),
                ("excused_until", "<", instant.now(self.env)),
                ("is_excuse_over", "=", False),
            ]
        )
        ended._after_excuse()
        ended.is_excuse_over = True

    @api.model
    def _prepare_new(self, values):
        """Hook: what follows from the values that a clock begins with. Found by the ORM
        it would take as long as all the rest.

        :param dict values: all that facts and ticket say of it
        :return: dict, with more
        """
        return values

    def _after_reading(self):
        """Hook: the clocks in ``self`` are new, or were set anew by their facts."""

    def _after_excuse(self):
        """Hook: what was promised before a change is missed as well; called at night,
        once."""

    @api.model
    def _get_shown(self, res_model, res_ids):
        """What is stored, without making records of so many.

        :param res_ids: of tickets
        :return: dict of dict of plain values, by (ticket id, metric, round)
        """
        self.flush_model()
        names = ("id", "res_id", "metric", "number", *READING)
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE res_model = %s AND res_id = ANY(%s)",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL.identifier(self._table),
                res_model,
                list(res_ids),
            )
        )
        shown = (
            {n: False if v is None else v for n, v in zip(names, row, strict=True)}
            for row in rows
        )
        return {(row["res_id"], row["metric"], row["number"]): row for row in shown}

    @api.model
    def _forget_unsaved(self):
        """The database was rolled back to where it was before clocks were set."""
        for field in self._fields.values():
            self.env.transaction.field_dirty.pop(field, None)
            self.env.transaction.tocompute.pop(field, None)
        self.invalidate_model(flush=False)

    @api.model
    def _write_readings(self, changes):
        """Write them in one go: each clock has another deadline, and `write` takes one
        set of values at a time.

        :param dict changes: of dict of field values by id
        :return: the clocks written
        """
        clocks = self.browse(changes)
        for values in changes.values():
            if "excused_until" in values:
                values["is_excuse_over"] = False
        rows = [
            {
                name: self._fields[name].convert_to_column(new, self)
                for name, new in values.items()
            }
            for values in changes.values()
        ]
        clocks._write_multi(rows)
        names = {name for values in changes.values() for name in values}
        clocks.invalidate_recordset(names, flush=False)
        clocks.modified(names)
        return clocks

    @api.model
    def _compare(self, stored, derived):
        """Compare the clocks of one ticket with what its facts say.

        :param dict stored: of dict of plain values, by (metric, round)
        :param derived: list of tools.sla_history.Clock; None if it cannot be told
        :return: list of str, what differs
        """
        if derived is None:
            return [self.env._("cannot be counted: the reason is in the server's log")]
        texts = []
        for clock in self._renumber(derived, stored):
            name = self._name_clock(clock.metric, clock.number)
            values = self._prepare_reading(clock)
            if shown := stored.pop((clock.metric, clock.number), None):
                texts += self._describe_difference(name, shown, values)
            else:
                texts.append(self.env._("%(clock)s is missing", clock=name))
        return texts + [
            self.env._(
                "%(clock)s should not be there", clock=self._name_clock(metric, number)
            )
            for metric, number in stored
        ]

    def _describe_difference(self, name, shown, values):
        return [
            self.env._(
                "%(clock)s: “%(field)s” shows %(stored)s, by what happened it is"
                " %(derived)s",
                clock=name,
                field=self._fields[field]._description_string(self.env),
                stored=self._name_value(field, shown[field]),
                derived=self._name_value(field, derived),
            )
            for field, derived in values.items()
            if shown[field] != derived
        ]

    def _name_clock(self, metric, number):
        """:return: str, "First answer" or "Reply to a message, no. 2" """
        label = self._name_value("metric", metric)
        if number == 1:
            return label
        return self.env._("%(promise)s, no. %(number)s", promise=label, number=number)

    def _name_value(self, name, value):
        """:return: str, a value of a field as people read it"""
        field = self._fields[name]
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if name.endswith("_seconds"):
            return str(timedelta(seconds=value))
        if not value:
            return self.env._("nothing")
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        if field.type == "datetime":
            return format_datetime(self.env, value)
        if field.type == "many2one":
            return self.env[field.comodel_name].browse(value).display_name
        return str(value)

    @api.model
    def _renumber(self, derived, stored):
        """:return: list of tools.sla_history.Clock, by the numbers that are stored;
        parameters as of `_compare`
        """
        spans = {
            key: (_aware(shown["started_at"]), _aware(shown["stopped_at"]))
            for key, shown in stored.items()
        }
        return renumber(derived, spans)

    @api.model
    def _prepare_reading(self, clock):
        """What a clock shows as of the last fact.

        :param tools.sla_history.Clock clock:
        :return: dict of field values
        """
        reading = clock.reading
        return {
            "metric": clock.metric,
            "number": clock.number,
            **clock.line.label._asdict(),
            "late_by_change": clock.late_by_change,
            "excused_until": _naive(clock.excused_until),
            "state": reading.state,
            "started_at": _naive(clock.started_at),
            "stopped_at": _naive(clock.stopped_at),
            "deadline": _naive(reading.deadline),
            "risk_at": _naive(clock.get_instant_of(AT_RISK)),
            "used_seconds": int(reading.used.total_seconds()),
            "remaining_seconds": int(reading.remaining.total_seconds()),
            "late_seconds": int(reading.late.total_seconds()),
        }


def _aware(naive):
    return naive.replace(tzinfo=timezone.utc) if naive else None


def _naive(aware):
    """:return: as the ORM stores it: in UTC, without zone, in whole seconds"""
    return bool(aware) and aware.replace(tzinfo=None, microsecond=0)
