from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_amount

from .service_agreement_ticket_approval import get_when
from .service_words import ServiceWords

MONTHS_SHOWN = 6
# Parts of work that a page shows at most.
PARTS_MAX = 300


class ServiceAgreement(models.Model):
    """What the customer reads of what is covered, what was done and what it cost.

    Everything is read for him: a page is opened for whom the agreement concerns only.
    """

    _inherit = "service.agreement"

    def _get_portal_systems(self):
        """:return: service.agreement.system that he may choose from: all of his own"""
        self.ensure_one()
        return self._find_customers_systems().get(
            (self.commercial_partner_id, self.company_id),
            self.env["service.agreement.system"],
        )

    def _find_customers_systems(self):
        """:return: dict of service.agreement.system by (commercial partner, company)"""
        systems = self.env["service.agreement.system"].search_fetch(
            [
                ("commercial_partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ],
            order="sequence, name, id",
        )
        return systems.grouped(lambda s: (s.commercial_partner_id, s.company_id))

    def _get_portal_covered_systems(self):
        """:return: service.agreement.system that it is made for"""
        self.ensure_one()
        return self._get_covered_systems()[self]

    def _get_covered_systems(self):
        """:return: dict of service.agreement.system by agreement that it is made for"""
        customers = self._find_customers_systems()
        covered = {}
        for agreement in self:
            key = (agreement.commercial_partner_id, agreement.company_id)
            systems = customers.get(key, self.env["service.agreement.system"])
            if agreement.system_ids or agreement.site_ids:
                sites = agreement.site_ids
                at_sites = systems.filtered(lambda s, sites=sites: s.site_id in sites)
                systems = agreement.system_ids.filtered("active") | at_sites
            covered[agreement] = systems
        return covered

    def _get_portal_work_types(self):
        """:return: service.agreement.work.type that customers ask for"""
        self.ensure_one()
        return self.env["service.agreement.work.type"].search_fetch(
            Domain("is_requestable", "=", True)
            & Domain("company_id", "in", (False, self.company_id.id))
        )

    def _get_portal_offer(self, partner, system, work_type, priority):
        """:return: service_offer.ServiceOffer of what ``partner`` wants to request"""
        self.ensure_one()
        return self._offer_request(
            self.company_id, partner, system, work_type, priority
        )

    @api.model
    def _offer_request(self, company, partner, system, work_type, priority, at=None):
        """What it would cost, whether or not an agreement covers it.

        :param datetime at: naive UTC, of the request; now if empty
        :return: service_offer.ServiceOffer
        """
        values = {"customer": partner, "system": system, "work_type": work_type}
        return self.env["account.analytic.line"]._offer_service_work(
            company, {**values, **get_when(company, priority, at)}
        )

    def _find_portal_work(self):
        """:return: service.agreement.allowance.draw of the last months, to be listed by
        ``_list_for_customer``
        """
        self.ensure_one()
        today = self.company_id._service_today()
        nobodys = Domain("agreement_id", "=", False)
        own = Domain("agreement_id", "=", self.id) | (
            nobodys
            & Domain("task_id.agreement_id", "=", self.id)
            & Domain("partner_id", "=", self.commercial_partner_id.id)
        )
        since = today - relativedelta(months=MONTHS_SHOWN)
        draws = self.env["service.agreement.allowance.draw"].sudo()
        draws = draws.with_context(lang=self.env.lang)
        if not self.activated_on:
            return draws
        return draws.search_fetch(own & Domain("date", ">=", since), limit=PARTS_MAX)


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def _ticket_portal_work(self):
        """:return: list of dict, see ``_list_for_customer``"""
        self.ensure_one()
        customer = self.sudo()._ticket_customer().commercial_partner_id
        draws = self.sudo()._ticket_work_lines().service_draw_ids
        own = draws.filtered(lambda draw: draw.partner_id == customer)
        return own.sorted("date", reverse=True)._list_for_customer()

    def _ticket_portal_offer(self):
        """What the customer of this ticket reads of its price.

        :return: dict of offer (service_offer.ServiceOffer), approval (the last word)
            and text (it, in words); None: there is nothing to say
        """
        offer = self._ticket_get_offer()
        if offer is None:
            return None
        approval = self._ticket_last_approval()
        return {
            "offer": offer,
            "approval": approval,
            "text": approval and approval._describe(),
            "is_open": not self.sudo()._ticket_is_closed(),
        }


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def _list_for_customer(self):
        """Each piece of work with who pays for each part of it.

        :return: list of dict in the order of ``self``: date, ticket, reference, what,
            hours (in words), parts (list of dict of text and color), cost (what he
            pays, in words)
        """
        words = ServiceWords(self.env)
        return [
            draws._prepare_for_customer(words)
            for draws in self.grouped("line_id").values()
        ]

    def _prepare_for_customer(self, words):
        line, ticket = self.line_id, self.task_id
        hours = sum(draw.quantity for draw in self if draw.unit == "hour")
        return {
            "date": line.date,
            "ticket": ticket,
            "reference": ticket and ticket._ticket_reference(),
            "what": line.name,
            "hours": words.format_quantity(hours, "hour"),
            "parts": [draw._describe_for_customer(words) for draw in self],
            "cost": self._get_cost_text(),
        }

    def _get_cost_text(self):
        """:return: str, what of it is billed; empty: nothing"""
        costs = self.filtered(lambda draw: draw.answer == "bill" and draw.amount)
        return ", ".join(
            format_amount(self.env, sum(draws.mapped("amount")), currency)
            for currency, draws in costs.grouped("currency_id").items()
        )

    def _describe_for_customer(self, words):
        """:return: dict of text, "1.5 h covered by Gold", and color of bootstrap"""
        self.ensure_one()
        texts = {
            "covered": self.env._("%(much)s covered by %(agreement)s"),
            "bill": self._get_billed_text(),
            "given": self.env._("%(much)s free of charge"),
            "goodwill": self.env._("%(much)s free of charge, as a courtesy"),
            "warranty": self.env._("%(much)s under warranty"),
            False: self.env._("%(much)s not covered, and not billed yet"),
        }
        colors = {"bill": "warning", False: "light border"}
        text = texts[self.answer] % {
            "much": words.format_quantity(self.quantity, self.unit),
            "agreement": self.agreement_id.tier_id.name,
            "price": format_amount(self.env, self.price, self.currency_id),
        }
        return {"text": text, "color": colors.get(self.answer, "success")}

    def _get_billed_text(self):
        if self.approval_id:
            return self.env._("%(much)s at %(price)s, as you approved")
        if self.outcome == "overage":
            return self.env._("%(much)s at %(price)s, more than was left")
        if self.outcome == "after_hours":
            return self.env._("%(much)s at %(price)s, after hours")
        return self.env._("%(much)s at %(price)s, not covered")
