"""An agreement that follows the contract that bills it."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.service_agreement.models.service_agreement_change import PendingChange


class ByContract(NamedTuple):
    """In the context: the contract decides. Nobody can send one from outside."""


class Later(NamedTuple):
    """In the context: whoever put it there lets the agreements follow in the end."""


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    # The contract decides

    def _why_contract_decides(self):
        """:return: why this is decided on the contract, and where; or None"""
        self.ensure_one()
        decides = isinstance(self.env.context.get("by_contract"), ByContract)
        if decides or not self.is_billed_by_contract:
            return None
        return self.env._(
            "%(agreement)s is billed by the contract %(contract)s, and follows it: "
            "change the tier, the lines or their last day there, or move its billing "
            "over first.",
            agreement=self.name,
            # Sudo: a name, for who may not read contracts.
            contract=self.sudo().contract_id.display_name,
        )

    def _why_not_change(self, day=None):
        return self._why_contract_decides() or super()._why_not_change(day)

    def _why_not_end(self, last_day=None):
        return self._why_contract_decides() or super()._why_not_end(last_day)

    def _why_not_take_back_end(self):
        return self._why_contract_decides() or super()._why_not_take_back_end()

    def _why_not_suspend(self, suspension=None):
        return self._why_contract_decides() or super()._why_not_suspend(suspension)

    def _why_not_resume(self, day=None):
        return self._why_contract_decides() or super()._why_not_resume(day)

    def _why_not_replace(self):
        return self._why_contract_decides() or super()._why_not_replace()

    def _why_not_renew(self):
        return self._why_contract_decides() or super()._why_not_renew()

    def _get_self_service(self, kind, choice=None):
        """EXTENDS: in the portal nothing is decided either."""
        if self.is_billed_by_contract:
            return None
        return super()._get_self_service(kind, choice)

    # And the agreement follows

    def _follow_contract(self):
        """Be as the contract is now; as superuser, with the contract's word.

        :raise UserError: company or currency changed, which an agreement keeps
        """
        self.ensure_one()
        self._ensure_same_books()
        self._follow_terms()
        self._follow_lines()
        self._follow_end()
        if self.state in ("active", "suspended"):
            self._follow_tier()
            self._follow_pause()
        self._record_movements()

    def _ensure_same_books(self):
        contract = self.contract_id
        if contract.company_id != self.company_id:
            raise UserError(
                self.env._(
                    "%(agreement)s is in force in %(company)s, and so is its contract. "
                    "Remove the tier first, then choose it again in the other company.",
                    agreement=self.name,
                    company=self.company_id.name,
                )
            )
        if contract.currency_id != self.currency_id:
            raise UserError(
                self.env._(
                    "%(agreement)s counts in %(currency)s. Remove the tier before the "
                    "contract is billed in another currency, and choose it again.",
                    agreement=self.name,
                    currency=self.currency_id.name,
                )
            )

    def _follow_terms(self):
        values = self.contract_id._prepare_agreement_terms()
        changed = {
            name: value for name, value in values.items() if self[name].id != value
        }
        if changed:
            self.write(changed)

    def _follow_lines(self):
        """The charges are as the lines are; what is no line any more is charged no
        longer.
        """
        lines = self.contract_id.contract_line_ids._get_billed_after(self.date_start)
        charges = self.line_ids.filtered("contract_line_id")
        known = {charge.contract_line_id: charge for charge in charges}
        for line in lines:
            values = line._prepare_agreement_line_values()
            if charge := known.get(line):
                charge._follow_line(values)
            else:
                charges.create({**values, "agreement_id": self.id})
        charges.filtered(
            lambda c: c.contract_line_id not in lines
        )._stop_with_contract()

    def _follow_end(self):
        """Its last day is the contract's; past, it is over."""
        last_day = self.contract_id._get_last_day()
        if last_day == self.date_end:
            return
        if last_day and last_day < self.date_start:
            self._end(last_day, "expired")
            return
        self.date_end = last_day
        self._expire()

    def _follow_tier(self):
        tier = self.contract_id.service_tier_id
        day = max(self.company_id._service_today(), self.date_start)
        if tier != self._get_tier_on(day):
            self._apply_change(PendingChange(day, {}, [], tier=tier))

    def _follow_pause(self):
        """An archived contract bills nothing, and nothing is promised meanwhile."""
        today = self.company_id._service_today()
        if not self.contract_id.active and not self._get_next_suspension():
            self._suspend(max(today, self.date_start), credit=False)
        elif self.contract_id.active and self.state == "suspended":
            self._resume(today)

    @api.model
    def _cron_lifecycle(self):
        """EXTENDS: prices that follow a pricelist change without a word."""
        followers = self.search(
            [("is_billed_by_contract", "=", True), ("state", "!=", "ended")]
        )
        for contract in followers.contract_id:
            contract._keep_agreement_or_tell()
        return super()._cron_lifecycle()


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    def _follow_line(self, values):
        """:param dict values: of ``contract.line._prepare_agreement_line_values``"""
        self.ensure_one()
        changed = {
            name: value
            for name, value in values.items()
            if self._is_different(name, value)
        }
        if changed:
            self.write(changed)

    def _is_different(self, name, value):
        field = self._fields[name]
        if field.type == "many2many":
            return set(self[name].ids) != set(value[0][2])
        if field.type == "many2one":
            return self[name].id != value
        if field.type in ("float", "monetary"):
            return round(self[name] - value, 6) != 0
        return (self[name] or False) != (value or False)

    def _stop_with_contract(self):
        """The contract charges these no longer: they end, or were never charged."""
        for charge in self.filtered("agreement_id.is_billed_by_contract"):
            today = charge.company_id._service_today()
            first, _end = charge._get_window()
            yesterday = fields.Date.subtract(today, days=1)
            if first >= today and not charge.settled_until:
                charge.unlink()
            elif not charge.date_end or charge.date_end > yesterday:
                charge.date_end = max(filter(None, (charge.date_start, yesterday)))
