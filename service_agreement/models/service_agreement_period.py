from odoo import api, fields, models


class ServiceAgreementPeriod(models.Model):
    """One billed period of one line: what the database keeps unique.

    Periods are half-open, ``[date_start, date_end)``; people read ``last_day``.
    ``whole_start`` and ``whole_end`` are the aligned period a shorter piece was cut
    from, so that the share billed stays exact.
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
            ("suspended", "Not charged: suspended"),
        ],
        required=True,
        default="service",
        readonly=True,
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
    amount = fields.Monetary(readonly=True, help="Billed for the period, before taxes.")
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
        "(line_id, date_start, kind)",
        "This period is already billed.",
    )
    _one_off_uniq = models.UniqueIndex(
        "(line_id) WHERE kind = 'one_off'", "This one-off charge is already billed."
    )
    # No day of a line twice, also where the first days differ.
    _no_day_twice = models.Constraint(
        "EXCLUDE USING gist (int4range(line_id, line_id, '[]') WITH &&, "
        "daterange(date_start, date_end) WITH &&) WHERE (kind <> 'one_off')",
        "Some of these days are already billed.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end > date_start)", "A period has at least one day."
    )

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

    def unlink(self):
        """A period that is no longer billed becomes due again, from its first day."""
        reopened = {}
        for period in self.sorted("date_start", reverse=True):
            reopened[period.line_id] = period.date_start
        result = super().unlink()
        for line, start in reopened.items():
            if line.charge == "one_off":
                line.sudo().settled_until = False
            elif line.settled_until and start < line.settled_until:
                line.sudo().settled_until = start
        return result
