from odoo import api, fields, models
from odoo.exceptions import ValidationError

METRICS = [
    ("first_response", "First answer"),
    ("update", "Reply to a message"),
    ("on_site", "Technician on site"),
    ("resolution", "Solution"),
]
# The values of project.task, in the words of a service desk.
PRIORITIES = [
    ("0", "Low"),
    ("1", "Medium"),
    ("2", "High"),
    ("3", "Urgent"),
]
# What every column and every date can hold, and longer than anybody waits.
MAX_MINUTES = 10 * 366 * 24 * 60
# What waits for the customer waits for nobody's first answer.
NEVER_PAUSED = ("first_response",)


class ServiceAgreementSlaTarget(models.Model):
    """Within how much service time what is promised, at which priority.

    A tier's targets are the catalogue. An agreement owns a copy of them, made when
    it is proposed, and a ticket freezes that copy when it is opened.
    """

    _name = "service.agreement.sla.target"
    _description = "Service Promise"
    _order = "tier_id, agreement_id, priority desc, sequence, id"
    _rec_name = "metric"

    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="cascade", index="btree_not_null"
    )
    agreement_id = fields.Many2one(
        "service.agreement", ondelete="cascade", index="btree_not_null"
    )
    sequence = fields.Integer(compute="_compute_sequence", store=True, precompute=True)
    priority = fields.Selection(PRIORITIES, required=True, default="0")
    metric = fields.Selection(
        METRICS, string="Promise", required=True, default="first_response"
    )
    minutes = fields.Integer(
        string="Within",
        required=True,
        help="In minutes of service time: 4h, 90m or 1h30 are understood.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Service Hours",
        ondelete="restrict",
        index="btree_not_null",
        help="When the clock runs. Empty: day and night, every day.",
    )
    pausable = fields.Boolean(
        string="Pauses",
        compute="_compute_pausable",
        store=True,
        readonly=False,
        precompute=True,
        help="The clock stops while we wait for the customer.",
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    duration_text = fields.Char(string="In Words", compute="_compute_duration_text")

    _tier_priority_metric_uniq = models.UniqueIndex(
        "(tier_id, priority, metric) WHERE tier_id IS NOT NULL",
        "A tier promises one thing once per priority.",
    )
    _agreement_priority_metric_uniq = models.UniqueIndex(
        "(agreement_id, priority, metric) WHERE agreement_id IS NOT NULL",
        "An agreement promises one thing once per priority.",
    )
    _minutes_positive = models.Constraint(
        "CHECK(minutes > 0)",
        "A promise takes at least one minute; to promise nothing, remove the line.",
    )
    _minutes_at_most = models.Constraint(
        f"CHECK(minutes <= {MAX_MINUTES})",
        "A promise takes at most ten years.",
    )
    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(tier_id, agreement_id) = 1)",
        "A promise belongs either to a tier or to an agreement.",
    )

    @api.depends("metric")
    def _compute_sequence(self):
        order = [key for key, _label in METRICS]
        for target in self:
            known = target.metric in order
            target.sequence = order.index(target.metric) if known else len(order)

    @api.depends("metric")
    def _compute_pausable(self):
        for target in self:
            target.pausable = target.metric not in NEVER_PAUSED

    @api.depends("tier_id.company_id", "agreement_id.company_id")
    def _compute_company_id(self):
        for target in self:
            owner = target.agreement_id or target.tier_id
            target.company_id = owner.company_id

    @api.depends("minutes", "calendar_id.name")
    def _compute_duration_text(self):
        for target in self:
            target.duration_text = target._get_duration_text()

    @api.depends("metric", "duration_text")
    def _compute_display_name(self):
        labels = dict(self._fields["metric"]._description_selection(self.env))
        for target in self:
            label = labels.get(target.metric, "")
            target.display_name = f"{label}: {target.duration_text}"

    @api.constrains("calendar_id")
    def _check_calendar_has_hours(self):
        """Refused here, so that opening a ticket never has to refuse anything."""
        for calendar in self.calendar_id:
            if problem := calendar._why_no_service_hours():
                raise ValidationError(problem)

    @api.constrains("calendar_id", "tier_id", "agreement_id")
    def _check_calendar_company(self):
        for target in self:
            owner, calendar = target.company_id, target.calendar_id.company_id
            if owner and calendar and owner != calendar:
                raise ValidationError(
                    target.env._(
                        "The service hours “%(calendar)s” belong to another company.",
                        calendar=target.calendar_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        targets = super().create(vals_list)
        self.env.registry.clear_cache()  # see sla.promise, _get_spec
        return targets

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _prepare_promise_line(self):
        """:return: dict of plain values, see service.agreement.sla.promise"""
        self.ensure_one()
        return {
            "priority": self.priority,
            "metric": self.metric,
            "minutes": self.minutes,
            "pausable": self.pausable,
            "calendar": self.calendar_id.id or None,
        }

    def _get_duration_text(self):
        """:return: str, as one says it to a customer: "4 working hours (Office)" """
        self.ensure_one()
        # Sudo: a customer reads what is promised, not the working hours behind it.
        return format_promise(self.env, self.minutes, self.sudo().calendar_id)


def format_promise(env, minutes, calendar):
    """
    :param calendar: record with the name of the service hours; empty: day and night
    :return: str; "4 working hours (Office)", or "4 hours, day and night"
    """
    duration = format_minutes(env, minutes, working=bool(calendar))
    if not calendar:
        return env._("%(duration)s, day and night", duration=duration)
    return env._(
        "%(duration)s (%(calendar)s)", duration=duration, calendar=calendar.name
    )


def format_minutes(env, minutes, working=False):
    """:return: str; "1 hour 30 minutes", or "4 working hours" """
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours and working:
        parts.append(_format_working_hours(env, hours))
    elif hours:
        parts.append(
            env._("1 hour") if hours == 1 else env._("%(count)s hours", count=hours)
        )
    if rest:
        parts.append(_format_rest(env, rest, working and not hours))
    return " ".join(parts)


def _format_working_hours(env, hours):
    if hours == 1:
        return env._("1 working hour")
    return env._("%(count)s working hours", count=hours)


def _format_rest(env, minutes, working):
    if working:
        if minutes == 1:
            return env._("1 working minute")
        return env._("%(count)s working minutes", count=minutes)
    if minutes == 1:
        return env._("1 minute")
    return env._("%(count)s minutes", count=minutes)
