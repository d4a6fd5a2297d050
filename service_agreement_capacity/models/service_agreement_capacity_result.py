"""What a capacity check found."""

from collections import Counter

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.service_agreement.models.service_agreement_sla_target import (
    METRICS,
    PRIORITIES,
)

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
PARTS = [
    ("0", "night"),
    ("1", "morning"),
    ("2", "afternoon"),
    ("3", "evening"),
]
HOURS_PER_PART = 6


class ServiceAgreementCapacityResult(models.AbstractModel):
    """A share of promises that would be kept; of several, the share of all of them."""

    _name = "service.agreement.capacity.result"
    _description = "Result of a Capacity Check"
    _inherit = ["service.agreement.guard"]

    run_id = fields.Many2one(
        "service.agreement.capacity.run",
        string="Check",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    metric = fields.Selection(METRICS, string="Promise", required=True)
    promised = fields.Float(
        digits=(16, 1),
        required=True,
        help="How often it is promised in the weeks of the check, on average.",
    )
    kept = fields.Float(digits=(16, 1), required=True)
    missed = fields.Float(digits=(16, 1), required=True)
    chance = fields.Float(
        string="Kept in Time", required=True, aggregator="avg", help="1 is always."
    )

    def _read_group_select(self, aggregate_spec, query):
        """Of several rows: of all their promises together."""
        if aggregate_spec == "chance:avg":
            return SQL(
                "SUM(%(kept)s) / NULLIF(SUM(%(promised)s), 0)",
                kept=self._field_to_sql(self._table, "kept", query),
                promised=self._field_to_sql(self._table, "promised", query),
            )
        return super()._read_group_select(aggregate_spec, query)

    @api.model
    def _prepare_counts(self, draws, promised, kept):
        """:return: dict of values, of numbers in all repetitions together"""
        return {
            "promised": promised / draws,
            "kept": kept / draws,
            "missed": (promised - kept) / draws,
            "chance": kept / promised,
        }


class ServiceAgreementCapacityTarget(models.Model):
    """How often one promise of a tier would be kept."""

    _name = "service.agreement.capacity.target"
    _description = "Promise in a Capacity Check"
    _inherit = ["service.agreement.capacity.result"]
    _order = "run_id desc, chance, id"
    _rec_name = "metric"

    tier_id = fields.Many2one(
        "service.agreement.tier", required=True, ondelete="cascade", index=True
    )
    priority = fields.Selection(PRIORITIES, required=True)
    spread = fields.Float(
        string="Give or Take",
        aggregator=None,
        help="By chance it may be so much more or less: more repetitions make it less.",
    )
    possible = fields.Float(
        string="At Best",
        aggregator=None,
        help="With any number of people: the work on the others alone takes longer than"
        " was promised.",
    )
    past = fields.Float(
        string="So Far",
        aggregator=None,
        help="Kept, of those decided in these months. Where it is more than the check"
        " says, somebody worked when he was not there.",
    )
    has_past = fields.Boolean(export_string_translation=False)
    is_below_aim = fields.Boolean(string="Below the Aim", aggregator=None)

    @api.model
    def _prepare_all(self, run, forecast, outcome):
        """:return: list of Command that create the lines of a run"""
        past = self._read_past(run)
        aim = run.company_id.capacity_aim / 100
        return [
            Command.create(
                {
                    "tier_id": key.tier,
                    "priority": str(key.urgency),
                    "metric": key.metric,
                    **self._prepare_counts(forecast.draws, promised, outcome.kept[key]),
                    "spread": outcome.spread[key],
                    "possible": forecast.possible[key] / promised,
                    "past": past.get(key, 0.0),
                    "has_past": key in past,
                    "is_below_aim": forecast.is_short(outcome, key, aim),
                }
            )
            for key, promised in sorted(forecast.promised.items())
        ]

    @api.model
    def _read_past(self, run):
        """:return: dict of float by (tier id, urgency, metric), share kept so far"""
        met, decided = Counter(), Counter()
        groups = self.env["service.agreement.sla.report"]._read_group(
            self._get_past_domain(run),
            ["tier_id", "priority", "metric", "status"],
            ["__count"],
        )
        for tier, priority, metric, status, count in groups:
            key = tier.id, int(priority), metric
            decided[key] += count
            met[key] += count if status == "met" else 0
        return {key: met[key] / count for key, count in decided.items()}

    @api.model
    def _get_past_domain(self, run):
        """:return: domain of the promises of service.agreement.sla.report that were
        decided on the tickets that a run looked at
        """
        since, until = run._get_history_instants()
        return [
            ("company_id", "=", run.company_id.id),
            ("started_at", ">=", since),
            ("started_at", "<", until),
            ("status", "in", ("met", "missed")),
        ]


class ServiceAgreementCapacityHour(models.Model):
    """How often what comes in an hour of the week would be kept."""

    _name = "service.agreement.capacity.hour"
    _description = "Hour of the Week in a Capacity Check"
    _inherit = ["service.agreement.capacity.result"]
    _order = "run_id desc, weekday, hour, metric, id"
    _rec_name = "metric"

    weekday = fields.Selection(WEEKDAYS, string="Day", required=True)
    hour = fields.Integer(required=True, aggregator=None, help="In which it came in.")
    part = fields.Selection(PARTS, string="Part of the Day", required=True)

    @api.model
    def _prepare_all(self, run, forecast, outcome):
        """:return: list of Command that create the lines of a run"""
        return [
            Command.create(
                {
                    "metric": metric,
                    "weekday": str(hour // 24),
                    "hour": hour % 24,
                    "part": str(hour % 24 // HOURS_PER_PART),
                    **self._prepare_counts(
                        forecast.draws, promised, outcome.kept_by_hour[metric, hour]
                    ),
                }
            )
            for (metric, hour), promised in sorted(forecast.promised_by_hour.items())
        ]


class ServiceAgreementCapacityChoice(models.Model):
    """So many people more, and every promise is kept as often as it should be."""

    _name = "service.agreement.capacity.choice"
    _description = "Extra People by a Capacity Check"
    _inherit = ["service.agreement.guard"]
    _order = "run_id desc, total, number_on_call, id"

    run_id = fields.Many2one(
        "service.agreement.capacity.run",
        string="Check",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    number = fields.Integer(string="In Working Hours", required=True)
    number_on_call = fields.Integer(string="On Call, Day and Night", required=True)
    total = fields.Integer(
        string="Together", compute="_compute_total", store=True, precompute=True
    )

    @api.depends("number", "number_on_call")
    def _compute_total(self):
        for choice in self:
            choice.total = choice.number + choice.number_on_call
