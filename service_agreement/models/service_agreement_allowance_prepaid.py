from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount, format_date

from ..tools.billing_period import Recurrence
from ..tools.ledger import PAID
from .service_words import format_number

ACTIVITY = "service_agreement.mail_activity_type_allowance"


class ServiceAgreement(models.Model):
    """Hours bought in advance: a lot, and a one-off charge that bills it."""

    _inherit = "service.agreement"

    def _after_activate(self):
        result = super()._after_activate()
        # Sudo: it follows from what happened, which may be a customer's signature.
        for agreement in self.sudo().filtered("replaces_id"):
            agreement._tell_of_unmoved()
        return result

    def _get_unmoved_lots(self):
        """:return: service.agreement.allowance.lot with something left that was bought
        of what this one replaces, and that nothing here goes on with
        """
        self.ensure_one()
        mine = self.coverage_ids.allowance_ids.filtered(
            lambda each: each.kind != "unlimited"
        )
        lots = self._get_replaced_allowances().lot_ids
        valid = lots.filtered(
            lambda lot: (
                lot.kind in PAID
                and lot._get_unused() > 0
                and (not lot.date_expiry or lot.date_expiry >= self.date_start)
            )
        )
        return valid.filtered(
            lambda lot: not any(each._counts_like(lot.allowance_id) for each in mine)
        )

    def _tell_of_unmoved(self):
        """A to-do: what the customer paid for would be lost with the old agreement."""
        self.ensure_one()
        if not (lots := self._get_unmoved_lots()):
            return
        left = ", ".join(
            f"{lot.display_name}: {lot.allowance_id._format_units(lot._get_unused())}"
            for lot in lots
        )
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("Bought in advance, and not part of this agreement"),
            note=self.env._(
                "%(replaced)s ends, and nothing here goes on with what is left of it: "
                "%(left)s. Credit it, or sell it here for 0.00.",
                replaced=self.replaces_id.name,
                left=left,
            ),
            user_id=(self.user_id or self.env.user).id,
        )

    def _why_not_add_prepaid(self):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._(
                "%s is not in force: start it first, then sell hours in advance.",
                self.name,
            )
        if not self._get_prepaid_allowances():
            return self.env._(
                "%s has no allowance that hours could be added to. Agree on one with "
                '"Change".',
                self.name,
            )
        return None

    def _get_prepaid_allowances(self):
        """:return: what lots can be bought of today; made for that first"""
        self.ensure_one()
        allowances = self._get_coverage_today().allowance_ids
        return allowances.filtered(lambda each: each.kind != "unlimited").sorted(
            lambda each: each.kind != "prepaid"
        )

    def action_add_prepaid(self):
        self.ensure_one()
        self._ensure_can(type(self)._why_not_add_prepaid)
        return self._get_wizard_action(
            "service.agreement.prepaid", self.env._("Add Prepaid Hours")
        )

    def _add_prepaid(self, allowance, quantity, price, day):
        """
        :param allowance: service.agreement.allowance of this agreement
        :param float quantity: in its unit
        :param float price: of all of it, before taxes, in the agreement's currency
        :param date day: first day on which it may be used
        :return: service.agreement.allowance.lot
        :raise UserError: it is not in force on that day, or the quantity is not above 0
        """
        self.ensure_one()
        self._ensure_can(
            lambda agreement: (
                agreement._why_not_add_prepaid()
                or agreement._why_not_add_lot(allowance, quantity, day)
            )
        )
        # Sudo: facts; rights were checked.
        allowance, agreement = allowance.sudo(), self.sudo()
        line = self.env["service.agreement.line"]
        if price:
            values = agreement._prepare_prepaid_line(allowance, quantity, price, day)
            line = line.sudo().create(values)
        lot = self.env["service.agreement.allowance.lot"].sudo()
        lot = lot.create(allowance._prepare_bought_lot(quantity, day, line))
        agreement._message_log_prepaid(lot, price)
        agreement.activity_feedback([ACTIVITY])
        agreement._change_ledgers()
        return lot.with_env(self.env)

    def _why_not_add_lot(self, allowance, quantity, day):
        if allowance not in self._get_prepaid_allowances():
            return self.env._("Choose an allowance of %s.", self.name)
        if quantity <= 0:
            return self.env._("How much is bought? Enter a quantity above 0.")
        last_day = self._get_last_day()
        if day < self.date_start or (last_day and day > last_day):
            return self.env._(
                "%(agreement)s is not in force on %(day)s: choose another first day.",
                agreement=self.name,
                day=format_date(self.env, day),
            )
        return None

    def _prepare_prepaid_line(self, allowance, quantity, price, day):
        """:return: values of the one-off service.agreement.line that bills it"""
        self.ensure_one()
        return {
            "agreement_id": self.id,
            "product_id": self.tier_id.product_id.id,
            "name": allowance._get_bought_text(quantity, day),
            "charge": "one_off",
            "quantity": 1.0,
            "price_unit": price,
            "date_start": day,
        }

    def _message_log_prepaid(self, lot, price):
        self._message_log(
            body=self.env._(
                "Bought in advance: %(what)s for %(price)s.",
                what=lot.allowance_id._get_bought_text(lot.granted, lot.date_start),
                price=format_amount(self.env, price, self.currency_id),
            )
        )


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    def _get_expiry(self, day):
        """:return: date, the last day of a lot that is bought from ``day`` on; False:
        without end
        """
        self.ensure_one()
        if not self.validity_months:
            return False
        return Recurrence(day, "month", self.validity_months).period(0).last_day

    def _get_price_agreed(self, quantity):
        """:return: float, of so many units by the price of its lots; 0.0: no price"""
        self.ensure_one()
        lot = self.quantity or quantity
        return self.currency_id.round(self.price * quantity / lot) if lot else 0.0

    def _get_price_afterwards(self, quantity, day):
        """What so many units cost that are worked without an allowance.

        :param date day: whose rates hold
        :return: float, in the agreement's currency; 0.0: nobody knows, as of visits
        """
        self.ensure_one()
        if self.unit == "amount":
            return quantity
        if self.unit != "hours":
            return 0.0
        coverage, kinds = self.coverage_id, self.work_type_ids
        book = self.env["service.agreement.rate"]._get_book(self.company_id, coverage)
        kind = kinds.id if len(kinds) == 1 else None
        price = book.find(day, work_type=kind, coverage=coverage.id).price
        return self.currency_id.round(quantity * float(price))

    def _get_bought_text(self, quantity, day):
        """:return: str, "Service hours: 10 h, from 1 Mar 2026 to 28 Feb 2027", in the
        customer's language
        """
        self.ensure_one()
        lang = self.agreement_id._get_lang()
        env = self.with_context(lang=lang).env
        expiry = self._get_expiry(day)
        values = {
            "name": self.with_context(lang=lang).name,
            "quantity": self.with_context(lang=lang)._format_units(quantity),
            "first": format_date(env, day, lang_code=lang, date_format="medium"),
        }
        if not expiry:
            return env._("%(name)s: %(quantity)s, from %(first)s on", **values)
        last = format_date(env, expiry, lang_code=lang, date_format="medium")
        return env._(
            "%(name)s: %(quantity)s, from %(first)s to %(last)s", last=last, **values
        )

    def _format_units(self, quantity):
        """:return: str, "2.5 h", "1 visit", "$ 120.00" """
        self.ensure_one()
        if self.unit == "amount":
            return format_amount(self.env, quantity, self.currency_id)
        number = format_number(self.env, quantity)
        if self.unit == "hours":
            return self.env._("%(number)s h", number=number)
        one = abs(quantity) == 1
        if self.unit == "visits":
            visits = self.env._("visit") if one else self.env._("visits")
            return self.env._("%(number)s %(visits)s", number=number, visits=visits)
        cases = self.env._("incident") if one else self.env._("incidents")
        return self.env._("%(number)s %(incidents)s", number=number, incidents=cases)

    def _prepare_bought_lot(self, quantity, day, line):
        self.ensure_one()
        return {
            "agreement_id": self.agreement_id.id,
            "allowance_id": self.id,
            "kind": "bought",
            "date_start": day,
            "date_end": self._get_expiry(day),
            "date_expiry": self._get_expiry(day),
            "granted": quantity,
            "balance": quantity,
            "agreement_line_id": line.id,
        }


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    invoice_line_ids = fields.One2many(
        "account.move.line", "agreement_line_id", readonly=True
    )
    allowance_lot_ids = fields.One2many(
        "service.agreement.allowance.lot", "agreement_line_id", readonly=True
    )


class ServiceAgreementAllowanceLot(models.Model):
    """Paid for, or taken back with its invoice."""

    _inherit = "service.agreement.allowance.lot"

    is_paid = fields.Boolean(compute="_compute_is_paid", store=True, precompute=True)
    paid_on = fields.Date(compute="_compute_is_paid", store=True, precompute=True)

    is_billed = fields.Boolean(compute="_compute_is_billed", compute_sudo=True)

    @api.depends("agreement_line_id.settled_until")
    def _compute_is_billed(self):
        for lot in self:
            lot.is_billed = bool(lot.agreement_line_id.settled_until)

    @api.depends("allowance_id", "date_start", "kind", "unit")
    def _compute_display_name(self):
        for lot in self:
            lot.display_name = self.env._(
                "%(allowance)s from %(day)s",
                allowance=lot.allowance_id.name,
                day=format_date(self.env, lot.date_start),
            )

    @api.depends(
        "allowance_id.paid_only",
        "origin_id.allowance_id.paid_only",
        "agreement_line_id.invoice_line_ids.parent_state",
        "agreement_line_id.invoice_line_ids.move_id.payment_state",
    )
    def _compute_is_paid(self):
        """Follows the payment, also back. Sudo: who works reads no invoices."""
        for lot in self.sudo():
            bought = lot.origin_id if lot.kind == "moved" else lot
            needs_payment = bought.allowance_id.paid_only and lot.agreement_line_id
            moves = lot.agreement_line_id.invoice_line_ids.move_id
            paid = moves.filtered(lambda move: move._is_agreement_paid())
            lot.is_paid = bool(paid) or not needs_payment
            if needs_payment and paid:
                lot.paid_on = min(move._get_agreement_paid_on() for move in paid)
            else:
                lot.paid_on = False

    def _get_unused(self):
        """:return: float, what is left, or was when its agreement ended"""
        self.ensure_one()
        return self.balance + self.forfeited

    def _after_payment(self):
        """There is more to draw from, or less."""
        waiting = self.filtered(lambda lot: lot.allowance_id.paid_only)
        waiting.agreement_id._change_ledgers()

    def _is_credited(self):
        """Whether nothing is left of what it was billed by."""
        self.ensure_one()
        billed = self.agreement_line_id.invoice_line_ids
        valid = billed.filtered(lambda line: line.parent_state != "cancel")
        taken_back = self.env["account.move.line"].search(
            Domain("agreement_reversed_line_id", "in", valid.ids)
            & Domain("parent_state", "=", "posted")
        )
        amounts = [line._get_agreement_amount() for line in valid | taken_back]
        return bool(billed) and sum(amounts) <= 0

    def _take_back(self):
        """Its invoice was credited or cancelled: what is left of it goes."""
        for lot in self.filtered(lambda each: each.balance > 0):
            lot._write_adjusted(
                -lot.balance, self.env._("Its invoice was credited or cancelled.")
            )
        self.agreement_id._change_ledgers()

    # Bought by mistake

    def _why_not_cancel_purchase(self):
        self.ensure_one()
        if self.kind != "bought":
            return self.env._("Only what was bought can be cancelled.")
        if self.drawn:
            return self.env._("It was used already: adjust what is left of it instead.")
        if self.rolled_out:
            return self.env._(
                "It goes on with the agreement that replaced this one: adjust it there."
            )
        if self.agreement_line_id.sudo().settled_until:
            return self.env._("It was billed already: credit its invoice instead.")
        return None

    def action_cancel_purchase(self):
        """Neither billed nor used: it never was."""
        self._ensure_manager()
        for lot in self.sudo():
            if reason := lot._why_not_cancel_purchase():
                raise UserError(reason)
            agreement, line = lot.agreement_id, lot.agreement_line_id
            agreement._message_log(
                body=self.env._(
                    "Purchase cancelled: %(what)s.",
                    what=lot.allowance_id._get_bought_text(lot.granted, lot.date_start),
                )
            )
            lot.unlink()
            line.unlink()
            agreement._change_ledgers()


class AccountMove(models.Model):
    _inherit = "account.move"

    def _is_agreement_paid(self):
        self.ensure_one()
        return self.state == "posted" and self.payment_state in ("paid", "in_payment")

    def _get_agreement_paid_on(self):
        """:return: date of the last payment, or of the invoice where none was needed"""
        self.ensure_one()
        partials = self._get_all_reconciled_invoice_partials()
        days = [partial["aml"].date for partial in partials if partial["aml"]]
        return max(days, default=self.invoice_date or self.date)

    def _get_bought_lots(self):
        """:return: service.agreement.allowance.lot that these invoices bill, or these
        credit notes take back

        Sudo: an accountant need not be able to read agreements.
        """
        lines = self.sudo().line_ids
        billed = lines.agreement_line_id
        credited = lines.agreement_reversed_line_id.agreement_line_id
        return (billed | credited).allowance_lot_ids

    def _post(self, soft=True):
        """EXTENDS 'account': what is credited is not used any more."""
        result = super()._post(soft)
        credits = result.filtered(lambda move: move.move_type == "out_refund")
        credits._get_bought_lots().filtered(lambda lot: lot._is_credited())._take_back()
        return result

    def _invoice_paid_hook(self):
        """EXTENDS 'account': what waited for the payment may be used."""
        result = super()._invoice_paid_hook()
        self._get_bought_lots()._after_payment()
        return result

    def button_cancel(self):
        """EXTENDS 'account': what is not charged is not used any more."""
        result = super().button_cancel()
        self._get_bought_lots().filtered(lambda lot: lot._is_credited())._take_back()
        return result


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """EXTENDS 'account': what was paid for no longer is."""
        moves = (self.debit_move_id | self.credit_move_id).move_id
        lots = moves._get_bought_lots()
        result = super().unlink()
        lots._after_payment()
        return result
