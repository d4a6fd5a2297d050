"""Price a Tier: what a tier would have cost us, and at what price it pays."""

from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date
from odoo.tools.safe_eval import safe_eval

from ..tools.tier_price import to_sellable
from .instant import now

PERCENTS = (50, 80, 95)
# What a person chooses; nothing of it changes once the replay has started.
CHOICES = (
    "tier_id",
    "company_id",
    "mode",
    "scope",
    "scope_tier_id",
    "partner_domain",
    "month_count",
    "date_until",
    "margin_wanted",
    "medium_from",
    "large_from",
    "hour_cost",
)
# What came of it.
FACTS = (
    "state",
    "user_id",
    "date_started",
    "date_finished",
    "problem",
    "customer_count",
    "average_cost",
    "price_50",
    "price_80",
    "price_95",
    "line_ids",
    "point_ids",
)
MOST_MONTHS = 60


class ServiceAgreementTierReplay(models.Model):
    """The work of months, decided once more as if customers had been on a tier.

    How it works: started, each customer gets a line, and lines are worked out in
    batches, each with its own commit: at once where one batch is enough, else by a
    scheduled action. What is left to do is the lines not done yet, so that a replay
    killed at any point just goes on. Nothing is written but these lines.

    What is worked out of a customer does not depend on the price: that may be tried
    out on what was found, see the lines.
    """

    _name = "service.agreement.tier.replay"
    _inherit = ["service.agreement.guard"]
    _description = "Replay of a Tier"
    _order = "id desc"
    _check_company_auto = True
    _facts = FACTS

    name = fields.Char(compute="_compute_name", store=True, precompute=True)
    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        check_company=True,
        ondelete="cascade",
        index=True,
        context={"active_test": False},
        help="Also one that is archived, because nobody is to be offered it yet.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    mode = fields.Selection(
        [
            ("tier", "As if each had been on it all the time"),
            ("in_force", "As it was, for those who were on it"),
        ],
        string="Replay",
        required=True,
        default="tier",
        help="As it was: the agreements with what was agreed, their real fees and "
        "answers. It shows that the calculation meets the invoices.",
    )
    scope = fields.Selection(
        [
            ("all", "All active clients"),
            ("tier", "Those who are on a tier"),
            ("domain", "Those chosen by a filter"),
        ],
        string="Customers",
        required=True,
        default="all",
        help="Active as in the register of clients: something happened with them since "
        "the first of these months.",
    )
    scope_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Who Are On",
        check_company=True,
        ondelete="cascade",
        index="btree_not_null",
        context={"active_test": False},
    )
    partner_domain = fields.Char(string="Filter", default="[]")
    month_count = fields.Integer(string="Months", required=True, default=12)
    date_until = fields.Date(
        string="Until the End Of",
        required=True,
        default=lambda self: self._default_date_until(),
        help="Any day of the last month.",
    )
    date_start = fields.Date(
        string="From", compute="_compute_days", store=True, precompute=True
    )
    date_end = fields.Date(
        string="To", compute="_compute_days", store=True, precompute=True
    )
    margin_wanted = fields.Float(
        string="Margin Wanted (%)",
        required=True,
        default=0.0,
        help="A customer is profitable if so much is left of what he pays. 0: if he "
        "pays what he costs.",
    )
    medium_from = fields.Integer(
        string="Medium From (devices)",
        required=True,
        default=10,
        help="A system without devices counts as one.",
    )
    large_from = fields.Integer(
        string="Large From (devices)", required=True, default=30
    )
    hour_cost = fields.Monetary(
        string="Cost of an Hour",
        help="For visits still owed, and hours that have no cost of their own. Empty: "
        "what an hour of these months cost on average.",
    )
    average_cost = fields.Monetary(
        string="Average Cost of an Hour", readonly=True, copy=False
    )
    price = fields.Monetary(
        string="Price per Month",
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        help="Before taxes. Try another one: fees and margins follow.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Started By", readonly=True, copy=False, index=True
    )
    date_started = fields.Datetime(string="Started", readonly=True, copy=False)
    date_finished = fields.Datetime(string="Finished", readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False)
    customer_count = fields.Integer(string="Clients", readonly=True, copy=False)
    done_count = fields.Integer(string="Clients Done", compute="_compute_done_count")
    line_ids = fields.One2many(
        "service.agreement.tier.replay.line",
        "replay_id",
        string="By Client",
        readonly=True,
    )
    point_ids = fields.One2many(
        "service.agreement.tier.replay.point",
        "replay_id",
        string="Curve",
        readonly=True,
    )
    price_50 = fields.Monetary(
        string="50 % Are Profitable From", readonly=True, copy=False
    )
    price_80 = fields.Monetary(
        string="80 % Are Profitable From", readonly=True, copy=False
    )
    price_95 = fields.Monetary(
        string="95 % Are Profitable From", readonly=True, copy=False
    )
    sellable_50 = fields.Monetary(compute="_compute_sellable")
    sellable_80 = fields.Monetary(compute="_compute_sellable")
    sellable_95 = fields.Monetary(compute="_compute_sellable")
    share_profitable = fields.Float(
        string="Profitable (%)", compute="_compute_share_profitable"
    )
    hours_without_cost = fields.Float(compute="_compute_hours_without_cost")

    _month_count = models.Constraint(
        f"CHECK(month_count BETWEEN 1 AND {MOST_MONTHS})",
        "Replay 1 to 60 months.",
    )
    _margin_wanted = models.Constraint(
        "CHECK(margin_wanted >= 0 AND margin_wanted < 100)",
        "The margin wanted is 0 % or more, and less than 100 %.",
    )
    _bands = models.Constraint(
        "CHECK(medium_from >= 1 AND large_from > medium_from)",
        "Large systems have more devices than medium ones.",
    )
    _not_negative = models.Constraint(
        "CHECK(price >= 0 AND hour_cost >= 0)", "A price or a cost is 0 or more."
    )

    @api.model
    def _default_date_until(self):
        """The end of the last month that is over."""
        return self.env.company._service_today().replace(day=1) - relativedelta(days=1)

    @api.depends("tier_id", "month_count", "date_end")
    def _compute_name(self):
        for replay in self:
            replay.name = bool(replay.tier_id) and self.env._(
                "%(tier)s, %(months)s months until %(month)s",
                tier=replay.tier_id.name,
                months=replay.month_count,
                month=format_date(self.env, replay.date_end, date_format="MMMM yyyy"),
            )

    @api.depends("month_count", "date_until")
    def _compute_days(self):
        for replay in self:
            until = replay.date_until
            replay.date_end = until and until + relativedelta(day=31)
            months = max(replay.month_count, 1) - 1
            replay.date_start = until and until + relativedelta(months=-months, day=1)

    @api.depends("tier_id")
    def _compute_price(self):
        for replay in self:
            replay.price = replay.tier_id.list_price

    @api.depends("price_50", "price_80", "price_95")
    def _compute_sellable(self):
        for replay in self:
            for percent in PERCENTS:
                price = Decimal(str(replay[f"price_{percent}"]))
                replay[f"sellable_{percent}"] = float(to_sellable(price))

    # Figures

    @api.depends("line_ids.is_done")
    def _compute_done_count(self):
        """Counted, not kept: who works and who stops it do not meet in one row."""
        groups = self.env["service.agreement.tier.replay.line"]._read_group(
            [("replay_id", "in", self.ids), ("is_done", "=", True)],
            ["replay_id"],
            ["__count"],
        )
        counts = dict(groups)
        for replay in self:
            replay.done_count = counts.get(replay, 0)

    @api.depends("line_ids.is_profitable", "line_ids.is_done")
    def _compute_share_profitable(self):
        groups = self.env["service.agreement.tier.replay.line"]._read_group(
            [("replay_id", "in", self.ids), ("is_done", "=", True)],
            ["replay_id", "is_profitable"],
            ["__count"],
        )
        counts = {(replay, paying): count for replay, paying, count in groups}
        for replay in self:
            paying = counts.get((replay, True), 0)
            total = paying + counts.get((replay, False), 0)
            replay.share_profitable = 100.0 * paying / total if total else 0.0

    @api.depends("line_ids.hours_without_cost")
    def _compute_hours_without_cost(self):
        sums = dict(
            self.env["service.agreement.tier.replay.line"]._read_group(
                [("replay_id", "in", self.ids)],
                ["replay_id"],
                ["hours_without_cost:sum"],
            )
        )
        for replay in self:
            replay.hours_without_cost = sums.get(replay, 0.0)

    # CRUD

    @api.constrains("partner_domain", "scope")
    def _check_partner_domain(self):
        for replay in self.filtered(lambda each: each.scope == "domain"):
            try:
                self.env["res.partner"].search(replay._get_filter(), limit=1)
            except (ValueError, TypeError, SyntaxError, KeyError) as error:
                raise ValidationError(
                    self.env._("This filter of customers cannot be read: %s", error)
                ) from error

    def write(self, vals):
        if set(CHOICES) & vals.keys() and self.filtered(lambda r: r.state != "draft"):
            raise UserError(
                self.env._(
                    "What is replayed is chosen before it starts. Replay it again, or "
                    "make a new one."
                )
            )
        result = super().write(vals)
        if "price" in vals:
            for replay in self.sudo().filtered("line_ids"):
                # Sudo: of whoever may try another price.
                replay.line_ids._apply_price(replay)
        return result

    def _get_filter(self):
        """:return: Domain of res.partner, as a person typed it"""
        self.ensure_one()
        return Domain(safe_eval(self.partner_domain or "[]"))

    # Start, stop, go on

    def _why_not_start(self):
        self.ensure_one()
        if self.state != "draft":
            return self.env._("%s was already started.", self.name)
        if self.scope == "tier" and not self.scope_tier_id:
            return self.env._("Choose the tier whose customers are looked at.")
        if not self._get_customers():
            return self.env._(
                "Nobody to replay: no customer of these months fits. Choose more "
                "months, or other customers."
            )
        return None

    def action_start(self):
        """Replay it: at once if there are few customers, else in the background."""
        self.ensure_one()
        self._lock_and_wait()
        self._ensure_can(type(self)._why_not_start)
        # Found with the rights of who asks: a filter may look at anything.
        customers = self._get_customers()
        # Sudo: facts, made of hours and costs that no manager needs to read one by one.
        self.sudo()._start(customers)
        self._go_on()

    def _why_not_stop(self):
        self.ensure_one()
        return (
            None
            if self.state == "running"
            else self.env._("%s is not running.", self.name)
        )

    def action_stop(self):
        """Let the batch in hand be finished, and no other be started."""
        self._ensure_can(type(self)._why_not_stop)
        self.sudo().state = "stopped"

    def _why_not_resume(self):
        self.ensure_one()
        return (
            None
            if self.state == "stopped"
            else self.env._("%s was not stopped.", self.name)
        )

    def action_resume(self):
        """Go on with who is left."""
        self._ensure_can(type(self)._why_not_resume)
        self.sudo().write({"state": "running", "problem": False})
        for replay in self:
            replay._go_on()

    def _why_not_again(self):
        self.ensure_one()
        if self.state == "running":
            return self.env._("%s is running: stop it first.", self.name)
        return None

    def action_again(self):
        """Forget what was found, and choose anew."""
        self._ensure_can(type(self)._why_not_again)
        replays = self.sudo()
        replays.line_ids.unlink()
        replays.point_ids.unlink()
        replays.write(
            {
                "state": "draft",
                "customer_count": 0,
                "average_cost": 0,
                "date_started": False,
                "date_finished": False,
                "problem": False,
                **{f"price_{percent}": 0 for percent in PERCENTS},
            }
        )

    # Put into the tier

    def action_use_50(self):
        """Let the tier cost what makes half of the customers profitable."""
        return self._use_price(50)

    def action_use_80(self):
        """Let the tier cost what makes 80 % of the customers profitable."""
        return self._use_price(80)

    def action_use_95(self):
        """Let the tier cost what makes 95 % of the customers profitable."""
        return self._use_price(95)

    def _why_not_use(self):
        self.ensure_one()
        if self.state != "done":
            return self.env._("Replay it to the end first.")
        if self.mode != "tier":
            return self.env._(
                "This is how it was, at what each had agreed on. For a price replay "
                "it as if each had been on the tier all the time."
            )
        return None

    def _use_price(self, percent):
        """Agreements keep their price: the catalogue is for who comes next."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_use)
        price = self[f"sellable_{percent}"]
        # Not as superuser: the catalogue is for those who may change it. A tier of all
        # companies has the same number in each of them, in its currency.
        self.tier_id.list_price = price
        self.price = price

    # What there is to see

    def _open(self, xmlid, **values):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return dict(action, domain=[("replay_id", "=", self.id)], **values)

    def action_view_lines(self):
        return self._open("service_agreement.action_service_agreement_tier_replay_line")

    def action_view_curve(self):
        return self._open(
            "service_agreement.action_service_agreement_tier_replay_point",
            context={"search_default_all": 1},
        )

    def _prepare_start_values(self):
        self.ensure_one()
        return {
            "state": "running",
            "user_id": self.env.uid,
            "date_started": now(self.env),
            "date_finished": False,
            "average_cost": self._get_average_cost(),
        }


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    def action_price_tier(self):
        """Open the last replay of this tier, or a new one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_tier_replay"
        )
        replays = self.env["service.agreement.tier.replay"]
        last = replays.search([("tier_id", "=", self.id)], limit=1)
        return dict(
            action,
            views=[(False, "form")],
            res_id=last.id,
            context={"default_tier_id": self.id},
        )
