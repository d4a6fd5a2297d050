from odoo import api, models
from odoo.tools import SQL


class ServiceAgreementProfit(models.Model):
    """What a contract billed is earned by the agreement that it bills."""

    _inherit = "service.agreement.profit"
    _depends = {
        "account.move.line": [
            "agreement_line_id",
            "contract_first_day",
            "contract_last_day",
        ],
    }

    def _get_flows(self):
        return [*super()._get_flows(), self._get_contract_query()]

    @api.model
    def _get_contract_query(self):
        """Lines of its invoices, spread over their months by days."""
        return SQL(
            """
            SELECT line.agreement_id, month.first,
                   -line.balance
                   * (LEAST(line.contract_last_day + 1, month.next)
                      - GREATEST(line.contract_first_day, month.first))
                   / (line.contract_last_day + 1 - line.contract_first_day),
                   0::float8, 0::numeric, 0::float8, 0::float8
              FROM account_move_line line
        CROSS JOIN LATERAL (
                SELECT day::date AS first, (day + INTERVAL '1 month')::date AS next
                  FROM generate_series(
                           DATE_TRUNC('month', line.contract_first_day::timestamp),
                           line.contract_last_day::timestamp, INTERVAL '1 month') AS day
                   ) month
             WHERE line.contract_first_day IS NOT NULL
               AND line.agreement_id IS NOT NULL
               AND line.parent_state != 'cancel'
            """
        )
