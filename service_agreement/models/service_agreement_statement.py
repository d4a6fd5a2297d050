"""The value statement: what a customer had of his agreement in a quarter."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from . import instant


class ServiceAgreementStatement(models.Model):
    """What was promised, done, given and billed in some months, for the customer.

    The figures are read from the records by ``service_agreement_statement_figures.py``
    until the statement is sent; from then on they stay what the customer read. All
    amounts are before taxes, in the agreement's currency.
    """

    _name = "service.agreement.statement"
    _description = "Value Statement"
    _inherit = ["service.agreement.guard"]
    _order = "date_end desc, id desc"

    _facts = None
    _by_hand = ("note",)

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="agreement_id.currency_id", store=True)
    partner_id = fields.Many2one(
        related="agreement_id.partner_id", string="Customer", store=True, index=True
    )
    commercial_partner_id = fields.Many2one(
        related="agreement_id.commercial_partner_id",
        string="Customer's Company",
        store=True,
        index=True,
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
        help="As it was when the statement was prepared.",
    )
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(string="To", required=True, readonly=True, index=True)
    state = fields.Selection(
        [("prepared", "Prepared"), ("sent", "Sent")],
        string="Status",
        required=True,
        readonly=True,
        default="prepared",
        index=True,
    )
    goes_out = fields.Boolean(
        string="Goes Out by Itself",
        readonly=True,
        help="It is sent in the background. Otherwise somebody looks at it first.",
    )
    problem = fields.Char(string="Could Not Be Sent", readonly=True)
    prepared_at = fields.Datetime(string="Figures As Of", readonly=True)
    sent_at = fields.Datetime(string="Sent On", readonly=True)
    note = fields.Text(
        string="A Word of Yours", help="The customer reads it above the figures."
    )

    promise_kept_count = fields.Integer(string="Promises Kept", readonly=True)
    promise_missed_count = fields.Integer(string="Promises Missed", readonly=True)
    visit_count = fields.Integer(string="Visits Made", readonly=True)
    visit_open_count = fields.Integer(
        string="Visits Still Owed",
        readonly=True,
        help="Due by the last day, and not made by then.",
    )
    system_count = fields.Integer(string="Systems", readonly=True)
    hours = fields.Float(readonly=True, help="Of all work, as they count.")
    hours_covered = fields.Float(readonly=True)
    hours_billed = fields.Float(readonly=True)
    hours_free = fields.Float(
        string="Hours Free of Charge", readonly=True, help="Not covered, not billed."
    )
    hours_warranty = fields.Float(
        string="Hours Under Warranty",
        readonly=True,
        help="Free with and without an agreement: they are in no amount.",
    )
    hours_open = fields.Float(
        string="Hours Not Settled",
        readonly=True,
        help="Nobody has said yet who pays for them: they are in no amount.",
    )

    amount_covered = fields.Monetary(
        string="Covered Work",
        readonly=True,
        help="At the list rates of the day it was done.",
    )
    amount_free = fields.Monetary(
        string="Free Work",
        readonly=True,
        help="Not covered and not billed, at the list rates of its day.",
    )
    amount_work_list = fields.Monetary(
        string="Billed Work at List Rates", readonly=True
    )
    amount_work = fields.Monetary(
        string="Billed Work", readonly=True, help="At the agreement's rates."
    )
    amount_fee = fields.Monetary(
        string="Fee",
        readonly=True,
        help="What was billed for these days, credits and corrections taken off.",
    )
    is_billed = fields.Boolean(
        string="All Days Billed",
        readonly=True,
        help="The fee of all these days is on posted invoices. Otherwise nothing is "
        "said of what was saved.",
    )
    amount_extra = fields.Monetary(
        string="Other Charges",
        readonly=True,
        help="Billed once: a setup fee, or hours bought in advance.",
    )
    amount_credit = fields.Monetary(string="Credits for Missed Promises", readonly=True)
    amount_plan_discount = fields.Monetary(
        string="Discount of the Plan",
        readonly=True,
        help="So much higher would the fee have been without the billing plan.",
    )
    amount_invoiced = fields.Monetary(
        string="On Invoices",
        readonly=True,
        help="Of the invoices and credit notes dated in these days.",
    )
    amount_without = fields.Monetary(
        string="Without an Agreement",
        compute="_compute_amounts",
        store=True,
        help="The same work at the list rates of its day.",
    )
    amount_with = fields.Monetary(
        string="With the Agreement", compute="_compute_amounts", store=True
    )
    amount_saved = fields.Monetary(
        string="Saved",
        compute="_compute_amounts",
        store=True,
        help="Below 0: the agreement cost more than the work alone would have.",
    )
    amount_rate_discount = fields.Monetary(
        string="Discount on Rates", compute="_compute_amounts", store=True
    )
    details = fields.Json(
        readonly=True,
        export_string_translation=False,
        help="Rows behind the figures, in the customer's language; see "
        "service_agreement_statement_figures.py.",
    )

    # Told once: no day of an agreement is in two statements.
    _no_day_twice = models.Constraint(
        "EXCLUDE USING gist (int4range(agreement_id, agreement_id, '[]') WITH &&, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "There is a value statement of some of these days already.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end >= date_start)", "A statement tells of at least one day."
    )
    _sent_at_some_time = models.Constraint(
        "CHECK((state = 'sent') = (sent_at IS NOT NULL))",
        "A statement is sent by its button, which notes when.",
    )
    _to_send_idx = models.Index("(id) WHERE goes_out AND state = 'prepared'")

    @api.depends(
        "amount_covered",
        "amount_free",
        "amount_work_list",
        "amount_work",
        "amount_fee",
        "amount_extra",
        "amount_credit",
    )
    def _compute_amounts(self):
        for each in self:
            each.amount_without = (
                each.amount_covered + each.amount_free + each.amount_work_list
            )
            each.amount_with = (
                each.amount_fee
                + each.amount_work
                + each.amount_extra
                - each.amount_credit
            )
            each.amount_saved = each.amount_without - each.amount_with
            each.amount_rate_discount = each.amount_work_list - each.amount_work

    @api.depends("agreement_id.name", "date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for each in self:
            # Sudo: who reads the statement may read whose it is.
            each.display_name = self.env._(
                "%(agreement)s, %(period)s",
                agreement=each.sudo().agreement_id.name or "",
                period=each._get_period_text(),
            )

    def _get_period_text(self):
        """:return: str, "1 Jul – 30 Sep 2026", in the language of the environment"""
        self.ensure_one()
        if not (self.date_start and self.date_end):
            return ""
        same_year = self.date_start.year == self.date_end.year
        first_format = "d MMM" if same_year else "d MMM yyyy"
        return self.env._(
            "%(first)s – %(last)s",
            first=format_date(self.env, self.date_start, date_format=first_format),
            last=format_date(self.env, self.date_end, date_format="d MMM yyyy"),
        )

    def write(self, vals):
        self._ensure_unsent(vals)
        return super().write(vals)

    def _ensure_unsent(self, vals):
        """:raise UserError: the customer has read it: what is in it stays"""
        kept = vals.keys() - {"problem", "goes_out"}
        if kept and (sent := self.filtered(lambda each: each.state == "sent")):
            raise UserError(
                self.env._(
                    "%s was sent: the customer has read it, so it stays as it is.",
                    sent[0].display_name,
                )
            )

    # Preparing

    def action_prepare(self):
        """Read the figures again."""
        self._ensure_can(type(self)._why_not_prepare)
        # Sudo: facts, read from records that the user may not all read.
        self.sudo()._prepare()

    def _why_not_prepare(self):
        self.ensure_one()
        if self.state == "sent":
            return self.env._("%s was sent already.", self.display_name)
        return None

    def _prepare(self):
        """Write what the records say now; queries do not grow with the statements."""
        figures = self._read_figures()
        now = instant.now(self.env)
        for each in self:
            tier = each.agreement_id.tier_id.id
            each.write({**figures[each], "tier_id": tier, "prepared_at": now})

    # Looking at it

    def action_preview(self):
        """See it as the customer does."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": f"/my/agreements/{self.agreement_id.id}/statements/{self.id}",
        }
