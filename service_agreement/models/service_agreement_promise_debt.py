from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .sql_values import sql_values

# How many months are looked ahead, beside the one that it is: visits are on record for
# so long.
MONTHS_AHEAD = 12
# Hours of an entry inspection: nobody says how long one takes.
INSPECTION_HOURS = 2.0
# Hours of what is counted in pieces, as long as none was drawn.
HOURS_PER_UNIT = {"visits": 2.0, "incidents": 1.0}
MONEY_GROUPS = (
    "service_agreement.group_manager,"
    "account.group_account_invoice,account.group_account_readonly"
)
KINDS = [
    ("visit", "Visit"),
    ("inspection", "Entry inspection"),
    ("granted", "Included, left"),
    ("bought", "Bought in advance, left"),
    ("later", "Included, of periods ahead"),
    ("fee", "Fee not yet earned"),
]


class ServiceAgreementPromiseDebt(models.Model):
    """What was sold and is not yet delivered, read off the facts: one row for a visit
    on record, a covered system that nobody has inspected, a lot with something left, a
    period ahead for which an allowance will be granted, and a month of a fee that was
    billed and is not yet earned.

    How it works:

    - Month: a visit's day, the last day of hours. What is late is due this month; hours
      without a last day have no month.
    - Visits that an allowance counts and a plan of visits plans are owed once: as the
      visits of the plan.
    - Worth: by the list of today for an hour of anybody, without trips.
    - A fee is earned by days, not as visits are made: it also buys that somebody is
      there. Hours bought in advance are earned as they are used.
    """

    _name = "service.agreement.promise.debt"
    _description = "Promise Debt"
    _auto = False
    _order = "month, due_on, kind, id"
    _rec_name = "agreement_id"
    # What has to be written down before this is read.
    _depends = {
        "service.agreement": [
            "activated_on",
            "auto_renew",
            "commercial_partner_id",
            "company_id",
            "date_end",
            "date_start",
            "end_reason",
            "state",
            "system_ids",
            "term_months",
            "tier_id",
            "user_id",
        ],
        "service.agreement.allowance": [
            "anchor_date",
            "coverage_id",
            "interval_months",
            "kind",
            "quantity",
            "unit",
            "work_type_ids",
        ],
        "service.agreement.allowance.draw": ["date", "lot_id", "quantity", "units"],
        "service.agreement.allowance.lot": [
            "agreement_id",
            "agreement_line_id",
            "allowance_id",
            "balance",
            "company_id",
            "date_end",
            "date_start",
            "granted",
            "kind",
            "origin_id",
            "period_start",
            "unit",
        ],
        "service.agreement.coverage": ["agreement_id", "date_start", "is_void"],
        "service.agreement.period": [
            "amount",
            "date_end",
            "date_start",
            "kind",
            "line_id",
            "move_line_id",
        ],
        "service.agreement.system": ["active", "inspected_on"],
        "service.agreement.visit": ["agreement_id", "date", "owed_hours", "state"],
        "service.agreement.visit.plan": ["coverage_id", "work_type_id"],
        "account.move": ["invoice_currency_rate", "state"],
        "account.move.line": [
            "agreement_line_id",
            "agreement_reversed_line_id",
            "balance",
            "move_id",
            "parent_state",
        ],
    }

    kind = fields.Selection(KINDS, string="What", readonly=True)
    agreement_id = fields.Many2one("service.agreement", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    visit_id = fields.Many2one("service.agreement.visit", readonly=True)
    system_id = fields.Many2one("service.agreement.system", readonly=True)
    lot_id = fields.Many2one("service.agreement.allowance.lot", readonly=True)
    allowance_id = fields.Many2one("service.agreement.allowance", readonly=True)
    month = fields.Date(
        readonly=True,
        help="In which it is due: of the visit, or of the last day on which the hours "
        "can be used. What is late is due this month. Empty: without end.",
    )
    month_from = fields.Date(
        string="From the Month", readonly=True, help="In which it can be had first."
    )
    due_on = fields.Date(
        string="Due", readonly=True, help="Day of the visit, or last day of the hours."
    )
    is_late = fields.Boolean(string="Late", readonly=True)
    visits = fields.Float(readonly=True, help="Visits and inspections owed.")
    hours = fields.Float(
        readonly=True,
        help="As planned for visits; 2 for an entry inspection. Of allowances, what is "
        "left; of those that count visits or incidents, as long as these took on the "
        "average of 12 months, or 2 and 1 hours as long as there were none; of money, "
        "by the list. Below 0: taken in advance of the next period.",
    )
    worth = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUPS,
        help="Hours by the list of today, without trips.",
    )
    unearned = fields.Monetary(
        string="Not Yet Earned",
        readonly=True,
        groups=MONEY_GROUPS,
        help="Billed, before taxes, for days to come, each day alike; of hours bought "
        "in advance, the part that is left of them.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH company(id, currency_id, today, price) AS (%(companies)s),
                 rate(company_id, work_type_id, price) AS (%(rates)s),
                 exchange(company_id, currency_id, rate) AS (%(exchange)s),
                 length(company_id, unit, hours) AS (%(lengths)s),
                 planned(allowance_id) AS (%(planned)s),
                 period(company_id, anchor, step, first, last) AS (%(periods)s),
                 part AS (%(parts)s)
            SELECT part.id, part.kind, part.agreement_id,
                   agreement.commercial_partner_id AS partner_id, agreement.tier_id,
                   agreement.user_id, agreement.company_id, company.currency_id,
                   part.visit_id, part.system_id, part.lot_id, part.allowance_id,
                   CASE WHEN part.due_on IS NOT NULL THEN DATE_TRUNC(
                       'month', GREATEST(part.due_on, company.today))::date
                       END AS month,
                   DATE_TRUNC('month', GREATEST(part.first, company.today))::date
                       AS month_from,
                   part.due_on, COALESCE(part.due_on < company.today, FALSE) AS is_late,
                   part.visits, part.hours,
                   part.hours * COALESCE(rate.price, company.price) AS worth,
                   part.unearned
              FROM part
              JOIN service_agreement agreement ON agreement.id = part.agreement_id
              JOIN company ON company.id = agreement.company_id
         LEFT JOIN rate ON rate.company_id = agreement.company_id
               AND rate.work_type_id = part.work_type_id
            """,
            companies=self._get_companies_query(),
            rates=self._get_rates_query(),
            exchange=self._get_exchange_query(),
            lengths=self._get_lengths_query(),
            planned=self._get_planned_query(),
            periods=self._get_periods_query(),
            parts=SQL(" UNION ALL ").join(self._get_parts()),
        )

    # What is the same for many rows

    def _get_companies_query(self):
        return sql_values(
            ("int4", "int4", "date", "float8"),
            [
                (
                    company.id,
                    company.currency_id.id,
                    company._service_today(),
                    company._get_list_rates()[False],
                )
                for company in self.env.companies
            ],
        )

    def _get_rates_query(self):
        return sql_values(
            ("int4", "int4", "float8"),
            [
                (company.id, work_type, price)
                for company in self.env.companies
                for work_type, price in company._get_list_rates().items()
                if work_type
            ],
        )

    def _get_exchange_query(self):
        """What a unit of another currency is in that of the company; archived ones are
        still agreed in.
        """
        currencies = self.env["res.currency"].with_context(active_test=False)
        currencies = currencies.search(
            Domain("active", "=", True) | Domain("rate_ids", "!=", False)
        )
        rows = []
        for company in self.env.companies:
            today = company._service_today()
            rates = currencies._get_rates(company, today)
            own = rates.get(company.currency_id.id) or 1.0
            rows += [(company.id, each, own / rate) for each, rate in rates.items()]
        return sql_values(("int4", "int4", "float8"), rows)

    def _get_lengths_query(self):
        """How long what is counted in pieces took, on the average of a year."""
        return SQL(
            """
            SELECT draw.company_id, lot.unit, SUM(draw.quantity) / SUM(draw.units)
              FROM service_agreement_allowance_lot lot
              JOIN service_agreement_allowance_draw draw ON draw.lot_id = lot.id
              JOIN company ON company.id = draw.company_id
             WHERE lot.unit IN ('visits', 'incidents') AND draw.units > 0
               AND draw.date > company.today - INTERVAL '12 months'
          GROUP BY draw.company_id, lot.unit
            """
        )

    def _get_planned_query(self):
        """Allowances that count visits which a plan puts on record."""
        return SQL(
            """
            SELECT allowance.id
              FROM service_agreement_allowance allowance
              JOIN service_agreement_visit_plan plan
                ON plan.coverage_id = allowance.coverage_id
              JOIN service_agreement_allowance_service_agreement_work_type_rel counted
                ON counted.service_agreement_allowance_id = allowance.id
               AND counted.service_agreement_work_type_id = plan.work_type_id
             WHERE allowance.unit = 'visits'
            """
        )

    # What is owed

    def _get_parts(self):
        """:return: list of SQL of id, kind, agreement_id, visit_id, system_id, lot_id,
        allowance_id, first, due_on, visits, hours, work_type_id, unearned; an addon
        that sells more may add its own
        """
        return [
            self._get_visits_query(),
            self._get_inspections_query(),
            self._get_lots_query(),
            self._get_later_query(),
            self._get_fees_query(),
        ]

    def _get_visits_query(self):
        return SQL(
            """
            SELECT visit.id::bigint * 8 AS id, 'visit' AS kind, visit.agreement_id,
                   visit.id AS visit_id, visit.system_id, NULL::int AS lot_id,
                   NULL::int AS allowance_id, visit.date AS first,
                   visit.date AS due_on, 1::float8 AS visits,
                   visit.owed_hours::float8 AS hours, plan.work_type_id,
                   0::float8 AS unearned
              FROM service_agreement_visit visit
         LEFT JOIN service_agreement_visit_plan plan ON plan.id = visit.plan_id
             WHERE visit.state IN ('owed', 'planned')
            """
        )

    def _get_inspections_query(self):
        """Systems that an agreement names and nobody has looked at; of several
        agreements, the first one owes it."""
        return SQL(
            """
            SELECT system.id::bigint * 8 + 1, 'inspection', agreement.id, NULL::int,
                   system.id, NULL::int, NULL::int, agreement.date_start,
                   agreement.date_start, 1::float8, %(hours)s::float8, NULL::int,
                   0::float8
              FROM (
                SELECT MIN(covered.id) AS id, rel.service_agreement_system_id
                  FROM service_agreement_service_agreement_system_rel rel
                  JOIN service_agreement covered
                    ON covered.id = rel.service_agreement_id
                   AND covered.state = 'active'
              GROUP BY rel.service_agreement_system_id
                   ) AS of_system
              JOIN service_agreement agreement ON agreement.id = of_system.id
              JOIN service_agreement_system system
                ON system.id = of_system.service_agreement_system_id
             WHERE system.inspected_on IS NULL AND system.active
            """,
            hours=INSPECTION_HOURS,
        )

    def _get_lots_query(self):
        return SQL(
            """
            SELECT lot.id::bigint * 8 + 2,
                   CASE WHEN lot.kind IN ('bought', 'moved')
                        THEN 'bought' ELSE 'granted' END,
                   lot.agreement_id, NULL::int, NULL::int, lot.id, lot.allowance_id,
                   lot.date_start, lot.date_end,
                   CASE lot.unit WHEN 'visits' THEN lot.balance ELSE 0 END::float8,
                   %(hours)s, NULL::int,
                   COALESCE(billed.amount * LEAST(lot.balance / NULLIF(
                       COALESCE(origin.granted, lot.granted), 0), 1), 0)::float8
              FROM service_agreement_allowance_lot lot
              JOIN company ON company.id = lot.company_id
              JOIN service_agreement agreement ON agreement.id = lot.agreement_id
         LEFT JOIN service_agreement_allowance_lot origin
                ON origin.id = lot.origin_id AND lot.kind = 'moved'
         LEFT JOIN LATERAL (%(billed)s) billed ON lot.kind IN ('bought', 'moved')
             WHERE lot.balance != 0
               AND (lot.date_end IS NULL OR lot.date_end >= company.today)
               AND lot.allowance_id NOT IN (SELECT allowance_id FROM planned)
            """,
            hours=self._get_hours_sql("lot.unit", "lot.balance"),
            billed=self._get_billed_query(),
        )

    def _get_later_query(self):
        """Periods that begin later, of agreements in force: as long as what was agreed
        holds. A shorter first one of another tier counts once it is granted.
        """
        return SQL(
            """
            SELECT (allowance.id::bigint * 2400
                       + EXTRACT(year FROM period.first)::int %% 200 * 12
                       + EXTRACT(month FROM period.first)::int) * 8 + 3,
                   'later', agreement.id, NULL::int, NULL::int, NULL::int,
                   allowance.id, period.first, LEAST(period.last, term.last_day),
                   CASE allowance.unit WHEN 'visits' THEN allowance.quantity
                        ELSE 0 END::float8,
                   %(hours)s, NULL::int, 0::float8
              FROM service_agreement_allowance allowance
              JOIN (%(coverages)s) coverage ON coverage.id = allowance.coverage_id
              JOIN service_agreement agreement ON agreement.id = coverage.agreement_id
              JOIN company ON company.id = agreement.company_id
        CROSS JOIN LATERAL (
                SELECT CASE WHEN agreement.auto_renew AND agreement.term_months > 0
                                 AND agreement.end_reason IS NULL
                            THEN NULL ELSE agreement.date_end END AS last_day
                   ) AS term
              JOIN period ON period.company_id = company.id
               AND period.anchor = allowance.anchor_date
               AND period.step = allowance.interval_months
             WHERE allowance.kind = 'included' AND allowance.quantity > 0
               AND agreement.state = 'active' AND agreement.activated_on IS NOT NULL
               AND period.first >= GREATEST(coverage.date_start, agreement.date_start)
               AND period.first < COALESCE(coverage.next_start, 'infinity')
               AND period.first <= COALESCE(term.last_day, 'infinity')
               AND allowance.id NOT IN (SELECT allowance_id FROM planned)
               AND NOT EXISTS (
                SELECT FROM service_agreement_allowance_lot granted
                 WHERE granted.allowance_id = allowance.id AND granted.kind = 'granted'
                   AND granted.period_start = period.first)
            """,
            hours=self._get_hours_sql("allowance.unit", "allowance.quantity"),
            coverages=self._get_coverages_query(),
        )

    def _get_coverages_query(self):
        """What is covered, and from when on something else is."""
        return SQL(
            """
            SELECT id, agreement_id, date_start,
                   LEAD(date_start) OVER (
                       PARTITION BY agreement_id ORDER BY date_start NULLS FIRST
                   ) AS next_start
              FROM service_agreement_coverage
             WHERE is_void IS NOT TRUE
            """
        )

    def _get_periods_query(self):
        """First and last days of the periods that begin after today, counted from an
        anchor, never from the period before; once for all allowances that have it."""
        return SQL(
            """
            SELECT agreed.company_id, agreed.anchor, agreed.step, span.first, span.last
              FROM (
                SELECT DISTINCT company.id AS company_id, company.today,
                       allowance.anchor_date AS anchor,
                       allowance.interval_months AS step,
                       ((EXTRACT(year FROM company.today)
                         - EXTRACT(year FROM allowance.anchor_date)) * 12
                        + EXTRACT(month FROM company.today)
                        - EXTRACT(month FROM allowance.anchor_date))::int AS passed
                  FROM service_agreement_allowance allowance
            CROSS JOIN company
                 WHERE allowance.kind = 'included' AND allowance.coverage_id IS NOT NULL
                   ) AS agreed
        CROSS JOIN GENERATE_SERIES(
                       GREATEST(0, (passed - 1) / step),
                       (passed + %(ahead)s) / step) AS number
        CROSS JOIN LATERAL (
                SELECT (anchor + MAKE_INTERVAL(months => number * step))::date AS first,
                       (anchor + MAKE_INTERVAL(months => (number + 1) * step))::date - 1
                           AS last
                   ) AS span
             WHERE span.first > agreed.today
               AND span.first < DATE_TRUNC('month', agreed.today)
                   + MAKE_INTERVAL(months => %(ahead)s + 1)
            """,
            ahead=MONTHS_AHEAD,
        )

    def _get_fees_query(self):
        """Billed for days after today, month by month, less what was credited by hand
        of the same line of an invoice."""
        return SQL(
            """
            SELECT (fee.agreement_id::bigint * 2400
                       + EXTRACT(year FROM fee.month)::int %% 200 * 12
                       + EXTRACT(month FROM fee.month)::int) * 8 + 4,
                   'fee', fee.agreement_id, NULL::int, NULL::int, NULL::int, NULL::int,
                   fee.month, (fee.month + INTERVAL '1 month')::date - 1, 0::float8,
                   0::float8, NULL::int, SUM(fee.amount)::float8
              FROM (
                SELECT period.agreement_id, month.first AS month,
                       period.amount
                       / COALESCE(NULLIF(move.invoice_currency_rate, 0), 1)
                       * COALESCE(1 + credit.balance / NULLIF(billed.balance, 0), 1)
                       * (LEAST(period.date_end, month.next)
                          - GREATEST(period.date_start, month.first,
                                     company.today + 1))
                       / (period.date_end - period.date_start) AS amount
                  FROM service_agreement_period period
                  JOIN company ON company.id = period.company_id
                  JOIN account_move_line billed ON billed.id = period.move_line_id
                  JOIN account_move move ON move.id = billed.move_id
             LEFT JOIN LATERAL (
                    SELECT SUM(balance) AS balance
                      FROM account_move_line credited
                     WHERE credited.agreement_reversed_line_id = billed.id
                       AND credited.agreement_line_id IS NULL
                       AND credited.parent_state = 'posted'
                       ) AS credit ON TRUE
            CROSS JOIN LATERAL (
                    SELECT day::date AS first, (day + INTERVAL '1 month')::date AS next
                      FROM GENERATE_SERIES(
                               DATE_TRUNC('month', GREATEST(
                                   period.date_start, company.today + 1)::timestamp),
                               (period.date_end - 1)::timestamp,
                               INTERVAL '1 month') AS day
                       ) AS month
                 WHERE move.state != 'cancel' AND period.kind != 'one_off'
                   AND period.date_end > company.today + 1
                   AND period.date_end > %(today)s
                   ) AS fee
          GROUP BY fee.agreement_id, fee.month
            HAVING SUM(fee.amount) != 0
            """,
            # Said twice: by a plain day PostgreSQL leaves out the past before it joins.
            today=min(company._service_today() for company in self.env.companies),
        )

    def _get_billed_query(self):
        """What a lot was bought for, in the company's currency, before taxes."""
        return SQL(
            """
            SELECT SUM(period.amount
                       / COALESCE(NULLIF(move.invoice_currency_rate, 0), 1)) AS amount
              FROM service_agreement_period period
              JOIN account_move_line billed ON billed.id = period.move_line_id
              JOIN account_move move ON move.id = billed.move_id
             WHERE period.line_id = lot.agreement_line_id AND move.state != 'cancel'
            """
        )

    def _get_hours_sql(self, unit, quantity):
        """
        :param str unit: column
        :param str quantity: column, in that unit
        :return: SQL of hours of a part of `agreement`; how long visits took is looked
            up only where it is needed, it takes all the work of a year
        """
        unit, quantity = (SQL.identifier(*each.split(".")) for each in (unit, quantity))
        return SQL(
            """(%(quantity)s * CASE %(unit)s
                   WHEN 'hours' THEN 1
                   WHEN 'amount' THEN COALESCE((
                       SELECT exchange.rate / NULLIF(company.price, 0) FROM exchange
                        WHERE exchange.company_id = agreement.company_id
                          AND exchange.currency_id = agreement.currency_id), 0)
                   ELSE COALESCE(
                       (SELECT length.hours FROM length
                         WHERE length.company_id = agreement.company_id
                           AND length.unit = %(unit)s),
                       CASE %(unit)s WHEN 'visits' THEN %(visits)s
                            ELSE %(incidents)s END)
                   END)::float8""",
            quantity=quantity,
            unit=unit,
            **HOURS_PER_UNIT,
        )

    # The records behind it

    def action_open(self):
        """What this row counts; of a period ahead, or what is not for who asks (visits
        for accounting), the agreement."""
        self.ensure_one()
        if self.kind == "fee":
            return self._get_fee_action()
        record = self.visit_id or self.system_id or self.lot_id
        if not record.has_access("read") or not record:
            record = self.agreement_id
        if record == self.lot_id:
            return self._get_lot_action()
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def _get_lot_action(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_allowance_lot"
        )
        return dict(action, domain=[("id", "=", self.lot_id.id)], context={})

    def _get_fee_action(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_period"
        )
        return dict(
            action,
            domain=[
                ("agreement_id", "=", self.agreement_id.id),
                ("date_start", "<=", self.due_on),
                ("date_end", ">", self.month),
                ("kind", "!=", "one_off"),
            ],
            context={},
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_list_rates(self):
        """What an hour of anybody costs by the list of today.

        :return: dict of prices by id of service.agreement.work.type; False: any work
        """
        self.ensure_one()
        today = self._service_today()
        rates = self.env["service.agreement.rate"]
        book = rates._get_book(self, self.env["service.agreement.coverage"])
        # Sudo: prices are shown only to who may read them.
        types = self.env["service.agreement.work.type"].sudo().search(Domain.TRUE)
        return {
            work_type: float(book.find(today, work_type=work_type).price)
            for work_type in (False, *types.ids)
        }
