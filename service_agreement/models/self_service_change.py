"""Other terms that a customer chooses himself; see ``self_service.py``."""

from functools import cached_property

from odoo.fields import Command

from ..tools.form_values import pick, to_text
from .reading import read_together
from .reading_trees import COVERAGE, TIER
from .self_service import SelfService

INVOICES_SHOWN = 4
NAME_MAX = 100


class ChangeService(SelfService):
    """What is different from a day on: the wizard of changes reckons and does it."""

    # Of the wizard, in memory; None: nothing is charged differently.
    @cached_property
    def wizard(self):
        raise NotImplementedError

    def _new_wizard(self, **values):
        return self.env["service.agreement.change.wizard"].new(
            {
                "agreement_id": self.agreement.id,
                "when": "today",
                "timing": "next_invoice",
                "note": self.env._("Chosen by the customer in the portal."),
                **values,
            }
        )

    @cached_property
    def money(self):
        """dict: ``rows`` and ``net`` of what is credited and charged for days that
        have begun, ``billed_on``, the next ``invoices``, ``monthly`` now and then;
        before taxes unless said; None: no charge is different
        """
        shown = self.wizard and self.wizard.preview
        if not shown:
            return None
        rows = [row for row in shown["invoices"]["rows"] if not row["forfeited"]]
        return {
            "rows": shown["difference"]["rows"],
            "net": shown["difference"]["net"],
            "billed_on": shown["difference"]["billed_on"],
            "invoices": [
                {name: row[name] for name in ("date", "without", "with", "total")}
                for row in rows[:INVOICES_SHOWN]
            ],
            "monthly": shown["mrr"],
        }

    def _get_money_sentences(self):
        if not self.money:
            return [self.env._("Your price stays as it is.")]
        monthly = self.money["monthly"]
        sentences = [
            self.env._(
                "Per month, before taxes: %(then)s instead of %(now)s.",
                then=self.format_amount(monthly["then"]),
                now=self.format_amount(monthly["now"]),
            )
        ]
        if self.money["billed_on"] and not self.is_zero(self.money["net"]):
            sentences.append(
                self.env._(
                    "For the days of periods that have begun: %(amount)s before taxes,"
                    " on your invoice of %(date)s.",
                    amount=self.format_amount(self.money["net"]),
                    date=self.money["billed_on"],
                )
            )
        return sentences


class Upgrade(ChangeService):
    """A higher tier, or to pay in another rhythm."""

    kind = "upgrade"
    switch = "portal_may_upgrade"
    icon = "fa-arrow-circle-up"

    @property
    def title(self):
        return self.env._("Choose another tier or plan")

    @property
    def hint(self):
        if not self.tiers:
            return self.env._("Pay in another rhythm.")
        return self.env._(
            "%(tiers)s, or another way to pay.",
            tiers=", ".join(self.tiers.mapped("name")),
        )

    def read_choice(self, choice):
        # Each of them is shown with its price, and one with what it covers.
        read_together((self.tiers, {**TIER, **COVERAGE}))
        tier = pick(self.tiers, choice.get("tier_id"))
        plan = pick(self._get_plans(tier), choice.get("plan_id"))
        return {"tier_id": tier.id, "plan_id": plan.id}

    @cached_property
    def held_tier(self):
        return self.agreement._get_tier_on(self.first_day)

    @cached_property
    def held_plan(self):
        return self.agreement._get_plan_on(self.first_day)

    @property
    def first_day(self):
        return max(self.today, self.agreement.date_start)

    @cached_property
    def tiers(self):
        """service.agreement.tier to choose from, by rank"""
        return self.agreement._get_portal_tiers(self.held_tier)

    @property
    def tier(self):
        """The tier that was chosen, or none"""
        return self.tiers.browse(self.choice["tier_id"] or ())

    @property
    def plan(self):
        """The plan that was chosen, or none"""
        return self.held_plan.browse(self.choice["plan_id"] or ())

    def _get_plans(self, tier):
        offered = (tier or self.held_tier).plan_ids.filtered("active")
        return offered - self.held_plan

    @property
    def plans(self):
        """Other plans of the tier that was chosen"""
        return self._get_plans(self.tier)

    def get_price_text(self, tier):
        """:return: "$ 149.00 per month", what one of ``tier`` costs this customer"""
        plan = self.plan or self.held_plan
        price = self.agreement._get_tier_price(tier, plan, date=self.first_day)
        return self.env._(
            "%(price)s per %(period)s",
            price=self.format_amount(price),
            period=plan.period_label,
        )

    def why_not(self):
        agreement = self.agreement
        if agreement.state != "active":
            return self.env._("This agreement is not in force.")
        if agreement.end_reason:
            return self.env._("This agreement is about to end.")
        if agreement._has_change_ahead():
            return self.env._("A change of this agreement is on its way already.")
        if not (self.tiers or self._get_plans(self.held_tier)):
            return self.env._("You have the highest tier already.")
        return None

    def why_not_yet(self):
        if not (self.tier or self.plan):
            return self.env._("Choose what you would like to have.")
        return self.wizard._why_not()

    @cached_property
    def wizard(self):
        """Paying in another rhythm begins with a period; a tier as its policy says."""
        at_once = self.held_tier.portal_upgrade_from == "today" and not self.plan
        return self._new_wizard(
            when="today" if at_once else "next_period",
            tier_id=self.tier.id,
            plan_id=self.plan.id,
        )

    def get_preview(self):
        tier = self.tier or self.held_tier
        return {
            "day": self.format_date(self.wizard.date),
            "is_today": self.wizard.date == self.today,
            "tier": tier.name,
            "held_tier": self.held_tier.name,
            "plan": (self.plan or self.held_plan).name,
            "money": self.money,
            "promise": self.wizard.preview["promise"] if self.wizard.preview else [],
            "included": tier.comparison["included"] if self.tier else [],
            "held_included": self._get_held_included(),
        }

    def _get_held_included(self):
        if not self.tier:
            return []
        return self.agreement._get_document_coverage()["included"]

    def get_sentences(self):
        return [
            self.env._(
                "From %(date)s on: %(tier)s, %(plan)s.",
                date=self.preview["day"],
                tier=self.preview["tier"],
                plan=self.preview["plan"],
            ),
            *self._get_money_sentences(),
        ]

    def do(self, step):
        self.wizard.action_confirm()


class AddSystem(ChangeService):
    """One more system, which is paid for where the price is per system."""

    kind = "add_system"
    switch = "portal_may_add_system"
    icon = "fa-plus-circle"

    @property
    def title(self):
        return self.env._("Add a system")

    @property
    def hint(self):
        return self.env._("Something new that we should take care of, too.")

    def read_choice(self, choice):
        site = pick(self.sites, choice.get("site_id"))
        return {
            "name": to_text(choice.get("name"))[:NAME_MAX],
            "site_id": site.id,
        }

    @cached_property
    def sites(self):
        """res.partner, the addresses to choose from"""
        return self.agreement._get_portal_sites()

    @property
    def site(self):
        return self.sites.browse(self.choice["site_id"] or ())

    def why_not(self):
        agreement = self.agreement
        if agreement.state != "active":
            return self.env._("This agreement is not in force.")
        if agreement.end_reason:
            return self.env._("This agreement is about to end.")
        if agreement.date_start > self.today:
            return self.env._("This agreement has not started yet.")
        if self.is_counted and not self.is_priced:
            return self.env._("Please ask us what one more system costs.")
        if not self.is_counted and (agreement.system_ids or agreement.site_ids):
            return self.env._("Please ask us what one more system costs.")
        return None

    def why_not_yet(self):
        if not self.choice["name"]:
            return self.env._("What do you call it? Please give it a name.")
        names = self.agreement._get_portal_systems().mapped("name")
        if self.choice["name"].casefold() in {name.casefold() for name in names}:
            return self.env._("You have a system of this name already.")
        return self.wizard and self.wizard._why_not()

    @property
    def is_counted(self):
        return bool(self.agreement.system_quantity)

    @cached_property
    def is_priced(self):
        """Whether it is the number of systems that the price is multiplied by."""
        terms = self.agreement._get_main_terms_on(self.today)
        return bool(terms) and terms["quantity"] == self.agreement.system_quantity

    @property
    def is_more(self):
        """Whether it is one more than is paid for; else one that was to be named."""
        agreement = self.agreement
        return self.is_counted and agreement.system_count >= agreement.system_quantity

    @cached_property
    def wizard(self):
        if not self.is_more:
            return None
        wizard = self._new_wizard()
        held = wizard._get_held()
        for line in wizard.line_ids:
            terms = held[line.origin_id._origin]
            if terms["is_suggested"]:
                line.quantity += 1
                break
        return wizard

    def get_preview(self):
        agreement = self.agreement
        return {
            "day": self.format_date(self.today),
            "money": self.money,
            "number": agreement.system_quantity + 1 if self.is_more else 0,
        }

    def get_sentences(self):
        return [
            self.env._(
                "%(system)s is covered from %(date)s on.",
                system=self._get_system_text(),
                date=self.preview["day"],
            ),
            *self._get_money_sentences(),
        ]

    def _get_system_text(self):
        """:return: "Cinema (Barn)" """
        name, site = self.choice["name"], self.site
        return f"{name} ({site.name})" if site else name

    def do(self, step):
        agreement, values = self.agreement, {}
        if self.is_more:
            self.wizard.action_confirm()
            values["system_quantity"] = agreement.system_quantity + 1
        # Between both writes the numbers differ: nobody is mailed a to-do about that.
        quiet = agreement.with_context(mail_activity_quick_update=True)
        system = quiet.env["service.agreement.system"].create(
            {
                "name": self.choice["name"],
                "partner_id": agreement.commercial_partner_id.id,
                "site_id": self.site.id,
                "company_id": agreement.company_id.id,
            }
        )
        if agreement.system_ids:
            values["system_ids"] = [Command.link(system.id)]
        quiet.write(values)
