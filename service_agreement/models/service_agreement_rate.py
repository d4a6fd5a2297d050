from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.rates import Rate, RateBook, Terms

MINUTES_PER_HOUR = Decimal(60)


class ServiceAgreementRate(models.Model):
    """What an hour or a trip costs that no agreement covers.

    The list of the company, or the rates agreed with a tier, of which an agreement's
    coverage owns a copy. A rate holds from a day on: what was worked before is priced
    by the rate of its own day (SEMANTICS §7).
    """

    _name = "service.agreement.rate"
    _description = "Service Rate"
    _order = "kind, work_type_id, job_id, date_start desc nulls last, id desc"
    _rec_name = "kind"

    company_id = fields.Many2one(
        "res.company",
        index=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="cascade", index="btree_not_null"
    )
    coverage_id = fields.Many2one(
        "service.agreement.coverage", ondelete="cascade", index="btree_not_null"
    )
    kind = fields.Selection(
        [("hour", "Hour"), ("trip", "Trip")],
        string="Per",
        required=True,
        default="hour",
    )
    work_type_id = fields.Many2one(
        "service.agreement.work.type",
        string="Work",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: any work.",
    )
    job_id = fields.Many2one(
        "hr.job",
        string="Role",
        ondelete="restrict",
        index="btree_not_null",
        help="The job position of who does it. Empty: anybody.",
    )
    date_start = fields.Date(
        string="From", help="First day on which it holds. Empty: always."
    )
    date_end = fields.Date(
        string="Until",
        help="Last day on which it holds. Empty: until another one takes its place.",
    )
    price = fields.Monetary(string="In Hours", help="Before taxes.")
    price_after_hours = fields.Monetary(
        string="After Hours",
        compute="_compute_price_after_hours",
        store=True,
        readonly=False,
        precompute=True,
        help="Out of the hours of the agreement, or else of the company.",
    )
    minimum = fields.Float(
        string="At Least (hours)", help="What a shorter piece of work counts as."
    )
    step_minutes = fields.Integer(
        string="Steps (minutes)", help="Work counts in whole steps. 0: to the minute."
    )

    _not_negative = models.Constraint(
        "CHECK(price >= 0 AND price_after_hours >= 0 AND minimum >= 0 "
        "AND step_minutes >= 0)",
        "Prices, minimum and steps are 0 or more.",
    )
    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(tier_id, coverage_id) <= 1)",
        "A rate is of the list, of a tier or of an agreement.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end >= date_start)",
        "The last day of a rate lies before its first day.",
    )
    _start_uniq = models.UniqueIndex(
        "(company_id, tier_id, coverage_id, kind, work_type_id, job_id, date_start) "
        "NULLS NOT DISTINCT",
        "Another rate for the same work and role starts on that day: change that one, "
        "or choose another day.",
    )

    @api.depends("tier_id.company_id", "coverage_id.company_id")
    def _compute_company_id(self):
        for rate in self:
            owner = rate.coverage_id or rate.tier_id
            if owner:
                rate.company_id = owner.company_id
            else:
                rate.company_id = rate.company_id or self.env.company

    @api.depends("company_id", "coverage_id.agreement_id.currency_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rate in self:
            company = rate.company_id or self.env.company
            agreed = rate.coverage_id.agreement_id.currency_id
            rate.currency_id = agreed or company.currency_id

    @api.depends("price")
    def _compute_price_after_hours(self):
        """It follows the price until somebody says otherwise."""
        for rate in self:
            follows = rate.price_after_hours == rate._origin.price
            if not rate.price_after_hours or follows:
                rate.price_after_hours = rate.price

    # Pricing

    @api.model
    def _get_book(self, company, coverages=None):
        """All that is needed to price work of ``company``, in two queries.

        Sudo: a technician's or a customer's work is priced by rates that only the
        office reads.

        :param coverages: only what was agreed by these, beside the list; default all
        :return: tools.rates.RateBook, asked by ids
        """
        Coverage = self.env["service.agreement.coverage"].sudo()
        if coverages is None:
            coverages = Coverage.search([("company_id", "=", company.id)])
        coverages = coverages.sudo()
        own = Domain("tier_id", "=", False) & Domain("company_id", "=", company.id)
        own &= Domain("coverage_id", "in", [False, *coverages.ids])
        return RateBook(
            [rate._to_rate() for rate in self.sudo().search_fetch(own)],
            {
                coverage.id: Terms(
                    _decimal(coverage.rate_discount),
                    coverage.agreement_id.currency_id.id,
                )
                for coverage in coverages
            },
            self._get_converter(company),
        )

    @api.model
    def _get_converter(self, company):
        """:return: function as tools.rates.RateBook wants it: an amount of the list of
        ``company``, rounded in another currency at the rate of a day
        """
        own = company.currency_id

        def convert(amount, currency_id, day):
            currency = own.browse(currency_id) if currency_id else own
            return _decimal(own._convert(float(amount), currency, company, day))

        return convert

    def _to_rate(self):
        """:return: tools.rates.Rate"""
        self.ensure_one()
        return Rate(
            self.id,
            self.kind,
            _decimal(self.price),
            _decimal(self.price_after_hours),
            owner=self.coverage_id.id or None,
            work_type=self.work_type_id.id or None,
            job=self.job_id.id or None,
            start=self.date_start or None,
            end=self.date_end or None,
            minimum=_decimal(self.minimum),
            step=self.step_minutes / MINUTES_PER_HOUR,
        )


def _decimal(value):
    return Decimal(str(value or 0))
