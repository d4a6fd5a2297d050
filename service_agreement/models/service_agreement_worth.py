"""What recurring revenue is worth: an estimate, by multiples that the owner sets."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount

FACTS = [
    ("base", "In force"),
    ("signed", "Signed"),
    ("terms", "Current version of the terms"),
    ("renewal", "Renews by itself"),
    ("term", "A year or more left of the term"),
]


class ServiceAgreementWorthMultiple(models.Model):
    """How many times its monthly revenue a fact adds to what an agreement is worth."""

    _name = "service.agreement.worth.multiple"
    _description = "Multiple of Recurring Revenue"
    _order = "company_id, sequence, id"
    _rec_name = "fact"

    sequence = fields.Integer(default=10)
    fact = fields.Selection(FACTS, string="If It Is", required=True)
    multiple = fields.Float(
        string="Worth (× monthly revenue)",
        required=True,
        digits=(16, 2),
        aggregator=None,
        help="What this adds, in months of recurring revenue. An estimate of your own: "
        "ask who buys and sells companies like yours.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: for all companies that have none of their own.",
    )

    _fact_uniq = models.UniqueIndex(
        "(company_id, fact) NULLS NOT DISTINCT",
        "There is a multiple for this already: change that one.",
    )
    _not_negative = models.Constraint(
        "CHECK(multiple >= 0)", "A multiple is 0 or more."
    )


class ServiceAgreementWorthPart(models.Model):
    """What each fact adds to what an agreement is worth, or would add.

    Of the agreements in force that nobody has ended, in their company's currency.
    """

    _name = "service.agreement.worth.part"
    _description = "Estimated Worth by Quality"
    _auto = False
    _order = "gain desc, worth desc, id"
    _rec_name = "agreement_id"
    _depends = {
        "service.agreement": [
            "auto_renew",
            "commercial_partner_id",
            "company_id",
            "date_end",
            "end_reason",
            "signed_on",
            "state",
            "term_months",
            "terms_id",
            "tier_id",
            "user_id",
        ],
        "service.agreement.movement": ["agreement_id", "amount_company"],
        "service.agreement.terms": ["company_id", "state"],
        "service.agreement.worth.multiple": ["company_id", "fact", "multiple"],
    }

    agreement_id = fields.Many2one("service.agreement", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    fact = fields.Selection(
        selection=lambda self: self._get_fact_selection(),
        string="Quality",
        readonly=True,
    )
    is_met = fields.Boolean(string="It Is So", readonly=True)
    mrr = fields.Monetary(string="Per Month", readonly=True, aggregator=None)
    multiple = fields.Float(readonly=True, digits=(16, 2), aggregator=None)
    worth = fields.Monetary(
        string="Estimated Worth",
        readonly=True,
        help="Monthly revenue, times the multiple.",
    )
    gain = fields.Monetary(
        string="Would Add", readonly=True, help="If it were so. An estimate."
    )

    @api.model
    def _get_fact_selection(self):
        facts = self.env["service.agreement.worth.multiple"]._fields["fact"]
        return facts._description_selection(self.env)

    @property
    def _table_query(self):
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        return SQL(
            """
            SELECT agreement.id * 16 + fact.number AS id,
                   agreement.id AS agreement_id, agreement.company_id,
                   agreement.commercial_partner_id AS partner_id, agreement.tier_id,
                   agreement.user_id, fact.code AS fact, fact.is_met, revenue.mrr,
                   chosen.multiple,
                   CASE WHEN fact.is_met THEN revenue.mrr * chosen.multiple
                        ELSE 0 END AS worth,
                   CASE WHEN fact.is_met THEN 0
                        ELSE revenue.mrr * chosen.multiple END AS gain
              FROM service_agreement agreement
              JOIN (
                SELECT agreement_id, SUM(amount_company) AS mrr
                  FROM service_agreement_movement
              GROUP BY agreement_id
                   ) revenue ON revenue.agreement_id = agreement.id AND revenue.mrr > 0
              JOIN (VALUES %(days)s) AS day (company_id, in_a_year)
                ON day.company_id = agreement.company_id
        CROSS JOIN LATERAL (VALUES %(facts)s) AS fact (number, code, is_met)
        CROSS JOIN LATERAL (
                SELECT multiple.multiple::numeric
                  FROM service_agreement_worth_multiple multiple
                 WHERE multiple.fact = fact.code
                   AND (multiple.company_id IS NULL
                        OR multiple.company_id = agreement.company_id)
              ORDER BY multiple.company_id NULLS LAST
                 LIMIT 1
                   ) AS chosen
             WHERE agreement.state = 'active' AND agreement.end_reason IS NULL
            """,
            days=SQL(", ").join(
                SQL(
                    "(%s, %s::date)",
                    company.id,
                    company._service_today() + relativedelta(months=12),
                )
                for company in companies
            ),
            facts=SQL(", ").join(
                SQL("(%s, %s, %s)", number, code, condition)
                for number, (code, condition) in enumerate(self._get_facts().items())
            ),
        )

    @api.model
    def _get_facts(self):
        """Hook for bridges that know of more: with a multiple, a field of
        ``service.agreement.worth`` and a value of the selection, each of the same code.

        :return: dict of SQL, whether it is so of the table ``agreement``, by code
        """
        return {
            "base": SQL("TRUE"),
            "signed": SQL("agreement.signed_on IS NOT NULL"),
            "terms": SQL(
                """
                COALESCE(agreement.terms_id = (
                    SELECT terms.id
                      FROM service_agreement_terms terms
                     WHERE terms.state = 'in_force'
                       AND (terms.company_id IS NULL
                            OR terms.company_id = agreement.company_id)
                  ORDER BY terms.company_id NULLS LAST
                     LIMIT 1), FALSE)
                """
            ),
            "renewal": SQL(
                "agreement.date_end IS NULL OR "
                "COALESCE(agreement.auto_renew AND agreement.term_months > 0, FALSE)"
            ),
            "term": SQL("COALESCE(agreement.date_end >= day.in_a_year, FALSE)"),
        }

    def action_open_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()


class ServiceAgreementWorth(models.Model):
    """What each agreement is worth, and of what quality it is."""

    _name = "service.agreement.worth"
    _description = "Estimated Worth of Agreements"
    _auto = False
    _order = "worth desc, id"
    _rec_name = "agreement_id"
    _depends = ServiceAgreementWorthPart._depends

    agreement_id = fields.Many2one("service.agreement", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    has_signed = fields.Boolean(string="Signed", readonly=True)
    has_terms = fields.Boolean(string="Current Terms", readonly=True)
    has_renewal = fields.Boolean(string="Renews by Itself", readonly=True)
    has_term = fields.Boolean(string="A Year Left", readonly=True)
    mrr = fields.Monetary(string="Per Month", readonly=True)
    multiple = fields.Float(
        readonly=True,
        digits=(16, 2),
        aggregator="avg",
        help="Of several agreements: worth by monthly revenue.",
    )
    worth = fields.Monetary(string="Estimated Worth", readonly=True)
    gain = fields.Monetary(
        string="Would Add",
        readonly=True,
        help="If all of it were so: signed, current terms … An estimate.",
    )

    @property
    def _table_query(self):
        parts = self.env["service.agreement.worth.part"]
        columns = [
            SQL(
                "BOOL_OR(is_met) FILTER (WHERE fact = %s) AS %s",
                code,
                SQL.identifier(f"has_{code}"),
            )
            for code in parts._get_facts()
            if code != "base"
        ]
        return SQL(
            """
            SELECT agreement_id AS id, agreement_id, company_id, partner_id, tier_id,
                   user_id, %(columns)s, MAX(mrr) AS mrr,
                   COALESCE(SUM(multiple) FILTER (WHERE is_met), 0) AS multiple,
                   SUM(worth) AS worth, SUM(gain) AS gain
              FROM (%(parts)s) AS part
          GROUP BY agreement_id, company_id, partner_id, tier_id, user_id
            """,
            columns=SQL(", ").join(columns),
            parts=parts._table_query,
        )

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "multiple:avg":
            return SQL(
                "SUM(%(worth)s) / NULLIF(SUM(%(mrr)s), 0)",
                worth=self._field_to_sql(self._table, "worth", query),
                mrr=self._field_to_sql(self._table, "mrr", query),
            )
        return super()._read_group_select(aggregate_spec, query)

    def action_open_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()


class ServiceAgreementWorthSummary(models.Model):
    """What each fact adds to what all agreements are worth, and what would raise it."""

    _name = "service.agreement.worth.summary"
    _description = "What Would Raise the Worth"
    _auto = False
    _order = "company_id, gain desc, worth desc, id"
    _rec_name = "fact"
    _depends = ServiceAgreementWorthPart._depends

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    fact = fields.Selection(
        selection=lambda self: self._get_fact_selection(),
        string="Quality",
        readonly=True,
    )
    multiple = fields.Float(
        string="× Per Month", readonly=True, digits=(16, 2), aggregator=None
    )
    met_count = fields.Integer(string="Agreements", readonly=True, aggregator=None)
    worth = fields.Monetary(string="Estimated Worth", readonly=True)
    missing_count = fields.Integer(string="Without", readonly=True, aggregator=None)
    gain = fields.Monetary(string="Would Add", readonly=True)
    text = fields.Char(string="What Would Raise It", compute="_compute_text")

    @api.model
    def _get_fact_selection(self):
        return self.env["service.agreement.worth.part"]._get_fact_selection()

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT MIN(id) AS id, company_id, fact, MAX(multiple) AS multiple,
                   COUNT(*) FILTER (WHERE is_met) AS met_count, SUM(worth) AS worth,
                   COUNT(*) FILTER (WHERE NOT is_met) AS missing_count,
                   SUM(gain) AS gain
              FROM (%s) AS part
          GROUP BY company_id, fact
            """,
            self.env["service.agreement.worth.part"]._table_query,
        )

    @api.depends("fact", "missing_count", "gain")
    @api.depends_context("lang")
    def _compute_text(self):
        for row in self:
            words = row._get_words().get(row.fact) if row.missing_count else None
            row.text = words and row.env._(
                "%(agreements)s: + %(gain)s",
                agreements=words,
                gain=format_amount(row.env, row.gain, row.currency_id),
            )

    def _get_words(self):
        """:return: dict of str by fact, how many agreements lack it"""
        self.ensure_one()
        count = self.missing_count
        if count == 1:
            return {
                "signed": self.env._("1 agreement is not signed"),
                "terms": self.env._("1 agreement has old terms"),
                "renewal": self.env._("1 agreement does not renew by itself"),
                "term": self.env._("1 agreement has less than a year left"),
            }
        return {
            "signed": self.env._("%s agreements are not signed", count),
            "terms": self.env._("%s agreements have old terms", count),
            "renewal": self.env._("%s agreements do not renew by themselves", count),
            "term": self.env._("%s agreements have less than a year left", count),
        }

    def action_open_met(self):
        """The agreements of which it is so."""
        return self._get_parts_action(True)

    def action_open_missing(self):
        """The agreements that would be worth more."""
        return self._get_parts_action(False)

    def _get_parts_action(self, is_met):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_worth_part"
        )
        label = dict(self._fields["fact"]._description_selection(self.env))[self.fact]
        return dict(
            action,
            name=label if is_met else self.env._("Not yet: %s", label),
            domain=[
                ("company_id", "=", self.company_id.id),
                ("fact", "=", self.fact),
                ("is_met", "=", is_met),
            ],
            context={},
        )
