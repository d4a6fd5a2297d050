from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..tools.billing_period import Period, Recurrence
from ..tools.proration import prorate
from ..tools.ranges import gaps
from .guard import refuse_by_hand


class ServiceAgreementLine(models.Model):
    """One recurring or one-off charge of an agreement.

    ``settled_until`` is where billing stands: everything before that day is billed,
    or is not charged (suspended). The day itself opens the next period.
    """

    _name = "service.agreement.line"
    _description = "Service Agreement Line"
    _order = "agreement_id, sequence, id"
    _check_company_auto = True

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
    is_suggested = fields.Boolean(
        help="The charge that tier and plan suggest, and a new choice changes.",
    )
    settled_until = fields.Date(
        readonly=True,
        copy=False,
        help="Everything before this day is billed or not charged.",
    )
    next_due = fields.Date(
        compute="_compute_next_due",
        store=True,
        help="When the next period falls due.",
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
        for line in self:
            line.price_subtotal = line._get_untaxed()

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
        "date_end",
        "agreement_id.state",
        "agreement_id.plan_id",
    )
    def _compute_mrr(self):
        """SEMANTICS §7: active recurring lines; no one-off, no suspended part."""
        for line in self:
            plan = line.agreement_id.plan_id
            amount = 0.0
            if plan and line._is_recurring_revenue():
                amount = plan._per_month(line.price_subtotal)
            currency = line.currency_id or self.env.company.currency_id
            line.mrr = currency.round(amount)

    def _is_recurring_revenue(self):
        self.ensure_one()
        if self.charge != "recurring" or self.agreement_id.state != "active":
            return False
        today = self.agreement_id.company_id._service_today()
        return not self.date_end or self.date_end >= today

    @api.model
    def _refresh_ended_lines(self):
        """Take lines whose last day has passed out of recurring revenue."""
        ended = self.search([("mrr", "!=", 0), ("date_end", "!=", False)])
        ended._compute_mrr()

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
        )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            refuse_by_hand(self, vals, ("settled_until",))
        return super().create(vals_list)

    def write(self, vals):
        refuse_by_hand(self, vals, ("settled_until",))
        return super().write(vals)

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

    # What is due

    @api.depends(
        "charge",
        "date_start",
        "date_end",
        "settled_until",
        "agreement_id.state",
        "agreement_id.date_start",
        "agreement_id.date_end",
        "agreement_id.auto_renew",
        "agreement_id.term_months",
        "agreement_id.end_reason",
        "agreement_id.anchor_date",
        "agreement_id.plan_id.unit",
        "agreement_id.plan_id.interval",
    )
    def _compute_next_due(self):
        taken = self._get_taken()
        for line in self:
            piece, whole = next(line._iter_unbilled(taken), (None, None))
            line.next_due = line._get_due_date(piece, whole) if piece else False

    def _get_window(self):
        """:return: (first day, first day no longer served or None) of this line"""
        self.ensure_one()
        agreement = self.agreement_id
        start = max(filter(None, (self.date_start, agreement.date_start)))
        last = min(
            filter(None, (self.date_end, agreement._get_last_day())), default=None
        )
        end = last and fields.Date.add(last, days=1)
        if self.charge == "one_off":
            day_after = fields.Date.add(start, days=1)
            return start, min(day_after, end) if end else day_after
        return start, end

    def _get_taken(self):
        """The days from ``settled_until`` on that are billed or not charged.

        Mostly none: only what follows a period that was reopened.

        :return: {line id: [(first day, first day after)]}; one query for all lines
        """
        starts = [ln.settled_until for ln in self if ln.settled_until]
        if not starts:
            return {}
        periods = self.env["service.agreement.period"].search_fetch(
            [("line_id", "in", self._origin.ids), ("date_end", ">", min(starts))],
            ["line_id", "date_start", "date_end"],
        )
        taken = defaultdict(list)
        for period in periods:
            taken[period.line_id.id].append((period.date_start, period.date_end))
        return taken

    def _get_gaps(self, start, end, taken):
        """:return: what of ``[start, end)`` is neither billed nor left uncharged"""
        self.ensure_one()
        return gaps(start, end, taken.get(self._origin.id, ()))

    def _iter_unbilled(self, taken):
        """Yield (piece, whole): each unbilled period, oldest first, without end for
        an open-ended line. ``piece`` is ``whole`` cut to what is served and unbilled.

        :param dict taken: of ``_get_taken``
        """
        self.ensure_one()
        if not self._is_billable():
            return
        start, end = self._get_window()
        start = max(filter(None, (start, self.settled_until)))
        if end is not None and start >= end:
            return
        for day, free_until in self._get_gaps(start, end, taken):
            while free_until is None or day < free_until:
                whole = self._get_whole_period(day)
                piece_end = min(whole.end, free_until) if free_until else whole.end
                yield Period(day, piece_end), whole
                day = piece_end

    def _get_whole_period(self, day):
        """:return: the aligned Period that ``day`` lies in"""
        self.ensure_one()
        if self.charge == "one_off":
            return Period(*self._get_window())
        recurrence = self._get_recurrence()
        return recurrence.period(recurrence.index(day))

    def _is_billable(self):
        """An ended agreement still owes what was served before its end."""
        self.ensure_one()
        agreement = self.agreement_id
        if self.charge == "one_off" and self.settled_until:
            return False
        return bool(
            agreement.state in ("active", "ended")
            and agreement.activated_on
            and agreement.date_start
            and (self.charge == "one_off" or agreement.anchor_date)
        )

    def _get_recurrence(self):
        self.ensure_one()
        plan = self.agreement_id.plan_id
        return Recurrence(self.agreement_id.anchor_date, plan.unit, plan.interval)

    def _get_due_date(self, piece, whole):
        """:return: date; everything is billed in advance"""
        self.ensure_one()
        return piece.start

    def _get_net_amount(self):
        """:return: Decimal, a full period's price after discount, not yet rounded"""
        self.ensure_one()
        quantity, price, discount = (
            Decimal(str(value or 0))
            for value in (self.quantity, self.price_unit, self.discount)
        )
        return quantity * price * (1 - discount / 100)

    def _get_amount(self, piece, whole):
        """:return: Decimal, the price of ``piece`` of ``whole``, rounded once"""
        self.ensure_one()
        currency = self.currency_id or self.env.company.currency_id
        step = Decimal(str(currency.rounding))
        return prorate(self._get_net_amount(), piece, whole, rounding=step)

    def _get_untaxed_amount(self, piece, whole):
        """:return: float, what ``piece`` costs before taxes, also where the price
        includes them
        """
        self.ensure_one()
        if piece == whole:
            return self.price_subtotal
        amount = float(self._get_amount(piece, whole))
        return self._get_untaxed(price_unit=amount, quantity=1.0, discount=0.0)

    def _leave_uncharged(self, start, end):
        """Record that ``[start, end)`` is not charged, where it is not yet billed."""
        taken = self._get_taken()
        values_list = []
        for line in self.filtered(lambda ln: ln.charge == "recurring"):
            first, last = line._get_window()
            first = max(filter(None, (first, start, line.settled_until)))
            last = min(filter(None, (last, end)))
            if first < last:
                values_list += [
                    line._prepare_uncharged_values(*free)
                    for free in line._get_gaps(first, last, taken)
                ]
        # Sudo: as in billing, nobody edits periods by hand.
        self.env["service.agreement.period"].sudo().create(values_list)

    def _prepare_uncharged_values(self, start, end):
        self.ensure_one()
        return {
            "line_id": self.id,
            "kind": "suspended",
            "date_start": start,
            "date_end": end,
            "whole_start": start,
            "whole_end": end,
        }

    # Invoice lines

    def _prepare_invoice_line_values(self, piece, whole):
        """:return: values of the ``account.move.line`` that bills ``piece``; pure"""
        self.ensure_one()
        values = {
            "agreement_line_id": self.id,
            "product_id": self.product_id.id,
            "name": self._get_invoice_line_name(piece, whole),
            "tax_ids": [fields.Command.set(self.tax_ids.ids)],
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "discount": self.discount,
        }
        if piece != whole:
            amount = self._get_amount(piece, whole)
            values.update(quantity=1.0, price_unit=float(amount), discount=0.0)
        return values

    def _get_invoice_line_name(self, piece, whole):
        """The description and the period served, in the customer's language."""
        self.ensure_one()
        if self.charge == "one_off":
            return self.name
        env = self.with_context(lang=self.agreement_id._get_lang()).env
        first, last = (
            format_date(env, day, lang_code=env.lang, date_format="medium")
            for day in (piece.start, piece.last_day)
        )
        served = env._("%(first)s to %(last)s", first=first, last=last)
        if piece != whole:
            share = env._(
                "%(part)s of %(whole)s days", part=piece.days, whole=whole.days
            )
            served = f"{served} ({share})"
        return f"{self.name}\n{served}"

    def _prepare_period_values(self, piece, whole):
        """:return: values of the ``service.agreement.period`` that records ``piece``"""
        self.ensure_one()
        return {
            "line_id": self.id,
            "kind": "one_off" if self.charge == "one_off" else "service",
            "date_start": piece.start,
            "date_end": piece.end,
            "whole_start": whole.start,
            "whole_end": whole.end,
        }
