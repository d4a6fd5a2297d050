"""What a replay found: customer by customer, and as a curve."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.tier_price import break_even

SIZES = [
    ("none", "No system on record"),
    ("small", "Small"),
    ("medium", "Medium"),
    ("large", "Large"),
]
# Aggregated they are not the mean of rows, but amounts by hours.
RATES = {"effective_rate": "revenue", "contribution_rate": "margin"}


class ServiceAgreementTierReplayLine(models.Model):
    """What a customer would have brought in and cost; amounts before taxes.

    Effective rate and contribution rate are what MSPbots calls so: what was billed, and
    what was left, per hour of labour. Parts are on neither side: they are billed for
    themselves.
    """

    _name = "service.agreement.tier.replay.line"
    _inherit = ["service.agreement.guard"]
    _description = "Replay of a Tier for a Client"
    _order = "replay_id, margin, id"
    _rec_name = "partner_id"
    _facts = None

    replay_id = fields.Many2one(
        "service.agreement.tier.replay",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Client",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Salesperson", readonly=True, index="btree_not_null"
    )
    is_done = fields.Boolean(readonly=True, export_string_translation=False)
    date_start = fields.Date(
        string="Since", readonly=True, help="He was no client before."
    )
    months = fields.Float(readonly=True, digits=(16, 2), aggregator="avg")
    size = fields.Integer(
        string="Devices",
        readonly=True,
        help="Of all his systems; one without devices counts as one.",
    )
    band = fields.Selection(SIZES, string="Size of System", readonly=True)

    # What was found
    hours = fields.Float(
        string="Hours to Serve",
        readonly=True,
        help="As they were worked, and those of visits still owed.",
    )
    hours_inside = fields.Float(
        readonly=True, help="That the tier pays for, rounded as agreed."
    )
    hours_outside = fields.Float(
        readonly=True, help="That it does not pay for, rounded as agreed."
    )
    hours_without_cost = fields.Float(
        readonly=True,
        help="Worked by somebody who had no hourly cost: the average stands for it.",
    )
    cost_work = fields.Monetary(string="Cost of Work", readonly=True)
    visit_hours = fields.Float(
        string="Visits Owed (hours)",
        readonly=True,
        help="Hours of the tier's visits beyond the preventive work that was done.",
    )
    cost_visits = fields.Monetary(string="Cost of Visits Owed", readonly=True)
    work_billed = fields.Monetary(
        string="Work Billed", readonly=True, help="Hours and trips outside of the tier."
    )
    bought = fields.Monetary(
        string="Hours Bought", readonly=True, help="In advance, as they were needed."
    )
    worth = fields.Monetary(
        string="Worth by the List",
        readonly=True,
        help="What all of the work would have cost without any agreement.",
    )
    fee_in_force = fields.Monetary(
        readonly=True, help="Of what was in force: what its charges come to."
    )
    by_month = fields.Json(
        readonly=True,
        help="Month by month: hours, inside, outside, cost, billed and fee.",
    )

    # What follows from it
    cost = fields.Monetary(
        string="Cost to Serve", compute="_compute_figures", store=True
    )
    fee = fields.Monetary(compute="_compute_figures", store=True)
    revenue = fields.Monetary(
        compute="_compute_figures", store=True, help="The fee, and what is billed."
    )
    margin = fields.Monetary(compute="_compute_figures", store=True)
    break_even = fields.Monetary(
        string="Profitable From",
        compute="_compute_figures",
        store=True,
        aggregator="max",
        help="Per month.",
    )
    is_profitable = fields.Boolean(
        string="Profitable", compute="_compute_figures", store=True
    )
    profitable_count = fields.Integer(
        string="Profitable Clients", compute="_compute_figures", store=True
    )
    effective_rate = fields.Monetary(
        compute="_compute_figures",
        store=True,
        aggregator="avg",
        help="What comes in per hour to serve.",
    )
    contribution_rate = fields.Monetary(
        compute="_compute_figures",
        store=True,
        aggregator="avg",
        help="What is left per hour to serve.",
    )

    _partner_uniq = models.Constraint(
        "UNIQUE(replay_id, partner_id)", "A client is in a replay once."
    )

    @api.depends("replay_id.price", "is_done")
    def _compute_figures(self):
        """What was found is written at once, with ``is_done``."""
        for line in self:
            line.update(line._prepare_figures())

    def _prepare_figures(self):
        """:return: dict of values of what follows from what was found"""
        self.ensure_one()
        replay = self.replay_id
        cost, needed = self.cost_work + self.cost_visits, self._get_break_even()
        is_real = replay.mode == "in_force"
        fee = self.fee_in_force if is_real else replay.price * self.months
        revenue = fee + self.work_billed + self.bought
        margin = revenue - cost
        left = margin - revenue * replay.margin_wanted / 100
        paying = self.is_done and self.currency_id.compare_amounts(left, 0) >= 0
        return {
            "cost": cost,
            "fee": fee,
            "revenue": revenue,
            "margin": margin,
            "break_even": needed,
            "is_profitable": paying,
            "profitable_count": int(paying),
            "effective_rate": revenue / self.hours if self.hours else 0.0,
            "contribution_rate": margin / self.hours if self.hours else 0.0,
        }

    def _get_break_even(self):
        """:return: float, see tools.tier_price.break_even; 0 of no months"""
        self.ensure_one()
        if not self.months:
            return 0.0
        cost = self.cost_work + self.cost_visits
        billed = self.work_billed + self.bought
        exact = [Decimal(str(round(each, 6))) for each in (cost, billed, self.months)]
        margin = Decimal(str(self.replay_id.margin_wanted))
        cent = Decimal(str(self.currency_id.rounding))
        return float(break_even(*exact, margin, cent))

    def _read_group_select(self, aggregate_spec, query):
        name, _colon, function = aggregate_spec.partition(":")
        if name in RATES and function == "avg":
            return SQL(
                "SUM(%(amount)s) / NULLIF(SUM(%(hours)s), 0)",
                amount=self._field_to_sql(self._table, RATES[name], query),
                hours=self._field_to_sql(self._table, "hours", query),
            )
        return super()._read_group_select(aggregate_spec, query)

    def action_open_work(self):
        """The work behind this row."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_work"
        )
        replay = self.replay_id
        domain = [
            ("is_service_work", "=", True),
            ("company_id", "=", self.company_id.id),
            ("partner_id", "child_of", self.partner_id.id),
            ("date", ">=", max(self.date_start, replay.date_start)),
            ("date", "<=", replay.date_end),
        ]
        return dict(action, domain=domain, context={})


class ServiceAgreementTierReplayPoint(models.Model):
    """How many clients are profitable at a price: a point of a curve."""

    _name = "service.agreement.tier.replay.point"
    _inherit = ["service.agreement.guard"]
    _description = "Share of Profitable Clients at a Price"
    _order = "replay_id, band, price"
    _rec_name = "price"
    _facts = None

    replay_id = fields.Many2one(
        "service.agreement.tier.replay",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    band = fields.Selection(
        [("all", "All"), *SIZES], string="Size of System", required=True, readonly=True
    )
    price = fields.Integer(
        string="Price per Month", required=True, readonly=True, aggregator=None
    )
    share = fields.Float(
        string="Profitable (%)", required=True, readonly=True, aggregator="avg"
    )
