from odoo import api, fields, models

from ..models.service_agreement_suspension import Suspension


class ServiceAgreementSuspend(models.TransientModel):
    """Suspends an agreement, from today or a day ahead, and shows what comes of it."""

    _name = "service.agreement.suspend"
    _description = "Suspend a Service Agreement"

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    first_day = fields.Date(
        string="From",
        compute="_compute_first_day",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    last_day = fields.Date(
        string="To", help="Last day. Empty: until somebody resumes it."
    )
    credit = fields.Boolean(
        string="Give Back Billed Days",
        compute="_compute_credit",
        store=True,
        readonly=False,
        precompute=True,
        help="Days that are on an invoice already are taken off the next one.",
    )
    note = fields.Char(string="Reason")
    obstacle = fields.Char(compute="_compute_outcome")
    outcome = fields.Html(compute="_compute_outcome", sanitize=False)

    @api.depends("agreement_id")
    def _compute_first_day(self):
        for wizard in self:
            agreement = wizard.agreement_id
            today = (agreement.company_id or self.env.company)._service_today()
            wizard.first_day = max(filter(None, (today, agreement.date_start)))

    @api.depends("agreement_id")
    def _compute_credit(self):
        for wizard in self:
            company = wizard.agreement_id.company_id
            wizard.credit = company.agreement_credit_suspended

    @api.depends("agreement_id", "first_day", "last_day", "credit")
    def _compute_outcome(self):
        for wizard in self:
            planned = wizard.agreement_id and wizard.first_day
            obstacle = planned and wizard._get_obstacle()
            wizard.obstacle = obstacle
            wizard.outcome = planned and not obstacle and wizard._render_outcome()

    def _get_suspension(self):
        self.ensure_one()
        return Suspension(self.first_day, self.last_day, self.credit, self.note)

    def _get_obstacle(self):
        return self.agreement_id._why_not_suspend(self._get_suspension())

    def _render_outcome(self):
        """:return: Markup, the invoices that follow with the suspension"""
        self.agreement_id.check_access("read")
        # Sudo: the sums depend on all that was billed.
        agreement = self.agreement_id.sudo()
        return agreement._render_invoices(
            agreement._preview_suspension(self._get_suspension()),
            nothing=self.env._("No invoice follows before it is resumed."),
        )

    def action_confirm(self):
        self.ensure_one()
        self.agreement_id._suspend(*self._get_suspension())
        return {"type": "ir.actions.act_window_close"}


class ServiceAgreementResume(models.TransientModel):
    """Says when a suspended agreement is in force again."""

    _name = "service.agreement.resume"
    _description = "Resume a Service Agreement"

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    suspended_since = fields.Date(related="agreement_id.suspended_on")
    day = fields.Date(
        string="In Force Again From",
        required=True,
        compute="_compute_day",
        store=True,
        readonly=False,
        precompute=True,
    )
    obstacle = fields.Char(compute="_compute_outcome")
    outcome = fields.Html(compute="_compute_outcome", sanitize=False)

    @api.depends("agreement_id")
    def _compute_day(self):
        for wizard in self:
            company = wizard.agreement_id.company_id or self.env.company
            wizard.day = company._service_today()

    @api.depends("agreement_id", "day")
    def _compute_outcome(self):
        for wizard in self:
            agreement, day = wizard.agreement_id, wizard.day
            obstacle = agreement and day and agreement._why_not_resume(day)
            wizard.obstacle = obstacle
            planned = agreement and day and not obstacle
            wizard.outcome = planned and wizard._render_outcome()

    def _render_outcome(self):
        """:return: Markup, the invoices that follow"""
        self.agreement_id.check_access("read")
        # Sudo: the sums depend on all that was billed.
        agreement = self.agreement_id.sudo()
        return agreement._render_invoices(
            agreement._preview_resumption(self.day),
            nothing=self.env._("No invoice follows."),
        )

    def action_confirm(self):
        self.ensure_one()
        self.agreement_id._resume(self.day)
        return {"type": "ir.actions.act_window_close"}
