from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .self_service_change import AddSystem, Upgrade
from .self_service_end import Cancel, DeclineRenewal, Keep

UPGRADE_DAYS = [
    ("today", "At once"),
    ("next_period", "With the next billing period"),
]


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    portal_may_upgrade = fields.Boolean(
        string="Choose a Higher Tier or Another Plan", default=True
    )
    portal_upgrade_from = fields.Selection(
        UPGRADE_DAYS,
        string="A Higher Tier Holds",
        required=True,
        default="today",
        help="Another billing plan always begins with the next billing period.",
    )
    portal_is_offered = fields.Boolean(
        string="May Be Chosen as a Higher Tier",
        default=True,
        help="Customers of lower tiers find this one in the portal.",
    )
    portal_may_add_system = fields.Boolean(
        string="Add a System",
        default=True,
        help="Where the price is per system, it is charged from that day on.",
    )
    portal_may_decline_renewal = fields.Boolean(
        string="Decline the Renewal",
        default=True,
        help="Until the last day of notice, and take that back until then.",
    )
    portal_may_cancel = fields.Boolean(
        string="Cancel with Notice",
        help="Refunds, fees and discounts taken back are those of the agreement; the "
        "customer sees them before. Some countries require this for consumers.",
    )


class ServiceAgreement(models.Model):
    """What a customer may do himself, in the portal.

    ``self_service.py`` tells what each step would do; here it is done, once.
    """

    _inherit = "service.agreement"

    customer_step_ids = fields.One2many(
        "service.agreement.customer.step",
        "agreement_id",
        string="Done by the Customer",
        readonly=True,
    )
    customer_step_count = fields.Integer(
        readonly=True, copy=False, help="How often the customer did something himself."
    )

    @api.model
    def _get_self_services(self):
        """Hook for bridges.

        :return: {kind of a service.agreement.customer.step: SelfService}
        """
        services = (Upgrade, AddSystem, DeclineRenewal, Keep, Cancel)
        return {service.kind: service for service in services}

    def _get_self_service(self, kind, choice=None):
        """:return: SelfService; None: unknown, or not for this tier"""
        self.ensure_one()
        service = self._get_self_services().get(kind)
        if not service or not self.tier_id[service.switch]:
            return None
        # Sudo: see self_service.py. Prices are those of the company that serves.
        return service(self.sudo().with_company(self.company_id), choice or {})

    def _get_portal_services(self):
        """:return: list of SelfService that are open to the customer today"""
        self.ensure_one()
        found = map(self._get_self_service, self._get_self_services())
        return [service for service in found if service and not service.why_not()]

    # Doing it

    def _take_customer_step(self, service, key, partner):
        """Do what was shown, once.

        A second browser waits here for the first one, and then finds what it did: in
        its own transaction or, where PostgreSQL refuses that one, in the next that
        Odoo starts for it.

        :param SelfService service:
        :param str key: of what was shown
        :param res.partner partner: who does it
        :return: service.agreement.customer.step; none where something else would
            happen than was shown
        :raise UserError: it cannot be done
        """
        self.ensure_one()
        self._lock_and_wait()
        if step := self._find_customer_step(service.kind, key):
            return step
        if why_not := service.why_not() or service.why_not_yet():
            raise UserError(why_not)
        if service.key != key:
            return self.env["service.agreement.customer.step"]
        return self.sudo()._do_customer_step(service, key, partner)

    def _find_customer_step(self, kind, key):
        return self.env["service.agreement.customer.step"].search(
            Domain("agreement_id", "=", self.id)
            & Domain("kind", "=", kind)
            & Domain("key", "=", key),
            limit=1,
        )

    def _do_customer_step(self, service, key, partner):
        """What happens is told before it does: afterwards it is no preview any more."""
        lang = self._get_responsible_lang()
        told = service.in_lang(self._get_lang()).get_sentences()
        noted = service.in_lang(lang).get_sentences()
        step = self.env["service.agreement.customer.step"].create(
            {
                "agreement_id": self.id,
                "kind": service.kind,
                "partner_id": partner.id,
                "key": key,
                "shown": service.preview,
                "summary": "\n".join(told),
                **service.said,
            }
        )
        self.customer_step_count += 1
        # Another one: what is in memory only does not outlive what was written above.
        service.in_lang(lang).do(step.with_context(lang=lang))
        step.with_context(lang=lang)._confirm(noted)
        return step

    def _get_responsible(self):
        """:return: res.users, who looks after it; never a customer"""
        self.ensure_one()
        if self.user_id:
            return self.user_id
        managers = self.env.ref("service_agreement.group_manager").all_user_ids
        own = managers.filtered(lambda user: self.company_id in user.company_ids)
        return own.sorted("id")[:1] or self.env.ref("base.user_admin")

    def _get_responsible_lang(self):
        self.ensure_one()
        return self._get_responsible().lang or self.env.lang

    def _in_responsible_lang(self):
        return self.with_context(lang=self._get_responsible_lang())

    # What the steps want to know

    def _get_portal_tiers(self, held):
        """:return: service.agreement.tier above ``held`` that he may choose"""
        self.ensure_one()
        return self.env["service.agreement.tier"].search_fetch(
            Domain("rank", ">", held.rank)
            & Domain("portal_is_offered", "=", True)
            & Domain("company_id", "in", (False, self.company_id.id)),
            order="rank, sequence, id",
        )

    def _has_change_ahead(self):
        """Whether tier or plan will be others: a second change would cross it."""
        self.ensure_one()
        return bool(
            self.change_ids.filtered(
                lambda change: (
                    (change.tier_id or change.plan_id)
                    and not change.is_applied
                    and not change.is_withdrawn
                )
            )
        )

    def _get_portal_sites(self):
        """:return: res.partner, the customer's addresses that something may stand at"""
        self.ensure_one()
        places = self.env["res.partner"].search_fetch(
            Domain("commercial_partner_id", "=", self.commercial_partner_id.id)
            & Domain("type", "in", ("delivery", "other"))
            & Domain("parent_id", "!=", False),
            order="complete_name, id",
        )
        return places | self.site_ids | self._get_portal_systems().site_id

    def _get_declined_step(self):
        """:return: service.agreement.customer.step by which the renewal was declined,
        as long as that is why it ends
        """
        self.ensure_one()
        step = self.customer_step_ids.filtered(
            lambda each: each.kind in ("decline_renewal", "cancel")
        )[:1]
        holds = self.end_reason and not step.is_taken_back
        return step.filtered(lambda each: holds and each.kind == "decline_renewal")

    def _after_take_back_end(self):
        """EXTENDS: what a customer declined or cancelled holds no longer."""
        result = super()._after_take_back_end()
        ends = self.sudo().customer_step_ids.filtered(
            lambda step: step.kind in ("decline_renewal", "cancel")
        )
        ends.is_taken_back = True
        return result
