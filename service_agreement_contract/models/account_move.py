from odoo import fields, models
from odoo.fields import Command

# Below the lines of the contract.
RIDERS_SEQUENCE = 1000


class AccountMove(models.Model):
    _inherit = "account.move"

    def _add_contract_riders(self, pieces):
        """Put them on this draft, and on record as billed.

        :param pieces: list of DuePiece of one agreement
        """
        self.ensure_one()
        agreement = pieces[0].agreement
        exact = agreement._is_in_cents(pieces)
        lines = [
            {
                **agreement._prepare_piece_values(due, exact),
                "sequence": RIDERS_SEQUENCE + number,
            }
            for number, due in enumerate(pieces)
        ]
        self.write({"invoice_line_ids": [Command.create(values) for values in lines]})
        agreement._record_periods(self, [pieces])


class AccountMoveLine(models.Model):
    """The days that a line of a contract bills: OCA writes them in its text alone."""

    _inherit = "account.move.line"

    contract_first_day = fields.Date(readonly=True, copy=False)
    contract_last_day = fields.Date(readonly=True, copy=False)
