from datetime import timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.steering import KINDS, RevenueFlow, get_period, get_share
from .service_agreement_retention import AGES
from .service_agreement_revenue_month import MOVED

PERIODS = [
    ("month", "This Month"),
    ("quarter", "This Quarter"),
    ("year", "This Year"),
    ("last_12", "Last 12 Months"),
]
# Days ahead in which what ends has to be renewed.
RENEW_DAYS = 60
# Months after which it is asked which customers are still there.
KEPT_AFTER = 12
MONTHS_SHOWN = 12
LEAKS = ("never_sold", "expired", "excluded")


class Figure(NamedTuple):
    """A figure of the cockpit: what is summed up, of which records.

    The records it opens are those it was summed up of: ``domain``, and of these those
    that have one of the values of ``only``. Figures of the same model and domain are
    read by one query, however many they are.
    """

    name: str
    model: str
    domain: Domain
    # A field of the model; "__count" for the number of records.
    measure: str = "__count"
    # The values of a field that count, by its name.
    only: dict = {}
    # How the records that it opens are grouped at first.
    group_by: tuple = ()
    views: tuple = ("list", "pivot", "graph")

    def get_source(self):
        """:return: what is the same for figures that are read by one query"""
        return self.model, repr(self.domain)

    def get_aggregate(self):
        return "__count" if self.measure == "__count" else f"{self.measure}:sum"

    def get_domain(self):
        """:return: Domain of the records that it opens"""
        return self.domain & Domain.AND(
            Domain(name, "in", values) for name, values in self.only.items()
        )

    def counts(self, group):
        """Whether the group, a dict of values, is part of it."""
        return all(group[name] in values for name, values in self.only.items())


class ServiceAgreementCockpit(models.Model):
    """One page for the owner: recurring revenue, and whether it will stay.

    Each user has one, which remembers the period he looked at. Every figure is a
    ``Figure``: read from the facts when the page is opened, never stored, and its
    button opens the very records it was read from. Amounts of several companies are
    converted to the currency of the current one, at the rate of today.
    """

    _name = "service.agreement.cockpit"
    _description = "Cockpit"
    _inherit = "service.agreement.guard"
    _rec_name = "user_id"
    _facts = ("user_id",)

    user_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.user,
    )
    period = fields.Selection(PERIODS, required=True, default="last_12")
    date_from = fields.Date(compute="_compute_days")
    date_to = fields.Date(compute="_compute_days")
    currency_id = fields.Many2one("res.currency", compute="_compute_days")
    days_text = fields.Char(compute="_compute_days")
    rates_text = fields.Text(compute="_compute_rates_text")

    # Now
    mrr = fields.Monetary(string="Monthly Revenue", compute="_compute_figures")
    arr = fields.Monetary(string="Yearly Revenue", compute="_compute_ratios")
    customers = fields.Integer(string="Paying Customers", compute="_compute_figures")
    # What moved in the period
    opening = fields.Monetary(string="Before", compute="_compute_figures")
    moved_new = fields.Monetary(string="New", compute="_compute_figures")
    moved_expansion = fields.Monetary(string="Expansion", compute="_compute_figures")
    moved_contraction = fields.Monetary(
        string="Contraction", compute="_compute_figures"
    )
    moved_churn = fields.Monetary(string="Churn", compute="_compute_figures")
    moved_reactivation = fields.Monetary(
        string="Reactivation", compute="_compute_figures"
    )
    closing = fields.Monetary(string="Today", compute="_compute_ratios")
    lost = fields.Monetary(compute="_compute_figures")
    net_lost = fields.Monetary(string="Lost, Net", compute="_compute_figures")
    gross_churn = fields.Float(compute="_compute_ratios")
    net_churn = fields.Float(compute="_compute_ratios")
    month_ids = fields.Many2many(
        "service.agreement.revenue.month", compute="_compute_tables"
    )
    # Who stayed
    kept_started = fields.Integer(compute="_compute_figures")
    kept_customers = fields.Integer(compute="_compute_figures")
    kept_start_revenue = fields.Monetary(compute="_compute_figures")
    kept_revenue = fields.Monetary(compute="_compute_figures")
    customers_kept = fields.Float(
        string="Customers Kept, 12 Months", compute="_compute_ratios"
    )
    revenue_kept = fields.Float(
        string="Revenue Kept, 12 Months", compute="_compute_ratios"
    )
    cohort_ids = fields.Many2many("service.agreement.cohort", compute="_compute_tables")
    # Who bought
    clients = fields.Integer(string="Active Clients", compute="_compute_figures")
    clients_covered = fields.Integer(string="Covered", compute="_compute_figures")
    clients_offered = fields.Integer(string="Offered", compute="_compute_figures")
    clients_declined = fields.Integer(string="Declined", compute="_compute_figures")
    clients_never = fields.Integer(string="Never Offered", compute="_compute_figures")
    clients_rate = fields.Float(
        string="Attach Rate, Clients", compute="_compute_ratios"
    )
    projects = fields.Integer(string="Projects Delivered", compute="_compute_figures")
    projects_attached = fields.Integer(
        string="With Agreement", compute="_compute_figures"
    )
    projects_rate = fields.Float(
        string="Attach Rate, Projects", compute="_compute_ratios"
    )
    # What we gave and kept
    leaked = fields.Monetary(string="Given Away", compute="_compute_figures")
    leaked_never_sold = fields.Monetary(string="Never Sold", compute="_compute_figures")
    leaked_expired = fields.Monetary(string="Expired", compute="_compute_figures")
    leaked_excluded = fields.Monetary(string="Not Included", compute="_compute_figures")
    goodwill = fields.Monetary(string="Agreed Goodwill", compute="_compute_figures")
    promises_met = fields.Integer(string="Kept", compute="_compute_figures")
    promises_missed = fields.Integer(string="Missed", compute="_compute_figures")
    promises_kept = fields.Float(compute="_compute_ratios")
    # To do
    to_renew = fields.Integer(compute="_compute_figures")
    to_sign = fields.Integer(string="Agreements to Sign", compute="_compute_figures")
    to_accept = fields.Integer(string="Open Proposals", compute="_compute_figures")
    at_risk = fields.Integer(compute="_compute_figures")
    mrr_at_risk = fields.Monetary(
        string="Monthly Revenue at Risk", compute="_compute_figures"
    )

    _user_uniq = models.UniqueIndex("(user_id)", "Everybody has one cockpit.")

    @api.depends_context("lang")
    def _compute_display_name(self):
        for cockpit in self:
            cockpit.display_name = cockpit.env._("Cockpit")

    @api.depends("period")
    @api.depends_context("company", "lang")
    def _compute_days(self):
        today = self.env.company._service_today()
        for cockpit in self:
            first, last = get_period(cockpit.period, today)
            cockpit.date_from, cockpit.date_to = first, last
            cockpit.currency_id = self.env.company.currency_id
            cockpit.days_text = cockpit.env._(
                "%(first)s to %(last)s",
                first=format_date(self.env, first),
                last=format_date(self.env, last),
            )

    @api.depends_context("allowed_company_ids", "lang")
    def _compute_rates_text(self):
        for cockpit in self:
            cockpit.rates_text = cockpit._get_rates_text()

    def _get_rates_text(self):
        """:return: str, how amounts of other currencies were converted; or False"""
        others = self.env.companies.currency_id - self.env.company.currency_id
        if not others:
            return False
        return self.env._(
            "All companies in %(currency)s, at the rates of %(date)s: %(rates)s.",
            currency=self.env.company.currency_id.name,
            date=format_date(self.env, self.env.company._service_today()),
            rates=", ".join(map(self._get_rate_text, others)),
        )

    def _get_rate_text(self, currency):
        ours = self.env.company.currency_id
        rate = self.env["res.currency"]._get_conversion_rate(
            currency, ours, self.env.company, self.env.company._service_today()
        )
        return self.env._(
            "1 %(currency)s = %(rate).6g %(ours)s",
            currency=currency.name,
            rate=rate,
            ours=ours.name,
        )

    # Figures

    @api.depends("period")
    @api.depends_context("allowed_company_ids")
    def _compute_figures(self):
        for cockpit in self:
            cockpit.update(cockpit._read_figures())

    @api.depends("period")
    @api.depends_context("allowed_company_ids")
    def _compute_ratios(self):
        for cockpit in self:
            flow = RevenueFlow(cockpit.opening, *(cockpit[name] for name in MOVED))
            cockpit.update(
                {
                    "arr": 12 * cockpit.mrr,
                    "closing": flow.closing,
                    "gross_churn": flow.gross_churn,
                    "net_churn": flow.net_churn,
                    **{
                        name: get_share(cockpit[part], cockpit[whole])
                        for name, (part, whole) in cockpit._get_shares().items()
                    },
                    "promises_kept": get_share(
                        cockpit.promises_met,
                        cockpit.promises_met + cockpit.promises_missed,
                    ),
                }
            )

    @api.model
    def _get_shares(self):
        """:return: dict of (part, whole), names of figures, by the name of the share"""
        return {
            "customers_kept": ("kept_customers", "kept_started"),
            "revenue_kept": ("kept_revenue", "kept_start_revenue"),
            "clients_rate": ("clients_covered", "clients"),
            "projects_rate": ("projects_attached", "projects"),
        }

    @api.depends_context("allowed_company_ids")
    def _compute_tables(self):
        first = self.env.company._service_today().replace(day=1)
        within = self._get_companies_domain()
        months = within & Domain(
            "date", ">", first - relativedelta(months=MONTHS_SHOWN)
        )
        cohorts = within & Domain(
            "start_month", ">", first - relativedelta(months=max(AGES) + 1)
        )
        for cockpit in self:
            cockpit.month_ids = cockpit.month_ids.search(months)
            cockpit.cohort_ids = cockpit.cohort_ids.search(cohorts)

    def _read_figures(self):
        """:return: dict of the value of each figure by its name"""
        self.ensure_one()
        values, sources = {}, {}
        for name, figure in self._get_figures().items():
            sources.setdefault(figure.get_source(), {})[name] = figure
        for figures in sources.values():
            values.update(self._read_source(figures))
        return values

    def _read_source(self, figures):
        """
        :param dict figures: by name, all of the same model and domain
        :return: dict of their values by name
        """
        model, domain = next(iter(figures.values()))[1:3]
        only = dict.fromkeys(name for f in figures.values() for name in f.only)
        names = ["company_id", *only]
        aggregates = list(dict.fromkeys(f.get_aggregate() for f in figures.values()))
        values = dict.fromkeys(figures, 0)
        for found in self.env[model]._read_group(domain, names, aggregates):
            group = dict(zip([*names, *aggregates], found, strict=True))
            for name, figure in figures.items():
                if figure.counts(group):
                    values[name] += self._get_value(figure, group)
        return values

    def _get_value(self, figure, group):
        """:return: an amount in the currency of the current company, or a number"""
        value = group[figure.get_aggregate()] or 0
        field = self.env[figure.model]._fields.get(figure.measure)
        if not field or field.type != "monetary":
            return value
        theirs = group["company_id"].currency_id
        company = self.env.company
        today = company._service_today()
        return theirs._convert(value, company.currency_id, company, today)

    @api.model
    def _get_names(self, model, field):
        """:return: dict of the names of a selection by its values"""
        return dict(self.env[model]._fields[field]._description_selection(self.env))

    def _get_companies_domain(self):
        return Domain("company_id", "in", self.env.companies.ids)

    def _get_days_domain(self, name):
        """:return: Domain of a date in the period"""
        self.ensure_one()
        return Domain(name, ">=", self.date_from) & Domain(name, "<=", self.date_to)

    def _get_instants_domain(self, name):
        """:return: Domain of an instant in the period, by the clock of this company"""
        self.ensure_one()
        first, end = (
            self.env.company._get_midnight(day)
            for day in (self.date_from, self.date_to + timedelta(days=1))
        )
        return Domain(name, ">=", first) & Domain(name, "<", end)

    def _get_figures(self):
        """Hook for bridges.

        :return: dict of Figure by the name of the field that shows it
        """
        self.ensure_one()
        return {
            **self._get_revenue_figures(),
            **self._get_movement_figures(),
            **self._get_retention_figures(),
            **self._get_client_figures(),
            **self._get_project_figures(),
            **self._get_leakage_figures(),
            **self._get_promise_figures(),
            **self._get_work_figures(),
        }

    def _get_revenue_figures(self):
        domain = (
            self._get_companies_domain()
            & Domain("month", "=", self.date_to.replace(day=1))
            & Domain("customers", ">", 0)
        )
        model = "service.agreement.retention"
        title = self.env._("Paying Customers")
        return {
            "mrr": Figure(title, model, domain, "revenue"),
            "customers": Figure(title, model, domain, "customers"),
        }

    def _get_movement_figures(self):
        model = "service.agreement.movement"
        within = self._get_companies_domain()
        before = within & Domain("date", "<", self.date_from)
        days = within & self._get_days_domain("date")
        kinds = self._get_names(model, "kind")

        def figure(title, kinds, group_by=()):
            only = {"kind": kinds}
            return Figure(title, model, days, "amount_company", only, group_by)

        lost = ("churn", "contraction")
        return {
            "opening": Figure(
                self.env._("Revenue Before"),
                model,
                before,
                "amount_company",
                group_by=("commercial_partner_id",),
            ),
            **{f"moved_{kind}": figure(kinds[kind], (kind,)) for kind in KINDS},
            "lost": figure(self.env._("Lost"), lost, ("kind",)),
            "net_lost": figure(
                self.env._("Lost, Net"), set(KINDS) - {"new"}, ("kind",)
            ),
        }

    def _get_retention_figures(self):
        domain = self._get_companies_domain() & Domain("age", "=", KEPT_AFTER)
        measures = {
            "kept_started": "started",
            "kept_customers": "customers",
            "kept_start_revenue": "start_revenue",
            "kept_revenue": "revenue",
        }
        title = self.env._("12 Months after the Start")
        model = "service.agreement.retention"
        return {
            name: Figure(title, model, domain, measure)
            for name, measure in measures.items()
        }

    def _get_client_figures(self):
        model, within = "service.agreement.register", self._get_companies_domain()
        states = self._get_names(model, "state")

        def figure(title, states):
            only = {"state": states}
            return Figure(title, model, within, only=only, views=("kanban", "list"))

        return {
            "clients": figure(self.env._("Active Clients"), tuple(states)),
            **{
                f"clients_{state}": figure(name, (state,))
                for state, name in states.items()
            },
        }

    def _get_project_figures(self):
        domain = self._get_companies_domain() & self._get_days_domain("delivered_on")
        model = "service.agreement.attach"
        attached = {"status": ("attached",)}
        return {
            "projects": Figure(
                self.env._("Projects Delivered"), model, domain, "delivered"
            ),
            "projects_attached": Figure(
                self.env._("With Agreement"), model, domain, "attached", attached
            ),
        }

    def _get_leakage_figures(self):
        model = "service.agreement.leakage"
        domain = self._get_companies_domain() & self._get_days_domain("date")
        reasons = self._get_names(model, "reason")
        answers = {"answer": ("given", "open")}

        def figure(title, measure="leaked", **only):
            return Figure(title, model, domain, measure, only, ("partner_id",))

        return {
            "leaked": figure(self.env._("Given Away"), **answers),
            **{
                f"leaked_{reason}": figure(reasons[reason], reason=(reason,), **answers)
                for reason in LEAKS
            },
            "goodwill": figure(reasons["goodwill"], "goodwill", answer=("goodwill",)),
        }

    def _get_promise_figures(self):
        model = "service.agreement.sla.report"
        domain = self._get_companies_domain() & self._get_instants_domain("started_at")
        titles = self._get_names(model, "status")
        return {
            f"promises_{status}": Figure(
                titles[status], model, domain, status, {"status": (status,)}
            )
            for status in ("met", "missed")
        }

    def _get_work_figures(self):
        """What somebody should do something about, today."""
        within = self._get_companies_domain()
        sent = Domain("state", "=", "sent") & Domain("is_expired", "=", False)
        risk = "service.agreement.risk"
        title = self.env._("Agreements at Risk")
        return {
            "to_renew": self._get_agreement_figure(
                self.env._("To Renew"), self._get_renew_domain()
            ),
            "to_sign": self._get_agreement_figure(
                self.env._("To Sign"),
                self.env["service.agreement"]._get_to_sign_domain(),
            ),
            "to_accept": Figure(
                self.env._("Open Proposals"),
                "service.agreement.proposal",
                within & sent,
                views=("list", "kanban", "form"),
            ),
            "at_risk": Figure(title, risk, within),
            "mrr_at_risk": Figure(title, risk, within, "mrr"),
        }

    def _get_agreement_figure(self, title, domain):
        return Figure(
            title,
            "service.agreement",
            self._get_companies_domain() & domain,
            views=("list", "kanban", "form"),
        )

    def _get_renew_domain(self):
        """:return: Domain of agreements that end soon, unless somebody renews them"""
        last = fields.Date.add(self.date_to, days=RENEW_DAYS)
        return (
            Domain("state", "in", ("active", "suspended"))
            & Domain("date_end", "<=", last)
            & (Domain("auto_renew", "=", False) | Domain("term_months", "=", 0))
            & Domain("end_reason", "=", False)
        )

    # Opening it, and what it shows

    @api.model
    def action_open_mine(self):
        """Open the page of this user, with the period he looked at last."""
        mine = self.search([("user_id", "=", self.env.uid)]) or self.create({})
        return {
            "name": self.env._("Cockpit"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": mine.id,
            "views": [(False, "form")],
        }

    def action_open_figure(self):
        """Open the records of the figure that ``cockpit_figure`` of the context names.

        :raise UserError: no figure of that name
        """
        self.ensure_one()
        figure = self._get_figures().get(self.env.context.get("cockpit_figure"))
        if not figure:
            raise UserError(self.env._("The cockpit has no such figure."))
        return {
            "name": figure.name,
            "type": "ir.actions.act_window",
            "res_model": figure.model,
            "views": [(False, view) for view in figure.views],
            "domain": list(figure.get_domain()),
            "context": {"group_by": list(figure.group_by), "create": False},
        }
