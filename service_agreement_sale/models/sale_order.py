from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.service_agreement.models.service_agreement_sla_calendar import (
    canonical_json,
    digest,
)

# How a product makes its project, in Odoo's own sale_project.
PROJECT_TRACKING = ("task_in_project", "project_only")
ACCOUNTING = "account.group_account_invoice,account.group_account_readonly"
# Others read orders, too: in projects and in the stock.
OPTION_READERS = f"sales_team.group_sale_salesman,{ACCOUNTING}"


class SaleOrder(models.Model):
    """Tiers of service offered with a quotation, beside what it sells once.

    How it works: a quotation has options (``sale.order.agreement.option``), none or one
    of them chosen, by the salesperson or by the customer on his page. They are no lines
    of the order, so that it never invoices them. Confirmed, the order makes the
    agreement of what was chosen (``sale_order_agreement.py``).
    """

    _inherit = "sale.order"

    agreement_option_ids = fields.One2many(
        "sale.order.agreement.option",
        "order_id",
        string="Service Tiers",
        copy=True,
        groups=OPTION_READERS,
    )
    agreement_option_id = fields.Many2one(
        "sale.order.agreement.option",
        string="Chosen Service",
        compute="_compute_agreement_option_id",
        compute_sudo=True,
        groups=OPTION_READERS,
    )
    agreement_summary = fields.Char(
        string="Beside This Total",
        compute="_compute_agreement_summary",
        compute_sudo=True,
    )
    agreement_start_on = fields.Selection(
        [
            ("delivery", "With the delivery of the project"),
            ("date", "On the delivery date, or at once"),
        ],
        string="Service Starts",
        compute="_compute_agreement_start_on",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="With the delivery: on the day the project says that it was delivered.",
    )
    agreement_expects_project = fields.Boolean(
        compute="_compute_agreement_start_on",
        store=True,
        readonly=False,
        precompute=True,
        help="What the start was suggested by.",
    )
    service_project_id = fields.Many2one(
        "project.project",
        string="Project Handed Over",
        copy=False,
        index="btree_not_null",
        check_company=True,
        domain="[('is_template', '=', False), ('is_service_desk', '=', False)]",
        help="When it is delivered, the service starts. Filled by itself where the "
        "order makes the project.",
    )
    service_delivered_on = fields.Date(related="service_project_id.delivered_on")
    agreement_ids = fields.One2many(
        "service.agreement",
        "sale_order_id",
        string="Service Agreements",
        readonly=True,
        groups=f"service_agreement.group_user,{ACCOUNTING}",
    )
    agreement_count = fields.Integer(
        compute="_compute_agreement_count", compute_sudo=True
    )
    agreement_awaits_delivery = fields.Boolean(
        compute="_compute_agreement_count", compute_sudo=True
    )
    proposal_ids = fields.One2many(
        "service.agreement.proposal",
        "sale_order_id",
        string="Service Proposals",
        groups="service_agreement.group_user",
    )
    proposal_count = fields.Integer(
        compute="_compute_proposal_count", groups="service_agreement.group_user"
    )

    @api.depends("agreement_option_ids.is_chosen")
    def _compute_agreement_option_id(self):
        for order in self:
            chosen = order.agreement_option_ids.filtered("is_chosen")
            order.agreement_option_id = chosen[:1]

    @api.depends(
        "agreement_option_ids.is_chosen",
        "agreement_option_ids.price_unit",
        "agreement_option_ids.free_months",
        "agreement_start_on",
    )
    def _compute_agreement_summary(self):
        for order in self:
            chosen = order.agreement_option_id
            order.agreement_summary = chosen._get_summary() if chosen else False

    @api.depends("service_project_id", "order_line.product_id")
    def _compute_agreement_start_on(self):
        """Until somebody says otherwise; anew where a project comes or goes."""
        for order in self:
            start, expected = order.agreement_start_on, order.agreement_expects_project
            if order.state in ("sale", "cancel") and start:
                continue
            expects = order._expects_project()
            if not start or expects != expected:
                order.agreement_start_on = "delivery" if expects else "date"
            order.agreement_expects_project = expects

    def _expects_project(self):
        """:return: bool, whether there is a project, or the order will make one"""
        self.ensure_one()
        products = self.order_line.product_id
        return bool(self.service_project_id) or any(
            product.service_tracking in PROJECT_TRACKING for product in products
        )

    @api.depends("agreement_ids.state")
    def _compute_agreement_count(self):
        for order in self:
            agreements = order.agreement_ids
            order.agreement_count = len(agreements)
            order.agreement_awaits_delivery = any(
                agreement._awaits_delivery() for agreement in agreements
            )

    def _compute_proposal_count(self):
        counts = dict(
            self.env["service.agreement.proposal"]._read_group(
                [("sale_order_id", "in", self.ids)], ["sale_order_id"], ["__count"]
            )
        )
        for order in self:
            order.proposal_count = counts.get(order, 0)

    def write(self, vals):
        """What was handed over before somebody said so here starts now."""
        result = super().write(vals)
        if vals.get("service_project_id"):
            # Sudo: who sells need not see the projects.
            projects = self.sudo().service_project_id
            projects.filtered("delivered_on")._start_services()
        return result

    # Prices

    def _find_tier_price(self, tier, plan):
        """
        :param service.agreement.tier tier: in sudo where who asks may not read it
        :return: float, what a period of ``plan`` costs with this order: by the
            customer's pricelist, or a share of what is sold where that is more
        """
        self.ensure_one()
        values = self._prepare_agreement_base_values(self._get_start())
        draft = self.env["service.agreement"].new({**values, "plan_id": plan.id})
        listed = draft._get_tier_price(tier, plan)
        if tier.quote_pricing != "percent":
            return listed
        sold = self.order_line._get_sold_amount(tier.quote_with_labour)
        return max(listed, tier._get_share_price(plan, sold))

    def _prepare_agreement_base_values(self, start):
        """
        :param date start: first day of the agreement
        :return: values that a service.agreement has of the order, whatever is chosen
        """
        self.ensure_one()
        names = (
            "company_id",
            "partner_id",
            "partner_invoice_id",
            "partner_shipping_id",
            "user_id",
            "pricelist_id",
            "currency_id",
            "fiscal_position_id",
        )
        return {
            **{name: self[name].id for name in names},
            "client_order_ref": self.client_order_ref,
            "date_start": start,
        }

    # When it starts

    def _get_start(self):
        """:return: date on which the service starts, as far as is known today"""
        self.ensure_one()
        company = self.company_id or self.env.company
        today = company._service_today()
        if delivered := self._get_delivered_on():
            return delivered
        planned = self.commitment_date and company._service_day(self.commitment_date)
        return max(today, planned or today)

    def _get_delivered_on(self):
        """:return: date on which its project was delivered; False: not yet, or the
        service does not wait for it
        """
        self.ensure_one()
        waits = self.agreement_start_on == "delivery"
        # Sudo: who sells need not see the projects.
        return waits and self.sudo().service_project_id.delivered_on

    def _get_start_text(self):
        """:return: "from June 5, 2026", as the customer reads it"""
        self.ensure_one()
        if self.agreement_start_on == "delivery" and not self._get_delivered_on():
            return self.env._("from the day we hand over your system")
        if not self.commitment_date and self.state in ("draft", "sent"):
            return self.env._("from the day you order")
        day = format_date(self.env, self._get_start(), date_format="long")
        return self.env._("from %(date)s", date=day)

    # In the portal

    def _why_not_choose_agreement(self):
        """:return: why the customer cannot choose a tier now, in his words, or None"""
        self.ensure_one()
        if not self._can_be_edited_on_portal() or self.signature:
            return self.env._("This quotation is decided already.")
        if self.is_expired:
            return self.env._(
                "This quotation has expired. Please ask us for a new one."
            )
        return None

    def _get_agreement_fingerprint(self):
        """:return: str, by which the service is recognised that is signed with the
        quotation: SHA-256 of what is chosen, what it costs and its document; empty
        where nothing is chosen
        """
        self.ensure_one()
        option = self.agreement_option_id
        if not option:
            return ""
        prices = [option.price_unit, option.amount_total, option.free_months]
        sections = option._get_offer()._get_document_sections()
        return digest(canonical_json([option.id, *prices, sections]))

    def _choose_agreement(self, option, author):
        """As the customer said on his page.

        :param option: sale.order.agreement.option of this order; empty: none
        :param res.partner author: who said so
        """
        self.ensure_one()
        chosen = self.agreement_option_ids.filtered("is_chosen")
        if option == chosen:
            return
        (option or chosen).is_chosen = bool(option)
        self.message_post(body=self._describe_choice(option), author_id=author.id)

    def _describe_choice(self, option):
        self.ensure_one()
        lang = self.user_id.lang or self.company_id.partner_id.lang
        mine = option.with_context(lang=lang)
        if not option:
            return mine.env._("The customer chose no service agreement.")
        return mine.env._(
            "The customer chose %(tier)s, %(price)s.",
            tier=mine.tier_id.name,
            price=mine._get_price_text(),
        )

    # Links

    def action_view_agreements(self):
        self.ensure_one()
        return self.agreement_ids._get_records_action(
            name=self.env._("Service Agreements")
        )

    def action_view_proposals(self):
        self.ensure_one()
        return self.proposal_ids._get_records_action(
            name=self.env._("Service Proposals")
        )
