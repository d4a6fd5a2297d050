"""What the parts of a piece of work took, as it was worked, and what that cost us."""

from odoo import api, fields, models
from odoo.tools import sql

# What is shared among the parts of a line.
SHARED = ("worked", "cost")


class ServiceAgreementAllowanceDraw(models.Model):
    """Stored, so that the profit of ten thousand agreements is a sum over one table: to
    share a line it would have to be found among all analytic lines, and so would the
    other parts of it.
    """

    _inherit = "service.agreement.allowance.draw"

    worked = fields.Float(
        string="Hours Worked",
        readonly=True,
        help="Of the hours of the line, not rounded, as many as this is of what they "
        "count. None of trips.",
    )
    cost = fields.Float(
        readonly=True,
        groups="service_agreement.group_manager,account.group_account_readonly",
        help="Of what the line cost, in the company's currency, by the same share.",
    )

    def _auto_init(self):
        cr = self.env.cr
        is_older = sql.table_exists(cr, self._table)
        is_older = is_older and not sql.column_exists(cr, self._table, "worked")
        result = super()._auto_init()
        if is_older:
            self._share_all_time()
        return result

    @api.model
    def _share_all_time(self):
        """Share what was decided before these were stored."""
        self.env.cr.execute(
            """
            UPDATE service_agreement_allowance_draw draw
               SET worked = work.unit_amount * (draw.quantity / line.whole)::float8,
                   cost = (-work.amount * draw.quantity / line.whole)::float8
              FROM account_analytic_line work
              JOIN (
                SELECT line_id, SUM(quantity) AS whole
                  FROM service_agreement_allowance_draw
                 WHERE unit = 'hour'
              GROUP BY line_id
                HAVING SUM(quantity) != 0
                   ) line ON line.line_id = work.id
             WHERE draw.line_id = work.id AND draw.unit = 'hour'
            """
        )

    @api.model_create_multi
    def create(self, vals_list):
        draws = super().create(vals_list)
        draws.line_id._share_time_again()
        return draws


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def write(self, vals):
        result = super().write(vals)
        if "amount" in vals:
            # Sudo: what it costs follows from the line. Only of what is decided: a
            # line that is just being made has no parts to look for.
            self.sudo().filtered("service_verdict")._share_time_again()
        return result

    def _share_time(self, parts):
        """
        :param list parts: of dict of values of service.agreement.allowance.draw, all
            those of a line
        :return: list of dict of `SHARED`, one for each; together they are the line
        """
        self.ensure_one()
        counted = [
            part["quantity"] if part["unit"] == "hour" else 0.0 for part in parts
        ]
        whole = sum(counted) or 1.0
        return [
            {
                "worked": self.unit_amount * quantity / whole,
                "cost": -self.amount * quantity / whole,
            }
            for quantity in counted
        ]

    def _share_time_again(self):
        for line in self:
            parts = line.service_draw_ids
            for part, values in zip(parts, line._share_time(parts), strict=True):
                part.write(values)
