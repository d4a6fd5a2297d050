from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_date, is_html_empty
from odoo.tools.image import base64_to_image

from ..tools.billing_period import Recurrence
from .service_agreement_tier import CREDIT_POLICIES, PRORATIONS

STATES = [
    ("draft", "Draft"),
    ("proposed", "Proposed"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("ended", "Ended"),
]
END_REASONS = [
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
    ("replaced", "Replaced"),
]
# What happened, and when: set by the transitions, not by whoever has write access.
FACTS = (
    "state",
    "proposed_on",
    "activated_on",
    "suspended_on",
    "end_reason",
    "before_end",
    "settle_on",
    "signed_by",
    "signed_on",
    "signature",
    "billing_issue",
    "reminded_for",
    "customer_step_count",
    "terms_id",
    "document_content",
    "document_hash",
    "document_accepted_on",
)
# Worked out from facts: the ORM would let anybody write them all the same.
DERIVED = ("next_invoice_date", "mrr", "amount_untaxed", "amount_tax", "amount_total")
# What was agreed, and is billed by: from the proposal on, nobody types over it.
AGREED = {
    "company_id",
    "replaces_id",
    "tier_id",
    "plan_id",
    "pricelist_id",
    "currency_id",
    "fiscal_position_id",
    "date_start",
    "anchor_date",
    "proration_method",
    "credit_policy",
    "end_policy",
    "termination_fee_percent",
    "clawback_discount",
    "date_end",
    "term_months",
    "auto_renew",
    "notice_days",
    "escalation_percent",
    "escalation_notice_days",
    "escalation_date",
    "note",
    "highlights",
    "exclusions",
    "sla_credit_percent",
    "sla_credit_cap",
    "coverage_ids",
    "system_quantity",
}
# What is different from a day on by a dated fact.
CHANGEABLE = {"tier_id", "plan_id", "line_ids"}


class ServiceAgreement(models.Model):
    """The commitment to one customer: what is promised, from when, at what price.

    How it works: an agreement is made from a tier and a plan, whose prices, texts
    and promises it copies; it is proposed, signed in the portal, and then billed by
    ``service_agreement_billing.py`` and kept by the tickets that match it.

    One method per transition: ``_why_not_<verb>`` returns the message why not,
    ``_prepare_<verb>_values`` the values, ``_after_<verb>`` is the hook for bridges.
    The rights are checked first; the write itself is superuser's (see ``guard.py``).
    """

    _name = "service.agreement"
    _description = "Service Agreement"
    _inherit = [
        "service.agreement.guard",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _rec_names_search = ["name", "partner_id.name"]
    _facts = FACTS + DERIVED

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
    partner_invoice_id = fields.Many2one(
        "res.partner",
        string="Invoice Address",
        compute="_compute_partner_invoice_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
    )
    client_order_ref = fields.Char(
        string="Customer Reference",
        copy=False,
        help="Their purchase order number; printed on every invoice.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', '=', company_id)]",
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
    )
    plan_id = fields.Many2one(
        "service.agreement.plan",
        compute="_compute_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
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
    activated_on = fields.Datetime(
        readonly=True, copy=False, help="Since when it is in force; empty for offers."
    )
    suspended_on = fields.Date(readonly=True, copy=False)
    end_reason = fields.Selection(END_REASONS, readonly=True, copy=False, tracking=True)
    end_note = fields.Text(string="Why It Ended", readonly=True, copy=False)
    validity_date = fields.Date(
        string="Offer Valid Until",
        copy=False,
        help="After this day the customer can no longer sign the proposal.",
    )
    date_start = fields.Date(
        string="Start",
        required=True,
        copy=False,
        tracking=True,
        default=lambda self: self.env.company._service_today(),
    )
    date_end = fields.Date(
        string="Last Day",
        compute="_compute_date_end",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        index="btree_not_null",
        tracking=True,
        help="Last day of the current term, included. Empty: open-ended.",
    )
    anchor_date = fields.Date(
        string="Periods Counted From",
        compute="_compute_anchor_date",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="A date that carries the billing day: every period is computed from it, "
        "so that an agreement of the 31st returns to the 31st after February.",
    )
    term_months = fields.Integer(
        string="Term (months)",
        compute="_compute_term",
        store=True,
        readonly=False,
        precompute=True,
    )
    auto_renew = fields.Boolean(
        string="Renews Automatically",
        compute="_compute_term",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    notice_days = fields.Integer(
        string="Notice (days)",
        compute="_compute_term",
        store=True,
        readonly=False,
        precompute=True,
    )
    proration_method = fields.Selection(
        PRORATIONS,
        string="Parts of a Period",
        compute="_compute_billing_policy",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    credit_policy = fields.Selection(
        CREDIT_POLICIES,
        string="Credits",
        compute="_compute_billing_policy",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    note = fields.Html(
        string="Terms",
        compute="_compute_note",
        store=True,
        readonly=False,
        precompute=True,
    )
    line_ids = fields.One2many(
        "service.agreement.line",
        "agreement_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        copy=True,
    )
    target_ids = fields.One2many(
        "service.agreement.sla.target",
        "agreement_id",
        string="Promises",
        copy=False,
        readonly=True,
        help="What was promised here; a later change of the tier leaves it.",
    )
    period_ids = fields.One2many(
        "service.agreement.period", "agreement_id", string="Billed Periods"
    )
    amount_untaxed = fields.Monetary(
        string="Per Period", compute="_compute_amounts", store=True
    )
    amount_tax = fields.Monetary(string="Taxes", compute="_compute_amounts", store=True)
    amount_total = fields.Monetary(
        string="Total per Period", compute="_compute_amounts", store=True
    )
    mrr = fields.Monetary(
        string="Monthly Revenue",
        compute="_compute_mrr",
        store=True,
        help="Active recurring lines, normalised to a month, before taxes.",
    )
    billing_issue = fields.Text(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Why the last billing run set this agreement aside. Cleared by the next "
        "invoice.",
    )
    signature = fields.Image(
        copy=False, attachment=True, max_width=1024, max_height=1024, readonly=True
    )
    signed_by = fields.Char(copy=False, readonly=True, tracking=True)
    signed_on = fields.Datetime(copy=False, readonly=True)
    # What the views show of tier and plan.
    tier_color = fields.Integer(related="tier_id.color")
    tier_target_ids = fields.One2many(
        related="tier_id.target_ids", string="Promises of the Tier"
    )
    period_label = fields.Char(related="plan_id.period_label")
    invoice_count = fields.Integer(compute="_compute_invoice_count")
    ticket_count = fields.Integer(compute="_compute_ticket_count")

    _end_after_start = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "The last day lies before the start. Choose a later last day.",
    )
    _active_since = models.Constraint(
        "CHECK(state NOT IN ('active', 'suspended') OR activated_on IS NOT NULL)",
        "An agreement comes into force by its button, which notes since when.",
    )
    _term_not_negative = models.Constraint(
        "CHECK(term_months >= 0)", "A term is a number of months; 0 is open-ended."
    )

    # Defaults that can be overwritten

    def _is_agreed(self):
        """Whether what is on record was agreed: no default changes it any more."""
        self.ensure_one()
        return bool(self._origin) and self.state not in ("draft", False)

    @api.depends("partner_id")
    def _compute_partner_invoice_id(self):
        for agreement in self:
            addresses = agreement.partner_id.address_get(["invoice"])
            agreement.partner_invoice_id = agreement.partner_id and addresses["invoice"]

    @api.depends("partner_id")
    def _compute_user_id(self):
        for agreement in self:
            partner = agreement.partner_id
            agreement.user_id = (
                agreement.user_id
                or partner.user_id
                or partner.commercial_partner_id.user_id
                or self.env.user
            )

    @api.depends("tier_id")
    def _compute_plan_id(self):
        for agreement in self:
            plans = agreement.tier_id.plan_ids
            if agreement._is_agreed() and agreement.plan_id:
                continue
            if agreement.plan_id not in plans or not agreement.plan_id:
                agreement.plan_id = plans[:1] or agreement.plan_id

    @api.depends("tier_id")
    def _compute_term(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            tier = agreement.tier_id
            agreement.term_months = tier.term_months
            agreement.auto_renew = tier.auto_renew and bool(tier.term_months)
            agreement.notice_days = tier.notice_days

    @api.depends("tier_id")
    def _compute_billing_policy(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            tier = agreement.tier_id
            agreement.proration_method = tier.proration_method or "actual"
            agreement.credit_policy = tier.credit_policy or "carry"

    @api.depends("date_start", "term_months")
    def _compute_date_end(self):
        for agreement in self:
            agreement.date_end = agreement._get_term_end(agreement.date_start)

    @api.depends("date_start", "plan_id")
    def _compute_anchor_date(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            plan = agreement.plan_id
            agreement.anchor_date = plan and plan._get_anchor(agreement.date_start)

    @api.depends("tier_id", "partner_id.lang")
    def _compute_note(self):
        for agreement in self:
            if agreement.state != "draft":
                # Agreed: neither another language nor the catalogue changes it.
                agreement.note = agreement.note
                continue
            tier = agreement.tier_id.with_context(lang=agreement._get_lang())
            agreement.note = False if is_html_empty(tier.terms) else tier.terms

    @api.depends("tier_id", "plan_id", "currency_id", "pricelist_id")
    def _compute_line_ids(self):
        """The charge of tier and plan; what people added beside it stays."""
        for agreement in self:
            if agreement.state != "draft" or not (
                agreement.tier_id and agreement.plan_id
            ):
                agreement.line_ids = agreement.line_ids
                continue
            suggested = agreement.line_ids.filtered("is_suggested")[:1]
            quantity = suggested.quantity if suggested else 1.0
            values = agreement._prepare_suggested_values(quantity)
            if suggested:
                suggested.update(values)
            else:
                agreement.line_ids = [Command.create({**values, "quantity": quantity})]

    def _prepare_suggested_values(self, quantity):
        """:return: values of the charge that tier and plan suggest"""
        self.ensure_one()
        tier = self.tier_id.with_context(lang=self._get_lang())
        price = self._get_tier_price(tier, self.plan_id, quantity)
        return {
            **tier._prepare_line_values(),
            "price_unit": price,
            "price_listed": price,
        }

    # Figures

    @api.depends(
        "line_ids.price_subtotal",
        "line_ids.tax_ids",
        "line_ids.charge",
        "line_ids.superseded_on",
        "line_ids.date_start",
        "currency_id",
        "state",
    )
    def _compute_amounts(self):
        Tax = self.env["account.tax"]
        for agreement in self:
            lines = agreement._get_current_lines("recurring")
            company = agreement.company_id or self.env.company
            base_lines = [agreement._prepare_amount_base_line(line) for line in lines]
            Tax._add_tax_details_in_base_lines(base_lines, company)
            Tax._round_base_lines_tax_details(base_lines, company)
            totals = Tax._get_tax_totals_summary(
                base_lines=base_lines,
                currency=agreement.currency_id or company.currency_id,
                company=company,
            )
            agreement.amount_untaxed = totals["base_amount_currency"]
            agreement.amount_tax = totals["tax_amount_currency"]
            agreement.amount_total = totals["total_amount_currency"]

    def _prepare_amount_base_line(self, line):
        """Hook for bridges, where charges of one agreement have different rhythms.

        :return: what ``account.tax`` computes the part of ``line`` per period from
        """
        return line._prepare_tax_base_line()

    def _get_current_lines(self, charge=None):
        """:param str charge: "recurring", "one_off" or None for both
        :return: the lines that hold today, or will when it starts, or held at its end
        """
        self.ensure_one()
        day, last_day = self._get_price_day(), self._get_last_day()
        if last_day:
            day = min(day, max(last_day, self.date_start or last_day))
        return self.line_ids.filtered(
            lambda ln: (
                charge in (None, ln.charge)
                and (self.state in ("draft", "proposed", False) or ln._serves(day))
            )
        )

    def _get_price_day(self):
        """Hook for bridges, where it costs nothing at first.

        :return: date whose prices are shown, unless it is over by then
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        return max(filter(None, (self.date_start, company._service_today())))

    @api.depends("line_ids.mrr")
    def _compute_mrr(self):
        for agreement in self:
            agreement.mrr = sum(agreement.line_ids.mapped("mrr"))

    def _compute_invoice_count(self):
        # Sudo: a number, also for the salesman who may not open the invoices.
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [("agreement_id", "in", self.ids)],
                ["agreement_id"],
                ["move_id:count_distinct"],
            )
        )
        groups = [(agreement.with_env(self.env), count) for agreement, count in groups]
        counts = dict(groups)
        for agreement in self:
            agreement.invoice_count = counts.get(agreement, 0)

    def _compute_ticket_count(self):
        counts = self._count_tickets("project.task")
        for agreement in self:
            agreement.ticket_count = counts.get(agreement, 0)

    def _count_tickets(self, model):
        """:return: dict of the number of tickets of this model, by agreement; those
        that are planned are counted apart
        """
        tickets = self.env[model]
        asked = ~tickets._ticket_planned_domain()
        return dict(
            tickets._read_group(
                Domain("agreement_id", "in", self.ids) & asked,
                ["agreement_id"],
                ["__count"],
            )
        )

    @api.depends("name", "partner_id")
    @api.depends_context("agreement_show_partner")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        if self.env.context.get("agreement_show_partner"):
            for agreement in self.filtered("partner_id"):
                agreement.display_name = (
                    f"{agreement.name} – {agreement.partner_id.display_name}"
                )
        return result

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for agreement in self:
            agreement.access_url = f"/my/agreements/{agreement.id}"
        return result

    # Constraints

    @api.constrains("anchor_date", "plan_id", "date_start")
    def _check_anchor_date(self):
        """A fixed billing day is on the anchor, whatever was typed there."""
        for agreement in self.filtered(lambda a: a.plan_id and not a.anchor_date):
            raise ValidationError(
                agreement.env._(
                    "%(agreement)s has no date to count its billing periods from. "
                    'Fill in "Periods Counted From", usually the start date.',
                    agreement=agreement.name,
                )
            )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        new = self.env._("New")
        for vals in vals_list:
            if vals.get("name", new) in (new, False):
                vals["name"] = self._next_number(vals)
        agreements = super().create(vals_list)
        # The suggested lines exist from the start, also for who adds one right away.
        agreements.mapped("line_ids")
        for agreement in agreements:
            agreement.message_subscribe(agreement.partner_id.ids)
        return agreements

    def copy_data(self, default=None):
        """A copy starts with what holds today, not with every stretch of the past."""
        vals_list = super().copy_data(default)
        if default and "line_ids" in default:
            return vals_list
        for agreement, vals in zip(self, vals_list, strict=True):
            lines = agreement._get_current_lines()
            lines = lines.filtered(lambda line: not line.is_settlement)
            vals["line_ids"] = [Command.create(each) for each in lines.copy_data()]
        return vals_list

    def write(self, vals):
        if not AGREED.isdisjoint(vals):
            self._ensure_not_agreed(vals.keys())
        if "partner_id" not in vals:
            return super().write(vals)
        handed_over = self.filtered(lambda a: a.partner_id.id != vals["partner_id"])
        handed_over._forget_customer()
        result = super().write(vals)
        for agreement in handed_over:
            agreement.message_subscribe(agreement.partner_id.ids)
        return result

    def _ensure_not_agreed(self, names):
        """
        :param names: of the fields that are about to be written
        :raise UserError: it was offered or agreed; says which button is meant for it
        """
        agreed = self.filtered(lambda a: a.state != "draft")
        if agreed and not self.env.su:
            agreed.check_access("write")
            raise UserError(agreed[0]._why_not_rewrite(set(names)))

    def _why_not_rewrite(self, names):
        """:param set names: fields in ``AGREED``, or "line_ids" for the charges
        :return: why they are not typed over, and what to do instead
        """
        self.ensure_one()
        if self.state == "proposed":
            return self.env._(
                '%s is in front of the customer: use "Back to Draft" to change it, '
                "and send it again.",
                self.name,
            )
        if self.state == "ended":
            return self.env._("%s is over: what was agreed stays on record.", self.name)
        if names & CHANGEABLE:
            return self.env._(
                '%s is in force: use "Change" to say from which day on tier, plan and '
                "charges are different.",
                self.name,
            )
        return self._why_not_rewrite_term(names)

    def _why_not_rewrite_term(self, names):
        self.ensure_one()
        if "date_end" in names:
            return self.env._(
                '%s is in force: use "End" or "Renew" to give it another last day.',
                self.name,
            )
        if "auto_renew" in names:
            return self.env._(
                '%s is in force: use "Renew by Itself" or "Renew by Decision".',
                self.name,
            )
        return self.env._(
            '%s is in force: these terms stay as agreed. Use "Replace" to agree on '
            "others from a day on.",
            self.name,
        )

    def _forget_customer(self):
        """Who was offered it before must not open or sign another's agreement."""
        for agreement in self:
            agreement.message_unsubscribe(agreement.partner_id.ids)
            agreement.access_token = False

    @api.model
    def _next_number(self, vals):
        company = vals.get("company_id") or self.env.company.id
        date = vals.get("date_start")
        sequence = self.env["ir.sequence"].with_company(company)
        return sequence.next_by_code(
            "service.agreement", sequence_date=date and fields.Date.to_date(date)
        ) or self.env._("New")

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        kept = self.filtered(lambda a: a.state not in ("draft", "proposed"))
        if kept:
            raise UserError(
                self.env._(
                    "%(agreements)s was in force and stays on record. End it instead "
                    "of deleting it.",
                    agreements=", ".join(kept.mapped("name")),
                )
            )

    # Transitions

    def _why_not_propose(self):
        self.ensure_one()
        if self.state not in ("draft", "proposed"):
            return self.env._("%s is past the proposal.", self.name)
        if not self.line_ids:
            return self.env._("%s charges nothing: add a line first.", self.name)
        return None

    def _prepare_propose_values(self):
        self.ensure_one()
        return {"state": "proposed"}

    def _propose(self):
        """Offer it: the promise of the tier is copied, the customer sees it."""
        self._ensure_can(type(self)._why_not_propose)
        self._settle_defaults()
        self._freeze_promise()
        for agreement in self.filtered(lambda a: a.state == "draft"):
            agreement.sudo().write(agreement._prepare_propose_values())
        self._after_propose()

    def _after_propose(self):
        """Hook for bridges: these agreements were just proposed."""

    def action_propose(self):
        """Open the mail to the customer; sending it proposes the agreement."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_propose)
        template = self.env.ref(
            "service_agreement.mail_template_agreement_proposal",
            raise_if_not_found=False,
        )
        return {
            "name": self.env._("Send the Proposal"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": (
                    "mail.mail_notification_layout_with_responsible_signature"
                ),
                "mark_agreement_as_proposed": True,
                "force_email": True,
            },
        }

    def message_post(self, **kwargs):
        """EXTENDS 'mail': sending the proposal is what proposes it."""
        if self.env.context.get("mark_agreement_as_proposed"):
            self.filtered(lambda a: a.state == "draft")._propose()
        return super().message_post(**kwargs)

    def _why_not_activate(self):
        self.ensure_one()
        if self.state not in ("draft", "proposed"):
            return self.env._("%s was already started.", self.name)
        if not self.line_ids:
            return self.env._("%s charges nothing: add a line first.", self.name)
        return None

    def _settle_defaults(self):
        """What tier, plan and customer suggest is worked out while they still may."""
        self.flush_recordset()
        self.line_ids.flush_recordset()

    def _prepare_activate_values(self):
        self.ensure_one()
        return {"state": "active", "activated_on": self.env.cr.now()}

    def action_activate(self):
        """Put in force: signed on paper, or by the customer in the portal."""
        self._ensure_can(type(self)._why_not_activate)
        self._settle_defaults()
        self._freeze_promise()
        for agreement in self:
            agreement.sudo().write(agreement._prepare_activate_values())
        self._freeze_document()
        self._record_movements()
        self._after_activate()

    def _after_activate(self):
        """Hook for bridges: these agreements were just put in force."""

    def _why_not_sign(self):
        """:return: why the customer cannot sign it now, in his words, or None"""
        self.ensure_one()
        if self.state != "proposed":
            return self.env._("This agreement is not open for signature.")
        if self.signed_on:
            return self.env._("This agreement is already signed.")
        if self._is_offer_expired():
            return self.env._(
                "This proposal was valid until %(date)s. Please ask us for a new one.",
                date=format_date(self.env, self.validity_date),
            )
        return None

    def _is_offer_expired(self):
        self.ensure_one()
        today = self.company_id._service_today()
        return bool(self.validity_date and self.validity_date < today)

    def _accept(self, name, signature):
        """Sign and start.

        :param str name: who signs
        :param signature: base64 of the drawn signature
        :raise UserError: the agreement is not open for signature, or input is missing
        """
        self.ensure_one()
        if not (name and name.strip() and signature):
            raise UserError(self.env._("Please give your name and draw a signature."))
        # Two browsers at once: the second is refused here, or finds it signed.
        self.lock_for_update()
        self.invalidate_recordset(["state", "signed_on"])
        self._ensure_can(type(self)._why_not_sign)
        self.sudo().write(self._prepare_accept_values(name.strip(), signature))
        self._after_sign()

    def _after_sign(self):
        """Hook for bridges, where something else has to happen before it starts."""
        self.action_activate()

    def _prepare_accept_values(self, name, signature):
        try:
            base64_to_image(signature)
        except (UserError, ValueError, TypeError) as error:
            raise UserError(
                self.env._("The signature could not be read. Please draw it again.")
            ) from error
        return {
            "signed_by": name,
            "signed_on": self.env.cr.now(),
            "signature": signature,
        }

    def _why_not_draft(self):
        self.ensure_one()
        if self.state != "proposed":
            return self.env._("Only a proposal can be taken back to draft.")
        return None

    def action_draft(self):
        """Take a proposal back to change it; the next one copies the tier anew.

        Links sent before stop working: what they would show is no longer offered.
        """
        self._ensure_can(type(self)._why_not_draft)
        self.sudo().target_ids.unlink()
        self.sudo().write({"state": "draft", "access_token": False})

    def _freeze_promise(self):
        """Copy the tier's promises, once: the catalogue may change afterwards.

        Sudo: a salesman offers what the catalogue promises without owning it.
        """
        for agreement in self.sudo().filtered(lambda a: not a.target_ids):
            for target in agreement.tier_id.target_ids:
                target.copy({"tier_id": False, "agreement_id": agreement.id})

    # Term

    def _renews(self):
        """Whether the last day is the end of a term, and not of the agreement."""
        self.ensure_one()
        return bool(self.auto_renew and self.term_months and not self.end_reason)

    def _get_last_day(self):
        """:return: the last day in force as far as decided; False if there is none"""
        self.ensure_one()
        if self.state == "ended" and not self.activated_on:
            # It never came into force: it was over before it started.
            return fields.Date.subtract(self.date_start, days=1)
        return False if self._renews() else self.date_end

    def _get_term_end(self, day):
        """:return: last day of the term that ``day`` lies in; False if open-ended"""
        self.ensure_one()
        if not (self.date_start and day and self.term_months):
            return False
        terms = Recurrence(self.date_start, "month", self.term_months)
        return terms.period(terms.index(day)).last_day

    @api.model
    def _cron_lifecycle(self):
        """Renew or end what is past its last day, company by company's today."""
        for company in self._get_serving_companies():
            today = company._service_today()
            past = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "in", ("active", "suspended")),
                    ("date_end", "<", today),
                ]
            )
            past._renew_or_expire(today)
            self._get_pausing(company, today)._refresh_state()
            self._get_changing(company, today)._refresh_terms()
            self.env["ir.cron"]._commit_progress(len(past))
            agreements = self.with_company(company)
            agreements._withdraw_unannounced(today)
            agreements._announce_escalations(today)
            agreements._remind_of_renewals(today)
            self.env["service.agreement.line"].with_company(company)._refresh_revenue()
        # Last, so that one that ended and the one that replaces it are one change.
        self._record_missing_movements()

    @api.model
    def _get_changing(self, company, today):
        """:return: agreements whose tier or plan may change by ``today``"""
        changes = self.env["service.agreement.change"].search(
            [
                ("company_id", "=", company.id),
                ("date", "<=", today),
                ("is_applied", "=", False),
                ("is_withdrawn", "=", False),
                "|",
                ("tier_id", "!=", False),
                ("plan_id", "!=", False),
            ]
        )
        return changes.agreement_id.filtered(lambda a: a.state != "ended")

    @api.model
    def _get_serving_companies(self):
        """:return: the companies that have agreements; each has its own today"""
        groups = self._read_group([], ["company_id"])
        return self.env["res.company"].union(*(company for (company,) in groups))

    def _renew_or_expire(self, today):
        renewing = self.filtered(lambda a: a._renews())
        for agreement in renewing:
            agreement.date_end = agreement._get_term_end(today)
            agreement._after_renew()
        (self - renewing)._expire()

    # In force, and matching

    @api.model
    def _in_force_domain(self, day):
        """:return: Domain of the agreements in force on the date ``day``

        One that renews itself is in force past its last day: a late scheduled
        action leaves no gap (SEMANTICS §3, LIF-06). One that ended since is in
        force on the days before its end.
        """
        not_over = (
            (
                Domain("state", "=", "active")
                & Domain("auto_renew", "=", True)
                & Domain("term_months", ">", 0)
                & Domain("end_reason", "=", False)
            )
            | Domain("date_end", "=", False)
            | Domain("date_end", ">=", day)
        )
        return (
            Domain("activated_on", "!=", False)
            & Domain("state", "in", ("active", "ended"))
            & Domain("date_start", "<=", day)
            & not_over
        )

    def _in_force_on(self, day):
        """:return: those of ``self`` in force on the date ``day``"""
        return self.filtered_domain(self._in_force_domain(day))

    @api.model
    def _match(self, partner, day, company):
        """The agreement that covers ``partner`` on ``day``: none or one, never random.

        Of the customer's company: his own agreement before a colleague's or the
        company's, then the higher tier, the earlier start, the lower id.

        Sudo: tickets are opened by technicians, customers and the mail gateway, who
        may not read agreements; what they get is the link and the promise.

        :param res.partner partner: who asks, may be empty
        :param date day: in the company's calendar
        :param res.company company: who serves
        """
        if not partner:
            return self.browse()
        # A customer has few agreements, and every ticket asks: the short query wins.
        own = self.sudo().search(
            Domain("company_id", "=", company.id)
            & Domain("commercial_partner_id", "=", partner.commercial_partner_id.id)
        )
        candidates = own.filtered_domain(self._in_force_domain(day))
        ranked = candidates.sorted(
            lambda a: (
                a.partner_id != partner,
                a.partner_id != a.commercial_partner_id,
                -a.tier_id.rank,
                a.date_start,
                a.id,
            )
        )
        return ranked[:1].with_env(self.env)

    # Links

    def _get_best_tier(self):
        """:return: the highest tier of ``self``, ties by the catalogue's order"""
        return self.tier_id.sorted(lambda t: (-t.rank, t.sequence, t.id))[:1]

    def _get_mrr_in(self, currency, day):
        """:return: float, monthly recurring revenue converted at the rate of ``day``"""
        self.ensure_one()
        return self.currency_id._convert(self.mrr, currency, self.company_id, day)

    def _get_lang(self):
        self.ensure_one()
        return self.partner_id.lang or self.env.lang

    def _get_invoices(self):
        """:return: the invoices and credit notes of these agreements, newest first"""
        moves, lines = self.env["account.move"], self.env["account.move.line"]
        billed = lines._search([("agreement_id", "in", self.ids)]).subselect(
            SQL.identifier("account_move_line", "move_id")
        )
        credited = moves._search([("reversed_entry_id", "in", billed)]).subselect()
        both = SQL("(%s UNION %s)", billed, credited)
        found = moves.search_fetch([("id", "in", both)])
        return found.sorted(lambda m: (m.invoice_date or m.date, m.id), reverse=True)

    def _get_portal_invoices(self):
        """:return: what the customer may see: posted invoices and credit notes"""
        return self._get_invoices().filtered(lambda m: m.state == "posted")

    def _get_portal_tickets(self, limit=None):
        """:return: list of tickets of any model, newest first"""
        tickets = []
        for name in self.env["service.agreement.ticket.mixin"]._get_ticket_models():
            model = self.env[name]
            # A ticket that turned out to be another customer's is not theirs.
            own = model._ticket_customer_domain(self.commercial_partner_id)
            asked = ~model._ticket_planned_domain()
            domain = Domain("agreement_id", "in", self.ids) & own & asked
            order = "create_date desc, id desc"
            tickets += model.search_fetch(domain, order=order, limit=limit)
        tickets.sort(key=lambda t: (t.create_date, t.id), reverse=True)
        return tickets[:limit]

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("line_ids.agreement_id", "=", self.id)]
        action["context"] = {"create": False}
        return action

    def action_view_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_desk_ticket"
        )
        desk = self.company_id.service_desk_project_id
        action["domain"] = [("agreement_id", "=", self.id)]
        action["context"] = {
            "default_partner_id": self.partner_id.id,
            "default_project_id": desk.id,
        }
        return action

    def action_preview(self):
        """The agreement as the customer sees it in the portal."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.get_portal_url(),
        }

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.env._("Agreement %s", self.name)

    # EXTENDS 'mail'
    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """The customer's button opens the portal, with his access token."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if not self:
            return groups
        self.ensure_one()
        if self.state == "draft":
            return groups
        for name, _match, options in groups:
            if name in ("portal_customer", "portal"):
                # Only the title: the address that core made carries the token.
                options["has_button_access"] = True
                options.setdefault("button_access", {})["title"] = (
                    self._get_portal_button_title()
                )
        return groups

    def _get_portal_button_title(self):
        self.ensure_one()
        if self.state == "proposed":
            return self.env._("Review & sign")
        return self.env._("View agreement")
