from odoo import api, fields, models

from ..models.service_agreement import END_REASONS
from ..models.service_agreement_tier import END_POLICIES


class ServiceAgreementEnd(models.TransientModel):
    """Ends an agreement, and shows before what is settled: fees, credits, invoices.

    What differs from the agreement's own terms is a manager's to say: by ``groups`` on
    the fields, so that no call from outside says it either.
    """

    _name = "service.agreement.end"
    _description = "End a Service Agreement"

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    agreement_state = fields.Selection(related="agreement_id.state")
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    end_policy = fields.Selection(
        END_POLICIES,
        string="Paid Days",
        compute="_compute_end_policy",
        store=True,
        readonly=False,
        groups="service_agreement.group_manager",
    )
    last_day = fields.Date(
        string="Asked to End On",
        compute="_compute_last_day",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    effective_day = fields.Date(string="Last Day", compute="_compute_effective_day")
    is_moved = fields.Boolean(compute="_compute_effective_day")
    term_end = fields.Date(string="Term Ends On", compute="_compute_term_end")
    is_early = fields.Boolean(compute="_compute_term_end")
    fee_percent = fields.Float(
        string="Termination Fee",
        compute="_compute_fee_percent",
        store=True,
        readonly=False,
        groups="service_agreement.group_manager",
        help="Percent of what the rest of the term would have cost. Nothing is "
        "suggested where another agreement replaces this one.",
    )
    clawback_amount = fields.Monetary(
        string="Discount Taken Back",
        compute="_compute_clawback_amount",
        store=True,
        readonly=False,
        groups="service_agreement.group_manager",
        help="What the billing plan took off the days served of this term.",
    )
    reason = fields.Selection(
        [reason for reason in END_REASONS if reason[0] != "expired"],
        required=True,
        default="cancelled",
    )
    note = fields.Text(string="In the Customer's Words")
    settlement = fields.Html(compute="_compute_settlement", sanitize=False)

    _fee_percent = models.Constraint(
        "CHECK(fee_percent BETWEEN 0 AND 100)",
        "An early termination fee is between 0 and 100 % of what is left of the term.",
    )
    _clawback_amount = models.Constraint(
        "CHECK(clawback_amount >= 0)", "A discount taken back is 0 or more."
    )

    @api.depends("agreement_id")
    def _compute_end_policy(self):
        for wizard in self:
            wizard.end_policy = wizard.agreement_id.end_policy

    @api.depends("agreement_id", "reason")
    def _compute_fee_percent(self):
        for wizard in self:
            agreement = wizard.agreement_id
            wizard.fee_percent = agreement and agreement._get_agreed_fee(wizard.reason)

    @api.depends("agreement_id")
    def _compute_last_day(self):
        for wizard in self:
            company = wizard.agreement_id.company_id or self.env.company
            wizard.last_day = company._service_today()

    @api.depends("agreement_id", "last_day", "end_policy")
    def _compute_effective_day(self):
        for wizard in self:
            agreement, day = wizard.agreement_id, wizard.last_day
            if day and agreement.state in ("active", "suspended"):
                day = agreement._get_policy_end(day, wizard.sudo().end_policy)
            wizard.effective_day = day
            wizard.is_moved = day != wizard.last_day

    @api.depends("agreement_id", "effective_day")
    def _compute_term_end(self):
        for wizard in self:
            agreement, day = wizard.agreement_id, wizard.effective_day
            term = agreement and day and agreement._get_present_term(day)
            wizard.term_end = term and term.last_day
            wizard.is_early = bool(term) and day < term.last_day

    @api.depends("agreement_id", "effective_day", "reason")
    def _compute_clawback_amount(self):
        for wizard in self:
            agreement, day = wizard.agreement_id, wizard.effective_day
            settled = agreement and day and agreement.state != "proposed"
            wizard.clawback_amount = settled and float(
                agreement._get_agreed_clawback(day, wizard.reason)
            )

    @api.depends(
        "agreement_id", "effective_day", "fee_percent", "clawback_amount", "reason"
    )
    def _compute_settlement(self):
        for wizard in self:
            wizard.settlement = wizard._render_settlement()

    def _render_settlement(self):
        """:return: Markup, or False where there is nothing to settle"""
        self.ensure_one()
        agreement = self.agreement_id
        if not (agreement and self.effective_day) or agreement.state == "proposed":
            return False
        # Sudo: the sums of a salesman's settlement depend on all that was billed.
        agreement.check_access("read")
        agreement = agreement.sudo()
        ending = agreement._plan_end(self.effective_day, **self._get_terms())
        return agreement._render_invoices(
            agreement._preview_end(ending),
            since=ending.settle_on,
            nothing=self.env._("Nothing is left to bill or to pay back."),
            total_label=self.env._("Settlement"),
        )

    def _get_terms(self):
        """:return: dict of what :meth:`_end` and :meth:`_plan_end` want to know

        Sudo: who may not change the fees ends by what was agreed all the same.
        """
        self.ensure_one()
        terms = self.sudo()
        return {
            "reason": self.reason,
            "note": self.note,
            "fee_percent": terms.fee_percent,
            "clawback_amount": terms.clawback_amount,
        }

    def action_confirm(self):
        self.ensure_one()
        self.agreement_id._end(self.effective_day, **self._get_terms())
        return {"type": "ir.actions.act_window_close"}
