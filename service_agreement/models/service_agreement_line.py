from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.billing_period import Recurrence
from ..tools.charges import Charge, Terms, boarded, unbilled

# What a stretch of a charge is, and a dated change may change.
TERMS = (
    "product_id",
    "name",
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "analytic_distribution",
    "date_end",
    "plan_id",
    "anchor_date",
    "is_arrears",
    "is_suggested",
)
AGREED = {*TERMS, "date_start", "charge", "agreement_id", "plan_discount"}
# What an amount follows from, besides agreement, product and taxes.
PRICE = ("quantity", "price_unit", "discount")
# Where billing and changes stand: set by them, not by whoever has write access.
LINE_FACTS = (
    "settled_until",
    "origin_id",
    "change_id",
    "superseded_on",
    "is_continued",
    "bill_from",
    "adjust_on",
    "is_settlement",
    "overrun_lot_id",
    "overrun_units",
    "sla_credit_id",
    "sla_credit_amount",
    "work_line_id",
    "work_key",
)
# Of these, what a charge is reckoned by.
CHARGE_FACTS = (
    "settled_until",
    "superseded_on",
    "is_continued",
    "bill_from",
    "adjust_on",
)
# Worked out from facts: the ORM would let anybody write them all the same.
DERIVED = ("price_subtotal", "mrr")


class ServiceAgreementLine(models.Model):
    """One recurring or one-off charge of an agreement, or a stretch of it.

    How it works: once an agreement is in force, its terms change by dated facts only
    (``service.agreement.change``). Each change ends a stretch (``superseded_on``) and
    opens another, a line with the same ``origin_id``; what is billed stays with the
    stretch it was billed for.

    ``settled_until`` is where billing stands: everything before that day is billed,
    or is not charged. The day itself opens the next period.
    """

    _name = "service.agreement.line"
    _inherit = ["service.agreement.guard", "service.agreement.bulk"]
    _description = "Service Agreement Line"
    _order = "agreement_id, sequence, date_start NULLS FIRST, id"
    _check_company_auto = True
    _facts = LINE_FACTS + DERIVED

    agreement_id = fields.Many2one(
        "service.agreement", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    state = fields.Selection(related="agreement_id.state", string="Agreement Status")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        check_company=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env["service.agreement.tier"]._default_product_id(),
        domain="[('sale_ok', '=', True)]",
    )
    name = fields.Text(
        string="Description",
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    charge = fields.Selection(
        [("recurring", "Every period"), ("one_off", "Once")],
        required=True,
        default="recurring",
        help="One-off charges, such as a setup fee, are billed whole and only once.",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    price_unit = fields.Monetary(
        string="Unit Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="Per billing period.",
    )
    discount = fields.Float(string="Disc. %", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        compute="_compute_tax_ids",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
    )
    date_start = fields.Date(
        string="From", help="Empty: from the agreement's start.", copy=False
    )
    date_end = fields.Date(
        string="To", help="Last day. Empty: as long as the agreement.", copy=False
    )
    plan_id = fields.Many2one(
        "service.agreement.plan",
        string="Billing Plan",
        compute="_compute_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
    )
    anchor_date = fields.Date(
        string="Periods Counted From",
        compute="_compute_anchor_date",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
    )
    is_arrears = fields.Boolean(
        string="In Arrears",
        compute="_compute_is_arrears",
        store=True,
        readonly=False,
        precompute=True,
        help="Billed after its period instead of before.",
    )
    is_suggested = fields.Boolean(
        help="The charge that tier and plan suggest, and a new choice changes.",
    )
    settled_until = fields.Date(
        readonly=True,
        copy=False,
        help="Everything before this day is billed or not charged.",
    )
    origin_id = fields.Many2one(
        "service.agreement.line",
        string="First Stretch",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
    )
    stretch_ids = fields.One2many("service.agreement.line", "origin_id", readonly=True)
    change_id = fields.Many2one(
        "service.agreement.change",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The change that opened it.",
    )
    superseded_on = fields.Date(
        readonly=True,
        copy=False,
        help="From this day on other terms hold.",
    )
    is_continued = fields.Boolean(
        readonly=True, copy=False, help="Another stretch follows this one."
    )
    bill_from = fields.Date(
        readonly=True, copy=False, help="Opened by a change: not billed before."
    )
    adjust_on = fields.Date(
        readonly=True,
        copy=False,
        help="When what was billed too much or too little is due.",
    )
    is_current = fields.Boolean(compute="_compute_is_current", search="_search_current")
    served_from = fields.Date(string="Holds From", compute="_compute_served")
    served_until = fields.Date(
        string="Holds Until",
        compute="_compute_served",
        help="Last day. Empty: as long as the agreement.",
    )
    next_due = fields.Date(
        compute="_compute_next_due", help="When the next period falls due."
    )
    price_subtotal = fields.Monetary(
        string="Amount",
        compute="_compute_price_subtotal",
        store=True,
        help="Per billing period, before taxes.",
    )
    mrr = fields.Monetary(string="Monthly Revenue", compute="_compute_mrr", store=True)
    period_ids = fields.One2many("service.agreement.period", "line_id")

    _quantity_not_negative = models.Constraint(
        "CHECK(quantity >= 0)", "A quantity cannot be negative."
    )
    _price_not_negative = models.Constraint(
        "CHECK(price_unit >= 0)",
        "A price cannot be negative. Give a discount, or make a credit note.",
    )
    _discount_percent = models.Constraint(
        "CHECK(discount >= 0 AND discount <= 100)",
        "A discount is between 0 and 100 %.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end IS NULL OR date_start IS NULL OR date_end >= date_start)",
        "The line ends before it starts.",
    )

    # Defaults that can be overwritten

    @api.depends("agreement_id.plan_id", "agreement_id.state")
    def _compute_plan_id(self):
        for line in self:
            agreement = line.agreement_id
            if agreement.state == "draft" or not line.plan_id:
                line.plan_id = agreement.plan_id

    @api.depends("agreement_id.anchor_date", "agreement_id.state", "plan_id")
    def _compute_anchor_date(self):
        for line in self:
            agreement = line.agreement_id
            if line.plan_id == agreement.plan_id:
                anchor = agreement.anchor_date
            else:
                anchor = line.plan_id and line.plan_id._get_anchor(agreement.date_start)
            if agreement.state == "draft" or not line.anchor_date:
                line.anchor_date = anchor

    @api.depends("plan_id")
    def _compute_is_arrears(self):
        # Called for every change of state, too: what was agreed stays.
        for line in self.filtered(lambda line: not line._keeps_terms()):
            line.is_arrears = line.plan_id.timing == "arrears"

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            if line.name and line.product_id == line._origin.product_id:
                continue
            product = line.product_id.with_context(lang=line.agreement_id._get_lang())
            line.name = line.name or product.get_product_multiline_description_sale()

    @api.depends(
        "quantity", "price_unit", "discount", "tax_ids", "agreement_id.currency_id"
    )
    def _compute_price_subtotal(self):
        """Once for all that cost the same: a month of work has thousands of charges."""
        amounts = {}
        for line in self:
            key = line._get_price_key()
            if key not in amounts:
                amounts[key] = line._get_untaxed()
            line.price_subtotal = amounts[key]

    def _get_price_key(self, **price):
        """
        :param price: values to reckon with instead of this record's, all of `PRICE`
        :return: tuple of what an amount without taxes is worked out from
        """
        agreement, price = self.agreement_id, price or {n: self[n] for n in PRICE}
        return (
            agreement.company_id,
            agreement.currency_id,
            self.product_id,
            self.tax_ids,
            *(price[name] for name in PRICE),
        )

    def _get_untaxed(self, **price):
        """:return: float, without the taxes that a price may include"""
        self.ensure_one()
        Tax = self.env["account.tax"]
        company = self.agreement_id.company_id or self.env.company
        base_line = {**self._prepare_tax_base_line(), **price}
        Tax._add_tax_details_in_base_line(base_line, company)
        Tax._round_base_lines_tax_details([base_line], company)
        details = base_line["tax_details"]
        return (
            details["total_excluded_currency"]
            + details["delta_total_excluded_currency"]
        )

    @api.depends(
        "price_subtotal",
        "charge",
        "date_start",
        "date_end",
        "superseded_on",
        "agreement_id.state",
        "agreement_id.date_start",
        "plan_id",
    )
    def _compute_mrr(self):
        """SEMANTICS §7: recurring lines served today; no one-off, nothing suspended."""
        for line in self:
            plan = line.plan_id
            amount = 0.0
            if plan and line._is_recurring_revenue():
                amount = plan._per_month(line.price_subtotal)
            currency = line.currency_id or self.env.company.currency_id
            line.mrr = currency.round(amount)

    def _is_recurring_revenue(self):
        self.ensure_one()
        if self.charge != "recurring" or self.agreement_id.state != "active":
            return False
        return self._serves(self.agreement_id.company_id._service_today())

    def _serves(self, day):
        """:return: bool, whether ``day`` lies in the window of this stretch"""
        self.ensure_one()
        start, end = self._get_window()
        return start <= day and (end is None or day < end)

    @api.depends("date_start", "date_end", "superseded_on", "agreement_id.date_start")
    def _compute_is_current(self):
        """What holds today or later: not what changes have replaced."""
        for line in self:
            company = line.agreement_id.company_id or self.env.company
            start, end = line._get_window()
            void = bool(start and end and end <= start)
            line.is_current = not void and (
                end is None or end > company._service_today()
            )

    @api.depends("date_start", "date_end", "superseded_on", "agreement_id.date_start")
    def _compute_served(self):
        for line in self:
            start, end = line._get_window()
            line.served_from = start
            line.served_until = end and fields.Date.subtract(end, days=1)

    def _search_current(self, operator, value):
        if operator != "in":
            return NotImplemented
        current = self._not_over_domain(self.env.company._service_today())
        return current if True in value else ~current

    @api.model
    def _not_over_domain(self, day):
        """:return: Domain of those that run on a day, or later"""
        return (
            Domain("superseded_on", "=", False) | Domain("superseded_on", ">", day)
        ) & (Domain("date_end", "=", False) | Domain("date_end", ">=", day))

    @api.model
    def _running_domain(self, day):
        """:return: Domain of those that run on a day, by what they say themselves"""
        return (
            Domain("date_start", "=", False) | Domain("date_start", "<=", day)
        ) & self._not_over_domain(day)

    @api.model
    def _refresh_revenue(self):
        """Take stretches into recurring revenue and out of it as their days come: a
        stretch that starts or ends by its date does nothing by itself.
        """
        today = self.env.company._service_today()
        begun = Domain("agreement_id.date_start", "<=", today)
        served = begun & self._running_domain(today)
        counted = Domain("mrr", "!=", 0)
        missing = (
            Domain("mrr", "=", 0)
            & Domain("charge", "=", "recurring")
            & Domain("price_subtotal", "!=", 0)
            & Domain("agreement_id.state", "=", "active")
        )
        company = Domain("company_id", "=", self.env.company.id)
        lines = self.search(company & ((counted & ~served) | (missing & served)))
        lines._compute_mrr()
        lines.agreement_id._compute_amounts()

    def _prepare_tax_base_line(self):
        """:return: what ``account.tax`` computes the taxes of a full period from"""
        self.ensure_one()
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            self,
            partner_id=self.agreement_id.partner_id,
            currency_id=self.currency_id or self.env.company.currency_id,
            price_unit=self.price_unit,
            quantity=self.quantity,
            discount=self.discount,
            tax_ids=self.tax_ids,
            # Taxes do not depend on it, and to find that of what is only in memory
            # costs a query each.
            analytic_distribution=None,
        )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._ensure_open()
        return lines

    def write(self, vals):
        if not AGREED.isdisjoint(vals):
            self._ensure_open()
        result = super().write(vals)
        if "agreement_id" in vals:
            # Nor is a charge moved into an agreement that is in force.
            self._ensure_open()
        return result

    def _ensure_open(self):
        """Once offered, what the customer reads stays; once in force, terms change by
        dated facts: what was billed must stay what was agreed on its day.

        :raise UserError: the agreement was offered, or is in force
        """
        if self.env.su:
            return
        self.check_access("write")
        self.agreement_id._ensure_not_agreed(["line_ids"])

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unbilled(self):
        if billed := self.filtered("settled_until"):
            raise UserError(
                self.env._(
                    'The charge "%(charge)s" was billed and stays on record. Give it '
                    "a last day instead of deleting it.",
                    charge=billed[0].name,
                )
            )
        self._ensure_open()

    # What is due

    @api.depends(
        "charge",
        "date_start",
        "date_end",
        "superseded_on",
        "settled_until",
        "agreement_id.next_invoice_date",
        "agreement_id.settle_on",
    )
    def _compute_next_due(self):
        charges = self.agreement_id._get_charges().values()
        found = {
            c.key: next(unbilled(c), None) for group in charges for c in boarded(group)
        }
        for line in self:
            piece = found.get(line)
            line.next_due = piece.due if piece else False

    def _get_window(self, **facts):
        """
        :param facts: values to reckon with instead of this record's, for previews
        :return: (first day, first day no longer served or None) of this stretch
        """
        self.ensure_one()
        agreement = self.agreement_id
        own_start = facts.get("date_start", self.date_start)
        start = max(filter(None, (own_start, agreement.date_start)), default=None)
        decided = facts.get("last_day", agreement._get_last_day())
        last = min(filter(None, (self.date_end, decided)), default=None)
        end = last and fields.Date.add(last, days=1)
        superseded_on = facts.get("superseded_on", self.superseded_on)
        return start, min(filter(None, (end, superseded_on)), default=None)

    def _is_billable(self):
        """An ended agreement still owes what was served before its end."""
        self.ensure_one()
        agreement = self.agreement_id
        return bool(
            agreement.state in ("active", "suspended", "ended")
            # What was billed ahead of a start that never came is owed back.
            and (agreement.activated_on or self.settled_until)
            and agreement.date_start
            and (self.charge == "one_off" or self.anchor_date)
        )

    def _is_open(self):
        """:return: bool, whether something of it is still to be billed"""
        self.ensure_one()
        if not self.settled_until:
            return True
        _start, end = self._get_window()
        return self.charge == "recurring" and not (end and self.settled_until >= end)

    def _get_products_to_bill(self):
        """:return: the products of the charges that are not billed to their end"""
        return self.filtered(lambda line: line._is_open()).product_id

    def _get_threshold(self, **facts):
        """:return: date up to which the history of this stretch is closed: its earlier
        periods are billed as they were served; None without history
        """
        self.ensure_one()
        if not self.settled_until:
            return None
        _start, end = self._get_window(**facts)
        return min(filter(None, (self.settled_until, end)))

    def _to_charge(self, billed, waivers, **facts):
        """
        :param billed: list of tools.charges.Billed that still matter
        :param waivers: list of tools.charges.Waiver
        :param facts: values to reckon with instead of this record's, for previews
        :return: tools.charges.Charge, its key this record
        """
        self.ensure_one()
        start, end = self._get_window(**facts)
        now = {name: self[name] for name in CHARGE_FACTS} | facts
        return Charge(
            key=self,
            start=start,
            end=end,
            terms=self._get_terms(),
            settled=now["settled_until"] or None,
            bill_from=now["bill_from"] or None,
            adjust_on=now["adjust_on"] or None,
            settle_on=facts.get("settle_on", self.agreement_id.settle_on) or None,
            continued=now["is_continued"] and now["superseded_on"] == end,
            removed=self.charge == "one_off" and bool(now["superseded_on"]),
            billed=billed,
            waivers=waivers,
            group=tuple(sorted(self.tax_ids.ids)),
        )

    def _get_terms(self):
        """:return: tools.charges.Terms"""
        self.ensure_one()
        currency = self.currency_id or self.env.company.currency_id
        recurring = self.charge == "recurring"
        return Terms(
            net=self._get_net_amount(),
            recurrence=self._get_recurrence() if recurring else None,
            arrears=self.is_arrears,
            method=self.agreement_id.proration_method,
            rounding=Decimal(str(currency.rounding)),
        )

    def _get_recurrence(self):
        self.ensure_one()
        return Recurrence(self.anchor_date, self.plan_id.unit, self.plan_id.interval)

    def _get_net_amount(self):
        """:return: Decimal, a full period's price after discount, not yet rounded"""
        self.ensure_one()
        quantity, price, discount = (
            Decimal(str(value or 0))
            for value in (self.quantity, self.price_unit, self.discount)
        )
        return quantity * price * (1 - discount / 100)

    def _get_untaxed_amount(self, piece):
        """:return: float, what ``piece`` costs before taxes, also where the price
        includes them
        """
        self.ensure_one()
        if piece.part == piece.whole and not piece.adjusts:
            return self.price_subtotal
        return self._get_untaxed(
            price_unit=float(piece.amount), quantity=1.0, discount=0.0
        )

    def _settle(self, end):
        """Every day before ``end`` is billed or not charged."""
        self.ensure_one()
        if not self.settled_until or self.settled_until < end:
            self.sudo().settled_until = end

    def _reopen(self, start):
        """What was billed from ``start`` on is no longer."""
        self.ensure_one()
        if self.charge == "one_off":
            self.settled_until = False
        elif self.settled_until and start < self.settled_until:
            self.settled_until = start

    # Invoice lines

    def _prepare_invoice_line_values(self, piece, sign=1, exact=False):
        """
        :param int sign: -1 for a line of a credit note
        :param bool exact: no quantity and discount that make fractions of a cent
        :return: values of the ``account.move.line`` that bills ``piece``; pure
        """
        self.ensure_one()
        values = {
            "agreement_line_id": self.id,
            "product_id": self.product_id.id,
            "name": self._get_invoice_line_name(piece),
            "tax_ids": [fields.Command.set(self.tax_ids.ids)],
            "quantity": sign * self.quantity,
            "price_unit": self.price_unit,
            "discount": self.discount,
        }
        is_whole = piece.part == piece.whole and not piece.adjusts
        if not is_whole or (exact and piece.amount != piece.charge.terms.net):
            quantity = -sign if piece.amount < 0 else sign
            values.update(
                quantity=float(quantity),
                price_unit=float(abs(piece.amount)),
                discount=0.0,
            )
        return values

    def _prepare_piece_base_line(self, piece, sign=1, exact=False):
        """See ``_prepare_invoice_line_values``.

        :return: what ``account.tax`` computes the taxes of ``piece`` from
        """
        values = self._prepare_invoice_line_values(piece, sign, exact)
        names = ("price_unit", "quantity", "discount")
        return {
            **self._prepare_tax_base_line(),
            **{name: values[name] for name in names},
        }

    def _get_invoice_line_name(self, piece):
        """The description and the period served, in the customer's language."""
        self.ensure_one()
        if self.charge == "one_off" and not piece.adjusts:
            return self.name
        env = self.with_context(lang=self.agreement_id._get_lang()).env
        first, last = (
            format_date(env, day, lang_code=env.lang, date_format="medium")
            for day in (piece.part.start, piece.part.last_day)
        )
        served = env._("%(first)s to %(last)s", first=first, last=last)
        if piece.part != piece.whole:
            share = env._(
                "%(part)s of %(whole)s days",
                part=piece.part.days,
                whole=piece.whole.days,
            )
            served = f"{served} ({share})"
        if piece.adjusts:
            served = self._get_correction_label(env, piece, served)
        return f"{self.name}\n{served}"

    def _get_correction_label(self, env, piece, served):
        if piece.amount < 0:
            return env._("Credit for %(period)s", period=served)
        return env._("Correction for %(period)s", period=served)

    def _prepare_period_values(self, piece):
        """:return: values of the ``service.agreement.period`` that records ``piece``"""
        self.ensure_one()
        values = {
            "line_id": self.id,
            "kind": "one_off" if self.charge == "one_off" else "service",
            "date_start": piece.part.start,
            "date_end": piece.part.end,
            "whole_start": piece.whole.start,
            "whole_end": piece.whole.end,
            "full": float(piece.charge.terms.net),
            "charged": float(piece.amount),
        }
        if piece.adjusts:
            values.update(kind="adjustment", adjusts_id=piece.adjusts.key)
        return values
