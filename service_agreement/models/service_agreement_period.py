from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.billing_period import Period
from ..tools.charges import Billed
from .reading import keep_lines

# Corrections of days that were billed before.
CORRECTIONS = ("adjustment", "forfeited")


class ServiceAgreementPeriod(models.Model):
    """Days of a line that were billed, or the correction of such days.

    Periods are half-open, ``[date_start, date_end)``; people read ``last_day``.
    ``whole_start`` and ``whole_end`` are the aligned period a shorter piece was cut
    from, ``full`` what it costs: the share billed stays exact, and so do its credits.
    """

    _name = "service.agreement.period"
    _description = "Billed Period of a Service Agreement"
    _order = "date_start desc, id desc"
    _rec_name = "line_id"

    line_id = fields.Many2one(
        "service.agreement.line",
        required=True,
        ondelete="restrict",
        readonly=True,
        index=True,
    )
    agreement_id = fields.Many2one(
        related="line_id.agreement_id", store=True, index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    currency_id = fields.Many2one(related="line_id.currency_id")
    kind = fields.Selection(
        [
            ("service", "Service period"),
            ("one_off", "One-off charge"),
            ("adjustment", "Adjustment"),
            ("forfeited", "Credit not given"),
        ],
        required=True,
        default="service",
        readonly=True,
    )
    adjusts_id = fields.Many2one(
        "service.agreement.period",
        string="Corrects",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    adjustment_ids = fields.One2many("service.agreement.period", "adjusts_id")
    number = fields.Integer(
        readonly=True, help="Which correction of the same billed period this is."
    )
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(
        string="End (excluded)",
        required=True,
        readonly=True,
        help="First day after the period.",
    )
    last_day = fields.Date(string="To", compute="_compute_last_day")
    whole_start = fields.Date(required=True, readonly=True)
    whole_end = fields.Date(required=True, readonly=True)
    days = fields.Integer(compute="_compute_days")
    whole_days = fields.Integer(compute="_compute_days")
    full = fields.Float(
        string="Price of the Whole Period",
        digits=(24, 10),
        readonly=True,
        help="After discount, not rounded: what shares of it are measured by.",
    )
    charged = fields.Monetary(
        readonly=True,
        help="As the prices of the agreement are: with the taxes they include.",
    )
    amount = fields.Monetary(
        readonly=True, help="Billed for the period, before taxes; credits below 0."
    )
    is_stale = fields.Boolean(
        string="To Be Corrected",
        readonly=True,
        help="What the customer owes for these days changed since they were billed.",
    )
    is_billed_again = fields.Boolean(
        string="Billed Again",
        readonly=True,
        help="What was credited or cancelled of it goes on the next invoice.",
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice Line",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")

    # The rule of the house (SEMANTICS §1): a second invoice for the same period is
    # refused by the database, whatever two workers or a script may do.
    _line_start_kind_uniq = models.UniqueIndex(
        "(line_id, date_start, kind) WHERE adjusts_id IS NULL",
        "This period is already billed.",
    )
    _one_off_uniq = models.UniqueIndex(
        "(line_id) WHERE kind = 'one_off'", "This one-off charge is already billed."
    )
    # No day of a line twice, also where the first days differ.
    _no_day_twice = models.Constraint(
        "EXCLUDE USING gist (int4range(line_id, line_id, '[]') WITH &&, "
        "daterange(date_start, date_end) WITH &&) WHERE (kind = 'service')",
        "Some of these days are already billed.",
    )
    # And no correction twice: two runs that see the same difference give it one number.
    _correction_uniq = models.UniqueIndex(
        "(adjusts_id, number) WHERE adjusts_id IS NOT NULL",
        "This billed period is already corrected.",
    )
    _correction_has_origin = models.Constraint(
        "CHECK((kind IN ('adjustment', 'forfeited')) = (adjusts_id IS NOT NULL))",
        "A correction says which billed period it corrects.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end > date_start)", "A period has at least one day."
    )
    # Billing asks for the newest rows of a line, however long its history is.
    _line_end_idx = models.Index("(line_id, whole_end)")
    _stale_idx = models.Index("(line_id) WHERE is_stale")

    @api.depends("date_end")
    def _compute_last_day(self):
        for period in self:
            period.last_day = period.date_end and fields.Date.subtract(
                period.date_end, days=1
            )

    @api.depends("date_start", "date_end", "whole_start", "whole_end")
    def _compute_days(self):
        for period in self:
            period.days = (period.date_end - period.date_start).days
            period.whole_days = (period.whole_end - period.whole_start).days

    # What still matters of it

    @api.model
    def _get_relevant(self, thresholds):
        """The billed periods, not corrections, that the next invoices depend on: those
        whose period is not over by the line's threshold, and those to be corrected,
        with what else was billed of the same period.

        :param dict thresholds: {line id: date or None: it has no history}
        :return: {line id: list of tools.charges.Billed}; the number of queries does
            not depend on the history
        """
        thresholds = {line: day for line, day in thresholds.items() if line and day}
        if not thresholds:
            return {}
        # Sudo: the sums of a salesman's preview depend on them all the same.
        names = ("line_id", "whole_end", "is_stale", "adjusts_id")
        self.flush_model(names)
        found = self.sudo().search_fetch([("id", "in", _get_relevant_sql(thresholds))])
        periods = found.filtered(lambda period: not period.adjusts_id).sorted("id")
        keep_lines(periods, "adjustment_ids", found - periods)
        billed = periods._to_billed()
        return {
            line.id: [billed[period] for period in group]
            for line, group in periods.grouped("line_id").items()
        }

    def _to_billed(self):
        """:return: {period: tools.charges.Billed}; one query for all credit notes"""
        credited = (self | self.adjustment_ids)._get_credited()
        return {period: period._prepare_billed(credited) for period in self}

    def _prepare_billed(self, credited):
        """:param dict credited: what was given back outside of agreements, by id"""
        self.ensure_one()
        charged, full = _decimal(self.charged), _decimal(self.full)
        lost = self.adjustment_ids.filtered(lambda p: p.kind == "forfeited")
        adjusted = sum(
            (each._get_standing(credited) for each in self.adjustment_ids - lost),
            Decimal(0),
        )
        left = self._get_asked() - credited.get(self.id, 0)
        if self.is_billed_again:
            adjusted -= charged - left
        else:
            # Shares are of what the invoice says in the end, not of what was planned.
            full = full * left / charged if charged else full
            charged = left
        return Billed(
            key=self.id,
            part=Period(self.date_start, self.date_end),
            whole=Period(self.whole_start, self.whole_end),
            full=full,
            charged=charged,
            adjusted=adjusted,
            forfeited=_sum_charged(lost),
        )

    def _get_standing(self, credited):
        """:return: Decimal, what a correction still adds to what was billed: what was
        cancelled or taken back of it counts once a person asks for it again
        """
        self.ensure_one()
        if not self.is_billed_again:
            return _decimal(self.charged)
        return self._get_asked() - credited.get(self.id, 0)

    def _get_asked(self):
        """:return: Decimal, what the invoice asks for it: it may have been changed"""
        self.ensure_one()
        line = self.move_line_id
        if line.parent_state == "cancel":
            return Decimal(0)
        if not line:
            return _decimal(self.charged)
        return line._get_agreement_amount()

    def _get_credited(self):
        """What accountants gave back by credit notes of their own making, less what
        they charged again by "Reverse and Create Invoice".

        :return: {period id: Decimal, as the invoice's prices are}
        """
        lines = self.move_line_id
        if not lines:
            return {}
        copies = self.env["account.move.line"].search_fetch(
            [
                ("agreement_reversed_line_id", "in", lines.ids),
                ("parent_state", "!=", "cancel"),
            ]
        )
        credited = {}
        for copy in copies:
            amount = copy._get_agreement_amount()
            for period in copy.agreement_reversed_line_id.agreement_period_ids:
                credited[period.id] = credited.get(period.id, 0) - amount
        return credited

    @api.model
    def _number_corrections(self, values_list):
        """Count the corrections of each billed period on, for the database to refuse
        what two runs would both correct.
        """
        corrected = self.browse(
            {v["adjusts_id"] for v in values_list if v.get("adjusts_id")}
        )
        last = {
            p.id: max(p.adjustment_ids.mapped("number"), default=0) for p in corrected
        }
        for values in values_list:
            if origin := values.get("adjusts_id"):
                last[origin] += 1
                values["number"] = last[origin]
        return values_list

    @api.model
    def _mark_stale(self, lines, start, end=False):
        """Have what was billed of ``lines`` in ``[start, end)`` looked at again."""
        domain = [
            ("line_id", "in", lines.ids),
            ("adjusts_id", "=", False),
            ("date_end", ">", start),
        ]
        if end:
            domain.append(("date_start", "<", end))
        # Sudo: nobody edits periods by hand, and a fact about the days changed.
        self.sudo().search(domain).is_stale = True

    def unlink(self):
        """A period that is no longer billed becomes due again, from its first day."""
        self._ensure_uncorrected()
        corrected = self.adjusts_id - self
        reopened = {}
        for period in self.filtered(lambda p: not p.adjusts_id).sorted(
            "date_start", reverse=True
        ):
            reopened[period.line_id] = period.date_start
        result = super().unlink()
        corrected.sudo().is_stale = True
        for line, start in reopened.items():
            line.sudo()._reopen(start)
        return result

    def _ensure_uncorrected(self):
        """
        :raise UserError: a later invoice corrects what is about to go
        """
        for correction in self.adjustment_ids - self:
            raise UserError(
                self.env._(
                    "%(later)s corrects what %(invoice)s charges. Delete or credit "
                    "%(later)s first.",
                    later=correction.move_id.display_name
                    or self.env._("A forfeited credit"),
                    invoice=correction.adjusts_id.move_id.display_name,
                )
            )


def _sum_charged(periods):
    return sum(map(_decimal, periods.mapped("charged")), Decimal(0))


def _decimal(amount):
    return Decimal(str(amount or 0))


def _get_relevant_sql(thresholds):
    """:return: SQL of ids, of the periods of ``_get_relevant`` and their corrections"""
    return SQL(
        """
        (
            WITH relevant AS (
                SELECT period.id
                  FROM unnest(%(lines)s::int[], %(days)s::date[]) AS since(line, day)
                  JOIN service_agreement_period AS period
                    ON period.line_id = since.line AND period.whole_end > since.day
                 WHERE period.adjusts_id IS NULL
                 UNION
                SELECT period.id
                  FROM service_agreement_period AS stale
                  JOIN service_agreement_period AS period
                    ON period.line_id = stale.line_id
                   AND period.whole_end = stale.whole_end
                 WHERE stale.line_id = ANY(%(lines)s)
                   AND stale.is_stale
                   AND period.adjusts_id IS NULL
            )
            SELECT id FROM relevant
             UNION ALL
            SELECT correction.id
              FROM relevant
              JOIN service_agreement_period AS correction
                ON correction.adjusts_id = relevant.id
        )
        """,
        lines=list(thresholds),
        days=list(thresholds.values()),
    )
