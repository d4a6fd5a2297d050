from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date

# Of fewer customers of a tier nobody can say who is out of line.
PEERS = 5
PERCENTILE = 0.95


class ServiceAgreementProfit(models.Model):
    """What an agreement brings in and what it costs, month by month.

    Revenue is what was billed, before taxes, spread over the days of its periods.
    Time costs what the timesheets say, the employee's hourly cost; of work that two
    agreements share, each has its part. Parts are posted vendor bills on an analytic
    account that this agreement has to itself: more of them is not known without a
    sales or stock addon.
    """

    _name = "service.agreement.profit"
    _description = "Profit of Agreements"
    _auto = False
    # Not by the order of agreements: PostgreSQL joins them to every month again.
    _order = "date desc, id desc"
    _rec_name = "agreement_id"
    # What has to be written down before this is read.
    _depends = {
        "service.agreement": [
            "commercial_partner_id",
            "company_id",
            "tier_id",
            "state",
        ],
        "service.agreement.line": ["agreement_id", "analytic_distribution"],
        "service.agreement.period": [
            "agreement_id",
            "amount",
            "date_end",
            "date_start",
            "move_line_id",
        ],
        "service.agreement.allowance.draw": [
            "agreement_id",
            "cost",
            "date",
            "worked",
        ],
        "account.analytic.line": ["amount", "category", "date"],
        "account.move": ["invoice_currency_rate", "state"],
        "account.move.line": [
            "agreement_id",
            "agreement_line_id",
            "agreement_reversed_line_id",
            "balance",
            "date",
            "move_id",
            "parent_state",
        ],
    }

    agreement_id = fields.Many2one("service.agreement", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Month", readonly=True)
    month_name = fields.Char(string="Month in Words", compute="_compute_month_name")
    revenue = fields.Monetary(readonly=True, help="Billed for the days of this month.")
    cost_time = fields.Monetary(string="Cost of Time", readonly=True)
    cost_parts = fields.Monetary(
        string="Parts",
        readonly=True,
        help="Posted vendor bills on an analytic account that only this agreement has.",
    )
    margin = fields.Monetary(readonly=True)
    hours = fields.Float(readonly=True, help="As they were worked.")
    hours_without_cost = fields.Float(
        string="Hours Without a Cost",
        readonly=True,
        help="Of employees without an hourly cost: it looks better than it is.",
    )
    effective_rate = fields.Monetary(
        string="Earned per Hour",
        readonly=True,
        aggregator="avg",
        help="Revenue by hours worked; of several rows, of all of them together.",
    )
    is_outlier = fields.Boolean(
        string="More Hours Than Others",
        readonly=True,
        help="In the last 12 months the customer took more hours than 95 % of the "
        "customers of his tier, of which there are at least five.",
    )

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_month_name(self):
        for row in self:
            row.month_name = format_date(self.env, row.date, date_format="MMMM yyyy")

    @property
    def _table_query(self):
        today = self.env.company._service_today()
        # Grouped at the top: PostgreSQL hands on to a part of it only which months are
        # asked for, if the whole is no plain selection.
        return SQL(
            """
            SELECT agreement.id * 2400
                       + EXTRACT(year FROM flow.date)::int %% 200 * 12
                       + EXTRACT(month FROM flow.date)::int AS id,
                   agreement.id AS agreement_id, agreement.tier_id,
                   agreement.commercial_partner_id AS partner_id,
                   agreement.company_id, flow.date,
                   SUM(revenue) AS revenue, SUM(cost_time) AS cost_time,
                   SUM(cost_parts) AS cost_parts,
                   SUM(revenue) - SUM(cost_time) - SUM(cost_parts) AS margin,
                   SUM(hours) AS hours,
                   SUM(hours_without_cost) AS hours_without_cost,
                   SUM(revenue) / NULLIF(SUM(hours), 0) AS effective_rate,
                   (agreement.company_id, agreement.tier_id,
                    agreement.commercial_partner_id) IN (%(outliers)s) AS is_outlier
              FROM (%(flows)s) AS flow
              JOIN service_agreement agreement ON agreement.id = flow.agreement_id
          GROUP BY agreement.id, flow.date
            """,
            flows=SQL(" UNION ALL ").join(self._get_flows()),
            outliers=self._get_outliers_query(today - relativedelta(months=12)),
        )

    def _get_flows(self):
        """:return: list of SQL of agreement_id, date (first of a month), revenue,
        cost_time, cost_parts, hours and hours_without_cost, each of one type in all of
        them: then PostgreSQL looks only at the months that are asked for. A bridge may
        add its own.
        """
        return [
            self._get_billed_query(),
            self._get_credited_query(),
            self._get_time_query(),
            self._get_parts_query(),
        ]

    def _get_billed_query(self):
        """Billed periods, spread over their months by days."""
        return SQL(
            """
            SELECT period.agreement_id, month.first AS date,
                   period.amount / COALESCE(NULLIF(move.invoice_currency_rate, 0), 1)
                   * (LEAST(period.date_end, month.next)
                      - GREATEST(period.date_start, month.first))
                   / (period.date_end - period.date_start) AS revenue,
                   0::float8 AS cost_time, 0::numeric AS cost_parts,
                   0::float8 AS hours, 0::float8 AS hours_without_cost
              FROM service_agreement_period period
              JOIN account_move_line line ON line.id = period.move_line_id
              JOIN account_move move ON move.id = line.move_id
        CROSS JOIN LATERAL (
                SELECT day::date AS first, (day + INTERVAL '1 month')::date AS next
                  FROM generate_series(
                           DATE_TRUNC('month', period.date_start::timestamp),
                           (period.date_end - 1)::timestamp, INTERVAL '1 month') AS day
                   ) month
             WHERE move.state != 'cancel'
            """
        )

    def _get_credited_query(self):
        """What accounting credited of it by hand, in the month it was for."""
        return SQL(
            """
            SELECT billed.agreement_id,
                   DATE_TRUNC('month', COALESCE(
                       (SELECT MIN(period.date_start)
                          FROM service_agreement_period period
                         WHERE period.move_line_id = billed.id), line.date
                   )::timestamp)::date,
                   -line.balance, 0::float8, 0::numeric, 0::float8, 0::float8
              FROM account_move_line line
              JOIN account_move_line billed
                ON billed.id = line.agreement_reversed_line_id
             WHERE line.agreement_line_id IS NULL AND line.parent_state = 'posted'
               AND billed.agreement_id IS NOT NULL
            """
        )

    def _get_time_query(self):
        """Hours as worked and what they cost, shared as the work was."""
        return SQL(
            """
            SELECT agreement_id, date, 0::numeric AS revenue, SUM(cost) AS cost_time,
                   0::numeric AS cost_parts, SUM(worked) AS hours,
                   SUM(CASE WHEN cost = 0 THEN worked ELSE 0 END) AS hours_without_cost
              FROM (
                SELECT agreement_id, DATE_TRUNC('month', date::timestamp)::date AS date,
                       worked, cost
                  FROM service_agreement_allowance_draw
                 WHERE agreement_id IS NOT NULL AND (worked != 0 OR cost != 0)
                   ) AS part
          GROUP BY agreement_id, date
            """
        )

    def _get_parts_query(self):
        """Vendor bills on the accounts that one agreement has to itself."""
        columns = self.env["account.analytic.line"]._get_plan_fnames()
        accounts = SQL(", ").join(SQL("cost.%s", SQL.identifier(c)) for c in columns)
        return SQL(
            """
            SELECT DISTINCT ON (cost.id) own.agreement_id,
                   DATE_TRUNC('month', cost.date::timestamp)::date, 0::numeric,
                   0::float8, -cost.amount, 0::float8, 0::float8
              FROM account_analytic_line cost
              JOIN (
                SELECT account.id, MIN(line.agreement_id) AS agreement_id
                  FROM service_agreement_line line
            CROSS JOIN LATERAL jsonb_object_keys(line.analytic_distribution) AS key
            CROSS JOIN LATERAL unnest(string_to_array(key, ',')::int[]) AS account(id)
                 WHERE line.analytic_distribution IS NOT NULL
              GROUP BY account.id
                HAVING COUNT(DISTINCT line.agreement_id) = 1
                   ) own ON own.id IN (%s)
             WHERE cost.category = 'vendor_bill'
            """,
            accounts,
        )

    def _get_outliers_query(self, since):
        """
        :param date since: first day of the year that is looked at
        :return: SQL of company_id, tier_id and partner_id, who took more hours than
            nearly all of his tier. Also those who took none are his peers.
        """
        return SQL(
            """
            WITH taken AS (
                SELECT agreement.company_id, agreement.tier_id,
                       agreement.commercial_partner_id AS partner_id,
                       COALESCE(SUM(work.hours), 0) AS hours
                  FROM service_agreement agreement
             LEFT JOIN (
                    SELECT agreement_id, SUM(hours) AS hours
                      FROM (%(time)s) AS time
                     WHERE date >= %(since)s
                  GROUP BY agreement_id
                       ) AS work ON work.agreement_id = agreement.id
                 WHERE agreement.state IN ('active', 'suspended')
              GROUP BY agreement.company_id, agreement.tier_id,
                       agreement.commercial_partner_id
                 )
            SELECT company_id, tier_id, partner_id
              FROM taken
              JOIN (
                SELECT company_id, tier_id,
                       PERCENTILE_CONT(%(percentile)s)
                           WITHIN GROUP (ORDER BY hours) AS usual
                  FROM taken
              GROUP BY company_id, tier_id
                HAVING COUNT(*) >= %(peers)s
                   ) AS tier USING (company_id, tier_id)
             WHERE hours > usual
            """,
            time=self._get_time_query(),
            since=since,
            percentile=PERCENTILE,
            peers=PEERS,
        )

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "effective_rate:avg":
            return SQL(
                "SUM(%(revenue)s) / NULLIF(SUM(%(hours)s), 0)",
                revenue=self._field_to_sql(self._table, "revenue", query),
                hours=self._field_to_sql(self._table, "hours", query),
            )
        return super()._read_group_select(aggregate_spec, query)

    def action_open_work(self):
        """The hours behind this row."""
        self.ensure_one()
        last_day = self.date + relativedelta(day=31)
        return self.env["service.agreement.allowance.draw"]._get_evidence_action(
            [
                ("agreement_id", "=", self.agreement_id.id),
                ("date", ">=", self.date),
                ("date", "<=", last_day),
            ]
        )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    profit_year = fields.Monetary(
        string="Margin of the Last 12 Months",
        currency_field="company_currency_id",
        compute="_compute_profit",
        groups="service_agreement.group_manager,account.group_account_readonly",
    )
    has_profit = fields.Boolean(
        compute="_compute_profit",
        groups="service_agreement.group_manager,account.group_account_readonly",
    )

    @api.depends_context("company")
    def _compute_profit(self):
        first = self.env.company._service_today().replace(day=1)
        margins = dict(
            self.env["service.agreement.profit"]._read_group(
                [
                    ("agreement_id", "in", self.ids),
                    ("date", ">", first - relativedelta(months=12)),
                ],
                ["agreement_id"],
                ["margin:sum"],
            )
        )
        for agreement in self:
            agreement.has_profit = agreement._origin in margins
            agreement.profit_year = margins.get(agreement._origin, 0)

    def action_view_profit(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_profit"
        )
        return dict(
            action,
            domain=[("agreement_id", "=", self.id)],
            context={},
            views=[(False, "list"), (False, "pivot"), (False, "graph")],
        )
