from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

STATES = [
    ("draft", "Draft"),
    ("sent", "Sent"),
    ("accepted", "Accepted"),
    ("declined", "Declined"),
    ("replaced", "Replaced"),
    ("withdrawn", "Withdrawn"),
]
DECLINE_REASONS = [
    ("price", "Too expensive"),
    ("need", "Not needed"),
    ("provider", "Another provider"),
    ("later", "Maybe later"),
    ("other", "Something else"),
]
# What happened, and when: set by the transitions, not by whoever has write access.
FACTS = (
    "state",
    "sent_on",
    "replaces_id",
    "version",
    "agreement_id",
    "accepted_on",
    "accepted_by",
    "accepted_option_id",
    "accepted_plan_id",
    "accepted_quantity",
    "accepted_content",
    "accepted_hash",
    "declined_on",
    "declined_by",
    "decline_reason",
    "decline_note",
    "decline_terms",
    "evidence",
    "evidence_on",
    "reminded_days",
    "expiry_told_for",
    "access_token",
)
# What the client reads: once it is sent, another version says something else.
OFFERED = {
    "name",
    "company_id",
    "partner_id",
    "partner_shipping_id",
    "fiscal_position_id",
    "pricelist_id",
    "currency_id",
    "option_ids",
    "extra_ids",
    "recommended_tier_id",
    "plan_ids",
    "date_start",
    "quantity",
    "quantity_min",
    "quantity_label",
    "introduction",
    "shows_evidence",
}


class ServiceAgreementProposal(models.Model):
    """Tiers offered to a customer side by side, for him to choose, sign and start.

    How it works: a draft is written, sent with a link, opened without login, and then
    accepted (which makes the agreement) or declined in writing. Prices are frozen when
    it is sent; what was chosen, with a hash, when it is accepted. Whether it is expired
    is read from its last day, never stored.

    One method per transition, as of ``service.agreement``: ``_why_not_<verb>``,
    ``_prepare_<verb>_values``, ``_after_<verb>``. Accepting and declining stand in
    ``service_agreement_proposal_answer.py``, prices in ``service_proposal_quote.py``.
    """

    _name = "service.agreement.proposal"
    _description = "Service Proposal"
    _inherit = [
        "service.agreement.guard",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True
    _rec_names_search = ["name", "partner_id.name"]
    _facts = FACTS

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        index="trigram",
        default=lambda self: self.env._("New"),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', '=', company_id)]",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        compute="_compute_pricelist_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        required=True,
        ondelete="restrict",
    )
    partner_shipping_id = fields.Many2one(
        "res.partner",
        string="Service Address",
        compute="_compute_partner_shipping_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
        help="Where the service is rendered: decides which taxes apply.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        compute="_compute_fiscal_position_id",
        store=True,
        precompute=True,
        check_company=True,
    )
    option_ids = fields.One2many(
        "service.agreement.proposal.option",
        "proposal_id",
        string="Tiers Offered",
        copy=True,
        default=lambda self: self._default_option_ids(),
    )
    recommended_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Recommended",
        compute="_compute_recommended_tier_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Stands out on the page; the others are compared with it.",
    )
    tier_ids = fields.Many2many("service.agreement.tier", compute="_compute_tier_ids")
    extra_ids = fields.One2many(
        "service.agreement.proposal.extra", "proposal_id", copy=True
    )
    plan_ids = fields.Many2many(
        "service.agreement.plan",
        string="Billing Plans",
        compute="_compute_plan_ids",
        store=True,
        readonly=False,
        check_company=True,
        help="How the customer may pay: he chooses one.",
    )
    date_start = fields.Date(
        string="Start",
        copy=False,
        help="Empty: the day the customer accepts. A day that is past by then is the "
        "day he accepts, too.",
    )
    quantity = fields.Integer(
        default=1, required=True, help="How many the price of a tier is paid for."
    )
    quantity_min = fields.Integer(
        string="At Least",
        default=1,
        required=True,
        help="The customer may choose fewer or more, but not below.",
    )
    quantity_label = fields.Char(
        string="Counted In",
        help="What is counted, e.g. meeting rooms. Empty: the customer is not asked "
        "how many.",
    )
    introduction = fields.Html(
        string="Message to the Customer",
        help="First thing on the page and in the mail.",
    )
    validity_date = fields.Date(
        string="Valid Until",
        compute="_compute_validity_date",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        tracking=True,
        index="btree_not_null",
        help="Last day on which the customer can accept, and his link works.",
    )
    state = fields.Selection(
        STATES,
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    is_expired = fields.Boolean(
        string="Expired", compute="_compute_is_expired", search="_search_is_expired"
    )
    days_left = fields.Integer(
        compute="_compute_is_expired", help="Of the offer, today not counted."
    )
    sent_on = fields.Datetime(readonly=True, copy=False)
    version = fields.Integer(default=1, readonly=True, copy=False)
    replaces_id = fields.Many2one(
        "service.agreement.proposal",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    replaced_by_ids = fields.One2many("service.agreement.proposal", "replaces_id")

    _quantity_positive = models.Constraint(
        "CHECK(quantity_min >= 1 AND quantity >= quantity_min)",
        "Offer 1 or more, and not less than the customer may choose.",
    )
    _accepted_with_agreement = models.Constraint(
        "CHECK((state = 'accepted') = (agreement_id IS NOT NULL))",
        "An accepted proposal has its agreement.",
    )
    _replaces_uniq = models.UniqueIndex(
        "(replaces_id) WHERE replaces_id IS NOT NULL",
        "There is a newer version of it already.",
    )

    # Defaults that can be overwritten

    @api.model
    def _default_option_ids(self):
        """All tiers that are sold."""
        companies = [False, self.env.company.id]
        tiers = self.env["service.agreement.tier"].search(
            [("company_id", "in", companies)]
        )
        return [
            Command.create({"tier_id": tier.id, "sequence": number})
            for number, tier in enumerate(tiers.sorted("rank"), 1)
        ]

    @api.depends("partner_id")
    def _compute_user_id(self):
        for proposal in self:
            partner = proposal.partner_id
            proposal.user_id = (
                proposal.user_id
                or partner.user_id
                or partner.commercial_partner_id.user_id
                or self.env.user
            )

    @api.depends("partner_id", "company_id")
    def _compute_pricelist_id(self):
        for proposal in self.filtered(lambda p: not p._is_offered()):
            partner = proposal.partner_id.with_company(proposal.company_id)
            proposal.pricelist_id = partner.property_product_pricelist

    @api.depends("company_id", "pricelist_id")
    def _compute_currency_id(self):
        for proposal in self:
            if proposal._is_offered() and proposal.currency_id:
                continue
            proposal.currency_id = (
                proposal.pricelist_id.currency_id or proposal.company_id.currency_id
            )

    @api.depends("partner_id")
    def _compute_partner_shipping_id(self):
        for proposal in self.filtered(lambda p: not p._is_offered()):
            addresses = proposal.partner_id.address_get(["delivery"])
            proposal.partner_shipping_id = proposal.partner_id and addresses["delivery"]

    @api.depends("partner_id", "partner_shipping_id", "company_id")
    def _compute_fiscal_position_id(self):
        positions = self.env["account.fiscal.position"]
        for proposal in self.filtered(lambda p: not p._is_offered()):
            customer, site = proposal.partner_id, proposal.partner_shipping_id
            proposal.fiscal_position_id = customer and positions.with_company(
                proposal.company_id
            )._get_fiscal_position(customer, site)

    @api.depends("option_ids.tier_id")
    def _compute_tier_ids(self):
        for proposal in self:
            proposal.tier_ids = proposal.option_ids.tier_id

    @api.depends("option_ids.tier_id")
    def _compute_recommended_tier_id(self):
        """The middle one, until somebody chooses."""
        for proposal in self:
            tiers = proposal.option_ids.tier_id.sorted("rank")
            if proposal.recommended_tier_id not in tiers:
                middle = len(tiers) // 2
                proposal.recommended_tier_id = tiers[middle : middle + 1]

    @api.depends("option_ids.tier_id")
    def _compute_plan_ids(self):
        """Those that all tiers have, or else any of them, until somebody chooses."""
        for proposal in self.filtered(lambda p: not p.plan_ids):
            tiers = proposal.option_ids.tier_id
            shared = tiers.plan_ids.filtered(
                lambda plan, tiers=tiers: all(plan in tier.plan_ids for tier in tiers)
            )
            proposal.plan_ids = (shared or tiers.plan_ids).filtered("active")

    @api.depends("company_id")
    def _compute_validity_date(self):
        for proposal in self.filtered(lambda p: not p.validity_date):
            company = proposal.company_id or self.env.company
            proposal.validity_date = fields.Date.add(
                company._service_today(), days=company.sudo().proposal_valid_days
            )

    @api.depends("state", "validity_date", "company_id")
    def _compute_is_expired(self):
        for proposal in self:
            today = (proposal.company_id or self.env.company)._service_today()
            last = proposal.validity_date or today
            proposal.days_left = (last - today).days
            proposal.is_expired = proposal.state == "sent" and last < today

    def _search_is_expired(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Sudo: every company has a today of its own, also those not looked at.
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        expired = Domain("state", "=", "sent") & Domain.OR(
            Domain("company_id", "in", same.ids) & Domain("validity_date", "<", today)
            for today, same in companies.grouped(lambda c: c._service_today()).items()
        )
        return expired if True in value else ~expired

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for proposal in self:
            proposal.access_url = f"/my/proposals/{proposal.id}"
        return result

    @api.depends("name", "version")
    def _compute_display_name(self):
        for proposal in self:
            proposal.display_name = proposal.name
            if proposal.version > 1:
                proposal.display_name = self.env._(
                    "%(number)s, version %(version)s",
                    number=proposal.name,
                    version=proposal.version,
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        new = self.env._("New")
        for vals in vals_list:
            if vals.get("name", new) in (new, False):
                vals["name"] = self._next_number(vals)
        return super().create(vals_list)

    @api.model
    def _next_number(self, vals):
        company = vals.get("company_id") or self.env.company.id
        sequence = self.env["ir.sequence"].with_company(company)
        return sequence.next_by_code("service.agreement.proposal") or self.env._("New")

    def write(self, vals):
        if not OFFERED.isdisjoint(vals):
            self._ensure_draft()
        result = super().write(vals)
        if "validity_date" in vals:
            # Another last day: the customer is reminded of it, too.
            self.sudo().write({"reminded_days": 0, "expiry_told_for": False})
        return result

    def _is_offered(self):
        """:return: bool, whether the customer has it: no default changes it any more"""
        self.ensure_one()
        return bool(self._origin) and self.state not in ("draft", False)

    def _ensure_draft(self):
        """:raise UserError: it is with the customer; says what to do instead"""
        for proposal in self.filtered(lambda p: p.state != "draft"):
            if not self.env.su:
                raise UserError(
                    proposal.env._(
                        '%s is with the customer: use "New Version" to offer something'
                        " else.",
                        proposal.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if kept := self.filtered(lambda p: p.state != "draft"):
            raise UserError(
                self.env._(
                    "%(proposals)s was sent and stays on record. Withdraw it instead of"
                    " deleting it.",
                    proposals=", ".join(kept.mapped("name")),
                )
            )

    # Send

    def _why_not_send(self):
        """:return: str, what is missing before it can be sent, or None"""
        self.ensure_one()
        if self.state not in ("draft", "sent"):
            return self.env._("%s is past being sent.", self.name)
        if not self.option_ids:
            return self.env._("%s offers nothing: add a tier first.", self.name)
        if not self.plan_ids:
            return self.env._("%s has no billing plan to choose.", self.name)
        if self.validity_date < self.company_id._service_today():
            return self.env._(
                "%(proposal)s was valid until %(date)s: choose a later day.",
                proposal=self.name,
                date=format_date(self.env, self.validity_date),
            )
        return None

    def _prepare_send_values(self):
        self.ensure_one()
        return {"state": "sent", "sent_on": self.env.cr.now()}

    def _send(self):
        """Put it in front of the customer, at the prices of now."""
        self._ensure_can(type(self)._why_not_send)
        for proposal in self.filtered(lambda p: p.state == "draft"):
            proposal.option_ids.sudo()._freeze_prices()
            proposal.sudo().write(proposal._prepare_send_values())
            proposal._portal_ensure_token()
        self._after_send()

    def _after_send(self):
        """Hook for bridges: these proposals were just sent."""

    def action_send(self):
        """Open the mail to the customer; sending it is what sends the proposal."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_send)
        template = self._get_mail_template("offer")
        return {
            "name": self.env._("Send the Proposal"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "mark_proposal_as_sent": True,
                "force_email": True,
            },
        }

    def action_mark_sent(self):
        """Given to the customer otherwise: by a message with the link, or in person."""
        self._send()

    def message_post(self, **kwargs):
        """EXTENDS 'mail': sending the mail is what sends the proposal."""
        if self.env.context.get("mark_proposal_as_sent"):
            self.filtered(lambda p: p.state == "draft")._send()
        return super().message_post(**kwargs)

    # Withdraw

    def _why_not_withdraw(self):
        self.ensure_one()
        if self.state not in ("draft", "sent"):
            return self.env._("%s is decided already.", self.name)
        return None

    def _prepare_withdraw_values(self):
        """No link leads to what is no longer offered."""
        self.ensure_one()
        return {"state": "withdrawn", "access_token": False}

    def action_withdraw(self):
        """No longer offered: the customer's link stops working."""
        self._lock_and_wait()
        self._ensure_can(type(self)._why_not_withdraw)
        for proposal in self.sudo():
            proposal.write(proposal._prepare_withdraw_values())
        self._after_withdraw()

    def _after_withdraw(self):
        """Nothing is left to do for them. Hook for bridges."""
        self._forget_to_dos()

    # Another version

    def _why_not_new_version(self):
        self.ensure_one()
        if self.state == "draft":
            return self.env._("%s is a draft: change it as it is.", self.name)
        if self.state == "accepted":
            return self.env._(
                "%(proposal)s is accepted: change the agreement %(agreement)s instead.",
                proposal=self.name,
                agreement=self.agreement_id.name,
            )
        if newer := self.sudo().replaced_by_ids:
            return self.env._(
                "%(proposal)s has a newer version already: %(newer)s.",
                proposal=self.name,
                newer=newer[:1].display_name,
            )
        return None

    def _prepare_new_version_values(self):
        """:return: values of the version that follows, beside what a copy has"""
        self.ensure_one()
        today = self.company_id._service_today()
        later = self.date_start and self.date_start > today
        return {
            "name": self.name,
            "version": self.version + 1,
            "replaces_id": self.id,
            "date_start": later and self.date_start,
        }

    def action_new_version(self):
        """Offer something else: a copy to work on, and this one can't be accepted."""
        self.ensure_one()
        self._lock_and_wait()
        self._ensure_can(type(self)._why_not_new_version)
        self.env[self._name].check_access("create")
        # Sudo: number and version are facts that this makes.
        newer = self.sudo().copy(self._prepare_new_version_values())
        if self.state == "sent":
            self.sudo().write({"state": "replaced"})
        self._forget_to_dos()
        return newer.with_env(self.env).get_formview_action()

    # Links

    def _is_link_open(self):
        """:return: bool, whether the link without login still shows what is offered"""
        self.ensure_one()
        return self.state not in ("draft", "withdrawn") and self.days_left >= 0

    def _get_link(self):
        """:return: str, the address that the customer opens without login"""
        self.ensure_one()
        return self.get_base_url() + self.get_portal_url()

    def _why_not_revoke(self):
        self.ensure_one()
        if self.state in ("draft", "withdrawn"):
            return self.env._("%s has no link that anybody could use.", self.name)
        return None

    def action_revoke_link(self):
        """Links sent so far stop working; the next mail carries a new one."""
        self._ensure_can(type(self)._why_not_revoke)
        for proposal in self:
            proposal.sudo().access_token = False
            proposal._portal_ensure_token()
            proposal._message_log(
                body=self.env._("The link was revoked: there is a new one.")
            )

    # EXTENDS 'portal'
    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """A link that is over opens no conversation either."""
        thread = super()._get_thread_with_access(thread_id, **kwargs)
        if thread and not thread.sudo()._is_link_open():
            reader = self.browse(thread.id)
            return thread if reader.has_access("read") else self.browse()
        return thread

    # EXTENDS 'mail'
    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """The mails carry their own link: no second button that leads elsewhere."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        for name, _match, options in groups:
            if name in ("portal_customer", "portal", "customer"):
                options["has_button_access"] = False
        return groups

    # Actions

    def _get_lang(self):
        self.ensure_one()
        return self.partner_id.lang or self.env.lang

    def _for_office(self):
        """:return: this proposal in the language of who offers it"""
        self.ensure_one()
        lang = self.user_id.lang or self.company_id.partner_id.lang
        return self.with_context(lang=lang)

    @api.model
    def _get_new_action(self, **defaults):
        """:param defaults: record by the name of the field that begins with it"""
        return {
            "name": self.env._("New Proposal"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "views": [(False, "form")],
            "context": {f"default_{name}": each.id for name, each in defaults.items()},
        }

    def action_preview(self):
        """The page as the customer sees it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.access_url,
        }

    def action_view_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.env._("Proposal %s", self.name)
