"""A contract whose billing moves over to its agreement."""

from datetime import date
from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .service_agreement_contract import ByContract


class Move(NamedTuple):
    """What moving a contract would do, not done yet.

    :param contract: contract.contract
    :param boundaries: {contract.line: Boundary}, of the lines that move
    :param reasons: list of str, why it cannot be moved; empty: it can
    :param notes: list of str, what is different afterwards
    """

    contract: models.Model
    boundaries: dict
    reasons: list
    notes: list

    @property
    def first(self) -> date:
        """The first day that the agreement bills of any line."""
        return min(boundary.first for boundary in self.boundaries.values())


class ContractContract(models.Model):
    _inherit = "contract.contract"

    def _plan_move(self, day):
        """
        :param date day: from which on the agreement is to bill
        :return: Move; nothing is written
        """
        self.ensure_one()
        if reason := self._why_not_move():
            return Move(self, {}, [reason], [])
        agreement = self.service_agreement_id
        lines = agreement.line_ids.contract_line_id.sorted("sequence")
        left = self.contract_line_ids.filtered(
            lambda ln: not (ln.display_type or ln.is_canceled or ln._is_over_by(day))
        )
        reasons = [line._why_not_move() for line in lines | left]
        since = max(day, agreement.date_start)
        return Move(
            self,
            {line: line._get_boundary(since) for line in lines},
            [reason for reason in reasons if reason],
            [note for line in lines for note in line._get_notes_on_move()],
        )

    def _why_not_move(self):
        """:return: why the agreement cannot bill instead of this contract, or None"""
        self.ensure_one()
        agreement = self.service_agreement_id
        if self.service_moved_on:
            return self.env._("Its billing is moved already.")
        if not self.service_tier_id:
            return self.env._("No service is promised with it: choose a tier first.")
        if not self.active:
            return self.env._("It is archived: restore it first.")
        if agreement.state != "active":
            return self.env._("Nothing is promised with it at present.")
        if self.generation_type != "invoice":
            return self.env._("It does not make invoices, but other documents.")
        return None

    def _move_to_agreement(self, day):
        """Let the agreements bill from the next period boundary on or after ``day``.

        :raise UserError: one of them cannot be moved
        """
        self.check_access("write")
        self._lock_billing()
        contracts = self.sudo().with_context(by_contract=ByContract())
        for contract in contracts:
            contract._keep_agreements()
            contract._apply_move(contract._plan_move(day))

    def _lock_billing(self):
        """Whoever invoices one of them right now was first: he is waited for no longer
        than Odoo waits for a lock.
        """
        self.lock_for_update()
        self.contract_line_ids.lock_for_update()
        self.sudo().service_agreement_id.lock_for_update()
        self.invalidate_recordset()
        self.contract_line_ids.invalidate_recordset()

    def _apply_move(self, move):
        """:param Move move: of this contract"""
        self.ensure_one()
        if move.reasons:
            raise UserError(
                self.env._(
                    "%(contract)s cannot be moved. %(reason)s",
                    contract=self.display_name,
                    reason=move.reasons[0],
                )
            )
        agreement = self.service_agreement_id
        # First, so that the agreement does not end with the lines.
        agreement.contract_moved_on = move.first
        charges = agreement.line_ids.grouped("contract_line_id")
        for line, boundary in move.boundaries.items():
            line._move_to_agreement(charges[line], boundary)
        body = self.env._(
            "%(agreement)s bills from %(day)s on, no longer the contract %(contract)s.",
            agreement=agreement.name,
            day=format_date(self.env, move.first),
            contract=self.display_name,
        )
        agreement.message_post(body=body)
        self.message_post(body=body)
