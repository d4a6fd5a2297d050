from odoo import models


class ContractContract(models.Model):
    """What an agreement charges beside its contract goes on the contract's invoice."""

    _inherit = "contract.contract"

    def _recurring_create_invoice(self, date_ref=False):
        """EXTENDS 'contract': asked for before the lines say that they are billed."""
        riders = self._get_service_riders()
        moves = super()._recurring_create_invoice(date_ref)
        for contract, pieces in riders.items():
            move = contract._get_open_invoice(moves)
            if fitting := contract._fit_riders(move, pieces):
                move._add_contract_riders(fitting)
        return moves

    def _get_service_riders(self):
        """Sudo: who makes the contract's invoices bills all that belongs on them. What
        another transaction is at rides on a later one.

        :return: {contract: list of DuePiece}
        """
        agreements = self.env["service.agreement"].sudo()
        billed = agreements.search(
            [
                ("contract_id", "in", self.ids),
                ("is_billed_by_contract", "=", True),
                ("state", "=", "active"),
            ]
        )
        riders = billed.try_lock_for_update()._get_riders()
        return {
            agreement.contract_id.with_env(self.env): pieces
            for agreement, pieces in riders.items()
        }

    def _get_open_invoice(self, moves):
        """:return: the draft invoice of this contract among ``moves``, or none: one
        that is posted already takes nothing on
        """
        self.ensure_one()
        return moves.filtered(
            lambda move: (
                move.state == "draft"
                and move.move_type == "out_invoice"
                and self in move.invoice_line_ids.contract_line_id.contract_id
            )
        )[:1]

    def _fit_riders(self, move, pieces):
        """:return: those of ``pieces`` that ``move`` can take: credits wait where it
        would be less than nothing
        """
        amounts = [float(due.piece.amount) for due in pieces]
        if move.amount_untaxed + sum(amounts) >= 0:
            return pieces if move else []
        return [due for due in pieces if due.piece.amount >= 0]


class ContractLine(models.Model):
    _inherit = "contract.line"

    def _prepare_invoice_line(self):
        """EXTENDS 'contract': its invoices are the agreement's, too."""
        values = super()._prepare_invoice_line()
        charge = self._get_service_charge()
        if not (values and charge):
            return values
        first, last, _invoiced = self._get_period_to_invoice(
            self.last_date_invoiced, self.recurring_next_date
        )
        return {
            **values,
            "agreement_line_id": charge.id,
            "contract_first_day": first,
            "contract_last_day": last,
        }

    def _get_service_charge(self):
        """:return: the newest service.agreement.line that this line bills. Sudo: a
        link, for who need not read agreements.
        """
        self.ensure_one()
        return self.sudo().service_line_ids.sorted("id")[-1:]
