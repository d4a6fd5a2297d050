from odoo import api, fields, models

# What the totals are made of.
SUMMED = (
    "unit",
    "outcome",
    "answer",
    "quantity",
    "amount",
    "currency_id",
    "company_id",
    "date",
)


class ServiceAgreementWorkTotals(models.AbstractModel):
    """Mixin: what work costs whom, of a piece of it or of all of a ticket."""

    _name = "service.agreement.work.totals"
    _description = "What Service Work Costs"

    service_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_service_totals",
        groups="base.group_user",
        export_string_translation=False,
    )
    service_hours_covered = fields.Float(
        string="Hours Covered",
        compute="_compute_service_totals",
        groups="base.group_user",
        help="As they count, which may be more than was worked.",
    )
    service_hours_billed = fields.Float(
        string="Hours to Bill",
        compute="_compute_service_totals",
        groups="base.group_user",
    )
    service_amount_billed = fields.Monetary(
        string="To Bill",
        compute="_compute_service_totals",
        groups="base.group_user",
        currency_field="service_currency_id",
        help="Hours and trips, before taxes.",
    )
    service_amount_open = fields.Monetary(
        string="To Be Answered",
        compute="_compute_service_totals",
        groups="base.group_user",
        currency_field="service_currency_id",
        help="Not covered, and nobody has said yet what becomes of it.",
    )

    def _compute_service_totals(self):
        """Sudo: who may see the work may know what it costs."""
        draws = self.sudo()._get_service_draws()
        nothing = self.env["service.agreement.allowance.draw"]
        for record in self:
            currency = (record.company_id or self.env.company).sudo().currency_id
            found = draws.get(record._origin, nothing)
            record.update(found._prepare_totals(currency))

    def _get_service_draws(self):
        """:return: dict of service.agreement.allowance.draw by record"""
        raise NotImplementedError


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    @api.model
    def _group_by(self, name, records):
        """:return: dict of these by record, in one query"""
        found = self.search_fetch([(name, "in", records._origin.ids)], [name, *SUMMED])
        return found.grouped(name)

    def _prepare_totals(self, currency):
        """:return: dict of the fields of service.agreement.work.totals"""
        covered = self.filtered(lambda draw: draw.outcome == "covered")
        billed = self.filtered(lambda draw: draw.answer == "bill")
        unanswered = self.filtered(lambda draw: not draw.answer)
        return {
            "service_currency_id": currency.id,
            "service_hours_covered": covered._sum_hours(),
            "service_hours_billed": billed._sum_hours(),
            "service_amount_billed": billed._sum_money("amount", currency),
            "service_amount_open": unanswered._sum_money("amount", currency),
        }

    def _sum_hours(self):
        return sum(draw.quantity for draw in self if draw.unit == "hour")

    def _sum_money(self, name, currency):
        """:return: float, in ``currency``, each part by the exchange rate of its day"""
        foreign = self.filtered(lambda draw: draw.currency_id != currency)
        return sum((self - foreign).mapped(name)) + sum(
            draw.currency_id._convert(draw[name], currency, draw.company_id, draw.date)
            for draw in foreign
        )


class AccountAnalyticLine(models.Model):
    _name = "account.analytic.line"
    _inherit = ["account.analytic.line", "service.agreement.work.totals"]

    @api.depends(
        "service_draw_ids.answer",
        "service_draw_ids.amount",
        "service_draw_ids.quantity",
    )
    def _compute_service_totals(self):
        return super()._compute_service_totals()

    def _get_service_draws(self):
        return self.env["service.agreement.allowance.draw"]._group_by("line_id", self)


class ProjectTask(models.Model):
    _name = "project.task"
    _inherit = ["project.task", "service.agreement.work.totals"]

    @api.depends("is_ticket", "timesheet_ids.service_draw_ids.answer")
    def _compute_service_totals(self):
        return super()._compute_service_totals()

    def _get_service_draws(self):
        tickets = self.filtered("is_ticket")
        draws = self.env["service.agreement.allowance.draw"]
        return draws._group_by("task_id", tickets)
