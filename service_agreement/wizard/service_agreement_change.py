from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ..models.service_agreement_change import TIMINGS, PendingChange
from .change_preview import ChangePreview

# What people change of a charge; the plan is changed for all of them.
EDITED = {"product_id", "name", "quantity", "price_unit", "discount", "tax_ids"}


class ServiceAgreementChangeWizard(models.TransientModel):
    """Say from which day on what is different, and see first what that does.

    How it works: it starts from the terms that hold on the day. What people type stays
    until another day, tier or plan suggests something else. ``_get_pending`` tells what
    differs from the terms on record, whatever the form sent; preview and confirmation
    both go by it.
    """

    _name = "service.agreement.change.wizard"
    _description = "Change a Service Agreement"
    _check_company_auto = True

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="agreement_id.company_id")
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    when = fields.Selection(
        [
            ("today", "Today"),
            ("next_period", "Next period"),
            ("renewal", "At renewal"),
            ("day", "Another day"),
        ],
        string="From",
        required=True,
        default="today",
    )
    date = fields.Date(
        string="First Day",
        compute="_compute_date",
        store=True,
        readonly=False,
        compute_sudo=False,
        help="The first day of the new terms. It may lie in the past: what was billed "
        "since is corrected on the next invoice.",
    )
    timing = fields.Selection(
        TIMINGS, string="Bill the Difference", required=True, default="next_invoice"
    )
    held_tier_id = fields.Many2one(
        "service.agreement.tier", string="Tier", compute="_compute_held"
    )
    held_plan_id = fields.Many2one(
        "service.agreement.plan", string="Billing Plan", compute="_compute_held"
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        string="New Tier",
        check_company=True,
        domain="[('id', '!=', held_tier_id)]",
    )
    plan_id = fields.Many2one(
        "service.agreement.plan",
        string="New Billing Plan",
        check_company=True,
        domain="[('id', '!=', held_plan_id)]",
    )
    # Shown in the empty fields: what stays.
    held_tier_name = fields.Char(compute="_compute_held")
    held_plan_name = fields.Char(compute="_compute_held")
    note = fields.Char(string="Reason")
    line_ids = fields.One2many(
        "service.agreement.change.wizard.line",
        "wizard_id",
        string="Charges",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
        compute_sudo=False,
    )
    addition_ids = fields.One2many(
        "service.agreement.change.wizard.addition", "wizard_id", string="Charge"
    )
    problem = fields.Char(compute="_compute_preview")
    preview = fields.Json(compute="_compute_preview")

    # Day

    @api.depends("agreement_id", "when")
    def _compute_date(self):
        for wizard in self:
            if wizard.when != "day" or not wizard.date:
                wizard.date = wizard._get_day()

    def _get_day(self):
        """:return: date, or False: there is no such day"""
        self.ensure_one()
        agreement = self.agreement_id
        if not agreement:
            return False
        today = agreement.company_id._service_today()
        earliest = max(today, agreement.date_start)
        if self.when == "next_period":
            return agreement._get_next_period_start(earliest)
        if self.when == "renewal":
            return agreement._get_renewal_day(earliest)
        return earliest

    @api.depends("agreement_id", "date")
    def _compute_held(self):
        for wizard in self:
            agreement, day = wizard.agreement_id, wizard.date
            tier, plan = agreement.tier_id, agreement.plan_id
            if agreement and day:
                agreement.check_access("read")
                tier = agreement.sudo()._get_tier_on(day).with_env(self.env)
                plan = agreement.sudo()._get_plan_on(day).with_env(self.env)
            wizard.held_tier_id, wizard.held_plan_id = tier, plan
            wizard.held_tier_name = self.env._("Stays %s", tier.name)
            wizard.held_plan_name = self.env._("Stays %s", plan.name)

    @api.depends("agreement_id", "date")
    def _compute_line_ids(self):
        for wizard in self:
            held = wizard._get_held()
            shown = wizard.line_ids.filtered(lambda ln, held=held: ln.origin_id in held)
            missing = [line for line in held if line not in shown.origin_id]
            commands = [Command.create({"origin_id": line.id}) for line in missing]
            gone = wizard.line_ids - shown
            commands += [Command.delete(line.id) for line in gone]
            if commands:
                wizard.line_ids = commands
            else:
                wizard.line_ids = wizard.line_ids

    def _get_held(self):
        """:return: {service.agreement.line: {name of a term: value}} on that day"""
        self.ensure_one()
        if not (self.agreement_id and self.date):
            return {}
        self.agreement_id.check_access("read")
        # Sudo: changes on record, of an agreement that may be read.
        held = self.agreement_id.sudo()._get_terms_on(self.date)
        return {line.with_env(self.env): terms for line, terms in held.items()}

    # Preview

    @api.depends(
        "agreement_id",
        "when",
        "date",
        "timing",
        "tier_id",
        "plan_id",
        "line_ids.product_id",
        "line_ids.name",
        "line_ids.quantity",
        "line_ids.price_unit",
        "line_ids.discount",
        "line_ids.tax_ids",
        "line_ids.is_removed",
        "addition_ids.product_id",
        "addition_ids.name",
        "addition_ids.charge",
        "addition_ids.quantity",
        "addition_ids.price_unit",
        "addition_ids.discount",
        "addition_ids.tax_ids",
    )
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = False
            wizard.problem = wizard._why_not()
            if wizard.problem:
                continue
            pending = wizard._get_pending()
            if pending.values or pending.additions or pending.tier:
                preview = ChangePreview(wizard.agreement_id._origin, pending)
                wizard.preview = preview.to_json()

    def _why_not(self):
        """:return: str, why it cannot be done as it stands, or None"""
        self.ensure_one()
        agreement = self.agreement_id
        if not agreement:
            return self.env._("Choose an agreement.")
        agreement.check_access("write")
        if not self.date:
            return self._why_no_day()
        return agreement._why_not_change(self.date) or next(
            filter(None, (line._why_not() for line in self._get_rows())), None
        )

    def _why_no_day(self):
        if self.when == "renewal":
            return self.env._(
                "%s does not renew: choose another day.", self.agreement_id.name
            )
        return self.env._("From which day on? Choose the first day.")

    def _get_rows(self):
        kept = self.line_ids.filtered(lambda line: not line.is_removed)
        return [*kept, *self.addition_ids]

    # What differs

    def _get_pending(self):
        """:return: PendingChange, what differs from the terms on record on that day"""
        self.ensure_one()
        held = self._get_held()
        values = {}
        for line in self.line_ids:
            terms = held.get(line.origin_id._origin)
            different = terms and line._get_different(terms)
            if different:
                values[line.origin_id._origin] = different
        return PendingChange(
            day=self.date,
            values=values,
            additions=[line._get_terms() for line in self.addition_ids],
            timing=self.timing,
            tier=self._get_new_tier() or None,
            plan=self._get_new_plan() or None,
            note=self.note,
        )

    def _get_new_tier(self):
        self.ensure_one()
        return self.tier_id._origin - self.held_tier_id._origin

    def _get_new_plan(self):
        self.ensure_one()
        return self.plan_id._origin - self.held_plan_id._origin

    def _get_plan_terms(self):
        """:return: dict of the terms that a new plan sets on every charge"""
        plan = self._get_new_plan()
        if not plan:
            return {}
        return {
            "plan_id": plan.id,
            "anchor_date": plan._get_anchor(self.date),
            "is_arrears": plan.timing == "arrears",
        }

    def _get_held_plan_terms(self):
        """:return: dict of the terms of what is added beside the charges there are"""
        held = self.agreement_id.sudo()._get_main_terms_on(self.date)
        plan = self.held_plan_id._origin
        return {
            "plan_id": plan.id,
            "anchor_date": held.get("anchor_date", self.agreement_id.anchor_date),
            "is_arrears": plan.timing == "arrears",
        }

    def _get_suggested_values(self, terms):
        """What tier and plan suggest for a charge.

        :param dict terms: those of the charge on that day
        :return: {name of an edited field: value, as JSON}
        """
        values = {name: terms[name] for name in EDITED}
        tier, plan = self._get_new_tier(), self._get_new_plan()
        if terms["is_suggested"] and (tier or plan):
            values.update(self._get_tier_values(terms, tier, plan))
        elif plan:
            values["price_unit"] = self._get_price_for(plan, terms)
        return {name: self._as_json(value) for name, value in values.items()}

    def _get_tier_values(self, terms, tier, plan):
        """What a tier costs this customer, and how it is called in his language."""
        agreement = self.agreement_id
        plan = plan or self.env["service.agreement.plan"].browse(terms["plan_id"])
        price = agreement._get_tier_price(
            tier or self.held_tier_id, plan, float(terms["quantity"]), self.date
        )
        if not tier:
            return {"price_unit": price}
        values = tier.with_context(lang=agreement._get_lang())._prepare_line_values()
        if values["product_id"] != terms["product_id"]:
            line = self._get_example({"product_id": values["product_id"]})
            values["tax_ids"] = line.tax_ids.ids
        known = {name: values[name] for name in EDITED & values.keys()}
        return {**known, "price_unit": price}

    def _get_price_for(self, plan, terms):
        """The same per month, under another plan."""
        before = self.env["service.agreement.plan"].browse(terms["plan_id"])
        price = before._per_month(terms["price_unit"]) / plan._per_month(1)
        return self.currency_id.round(price)

    @api.model
    def _as_json(self, value):
        if isinstance(value, tuple | list):
            return sorted(value)
        return value if isinstance(value, str | bool | int) else float(value)

    def _get_example(self, values):
        """:return: a service.agreement.line in memory, with the defaults of one"""
        return self.env["service.agreement.line"].new(
            {"agreement_id": self.agreement_id._origin.id, **values}
        )

    def action_confirm(self):
        """
        :raise UserError: it cannot be done, or nothing is different
        """
        self.ensure_one()
        if problem := self._why_not():
            raise UserError(problem)
        pending = self._get_pending()
        if not (pending.values or pending.additions or pending.tier):
            raise UserError(self.env._("Nothing is different yet."))
        self.agreement_id._change(pending)
        return {"type": "ir.actions.act_window_close"}


class ServiceAgreementChangeWizardCharge(models.AbstractModel):
    """What people say of a charge, of one that there is and of one that is added.

    What they do not say is suggested: ``_compute_terms``.
    """

    _name = "service.agreement.change.wizard.charge"
    _description = "Terms of a Charge in a Change of a Service Agreement"
    _order = "wizard_id, id"
    _check_company_auto = True

    wizard_id = fields.Many2one(
        "service.agreement.change.wizard", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="wizard_id.company_id")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    product_id = fields.Many2one("product.product", check_company=True)
    name = fields.Text(
        string="Description",
        compute="_compute_terms",
        store=True,
        readonly=False,
        compute_sudo=False,
    )
    quantity = fields.Float(digits="Product Unit")
    price_unit = fields.Monetary(
        string="Unit Price",
        compute="_compute_terms",
        store=True,
        readonly=False,
        compute_sudo=False,
    )
    discount = fields.Float(string="Disc. %", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        compute="_compute_terms",
        store=True,
        readonly=False,
        compute_sudo=False,
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
    )

    def _compute_terms(self):
        raise NotImplementedError

    def _why_not(self):
        """:return: str, why a charge cannot be like that, or None"""
        self.ensure_one()
        if not (self.name and self.name.strip()):
            return self.env._("A charge has no description.")
        what = self.name.partition("\n")[0]
        if self.quantity < 0 or self.price_unit < 0:
            return self.env._(
                "%s: neither quantity nor price can be negative. Give a discount, or "
                "make a credit note.",
                what,
            )
        if not 0 <= self.discount <= 100:
            return self.env._("%s: a discount is between 0 and 100 %%.", what)
        return None


class ServiceAgreementChangeWizardLine(models.TransientModel):
    """A charge that there is, with the terms it gets."""

    _name = "service.agreement.change.wizard.line"
    _inherit = ["service.agreement.change.wizard.charge"]
    _description = "Charge in a Change of a Service Agreement"

    origin_id = fields.Many2one(
        "service.agreement.line", required=True, ondelete="cascade"
    )
    is_removed = fields.Boolean(
        string="Ends", help="It is not charged any more from that day on."
    )
    # What is charged and how much of it is suggested, too.
    product_id = fields.Many2one(
        compute="_compute_terms", store=True, readonly=False, compute_sudo=False
    )
    quantity = fields.Float(
        compute="_compute_terms", store=True, readonly=False, compute_sudo=False
    )
    discount = fields.Float(
        compute="_compute_terms", store=True, readonly=False, compute_sudo=False
    )
    suggested = fields.Json(
        compute="_compute_terms",
        store=True,
        readonly=False,
        compute_sudo=False,
        help="What was suggested last: what is typed stays until that is different.",
    )
    period_label = fields.Char(compute="_compute_period_label")

    @api.depends(
        "origin_id", "wizard_id.date", "wizard_id.tier_id", "wizard_id.plan_id"
    )
    def _compute_terms(self):
        for wizard, lines in self.grouped("wizard_id").items():
            held = wizard._get_held()
            for line in lines:
                if terms := held.get(line.origin_id._origin):
                    line._suggest(wizard._get_suggested_values(terms))
                else:
                    line._suggest(line.suggested or {})

    @api.model_create_multi
    def create(self, vals_list):
        """What is not given is as suggested, also for who calls from outside."""
        lines = super().create(vals_list)
        for line, vals in zip(lines, vals_list, strict=True):
            line._complete(vals)
        return lines

    def _complete(self, given):
        self.ensure_one()
        terms = self.wizard_id._get_held().get(self.origin_id)
        if terms and not EDITED <= given.keys():
            values = self.wizard_id._get_suggested_values(terms)
            missing = EDITED - given.keys()
            self.write({n: self._as_value(n, values[n]) for n in missing})

    @api.model
    def _as_value(self, name, value):
        is_many = self._fields[name].type == "many2many"
        return [Command.set(value)] if is_many else value

    def _suggest(self, values):
        self.ensure_one()
        before = self.suggested or {}
        for name in EDITED:
            if name in values and values[name] != before.get(name):
                self[name] = self._as_value(name, values[name])
            else:
                self[name] = self[name]
        self.suggested = values

    @api.depends("wizard_id.plan_id", "wizard_id.held_plan_id", "origin_id")
    def _compute_period_label(self):
        for line in self:
            plan = line.wizard_id._get_new_plan() or line.origin_id.plan_id
            line.period_label = plan.period_label

    @api.constrains("origin_id", "wizard_id")
    def _check_origin(self):
        """A form cannot send a charge of another agreement; whoever does is told."""
        for line in self:
            if line.origin_id.agreement_id != line.wizard_id.agreement_id:
                raise ValidationError(
                    self.env._("This charge belongs to another agreement.")
                )

    def _get_different(self, terms):
        """
        :param dict terms: those that hold
        :return: {name of a term: value}: only what differs
        """
        self.ensure_one()
        if self.is_removed:
            return {"removed": True}
        Line = self.env["service.agreement.line"]
        wanted = {
            name: Line._comparable(Line._fields[name], self[name]._origin)
            if Line._fields[name].relational
            else Line._comparable(Line._fields[name], self[name])
            for name in EDITED
        }
        wanted.update(self.wizard_id._get_plan_terms())
        return {name: value for name, value in wanted.items() if value != terms[name]}


class ServiceAgreementChangeWizardAddition(models.TransientModel):
    """A charge that a change adds."""

    _name = "service.agreement.change.wizard.addition"
    _inherit = ["service.agreement.change.wizard.charge"]
    _description = "Added Charge in a Change of a Service Agreement"

    product_id = fields.Many2one(required=True, domain="[('sale_ok', '=', True)]")
    charge = fields.Selection(
        [("recurring", "Every period"), ("one_off", "Once")],
        required=True,
        default="recurring",
    )
    quantity = fields.Float(default=1.0, required=True)

    @api.depends("product_id")
    def _compute_terms(self):
        for line in self:
            wizard, product = line.wizard_id, line.product_id._origin
            example = wizard._get_example({"product_id": product.id})
            line.name = example.name
            line.tax_ids = example.tax_ids
            line.price_unit = product and wizard.agreement_id._get_listed_price(
                product, line.quantity, wizard.date
            )

    @api.model_create_multi
    def create(self, vals_list):
        """What is not given is as usual for the product, also for who calls from
        outside: one method computes all of it, or nothing where one is given.
        """
        lines = super().create(vals_list)
        for line, vals in zip(lines, vals_list, strict=True):
            given = {"name", "price_unit", "tax_ids"} & vals.keys()
            if given and len(given) < 3:
                line._compute_terms()
                line.write({name: vals[name] for name in given})
        return lines

    def _why_not(self):
        self.ensure_one()
        if not self.product_id:
            return self.env._("Choose a product for what is added.")
        return super()._why_not()

    def _get_terms(self):
        """:return: dict of all terms, as :class:`PendingChange` wants an addition"""
        self.ensure_one()
        wizard = self.wizard_id
        line = wizard._get_example(
            {
                "product_id": self.product_id._origin.id,
                "name": self.name,
                "charge": self.charge,
                "quantity": self.quantity,
                "price_unit": self.price_unit,
                "discount": self.discount,
                "tax_ids": [Command.set(self.tax_ids._origin.ids)],
                **(wizard._get_plan_terms() or wizard._get_held_plan_terms()),
            }
        )
        return {**line._get_term_values(), "charge": self.charge}
