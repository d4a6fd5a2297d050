from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from odoo.addons.service_agreement.models.service_proposal_quote import (
    flatten_promises,
)


class SaleOrderAgreementOption(models.Model):
    """A tier offered with a quotation: what is paid by the period, beside its total.

    It is no line of the order: the order neither counts it in its total nor invoices
    it. The agreement that is made of it bills it.
    """

    _name = "sale.order.agreement.option"
    _description = "Service Agreement Offered with a Quotation"
    _order = "order_id, sequence, id"
    _rec_name = "tier_id"
    _check_company_auto = True

    order_id = fields.Many2one(
        "sale.order", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    sequence = fields.Integer(default=10)
    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    tier_plan_ids = fields.Many2many(related="tier_id.plan_ids")
    plan_id = fields.Many2one(
        "service.agreement.plan",
        string="Billing Plan",
        compute="_compute_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        check_company=True,
        ondelete="restrict",
        domain="[('id', 'in', tier_plan_ids)]",
    )
    price_listed = fields.Monetary(
        string="Calculated Price",
        compute="_compute_price_unit",
        store=True,
        precompute=True,
        help="As the tier says, from its price or from what the quotation sells.",
    )
    price_unit = fields.Monetary(
        string="Price per Period",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="Never on the order's invoice: the agreement bills it, period by period.",
    )
    amount_total = fields.Monetary(
        string="With Taxes", compute="_compute_amount_total", compute_sudo=True
    )
    period_label = fields.Char(related="plan_id.period_label")
    free_months = fields.Integer(
        string="Free at First (months)",
        compute="_compute_free_months",
        store=True,
        readonly=False,
        precompute=True,
    )
    is_recommended = fields.Boolean(string="Recommended")
    is_chosen = fields.Boolean(
        string="Chosen", help="By you, or by the customer on his page."
    )

    _tier_plan_uniq = models.Constraint(
        "UNIQUE(order_id, tier_id, plan_id)",
        "A quotation offers each tier once for a billing plan.",
    )
    _chosen_uniq = models.UniqueIndex(
        "(order_id) WHERE is_chosen", "Only one of the tiers can be chosen."
    )
    _not_negative = models.Constraint(
        "CHECK(price_unit >= 0 AND free_months BETWEEN 0 AND 120)",
        "A price is 0 or more, and so are free months.",
    )

    # Defaults that can be overwritten

    @api.depends("tier_id")
    def _compute_plan_id(self):
        for option in self:
            plans = option.tier_id.plan_ids
            if option.plan_id not in plans or not option.plan_id:
                option.plan_id = plans[:1]

    @api.depends("tier_id")
    def _compute_free_months(self):
        for option in self:
            option.free_months = option.tier_id.free_months

    @api.depends(
        "tier_id",
        "plan_id",
        "order_id.partner_id",
        "order_id.pricelist_id",
        "order_id.order_line.product_id",
        "order_id.order_line.product_uom_qty",
        "order_id.order_line.price_unit",
        "order_id.order_line.discount",
    )
    def _compute_price_unit(self):
        """Until somebody says otherwise, and never once the order is signed."""
        for option in self:
            listed, price = option.price_listed, option.price_unit
            found = listed if option._is_settled() else option._find_price()
            option.price_listed = found
            option.price_unit = found if price == listed else price

    def _is_settled(self):
        """:return: bool, whether the order is decided: its prices stay"""
        self.ensure_one()
        order = self.order_id
        is_decided = order.state in ("sale", "cancel") or order.signature
        return bool(self._origin and is_decided)

    def _find_price(self):
        """:return: float, what a period costs by the tier and by what is sold"""
        self.ensure_one()
        if not (self.tier_id and self.plan_id):
            return 0.0
        return self.order_id._find_tier_price(self.tier_id, self.plan_id)

    @api.depends("price_unit", "order_id.fiscal_position_id")
    def _compute_amount_total(self):
        """Of an agreement that is never saved: nothing is shown that is not billed."""
        for option in self:
            is_whole = option.tier_id and option.plan_id
            option.amount_total = is_whole and option._get_offer().amount_total

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        usual = self.env.context.get("default_order_id")
        chosen = [
            vals.get("order_id") or usual for vals in vals_list if vals.get("is_chosen")
        ]
        orders = self.env["sale.order"].browse(filter(None, chosen))
        self._leave_choice(orders.agreement_option_ids)
        options = super().create(vals_list)
        options._ensure_open()
        return options

    def write(self, vals):
        self._ensure_open()
        if vals.get("is_chosen"):
            self._leave_choice(self.order_id.agreement_option_ids - self)
        return super().write(vals)

    @api.model
    def _leave_choice(self, others):
        """Before another one is chosen: the database knows only one."""
        others.filtered("is_chosen").is_chosen = False
        others.flush_recordset(["is_chosen"])

    @api.ondelete(at_uninstall=False)
    def _unlink_only_open(self):
        self._ensure_open()

    def _ensure_open(self):
        """:raise UserError: the order is decided; says what to do instead"""
        for order in self.order_id:
            if not self.env.su and (reason := self._why_not_change(order)):
                raise UserError(reason)

    @api.model
    def _why_not_change(self, order):
        """:return: why the tiers of ``order`` stay as they are, or None"""
        if order.state == "sale":
            return self.env._(
                "%s is confirmed: change its service agreement instead.", order.name
            )
        if order.signature:
            return self.env._(
                "%s is signed: cancel it and set it to quotation to change it.",
                order.name,
            )
        return None

    # The agreement

    def _prepare_agreement_values(self, start):
        """
        :param date start: first day of the agreement
        :return: values of the service.agreement that this becomes
        """
        self.ensure_one()
        order = self.order_id
        agreements = self.env["service.agreement"]
        paid_from = agreements._get_paid_from(start, self.free_months)
        return {
            **order._prepare_agreement_base_values(start),
            "tier_id": self.tier_id.id,
            "plan_id": self.plan_id.id,
            "anchor_date": self.plan_id._get_anchor(paid_from),
            "free_months": self.free_months,
            "line_ids": [fields.Command.create(self._prepare_tier_line(paid_from))],
        }

    def _get_offer(self):
        """:return: service.agreement that is not saved, as it would be made today"""
        self.ensure_one()
        values = self._prepare_agreement_values(self.order_id._get_start())
        return self.env["service.agreement"].new(values)

    def _prepare_tier_line(self, paid_from):
        self.ensure_one()
        tier = self.tier_id.with_context(lang=self.order_id._get_lang())
        return {
            **tier._prepare_line_values(),
            "quantity": 1.0,
            "price_unit": self.price_unit,
            "price_listed": self.price_unit,
            "date_start": self.free_months and paid_from,
        }

    # In words

    def _format_price(self, amount=None):
        """:return: "$ 129.00" """
        self.ensure_one()
        shown = self.price_unit if amount is None else amount
        return format_amount(self.env, shown, self.currency_id)

    def _get_price_text(self):
        """:return: "$ 129.00 per month" """
        self.ensure_one()
        return self.env._(
            "%(price)s per %(period)s",
            price=self._format_price(),
            period=self.plan_id.period_label,
        )

    def _get_start_text(self):
        """:return: str, since when it holds and since when it costs"""
        self.ensure_one()
        start = self.order_id._get_start_text()
        if not self.free_months:
            return start
        return self.env._(
            "%(start)s, the first %(months)s months free",
            start=start,
            months=self.free_months,
        )

    def _get_summary(self):
        """:return: "Silver: $ 129.00 per month, from the delivery" """
        self.ensure_one()
        return self.env._(
            "%(tier)s: %(price)s, %(start)s",
            tier=self.tier_id.name,
            price=self._get_price_text(),
            start=self._get_start_text(),
        )

    def _compare(self, other):
        """What changes with this one instead of ``other``, in the customer's words.

        :return: dict of lists: ``more`` and ``less`` of str that is included,
            ``promises`` of dict label, text and other (None: not promised)
        """
        self.ensure_one()
        here, there = self.tier_id.comparison, other.tier_id.comparison
        own, others = flatten_promises(here), flatten_promises(there)
        return {
            "more": [t for t in here["included"] if t not in there["included"]],
            "less": [t for t in there["included"] if t not in here["included"]],
            "promises": [
                {"label": key, "text": own.get(key), "other": others.get(key)}
                for key in {**own, **others}
                if own.get(key) != others.get(key)
            ],
        }

    def _get_price_change(self, other):
        """:return: "$ 110.00 more per month"; None where the price is the same"""
        self.ensure_one()
        mine = self.plan_id._per_month(self.price_unit)
        theirs = other.plan_id._per_month(other.price_unit)
        change = self.currency_id.round(mine - theirs)
        if self.currency_id.is_zero(change):
            return None
        amount = self._format_price(abs(change))
        if change > 0:
            return self.env._("%(amount)s more per month", amount=amount)
        return self.env._("%(amount)s less per month", amount=amount)
