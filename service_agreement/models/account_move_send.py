from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # EXTENDS 'account'
    @api.model
    def _hook_if_errors(self, moves_data, allow_raising=True):
        """Whoever owns the agreement learns that its invoice was not sent."""
        result = super()._hook_if_errors(moves_data, allow_raising=allow_raising)
        for move, data in moves_data.items():
            if not data["error"].get("retry"):
                move._report_not_sent(self._format_error_text(data["error"]))
        return result
