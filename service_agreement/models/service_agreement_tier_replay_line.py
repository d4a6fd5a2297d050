"""What a replay found: customer by customer, and as a curve."""

import json

from odoo import fields, models
from odoo.tools import SQL

SIZES = [
    ("none", "No system"),
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
    _inherit = ["service.agreement.guard", "service.agreement.bulk"]
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
        readonly=True, help="Hours and trips outside of the tier."
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

    cost = fields.Monetary(string="Cost to Serve", readonly=True)
    break_even = fields.Monetary(
        string="Profitable From", readonly=True, aggregator="max", help="Per month."
    )

    # What follows from it and the price, see `_apply_price`
    fee = fields.Monetary(readonly=True)
    revenue = fields.Monetary(readonly=True, help="The fee, and what is billed.")
    margin = fields.Monetary(readonly=True)
    is_profitable = fields.Boolean(string="Profitable", readonly=True)
    profitable_count = fields.Integer(string="Profitable Clients", readonly=True)
    effective_rate = fields.Monetary(
        readonly=True, aggregator="avg", help="What comes in per hour to serve."
    )
    contribution_rate = fields.Monetary(
        readonly=True, aggregator="avg", help="What is left per hour to serve."
    )

    _partner_uniq = models.Constraint(
        "UNIQUE(replay_id, partner_id)", "A client is in a replay once."
    )

    # Written by the thousand: one by one, writing them would take as long as finding

    def _fill(self, rows):
        """Write what was found; as superuser.

        :param list rows: of dict of values of columns, one for each record, in order
        """
        if not rows:
            return
        found = [{"id": line.id, **row} for line, row in zip(self, rows, strict=True)]
        self.env.execute_query(
            SQL(
                "UPDATE %(table)s line SET (%(columns)s) = (SELECT %(found)s) "
                "FROM json_populate_recordset(NULL::%(table)s, %(rows)s) found "
                "WHERE line.id = found.id RETURNING line.id",
                table=SQL.identifier(self._table),
                columns=SQL(", ").join(SQL.identifier(name) for name in rows[0]),
                found=SQL(", ").join(SQL.identifier("found", n) for n in rows[0]),
                rows=json.dumps(found),
            )
        )
        self.invalidate_model()

    def _apply_price(self, replay):
        """Say what follows for these from the price of their replay; as superuser.

        As it was, the fee is what it was. Else who is profitable is known by the price
        from which on he is.
        """
        replay.flush_recordset()
        # Each row by itself: joined to its own table, PostgreSQL may look through all
        # of it for each, as long as it has not counted what was just added.
        self.env.execute_query(
            SQL(
                """
                UPDATE %(table)s line
                   SET (fee, revenue, margin, is_profitable, profitable_count,
                        effective_rate, contribution_rate) = (
                    SELECT priced.fee, income.revenue, left_over.margin, judged.paying,
                           judged.paying::int,
                           COALESCE(income.revenue / served.hours, 0),
                           COALESCE(left_over.margin / served.hours, 0)
                      FROM service_agreement_tier_replay replay
                CROSS JOIN LATERAL (
                        SELECT NULLIF(line.hours, 0)::numeric AS hours
                           ) served
                CROSS JOIN LATERAL (
                        SELECT CASE WHEN replay.mode = 'in_force'
                                    THEN line.fee_in_force
                                    ELSE replay.price * line.months::numeric
                                     END AS fee
                           ) priced
                CROSS JOIN LATERAL (
                        SELECT priced.fee + line.work_billed + line.bought AS revenue
                           ) income
                CROSS JOIN LATERAL (
                        SELECT income.revenue - line.cost AS margin
                           ) left_over
                CROSS JOIN LATERAL (
                        SELECT CASE WHEN replay.mode = 'in_force'
                                    THEN income.revenue
                                         * (100 - replay.margin_wanted)::numeric / 100
                                         >= line.cost - %(cent)s / 2
                                    ELSE line.break_even <= replay.price
                                     END AS paying
                           ) judged
                     WHERE replay.id = line.replay_id
                       )
                 WHERE line.id = ANY(%(ids)s) AND line.is_done
             RETURNING line.id
                """,
                table=SQL.identifier(self._table),
                ids=self.ids,
                cent=replay.currency_id.rounding,
            )
        )
        self.invalidate_model()
        # What is counted of these.
        replay.invalidate_recordset()

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
        # Sudo: which work was counted; what of it is shown is for who asks.
        replay = self.replay_id.sudo().with_company(self.company_id)
        work = replay._find_counted(self.partner_id)
        return dict(action, domain=[("id", "in", work.ids)], context={})


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
