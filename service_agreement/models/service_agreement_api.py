"""What partner systems do over Odoo's JSON-2, ``POST /json/2/service.agreement/…``.

Each method here checks what it is sent and who calls, and then does what a person
would do with the same rights; see ``service_api.py`` for how values come and go, and
docs/api.md for a client.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from .instant import now
from .service_api import (
    ApiInput,
    ensure_caller_serves,
    once,
    to_amount,
    to_day,
    to_link,
    to_quantity,
)
from .service_request import ServiceRequest

# Of a day of one person.
MOST_HOURS = 24
MOST_INVOICES = 36
# How far from now somebody may ask what is covered.
FAR = timedelta(days=3660)
# As the portal's form has it.
DEFAULT_PRIORITY = "1"


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    external_reference = fields.Char(
        copy=False,
        help="By which another system knows it. Asked for twice, it is one agreement.",
    )

    _external_reference_uniq = models.UniqueIndex(
        "(company_id, external_reference) WHERE external_reference IS NOT NULL",
        "There is an agreement with this external reference already.",
    )

    # Agreements

    @api.model
    def create_from_tier(
        self,
        customer_id: int,
        tier_id: int,
        plan_id: int | None = None,
        start: str | None = None,
        system_ids: list[int] | None = None,
        reference: str | None = None,
        activate: bool = False,
    ) -> dict:
        """Make an agreement as a salesman does: prices, texts and promises are copied
        from the tier.

        The result has ``id``, ``name`` (its number), ``reference``, ``state`` ("draft",
        "active" …), ``customer``, ``tier``, ``plan``, ``systems``, ``start``, ``end``
        (last day of the term or null), ``currency``, ``untaxed`` and ``total`` per
        billing period, and ``created``: false where this reference had one already.

        :param customer_id: a contact (``res.partner``)
        :param tier_id: of ``service.agreement.tier``
        :param plan_id: of ``service.agreement.plan``, one that the tier is offered
            with; the tier's first one if left out
        :param start: first day, as 2026-03-01; today if left out
        :param system_ids: of ``service.agreement.system``, the customer's: it
            covers these only
        :param reference: by which your system knows it: asked for again, you get
            the same agreement, and nothing new is made
        :param activate: it is signed already: put it in force at once
        :return: dict, see above
        :raise UserError: a value cannot be used (HTTP 422)
        :raise AccessError: not with your rights (HTTP 403)
        :raise MissingError: an id that nobody knows (HTTP 404)
        """
        asked = ApiInput(self.env)
        self.check_access("create")
        values = {
            "partner_id": asked.needed("res.partner", customer_id, "customer_id"),
            "tier_id": asked.needed("service.agreement.tier", tier_id, "tier_id"),
            "plan_id": asked.record("service.agreement.plan", plan_id, "plan_id"),
        }
        systems = asked.records("service.agreement.system", system_ids, "system_ids")
        start, reference = asked.day(start, "start"), asked.reference(reference)
        is_signed = asked.flag(activate, "activate")
        self._api_check_terms(systems=systems, **values)
        agreement, is_new = once(
            self.env,
            lambda: self._api_find(reference, values["partner_id"], values["tier_id"]),
            lambda: self._api_create(values, start, systems, reference),
            "service_agreement_external_reference_uniq",
        )
        if is_signed and agreement.state in ("draft", "proposed"):
            agreement.action_activate()
        return {**agreement._to_api(), "created": is_new}

    @api.readonly
    def get_allowances(self) -> list[dict]:
        """What is included, used and left today, of the agreements in ``ids``.

        One entry per agreement: ``agreement``, ``day`` and ``allowances``. Each of
        these has ``name``, ``unit`` ("hours", "visits", "incidents", "amount"),
        ``granted``, ``used`` and ``left`` (null: unlimited), ``valid_until`` (of what
        expires first), ``waiting`` (usable once it is paid), ``text``, and ``lots``,
        where it comes from: ``kind``, ``start``, ``end``, ``granted``, ``used`` and
        ``left``.

        :return: list of dict, see above
        :raise AccessError: not your agreement (HTTP 403)
        """
        agreements = ApiInput(self.env).records(self._name, list(self._ids), "ids")
        allowances = agreements._api_list_allowances()
        return [
            {
                "agreement": to_link(agreement, agreement.name),
                "day": to_day(agreement.company_id.sudo()._service_today()),
                "allowances": allowances[agreement],
            }
            for agreement in agreements
        ]

    @api.readonly
    def get_next_invoices(self, count: int = 3) -> list[dict]:
        """What will be billed, as the billing run would bill it if nothing changes.

        Of the one agreement in ``ids``. Each has ``due``, ``kind`` ("invoice",
        "credit", or "forfeit": not paid back), ``title``, ``currency``, ``untaxed``,
        ``total`` (below 0 for a credit note) and ``lines``: ``name``, ``detail`` and
        ``untaxed``.

        :param count: how many, 1 to 36
        :return: list of dict, the next one first; empty if nothing is left to bill
        :raise AccessError: not your agreement (HTTP 403)
        """
        asked = ApiInput(self.env)
        agreement = asked.ensure_one(self)
        count = asked.count(count, "count", MOST_INVOICES)
        # Sudo: who may read the agreement may read what comes of it, and needs to read
        # neither charges nor taxes for that.
        agreement = agreement.sudo().with_company(agreement.company_id)
        if not (agreement.activated_on and agreement.next_invoice_date):
            return []
        invoices = agreement._get_next_invoices(count)
        return [
            agreement._api_describe_invoice(each)
            for each in agreement._describe_invoices(invoices)
        ]

    # Coverage

    @api.model
    @api.readonly
    def get_coverage(
        self,
        customer_id: int,
        system_id: int | None = None,
        at: str | None = None,
        priority: str | None = None,
        work_type_id: int | None = None,
    ) -> dict:
        """Who would pay for an hour of work and what is promised, before anything is
        asked for: the words and figures that the customer reads in the portal.

        The result has ``customer``, ``system``, ``at``, ``priority``, ``work_type``,
        ``agreement`` (``id``, ``name``, ``tier``, or null), ``verdict`` ("covered",
        "partly", "uncovered"), ``text`` and ``flags`` in words, ``parts`` (``unit``,
        ``outcome``, ``quantity``, ``agreement``), ``left`` after that hour, ``price``
        and ``promises`` (``metric``, ``minutes``, ``text``, ``due_at``).

        ``price`` is what the customer would be asked to approve: ``text``,
        ``currency``, ``hour``, ``after_hours``, ``minimum_hours``, ``step_minutes`` and
        ``trip``. It is null where all is covered, where no rate is set, and for callers
        who may not read prices.

        :param customer_id: a contact (``res.partner``)
        :param system_id: of ``service.agreement.system``; left out, the customer's
            only one, as in the portal
        :param at: instant of the request, as 2026-03-06T15:00:00Z; now if left out
        :param priority: "0" low to "3" urgent; "1" if left out
        :param work_type_id: of ``service.agreement.work.type``; left out, the first
            that customers ask for
        :return: dict, see above
        :raise UserError: a value cannot be used (HTTP 422)
        :raise AccessError: not your customer (HTTP 403)
        :raise MissingError: an id that nobody knows (HTTP 404)
        """
        request = self._api_read_request(
            customer_id, system_id, at, priority, work_type_id
        )
        return request.describe()

    @api.model
    def open_ticket(
        self,
        customer_id: int,
        subject: str,
        description: str = "",
        priority: str | None = None,
        system_id: int | None = None,
        work_type_id: int | None = None,
        reference: str | None = None,
    ) -> dict:
        """Open a ticket on the service desk and read what is promised on it.

        The result has ``id``, ``model`` ("project.task", or that of another desk),
        ``reference`` by which the customer knows it, ``name``, ``customer``,
        ``agreement``, ``verdict``, ``text``, ``price`` and the like as of
        ``get_coverage``, ``promises`` (``metric``, ``text``, ``state``, ``due_at``),
        and ``created``: false where this reference had a ticket already.

        :param customer_id: who asks (``res.partner``)
        :param subject: at most 200 characters
        :param description: plain text
        :param priority: "0" low to "3" urgent; "1" if left out
        :param system_id: of ``service.agreement.system``, the customer's
        :param work_type_id: of ``service.agreement.work.type``
        :param reference: by which your system knows it: sent again for this
            customer, you get the same ticket, and no second one is opened
        :return: dict, see above
        :raise UserError: a value cannot be used (HTTP 422)
        :raise AccessError: not with your rights (HTTP 403)
        :raise MissingError: an id that nobody knows (HTTP 404)
        """
        asked = ApiInput(self.env)
        request = self._api_read_request(
            customer_id, system_id, None, priority, work_type_id
        )
        ticket, is_new = request.open(
            asked.text(subject, "subject", 200, is_needed=True),
            asked.text(description, "description"),
            asked.reference(reference),
        )
        return {**ticket._to_api(), "created": is_new}

    @api.model
    def book_work(
        self,
        ticket_id: int,
        hours: float,
        description: str,
        work_type_id: int | None = None,
        day: str | None = None,
        started_at: str | None = None,
        employee_id: int | None = None,
        reference: str | None = None,
    ) -> dict:
        """Write down work on a ticket and read who pays for it and what is left.

        The result has ``id`` (of the timesheet line), ``ticket``, ``employee``,
        ``day``, ``hours``, ``verdict`` ("covered", "partly", "uncovered"), ``texts``
        (why, a sentence each), ``parts`` (``unit``, ``outcome``, ``quantity``,
        ``agreement``, ``currency``, ``price``, ``amount``, ``answer``; the last ones
        null for callers who may not read prices), ``allowances`` of the agreement that
        pays as of ``get_allowances``, and ``created``.

        :param ticket_id: a task of a service desk (``project.task``)
        :param hours: above 0, at most 24
        :param description: what was done
        :param work_type_id: of ``service.agreement.work.type``; the ticket's if
            left out
        :param day: as 2026-03-06; that of ``started_at``, or today, if left out
        :param started_at: instant, where part of it may lie after hours
        :param employee_id: of ``hr.employee``; your own if left out
        :param reference: by which your system knows it: sent again, nothing is
            booked twice
        :return: dict, see above
        :raise UserError: a value cannot be used, or the month is settled (HTTP 422)
        :raise AccessError: not with your rights (HTTP 403)
        :raise MissingError: an id that nobody knows (HTTP 404)
        """
        asked, lines = ApiInput(self.env), self.env["account.analytic.line"]
        lines.check_access("create")
        ticket = asked.needed("project.task", ticket_id, "ticket_id")
        values = lines._api_prepare(
            ticket,
            unit_amount=asked.number(hours, "hours", MOST_HOURS),
            name=asked.text(description, "description", 500, is_needed=True),
            work_type=asked.record(
                "service.agreement.work.type", work_type_id, "work_type_id"
            ),
            day=asked.day(day, "day"),
            start=asked.instant(started_at, "started_at"),
            employee=asked.record("hr.employee", employee_id, "employee_id"),
            reference=asked.reference(reference),
        )
        line, is_new = once(
            self.env,
            lambda: lines._api_find(values),
            lambda: lines.with_company(values["company_id"]).create(values),
            "account_analytic_line_service_reference_uniq",
        )
        return {**line._to_api(), "created": is_new}

    # How

    @api.model
    def _api_check_terms(self, partner_id, tier_id, plan_id, systems):
        """:raise UserError: these do not go together"""
        if plan_id and plan_id not in tier_id.plan_ids:
            raise UserError(
                self.env._(
                    "plan_id: %(tier)s is not offered with %(plan)s. Choose one of: "
                    "%(plans)s.",
                    tier=tier_id.name,
                    plan=plan_id.name,
                    plans=", ".join(p.display_name for p in tier_id.plan_ids),
                )
            )
        for system in systems:
            self._api_check_owner(system, partner_id, "system_ids")

    @api.model
    def _api_check_owner(self, system, customer, name):
        owner = system.commercial_partner_id
        if system and owner != customer.commercial_partner_id:
            raise UserError(
                self.env._(
                    "%(name)s: %(system)s is not a system of %(customer)s.",
                    name=name,
                    system=system.name,
                    customer=customer.display_name,
                )
            )

    @api.model
    def _api_find(self, reference, customer, tier):
        """:return: the agreement of this reference, or none
        :raise UserError: it is another customer's, or of another tier
        """
        if not reference:
            return self.browse()
        # Sudo: one that exists is not made again because the caller may not see it.
        known = self.sudo().search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("external_reference", "=", reference),
            limit=1,
        )
        found = known.with_env(self.env)
        found.check_access("read")
        if found and (
            found.partner_id != customer or known._get_tier_on(known.date_start) != tier
        ):
            raise UserError(
                self.env._(
                    "reference: %(reference)s is %(agreement)s already, of another "
                    "customer or tier. Use another reference.",
                    reference=reference,
                    agreement=found.name,
                )
            )
        return found

    @api.model
    def _api_create(self, values, start, systems, reference):
        values = {name: record.id for name, record in values.items() if record}
        if start:
            values["date_start"] = fields.Date.to_string(start)
        if systems:
            values["system_ids"] = [Command.set(systems.ids)]
        return self.create({**values, "external_reference": reference})

    @api.model
    def _api_read_request(self, customer_id, system_id, at, priority, work_type_id):
        """:return: service_request.ServiceRequest, checked"""
        asked = ApiInput(self.env)
        customer = asked.needed("res.partner", customer_id, "customer_id")
        ensure_caller_serves(self.env, customer)
        system = asked.record("service.agreement.system", system_id, "system_id")
        self._api_check_owner(system, customer, "system_id")
        priorities = [key for key, _label in self._get_portal_priorities_labels()]
        chosen = priority if priority not in (None, False) else DEFAULT_PRIORITY
        return ServiceRequest(
            self.env,
            customer,
            system,
            self._api_read_work_type(asked, work_type_id),
            asked.choice(chosen, "priority", priorities),
            self._api_read_at(asked, at),
        )

    @api.model
    def _api_read_work_type(self, asked, work_type_id):
        """Customers name those that the portal offers them, and can read none."""
        model, name = "service.agreement.work.type", "work_type_id"
        if self.env.user._is_internal():
            return asked.record(model, work_type_id, name)
        # Sudo: see above.
        found = ApiInput(self.sudo().env).record(model, work_type_id, name)
        if found.filtered("is_requestable") != found:
            raise AccessError(
                self.env._("work_type_id: you cannot ask for such work by yourself.")
            )
        return found

    @api.model
    def _api_read_at(self, asked, at):
        today = now(self.env)
        at = asked.instant(at, "at") or today
        if abs(at - today) > FAR:
            raise UserError(self.env._("at: choose an instant within ten years."))
        return at

    def _to_api(self):
        """:return: dict, see ``create_from_tier``"""
        self.ensure_one()
        return {
            "id": self.id,
            "name": self.name,
            "reference": self.external_reference or None,
            "state": self.state,
            "customer": to_link(self.partner_id),
            "tier": to_link(self.tier_id),
            "plan": to_link(self.plan_id),
            "systems": [to_link(system, system.name) for system in self.system_ids],
            "start": to_day(self.date_start),
            "end": to_day(self.date_end),
            "currency": self.currency_id.name,
            "untaxed": to_amount(self.amount_untaxed, self.currency_id),
            "total": to_amount(self.amount_total, self.currency_id),
        }

    def _api_list_allowances(self):
        """:return: dict of lists of dict by agreement, see ``get_allowances``"""
        return {
            agreement: [_describe_allowance(meter) for meter in meters]
            for agreement, meters in self._get_allowance_meters().items()
        }

    def _api_describe_invoice(self, document):
        """
        :param dict document: of ``_describe_invoices``
        :return: dict, see ``get_next_invoices``
        """
        currency = self.currency_id
        return {
            "due": to_day(document["due"]),
            "kind": document["kind"],
            "title": document["title"],
            "currency": currency.name,
            "untaxed": to_amount(document["untaxed"], currency),
            "total": to_amount(document["total"], currency),
            "lines": [
                {
                    "name": line["name"],
                    "detail": line["detail"] or None,
                    "untaxed": to_amount(line["amount"], currency),
                }
                for line in document["lines"]
            ],
        }


def _describe_allowance(meter):
    """:return: dict, see ``get_allowances``"""
    return {
        "name": meter["name"],
        "unit": meter["unit"],
        "granted": to_quantity(meter["granted"]),
        "used": to_quantity(meter["used"]),
        "left": to_quantity(meter["left"]),
        "valid_until": to_day(meter["valid_until"]),
        "waiting": to_quantity(meter["waiting"]),
        "text": meter["left_text"],
        "lots": [
            {
                "kind": lot.key.kind,
                "start": to_day(lot.start),
                "end": to_day(lot.end),
                "granted": to_quantity(lot.entered),
                "used": to_quantity(lot.drawn),
                "left": to_quantity(lot.balance),
            }
            for lot in meter["lots"]
        ],
    }
