from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..tools.steering import KINDS
from .service_agreement_retention import month_index

# The names of the kinds as fields: that of a method of all models is none.
MOVED = tuple(f"moved_{kind}" for kind in KINDS)


class ServiceAgreementRevenueMonth(models.Model):
    """Recurring revenue of a company month by month: before, what moved, and after.

    Every month since the first movement, also those in which nothing moved.
    """

    _name = "service.agreement.revenue.month"
    _inherit = "service.agreement.ratio"
    _description = "Recurring Revenue by Month"
    _auto = False
    _order = "date desc, company_id"
    _rec_name = "date"
    _ratios = {
        "gross_churn": ("lost", "opening"),
        "net_churn": ("net_lost", "opening"),
    }
    _depends = {
        "service.agreement.movement": ["amount_company", "company_id", "date", "kind"],
        "res.company": ["currency_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(string="Month", readonly=True)
    month_name = fields.Char(string="Month in Words", compute="_compute_month_name")
    # Of several months they add up to nothing.
    opening = fields.Monetary(string="Before", readonly=True, aggregator=None)
    closing = fields.Monetary(
        string="After",
        readonly=True,
        aggregator=None,
        help="Monthly revenue at the end of the month; of this month as of today.",
    )
    moved_new = fields.Monetary(string="New", readonly=True)
    moved_expansion = fields.Monetary(string="Expansion", readonly=True)
    moved_contraction = fields.Monetary(string="Contraction", readonly=True)
    moved_churn = fields.Monetary(string="Churn", readonly=True)
    moved_reactivation = fields.Monetary(string="Reactivation", readonly=True)
    change = fields.Monetary(readonly=True, help="All movements together.")
    lost = fields.Monetary(readonly=True, help="Churn and contraction.")
    net_lost = fields.Monetary(
        string="Lost, Net",
        readonly=True,
        help="Lost, less what customers we had before pay more.",
    )
    gross_churn = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Lost in the month, of what came in before it; of several months, the "
        "average of a month.",
    )
    net_churn = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Lost less what customers we had before pay more, of what came in before. "
        "Below zero: they pay more than was lost.",
    )

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_month_name(self):
        for row in self:
            row.month_name = format_date(self.env, row.date, date_format="MMM yyyy")

    @property
    def _table_query(self):
        return SQL(
            """
            WITH moved AS (
                SELECT company_id,
                       (EXTRACT(year FROM date) * 12
                        + EXTRACT(month FROM date))::int - 1 AS month,
                       %(kinds)s, SUM(amount_company) AS change
                  FROM service_agreement_movement
              GROUP BY company_id, 2
                 ),
                 months AS (
                SELECT company_id, month, %(columns)s,
                       SUM(COALESCE(change, 0)) OVER (
                           PARTITION BY company_id ORDER BY month) AS closing
                  FROM (
                    SELECT company_id, generate_series(MIN(month), %(month)s) AS month
                      FROM moved
                  GROUP BY company_id
                       ) AS calendar
             LEFT JOIN moved USING (company_id, month)
                 ),
                 sums AS (
                SELECT months.*, closing - change AS opening,
                       -(moved_churn + moved_contraction) AS lost,
                       -(change - moved_new) AS net_lost
                  FROM months
                 )
            SELECT sums.company_id::bigint * 24000 + month %% 24000 AS id,
                   sums.company_id, company.currency_id,
                   MAKE_DATE(month / 12, month %% 12 + 1, 1) AS date,
                   opening, %(names)s, change, closing, lost, net_lost,
                   (lost / NULLIF(opening, 0))::float8 AS gross_churn,
                   (net_lost / NULLIF(opening, 0))::float8 AS net_churn
              FROM sums
              JOIN res_company company ON company.id = sums.company_id
            """,
            month=month_index(self.env.company._service_today()),
            kinds=SQL(", ").join(
                SQL(
                    "SUM(amount_company) FILTER (WHERE kind = %s) AS %s",
                    kind,
                    SQL.identifier(f"moved_{kind}"),
                )
                for kind in KINDS
            ),
            names=SQL(", ").join(map(SQL.identifier, MOVED)),
            columns=SQL(", ").join(
                SQL("COALESCE(%s, 0) AS %s", SQL.identifier(name), SQL.identifier(name))
                for name in (*MOVED, "change")
            ),
        )

    def action_open_movements(self):
        """What moved in the month."""
        self.ensure_one()
        first = self.date
        return self.env["service.agreement.movement"]._get_list_action(
            [
                ("company_id", "=", self.company_id.id),
                ("date", ">=", first),
                ("date", "<=", fields.Date.end_of(first, "month")),
            ]
        )
