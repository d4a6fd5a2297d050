"""Work that is not covered, on the next invoice of the agreement whose rates it has."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import chain, count

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.charges import NEVER
from ..tools.work_charge import as_printed, latest_day
from .service_agreement_line import PRICE
from .service_words import format_number

# After the charges of every period, before those of the agreement's end.
WORK_SEQUENCE = 500
# Answers of work that costs nothing, and may be shown as such.
FREE = ("given", "goodwill", "warranty")
# What is stored of all charges of a product alike: work is no recurring revenue.
DERIVED = ("company_id", "mrr")
# What follows the work as long as it is not billed.
FOLLOWING = ("name", "quantity", "price_unit", "discount")


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    work_line_id = fields.Many2one(
        "account.analytic.line",
        string="Work",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="It is charged for this work, once.",
    )
    work_key = fields.Char(
        readonly=True,
        copy=False,
        export_string_translation=False,
        help="Which part of the work: its day, unit, price and answer.",
    )
    work_draw_ids = fields.One2many(
        "service.agreement.allowance.draw", "agreement_line_id", readonly=True
    )

    # Whatever two workers do at once.
    _work_uniq = models.UniqueIndex(
        "(work_line_id, agreement_id, work_key) WHERE work_line_id IS NOT NULL",
        "This work is charged already.",
    )

    @api.model
    def _insert_work_charges(self, rows):
        """Add charges, of which a month has thousands: what follows from agreement and
        product is worked out once for all that are alike.

        :param list rows: of dict, see `_prepare_work_charge`
        """
        terms, amounts, taxes = {}, {}, defaultdict(list)
        for number, row in enumerate(rows):
            alike = row["agreement_id"], row["product_id"]
            if alike not in terms:
                terms[alike] = self._get_usual_terms(row)
            columns, charge = terms[alike]
            price = {name: row[name] for name in PRICE}
            key = charge._get_price_key(**price)
            if key not in amounts:
                amounts[key] = charge._get_untaxed(**price)
            row.update(columns, price_subtotal=amounts[key])
            taxes[charge.tax_ids._origin].append(number)
        charges = self._insert(rows)
        for found, numbers in taxes.items():
            same = self.browse(charges.ids[n] for n in numbers)
            # Past all overrides: what else follows from them is still to be computed.
            self._fields["tax_ids"].create([(same, found)])
        return charges

    @api.model
    def _get_usual_terms(self, row):
        """What ``create`` would add to the values of a charge, other than its amount.

        :return: (dict of columns, new service.agreement.line that has them)
        """
        defaults = self.default_get([name for name in self._fields if name not in row])
        # Where it is booked makes no difference to what it costs.
        charge = self.new({**defaults, **row, "analytic_distribution": False})
        added = [
            field
            for name, field in self._fields.items()
            if field.column_type and field.store and name not in row
            if field.precompute or name in defaults or name in DERIVED
        ]
        columns = {
            field.name: field.convert_to_write(charge[field.name], charge)
            for field in added
        }
        return columns, charge

    def _follow_work(self, draws, known):
        """Say what these parts of the work say now; of a charge that is not billed.

        :param dict known: see `_prepare_work_charge`
        """
        self.ensure_one()
        values = draws._prepare_work_charge(self.work_key, known)
        changed = {
            name: values[name] for name in FOLLOWING if self[name] != values[name]
        }
        if changed:
            self.write(changed)
        draws._be_charged_by(self)

    # EXTENDS billing

    def _to_charge(self, billed, waivers, **facts):
        charge = super()._to_charge(billed, waivers, **facts)
        if not self.work_line_id:
            return charge
        # Done is done: neither the end of the agreement nor a change takes it back.
        return replace(
            charge,
            start=self.date_start,
            end=None,
            settle_on=None,
            removed=False,
            rides_until=self._get_ride_until(**facts),
        )

    def _get_ride_until(self, **facts):
        """:return: date on which this work is due if no invoice comes before; what
        costs nothing never makes one of its own
        """
        self.ensure_one()
        if self.discount == 100:
            return NEVER
        agreement = self.agreement_id
        last_day = facts.get("last_day", agreement._get_last_day())
        days = [
            facts.get("settle_on", agreement.settle_on),
            last_day and fields.Date.add(last_day, days=1),
            latest_day(self.date_start, self.company_id.service_work_months),
        ]
        return min(day for day in days if day and day > self.date_start)


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    # What was agreed. Work has its own list: there is no end to it.
    line_ids = fields.One2many(domain=[("work_line_id", "=", False)])
    work_to_bill = fields.Monetary(
        compute="_compute_work_to_bill",
        groups="service_agreement.group_user,account.group_account_invoice",
        help="Work that is not covered and goes on the next invoice, before taxes.",
    )
    work_count = fields.Integer(
        compute="_compute_work_to_bill",
        groups="service_agreement.group_user,account.group_account_invoice",
    )

    def _get_work_product(self, unit):
        """
        :param str unit: "hour" or "trip"
        :return: product.product by which work is billed with this agreement
        """
        self.ensure_one()
        return self.company_id._get_work_product(unit) or self.tier_id.product_id

    def _get_work_product_and_taxes(self, unit):
        """:return: (product.product, account.tax) of the charges of work"""
        product = self._get_work_product(unit)
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        return product, self.fiscal_position_id.map_tax(taxes)

    def _get_open_work_domain(self):
        """:return: Domain of the charges for work that these have still to bill"""
        return (
            Domain("agreement_id", "in", self._origin.ids)
            & Domain("work_line_id", "!=", False)
            & Domain("settled_until", "=", False)
        )

    def _compute_work_to_bill(self):
        # Sudo: what is billed does not depend on who looks.
        lines = self.env["service.agreement.line"].sudo()
        groups = lines._read_group(
            self._get_open_work_domain(),
            ["agreement_id"],
            ["price_subtotal:sum", "__count"],
        )
        found = {agreement.id: figures for agreement, *figures in groups}
        for agreement in self:
            figures = found.get(agreement._origin.id, (0.0, 0))
            agreement.work_to_bill, agreement.work_count = figures

    def _get_charge_lines(self):
        """EXTENDS billing: with the work that is not billed, or to be corrected."""
        # Sudo: whoever is shown the next invoice is shown all of it.
        lines = self.env["service.agreement.line"].sudo()
        stale = Domain("period_ids.is_stale", "=", True)
        work = lines.search_fetch(
            Domain("agreement_id", "in", self._origin.ids)
            & Domain("work_line_id", "!=", False)
            & (Domain("settled_until", "=", False) | stale)
        )
        return super()._get_charge_lines() | work.with_env(self.env)

    @api.model
    def _record_periods(self, moves, invoices):
        """EXTENDS: the work knows the line of the invoice it is on."""
        result = super()._record_periods(moves, invoices)
        billed = moves.invoice_line_ids.filtered("agreement_line_id.work_line_id")
        for move_line in billed:
            draws = move_line.agreement_line_id.sudo().work_draw_ids
            draws.filtered(lambda d: not d.move_line_id).move_line_id = move_line
        return result


class ServiceAgreementPeriod(models.Model):
    _inherit = "service.agreement.period"

    def _why_not_write_off(self):
        if self.line_id.work_line_id:
            return self.env._("This is work: make a credit note of the invoice.")
        return super()._why_not_write_off()

    def _explain_origin(self):
        # Sudo: who reads the books need not see timesheets.
        draws = self.line_id.sudo().work_draw_ids
        if not draws:
            return super()._explain_origin()
        outcomes = dict(draws._fields["outcome"]._description_selection(self.env))
        return self.env._(
            "Work by %(who)s: %(why)s.",
            who=", ".join(draws.employee_id.mapped("name")),
            why=", ".join(
                outcomes[outcome] for outcome in set(draws.mapped("outcome"))
            ),
        )


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    is_invoiced = fields.Boolean(
        compute="_compute_is_invoiced", search="_search_is_invoiced"
    )
    move_id = fields.Many2one(
        related="move_line_id.move_id", string="Invoice", readonly=True
    )
    quantity_text = fields.Char(
        compute="_compute_quantity_text",
        string="How Much",
        help="Hours and trips are not added up.",
    )

    @api.depends("quantity", "unit", "is_after_hours")
    @api.depends_context("lang")
    def _compute_quantity_text(self):
        for draw in self:
            draw.quantity_text = draw._describe_time()

    @api.depends("move_line_id.parent_state", "agreement_line_id")
    def _compute_is_invoiced(self):
        # Sudo: who works on tickets need not see the books.
        for draw in self.sudo():
            line = draw.move_line_id
            draw.is_invoiced = line and (
                bool(draw.agreement_line_id) or line.parent_state != "cancel"
            )

    def _search_is_invoiced(self, operator, value):
        if operator != "in":
            return NotImplemented
        invoiced = Domain("move_line_id", "!=", False) & (
            Domain("agreement_line_id", "!=", False)
            | Domain("move_line_id.parent_state", "!=", "cancel")
        )
        return invoiced if True in value else ~invoiced

    def _is_invoiced(self):
        """Whether it is on an invoice, and stays as it is; see `is_invoiced`."""
        self.ensure_one()
        return self.is_invoiced

    def _after_answered(self):
        """What a person said becomes of work is charged, or no longer; with sudo."""
        self.line_id._sync_work_charges()

    def _after_decided(self):
        result = super()._after_decided()
        billed = self.filtered(
            lambda d: d.agreement_line_id or (d.agreement_id and d._is_charged())
        )
        billed.line_id._sync_work_charges()
        return result

    def unlink(self):
        """EXTENDS: what is no part of the work any more is not charged."""
        charges = self.agreement_line_id.filtered(lambda c: not c.settled_until)
        work = charges.work_line_id
        result = super().unlink()
        work._sync_work_charges()
        return result

    # Which work makes one line of an invoice

    def _is_charged(self):
        """Whether it stands on an invoice: what is billed, and what is free if the
        customer is shown what he is given.
        """
        self.ensure_one()
        if self.answer == "bill":
            return not self.currency_id.is_zero(self.amount)
        return (
            self.answer in FREE
            and not self.currency_id.is_zero(self.list_amount)
            and self.partner_id._shows_free_work(self.company_id)
        )

    def _group_charges(self):
        """:return: {(work, agreement, key): parts of the work that are one line of an
        invoice}, by day
        """
        charged = self.filtered(lambda draw: draw._is_charged())
        return charged.sorted(lambda d: (d.date, d.line_id.id, d.id)).grouped(
            lambda d: (d.line_id, d.agreement_id, d._get_work_key())
        )

    def _get_work_key(self):
        self.ensure_one()
        price = self.price if self.answer == "bill" else self.list_price
        return (
            f"{self.date} {self.unit} {self.is_after_hours:d} {self.answer} {price:.2f}"
        )

    def _prepare_work_values(self, currency, taxes, lang, known=None):
        """What one line of an invoice says of these parts, of one key.

        :param currency: of the invoice
        :param taxes: ``account.tax`` that it bears
        :param dict known: what was worked out for other parts, see `_once`
        :return: dict: name, quantity, price_unit, discount
        """
        first, known = self[0], {} if known is None else known
        is_free = first.answer != "bill"
        price = first.list_price if is_free else first.price
        amount = sum(self.mapped("list_amount" if is_free else "amount"))
        quantity, price = as_printed(
            Decimal(str(sum(self.mapped("quantity")))),
            first._get_price_in(currency, taxes, price, known),
            first._get_price_in(currency, taxes, amount, known),
            _once(known, "step", self._get_quantity_step),
            Decimal(str(currency.rounding)),
        )
        return {
            "name": self._describe_work(lang, known),
            "quantity": float(quantity),
            "price_unit": float(price),
            "discount": 100.0 if is_free else 0.0,
        }

    @api.model
    def _get_quantity_step(self):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return Decimal(1).scaleb(-digits)

    def _get_price_in(self, currency, taxes, price, known):
        """:return: Decimal, ``price`` in ``currency`` at the rate of the day of the
        work, with the taxes that prices include
        """
        self.ensure_one()
        alike = self.company_id, self.currency_id, self.date, currency, taxes, price
        return _once(known, alike, lambda: self._convert_price(currency, taxes, price))

    def _convert_price(self, currency, taxes, price):
        company = self.company_id
        price = self.currency_id._convert(price, currency, company, self.date)
        included = taxes.flatten_taxes_hierarchy().filtered("price_include")
        if included:
            price = included.compute_all(price, currency, handle_price_include=False)[
                "total_included"
            ]
        return Decimal(str(currency.round(price)))

    def _be_charged_by(self, charge):
        """:param charge: service.agreement.line; an invoice of their own, that was
        cancelled, charges them no more
        """
        new = self.filtered(lambda draw: draw.agreement_line_id != charge)
        new.write({"agreement_line_id": charge.id, "move_line_id": False})

    # In words

    def _describe_work(self, lang, known):
        """:return: str, "Mar 3, 2026 · Programming · 1.5 h after hours: New scenes for
        the terrace", in ``lang``
        """
        first, quantity = self[0], sum(self.mapped("quantity"))
        work, kind = first.line_id, first.line_id.service_work_type_id
        alike = lang, first.unit, first.is_after_hours, first.answer, quantity
        parts = [
            _once(known, (lang, first.date), lambda: first._describe_day(lang)),
            _once(known, (lang, kind), lambda: kind.with_context(lang=lang).name),
            _once(
                known, alike, lambda: self.with_context(lang=lang)._describe_quantity()
            ),
        ]
        text = " · ".join(filter(None, parts))
        done = (work.name or "").strip(" /")
        return f"{text}: {done}" if done else text

    def _describe_day(self, lang):
        """:return: str, "Mar 3, 2026" """
        return format_date(self.env, self.date, lang_code=lang, date_format="medium")

    def _describe_quantity(self):
        """:return: str, of parts of one unit and one answer, "1.5 h (courtesy)" """
        text, answer = self._describe_time(), self[0].answer
        if answer == "warranty":
            return self.env._("%(work)s (warranty)", work=text)
        if answer in FREE:
            return self.env._("%(work)s (courtesy)", work=text)
        return text

    def _describe_time(self):
        """:return: str, "1.5 h", "2 h after hours", "1 trip" """
        first, quantity = self[0], round(sum(self.mapped("quantity")), 2)
        values = {"number": format_number(self.env, quantity)}
        if first.unit == "trip" and quantity == 1:
            return self.env._("1 trip")
        if first.unit == "trip":
            return self.env._("%(number)s trips", **values)
        if first.is_after_hours:
            return self.env._("%(number)s h after hours", **values)
        return self.env._("%(number)s h", **values)

    # Charges of agreements

    def _prepare_work_charge(self, key, known=None):
        """
        :param dict known: what was worked out for other parts, see `_once`
        :return: values of the ``service.agreement.line`` that charges these parts
        """
        first, known = self[0], {} if known is None else known
        agreement, unit = first.agreement_id, first.unit
        product, taxes, lang = _once(
            known,
            (agreement, unit),
            lambda: (
                *agreement._get_work_product_and_taxes(unit),
                agreement._get_lang(),
            ),
        )
        return {
            **self._prepare_work_values(agreement.currency_id, taxes, lang, known),
            "agreement_id": agreement.id,
            "sequence": WORK_SEQUENCE,
            "charge": "one_off",
            "product_id": product.id,
            "date_start": first.date,
            "work_line_id": first.line_id.id,
            "work_key": key,
        }


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals:
            self.filtered("is_service_work")._sync_work_charges()
        return result

    def unlink(self):
        """EXTENDS: what is not billed of the work never will be; what is billed keeps
        the work.
        """
        charges = self._get_work_charges()
        charges.filtered(lambda charge: not charge.settled_until).unlink()
        return super().unlink()

    def _get_work_charges(self):
        """:return: service.agreement.line, billed or not, as superuser"""
        charges = self.env["service.agreement.line"].sudo()
        return charges.search([("work_line_id", "in", self.ids)])

    def _sync_work_charges(self):
        """Have the charges of agreements say what was decided and answered of this
        work; what is billed stays.
        """
        if not self:
            return
        # Sudo: who logs work, or answers for it, need not change agreements.
        work = self.sudo()
        draws = work._get_draws_to_charge()
        charges = work._get_work_charges()
        known = {(c.work_line_id, c.agreement_id, c.work_key): c for c in charges}
        kept, new, alike = charges.browse(), [], {}
        for (line, agreement, key), parts in draws._group_charges().items():
            place = _first_open(known, line, agreement, key)
            if charge := known.get(place):
                kept |= charge
                charge._follow_work(parts, alike)
            else:
                values = parts._prepare_work_charge(place[-1], alike)
                new.append((parts, values))
        charges.filtered(lambda c: not c.settled_until and c not in kept).unlink()
        created = charges._insert_work_charges([values for _parts, values in new])
        for charge, (parts, _values) in zip(created, new, strict=True):
            parts._be_charged_by(charge)

    def _get_draws_to_charge(self):
        """:return: the parts that an agreement bills, or shows as free"""
        draws = self.env["service.agreement.allowance.draw"]
        return draws.search(
            [
                ("line_id", "in", self.ids),
                ("agreement_id", "!=", False),
                ("is_invoiced", "=", False),
                ("answer", "in", ("bill", *FREE)),
            ]
        )


def _once(known, key, work_out):
    """:return: what is known by a key; worked out where it is not known yet"""
    if key not in known:
        known[key] = work_out()
    return known[key]


def _first_open(known, line, agreement, key):
    """:return: tuple, the key of a charge that is not billed: its own, or a further one
    where the same was billed of other parts of the work before
    """
    keys = chain([key], (f"{key} {number}" for number in count(2)))
    return next(
        (line, agreement, each)
        for each in keys
        if (found := known.get((line, agreement, each))) is None
        or not found.settled_until
    )
