from odoo import api, fields, models
from odoo.tools import SQL, format_date

# Months after which a cohort is looked at.
AGES = (3, 6, 12, 24)


def month_index(day):
    """:return: int, months since year 0: one more for each month"""
    return 12 * day.year + day.month - 1


class ServiceAgreementRetention(models.Model):
    """What became of customers: a row for each of them and each month since his first.

    His revenue is what all his agreements with a company pay a month, at the end of
    that month; this month's, as of today. All rows of a month add up to the recurring
    revenue of that month, whenever their customers began.
    """

    _name = "service.agreement.retention"
    _inherit = "service.agreement.ratio"
    _description = "Retention of Customers"
    _auto = False
    _order = "month desc, revenue desc, id"
    _rec_name = "partner_id"
    _ratios = {
        "customers_kept": ("customers", "started"),
        "revenue_kept": ("revenue", "start_revenue"),
    }
    # What has to be written down before this is read.
    _depends = {
        "service.agreement.movement": [
            "amount_company",
            "commercial_partner_id",
            "company_id",
            "date",
        ],
        "res.company": ["currency_id"],
        "res.partner": ["user_id"],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    start_month = fields.Date(
        string="Customer Since",
        readonly=True,
        help="First day of the month of the first agreement.",
    )
    month = fields.Date(readonly=True)
    age = fields.Integer(
        string="Months Since",
        readonly=True,
        aggregator=None,
        help="0 is the month in which the customer began.",
    )
    started = fields.Integer(
        string="Customers at the Start",
        readonly=True,
        help="All that began, whether they still pay or not.",
    )
    customers = fields.Integer(
        string="Paying Customers",
        readonly=True,
        help="Those with recurring revenue at the end of the month.",
    )
    customers_kept = fields.Float(
        readonly=True, aggregator="avg", help="Paying customers of those that began."
    )
    start_revenue = fields.Monetary(
        string="Revenue at the Start",
        readonly=True,
        help="Per month, at the end of the month in which the customer began.",
    )
    revenue = fields.Monetary(
        string="Monthly Revenue",
        readonly=True,
        help="Per month, at the end of the month; of this month as of today.",
    )
    revenue_kept = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Monthly revenue, of what the same customers paid at the start. Above "
        "100 % where those who stayed buy more than was lost with those who left.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH moved AS (
                SELECT company_id, commercial_partner_id AS partner_id, MIN(id) AS id,
                       (EXTRACT(year FROM date) * 12
                        + EXTRACT(month FROM date))::int - 1 AS month,
                       SUM(amount_company) AS amount
                  FROM service_agreement_movement
              GROUP BY company_id, commercial_partner_id, 4
                 ),
                 stretch AS (
                SELECT company_id, partner_id, month,
                       FIRST_VALUE(id) OVER life AS first_id,
                       FIRST_VALUE(month) OVER life AS start,
                       FIRST_VALUE(amount) OVER life AS start_revenue,
                       SUM(amount) OVER life AS revenue,
                       LEAD(month, 1, %(next_month)s) OVER life AS next
                  FROM moved
                WINDOW life AS (PARTITION BY company_id, partner_id ORDER BY month)
                 )
            SELECT stretch.first_id::bigint * 1200 + at.month - start AS id,
                   stretch.company_id, company.currency_id, stretch.partner_id,
                   customer.user_id, at.month - start AS age,
                   MAKE_DATE(start / 12, start %% 12 + 1, 1) AS start_month,
                   MAKE_DATE(at.month / 12, at.month %% 12 + 1, 1) AS month,
                   1 AS started, (revenue > 0)::int AS customers,
                   (revenue > 0)::int::float8 AS customers_kept,
                   start_revenue, revenue,
                   (revenue / NULLIF(start_revenue, 0))::float8 AS revenue_kept
              FROM stretch
              JOIN res_company company ON company.id = stretch.company_id
              JOIN res_partner customer ON customer.id = stretch.partner_id
        CROSS JOIN LATERAL generate_series(stretch.month, next - 1) AS at(month)
            """,
            next_month=month_index(self.env.company._service_today()) + 1,
        )

    def action_open_agreements(self):
        """The agreements of the customer, those that ended as well."""
        self.ensure_one()
        return {
            "name": self.partner_id.display_name,
            "type": "ir.actions.act_window",
            "res_model": "service.agreement",
            "views": [(False, "list"), (False, "form")],
            "domain": [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("activated_on", "!=", False),
            ],
        }


class ServiceAgreementCohort(models.Model):
    """The customers that began in the same month, and how many of them are still there.

    ``service.agreement.retention`` in one row for each month in which customers began.
    """

    _name = "service.agreement.cohort"
    _description = "Customers by Start"
    _auto = False
    _order = "start_month desc, company_id"
    _rec_name = "start_month"
    _depends = ServiceAgreementRetention._depends

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    start_month = fields.Date(string="Customers Since", readonly=True)
    month_name = fields.Char(string="Month in Words", compute="_compute_month_name")
    started = fields.Integer(string="Customers at the Start", readonly=True)
    customers = fields.Integer(string="Paying Today", readonly=True)
    start_revenue = fields.Monetary(string="Revenue at the Start", readonly=True)
    revenue = fields.Monetary(string="Monthly Revenue Today", readonly=True)
    customers_3 = fields.Float("Customers, 3 Months", readonly=True, aggregator=None)
    customers_6 = fields.Float("Customers, 6 Months", readonly=True, aggregator=None)
    customers_12 = fields.Float("Customers, 12 Months", readonly=True, aggregator=None)
    customers_24 = fields.Float("Customers, 24 Months", readonly=True, aggregator=None)
    revenue_3 = fields.Float("Revenue, 3 Months", readonly=True, aggregator=None)
    revenue_6 = fields.Float("Revenue, 6 Months", readonly=True, aggregator=None)
    revenue_12 = fields.Float("Revenue, 12 Months", readonly=True, aggregator=None)
    revenue_24 = fields.Float("Revenue, 24 Months", readonly=True, aggregator=None)
    age = fields.Integer(
        string="Months Since",
        readonly=True,
        aggregator=None,
        help="What lies further ahead than this is not known yet.",
    )

    @api.depends("start_month")
    @api.depends_context("lang")
    def _compute_month_name(self):
        for cohort in self:
            cohort.month_name = format_date(
                self.env, cohort.start_month, date_format="MMM yyyy"
            )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT company_id::bigint * 24000
                       + EXTRACT(year FROM start_month)::int %% 2000 * 12
                       + EXTRACT(month FROM start_month)::int - 1 AS id,
                   company_id, currency_id, start_month, MAX(age) AS age, %(shares)s,
                   SUM(started) FILTER (WHERE age = 0) AS started,
                   SUM(start_revenue) FILTER (WHERE age = 0) AS start_revenue,
                   SUM(customers) FILTER (WHERE month = %(month)s) AS customers,
                   SUM(revenue) FILTER (WHERE month = %(month)s) AS revenue
              FROM (%(retention)s) AS retention
          GROUP BY company_id, currency_id, start_month
            """,
            month=self.env.company._service_today().replace(day=1),
            retention=self.env["service.agreement.retention"]._table_query,
            shares=SQL(", ").join(self._get_shares()),
        )

    def _get_shares(self):
        """:return: list of SQL, what was left after so many months; null where they
        have not passed yet
        """
        return [
            SQL(
                "SUM(%s) FILTER (WHERE age = %s)::float8 / NULLIF(SUM(%s)"
                " FILTER (WHERE age = %s), 0)::float8 AS %s",
                *(SQL.identifier(part), age, SQL.identifier(whole), age),
                SQL.identifier(f"{part}_{age}"),
            )
            for age in AGES
            for part, whole in (("customers", "started"), ("revenue", "start_revenue"))
        ]

    def action_open_customers(self):
        """Each of the customers, and what he pays today."""
        self.ensure_one()
        today = self.company_id._service_today()
        return {
            "name": self.env._("Customers by Start"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.retention",
            "views": [(False, "list"), (False, "pivot")],
            "domain": [
                ("company_id", "=", self.company_id.id),
                ("start_month", "=", self.start_month),
                ("month", "=", today.replace(day=1)),
            ],
        }
