"""A request for service over the API: what it would cost, what is promised, opening it.

The words and figures are those of the portal's request form, and asked of the same
methods; see ``service_offer.py``.
"""

from datetime import timezone

from odoo.exceptions import AccessError, UserError
from odoo.tools import plaintext2html

from ..tools.sla_history import Happening, Line, derive
from .service_api import once, to_amount, to_instant, to_link, to_quantity

PRICE_READERS = (
    "service_agreement.group_user",
    "account.group_account_invoice",
    "account.group_account_readonly",
)


class ServiceRequest:
    """
    :param env: of who asks, and may ask for this customer
    :param res.partner customer: who would send it
    :param system: service.agreement.system; none: the customer's only one
    :param work_type: service.agreement.work.type; none: the first that is offered
    :param str priority: of a ticket
    :param datetime at: naive UTC, when it is sent
    """

    def __init__(self, env, customer, system, work_type, priority, at):
        self.env = env
        self.customer = customer
        self.company = system.company_id or env.company
        self.priority, self.at = priority, at
        agreements = env["service.agreement"].sudo()
        day = self.company._service_day(at)
        self.agreement = agreements._match(customer, day, self.company)
        # What the portal would be opened on; of nobody's agreement, in memory only.
        self.door = self.agreement or agreements.new(
            {"company_id": self.company.id, "partner_id": customer.id}
        )
        own = self.door._get_portal_systems()
        self.system = system or (own if len(own) == 1 else system)
        self.work_type = work_type or self.door._get_portal_work_types()[:1]

    def describe(self):
        """:return: dict, see ``service.agreement.get_coverage``"""
        offer = self.door._offer_request(
            self.company,
            self.customer,
            self.system,
            self.work_type,
            self.priority,
            self.at,
        )
        return {
            "customer": to_link(self.customer),
            "system": to_link(self.system, self.system.sudo().name),
            "at": to_instant(self.at),
            "priority": self.priority,
            "work_type": to_link(self.work_type, self.work_type.sudo().name),
            "agreement": describe_agreement(self.env, self.agreement),
            **describe_offer(self.env, offer, self.agreement),
            "promises": self._list_promises(),
        }

    # What is promised

    def _list_promises(self):
        """:return: list of dict: what of it would run from the opening, and the rest"""
        targets = self.agreement.target_ids.filtered(
            lambda target: target.priority == self.priority
        )
        deadlines = self._get_deadlines() if targets else {}
        headings = self.agreement._get_document_metric_headings() if targets else {}
        return [
            {
                "metric": target.metric,
                "minutes": target.minutes,
                "text": f"{headings[target.metric]} {target.duration_text}",
                "due_at": to_instant(deadlines.get(target.metric)),
            }
            for target in targets
        ]

    def _get_deadlines(self):
        """:return: dict of aware datetime by metric, of clocks that it would start"""
        lines = self._get_lines()
        at = self.at.replace(tzinfo=timezone.utc)
        opening = Happening(at, "opened", self.priority, source="promise")
        clocks = derive([opening], lambda _source, _priority: lines)
        return {clock.metric: clock.reading.deadline for clock in clocks}

    def _get_lines(self):
        """:return: dict of tools.sla_history.Line by metric, as a ticket would freeze
        them; nothing is written
        """
        ticket = self.env[self.door._get_request_model() or "project.task"].sudo()
        ticket = ticket.new(
            {"partner_id": self.customer.id, "agreement_id": self.agreement.id}
        )
        promises = self.env["service.agreement.sla.promise"].sudo()
        year = self.company._service_day(self.at).year
        targets = promises._preview_targets(
            self.agreement.target_ids, self.company, ticket._ticket_tz(), year
        )
        return {
            metric: Line(metric, target)
            for (priority, metric), target in targets.items()
            if priority == self.priority
        }

    # Opening it

    def open(self, subject, description, reference):
        """
        :param reference: str, by which the caller knows it; False: by none
        :return: (ticket of any model, bool: whether it is new)
        :raise UserError: it cannot be sent
        """
        if not self.door._get_request_model():
            raise UserError(
                self.env._("There is no service desk yet: choose one in the settings.")
            )
        key = reference and self._get_key(reference)
        return once(
            self.env,
            lambda: key and self._find(key),
            lambda: self._create(subject, description, key),
            f"{self._tickets._table}_request_key_uniq",
        )

    @property
    def _tickets(self):
        return self.env[self.door._get_request_model()]

    def _get_key(self, reference):
        """The customer is part of it: no reference leads to another one's ticket."""
        customer = self.customer.commercial_partner_id
        return f"api-{self.company.id}-{customer.id}-{reference}"

    def _find(self, key):
        """:return: the ticket of this reference, or none

        Sudo: the caller may speak for this customer, whose ticket it is.
        """
        found = self._tickets.sudo().search([("request_key", "=", key)], limit=1)
        if self.env.user._is_internal():
            found.with_env(self.env).check_access("read")
        return found.with_env(self.env)

    def _create(self, subject, description, key):
        values = {
            **self._tickets.sudo()._ticket_prepare_request(self.door, self.customer),
            "name": subject,
            "description": plaintext2html(description),
            "priority": self.priority,
            "company_id": self.company.id,
            "partner_id": self.customer.id,
            "system_id": self.system.id,
            "work_type_id": self.work_type.id,
        }
        if self.env.user._is_internal():
            ticket = self._tickets.create(values)
        else:
            ticket = self._create_for_customer(values)
        # Sudo: nobody sets it by hand; the database refuses a second one.
        ticket.sudo()._ticket_write({"request_key": key})
        ticket.env.flush_all()
        return ticket

    def _create_for_customer(self, values):
        """As the portal does for him. Sudo: customers create no tickets themselves."""
        if not self.agreement:
            raise AccessError(
                self.env._("No agreement of yours is in force: please call us.")
            )
        values["agreement_id"] = self.agreement.id
        ticket = self._tickets.sudo().create(values)
        ticket.message_subscribe(self.customer.ids)
        return ticket.with_env(self.env)


# What is told


def describe_agreement(env, agreement):
    """What everybody may read who may read the ticket; of a parent company's agreement
    that pays for it, a customer reads the tier only, as in the portal.

    :param env: of who reads
    :return: dict of id, name and tier; None of no agreement
    """
    if not agreement:
        return None
    known, tier = agreement.sudo(), agreement.sudo().tier_id
    is_hidden = env.user.share and not agreement.with_env(env).has_access("read")
    return {
        "id": None if is_hidden else known.id,
        "name": None if is_hidden else known.name,
        "tier": to_link(tier, tier.name),
    }


def describe_offer(env, offer, agreement):
    """
    :param ServiceOffer offer:
    :param agreement: service.agreement that promises, may be empty
    :return: dict of verdict, text, flags, parts, left and price; without amounts for
        who may not read them
    """
    shows_prices = may_read_prices(env, agreement)
    why = " ".join(row["text"] for row in offer.judgements)
    return {
        "verdict": offer.verdict,
        "text": offer.text if shows_prices else why,
        "flags": offer.flags,
        "parts": [_describe_part(env, part) for part in offer.parts],
        "left": [_describe_balance(balance) for balance in offer.balances],
        "price": _describe_price(env, offer) if shows_prices else None,
    }


def may_read_prices(env, agreement):
    """Customers read their own; of our people, who may read rates and this agreement.

    Who asks for another customer was refused before.
    """
    user = env.user
    if not user._is_internal():
        return True
    if not any(user.has_group(group) for group in PRICE_READERS):
        return False
    return not agreement or agreement.with_env(env).has_access("read")


def _describe_part(env, part):
    agreement = env["service.agreement"].browse(part["agreement"] or ())
    return {
        "unit": part["unit"],
        "outcome": part["outcome"],
        "quantity": to_quantity(part["quantity"]),
        "agreement": describe_agreement(env, agreement),
    }


def _describe_balance(balance):
    allowance = balance["allowance"].sudo()
    return {
        "name": allowance.name,
        "unit": allowance.unit,
        "left": to_quantity(balance["left"]),
    }


def _describe_price(env, offer):
    if not offer.needs_approval:
        return None
    values = offer.get_values()
    currency = env["res.currency"].sudo().browse(values["currency_id"])
    return {
        "text": offer.price_text,
        "currency": currency.name,
        "hour": to_amount(values["price"], currency),
        "after_hours": to_amount(values["price_after_hours"], currency),
        "minimum_hours": to_quantity(values["minimum"]),
        "step_minutes": values["step_minutes"],
        "trip": to_amount(values["price_trip"], currency)
        if values["is_for_trips"]
        else None,
    }
