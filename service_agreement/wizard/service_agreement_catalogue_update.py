from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.service_agreement_change import PendingChange


class ServiceAgreementCatalogueUpdate(models.TransientModel):
    """Bring chosen agreements up to date with the catalogue.

    A change of a tier leaves the agreements alone that were made from it (SEMANTICS
    §3). This is the separate action that takes price, texts and promise over, from the
    first period that begins on a day or later, for those that were chosen.
    """

    _name = "service.agreement.catalogue.update"
    _description = "Bring Service Agreements up to Date with the Catalogue"

    date = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._service_today(),
        help="Each agreement changes with its first period that begins on this day or "
        "later.",
    )
    note = fields.Char(string="Reason", required=True)
    line_ids = fields.One2many(
        "service.agreement.catalogue.update.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    skipped = fields.Text(compute="_compute_skipped")

    @api.depends("date")
    @api.depends_context("active_ids")
    def _compute_line_ids(self):
        agreements = self._get_chosen()
        for wizard in self:
            behind = agreements.filtered(
                lambda a, day=wizard.date: day and a._can_be_updated(day)
            )
            wizard.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(wizard._prepare_line_values(agreement))
                    for agreement in behind
                ),
            ]

    @api.depends("line_ids")
    def _compute_skipped(self):
        for wizard in self:
            left = wizard._get_chosen() - wizard.line_ids.agreement_id
            wizard.skipped = ", ".join(left.mapped("name"))

    @api.model
    def _get_chosen(self):
        ids = self.env.context.get("active_ids") or []
        return self.env["service.agreement"].browse(ids).exists()

    def _prepare_line_values(self, agreement):
        charge = agreement._get_suggested_charge()
        then = agreement._get_catalogue_price(self.date) if charge else 0.0
        return {
            "agreement_id": agreement.id,
            "date": agreement._get_update_day(self.date),
            "price_now": charge.price_unit,
            "price_then": then,
            "promise_changes": agreement._is_promise_behind(),
        }

    def action_confirm(self):
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("There is nothing to bring up to date."))
        for line in self.line_ids:
            line._apply()
        return {"type": "ir.actions.act_window_close"}


class ServiceAgreementCatalogueUpdateLine(models.TransientModel):
    _name = "service.agreement.catalogue.update.line"
    _description = "Service Agreement to Bring up to Date"

    wizard_id = fields.Many2one(
        "service.agreement.catalogue.update",
        required=True,
        ondelete="cascade",
        index=True,
    )
    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    tier_id = fields.Many2one(related="agreement_id.tier_id")
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    date = fields.Date(string="From", readonly=True)
    price_now = fields.Monetary(readonly=True)
    price_then = fields.Monetary()
    difference = fields.Monetary(compute="_compute_difference")
    promise_changes = fields.Boolean(string="New Promise", readonly=True)

    @api.depends("price_now", "price_then")
    def _compute_difference(self):
        for line in self:
            line.difference = line.price_then - line.price_now

    def _apply(self):
        self.ensure_one()
        agreement = self.agreement_id
        agreement._change(
            agreement._prepare_catalogue_change(
                self.date, self.price_then, self.wizard_id.note
            )
        )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _get_suggested_charge(self):
        """:return: the charge of tier and plan, as it holds today"""
        self.ensure_one()
        return self._get_current_lines("recurring").filtered("is_suggested")[:1]

    def _get_catalogue_price(self, date=None):
        """:return: float, what this customer would pay for tier and plan from ``date``
        on, default today
        """
        self.ensure_one()
        quantity = self._get_suggested_charge().quantity or 1.0
        day = date or self.company_id._service_today()
        return self._get_tier_price(self.tier_id, self.plan_id, quantity, day)

    def _get_update_day(self, day):
        """:return: date of the first period that begins on ``day`` or later"""
        self.ensure_one()
        return self._get_period_start(max(day, self.date_start))

    def _can_be_updated(self, day):
        self.ensure_one()
        refused = self._why_not_change() or self._why_not_change(
            self._get_update_day(day)
        )
        return not refused and self._is_behind_catalogue()

    def _is_behind_catalogue(self):
        """Whether price, promise or texts are not those of the catalogue."""
        self.ensure_one()
        tier = self.tier_id.with_context(lang=self._get_lang())
        charge = self._get_suggested_charge()
        price = self._get_catalogue_price() if charge else 0.0
        return bool(
            self.currency_id.compare_amounts(charge.price_unit, price)
            or (self.highlights or "") != (tier.highlights or "")
            or (self.exclusions or "") != (tier.exclusions or "")
            or self._is_promise_behind()
            or self._is_coverage_behind()
        )

    def _is_coverage_behind(self):
        self.ensure_one()
        today = self.company_id._service_today()
        tier = self.tier_id.with_context(lang=self._get_lang())
        held = self._get_coverage_today()
        return bool(held) and held._prepare_coverage_values(
            self, today
        ) != tier._prepare_coverage_values(self, today)

    def _is_promise_behind(self):
        self.ensure_one()

        def promised(targets):
            return {
                (t.priority, t.metric, t.minutes, t.calendar_id.id, t.pausable)
                for t in targets
            }

        return promised(self.target_ids) != promised(self.tier_id.target_ids)

    def _prepare_catalogue_change(self, day, price, note):
        """:return: PendingChange"""
        self.ensure_one()
        values = {}
        if charge := self._get_suggested_charge():
            wanted = charge._comparable(charge._fields["price_unit"], price)
            if wanted != charge._get_term_values()["price_unit"]:
                values = {charge.origin_id or charge: {"price_unit": wanted}}
        return PendingChange(
            day, values, [], tier=self.tier_id, kind="catalogue", note=note
        )
