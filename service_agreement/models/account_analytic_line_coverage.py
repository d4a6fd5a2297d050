from collections import defaultdict
from datetime import timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.fields import Domain

from ..tools.coverage import Place
from .instant import zone
from .service_book import ServiceBook, WorkFacts, get_site


class AccountAnalyticLine(models.Model):
    """Who pays for a piece of service work (SEMANTICS §5, §6).

    How it works: who pays for one depends on what others took from the same allowances.
    So all the work of a tree of customers is decided at once, in the order of its
    days, from the last settled month on, by a ``ServiceBook``. What comes out is
    compared with what is on record, and only what differs is written.
    """

    _inherit = "account.analytic.line"

    # Entry points

    def _decide_service_work(self):
        """Decide these lines, and all others that depend on them.

        As superuser: a technician logs his time and may read no agreement.
        """
        lines = self.sudo()
        lines._decide_for_customers(lines._get_service_customers(), lines)

    @api.model
    def _decide_for_customers(self, customers, lines=None):
        """
        :param customers: dict of res.partner by res.company
        :param lines: decided as well, also those that are nobody's
        """
        lines = lines if lines is not None else self.browse()
        changed = self.env["service.agreement.allowance.draw"]
        for company, partners in customers.items():
            book = ServiceBook(company, partners)
            own = lines.filtered(lambda ln, company=company: ln.company_id == company)
            changed |= book.search_open(own)._decide_by(book)
        changed.exists()._after_decided()

    def _get_service_customers(self):
        """:return: dict of res.partner by res.company: whose these lines are, and were
        when they were decided
        """
        customers = defaultdict(self.env["res.partner"].browse)
        for line in self.exists():
            customers[line.company_id] |= line.partner_id
            customers[line.company_id] |= line.service_draw_ids.partner_id
        return customers

    # Which work

    def _filter_settled(self):
        """:return: those that nobody changes any more: their month is settled, or they
        were invoiced"""
        return self.filtered(
            lambda ln: (
                any(ln.service_draw_ids.mapped("is_closed"))
                or ln.service_draw_ids.move_line_id
            )
        )

    def _is_in_settled_month(self):
        self.ensure_one()
        closed = self.company_id.service_closed_until
        return bool(closed and self.date and self.date <= closed)

    @api.model
    def _get_open_domain(self, company):
        """:return: Domain of the service work of a company that is not decided for
        good; what came in too late for its month is settled with the one after
        """
        domain = Domain("company_id", "=", company.id)
        domain &= Domain("is_service_work", "=", True)
        if closed := company.service_closed_until:
            settled = Domain("service_draw_ids", "any", [("is_closed", "=", True)])
            domain &= Domain("date", ">", closed) | ~settled
        invoiced = Domain("service_draw_ids", "any", [("move_line_id", "!=", False)])
        return domain & ~invoiced

    # What is known of it

    def _get_service_facts(self):
        """:return: list of WorkFacts"""
        places = {}
        return [line._get_facts_of_work(places) for line in self]

    def _get_facts_of_work(self, places):
        """:param dict places: (Place, tz) by what they follow from, filled here"""
        self.ensure_one()
        system = self.service_system_id or self.service_device_id.system_id
        key = (self.partner_id, system, self.service_device_id, self.company_id)
        if key not in places:
            places[key] = _get_place(*key)
        place, tz = places[key]
        return WorkFacts(
            self.id,
            self.date,
            self._get_service_hours(),
            start=self._get_service_start(tz),
            customer=self.partner_id.id or None,
            place=place,
            tz=tz,
            work_type=self.service_work_type_id.id or None,
            exclusions=self._get_exclusions(),
            choice=self.service_choice_id.id or None,
            role=self.employee_id.job_id.id or None,
            job=self.task_id.id or None,
            trips=self.service_trips,
            is_late=self._is_in_settled_month(),
        )

    def _get_service_hours(self):
        """:return: Decimal, in whole seconds or nearly; never less than none"""
        self.ensure_one()
        hours = self.unit_amount
        hour = self.env.ref("uom.product_uom_hour")
        if self.product_uom_id and self.product_uom_id != hour:
            hours = self.product_uom_id._compute_quantity(hours, hour, round=False)
        return max(Decimal(str(round(hours, 4))), Decimal(0))

    def _get_service_start(self, tz):
        """:return: naive UTC datetime; None where it is not known, or lies so far from
        the day of the work that one of them is wrong: then the day counts
        """
        self.ensure_one()
        start = self.service_start
        if not start or abs((_get_local_day(start, tz) - self.date).days) > 1:
            return None
        return start

    def _get_exclusions(self):
        """:return: frozenset of ids of service.agreement.exclusion: what somebody
        noted, and what follows from the device
        """
        self.ensure_one()
        return frozenset(self.service_exclusion_id.ids)

    # What is on record

    def _decide_by(self, book):
        """Decide these lines by their book.

        :return: service.agreement.allowance.draw that were added or changed
        """
        deciding = self.filtered(lambda ln: ln.unit_amount >= 0)
        decisions = book.decide(deciding._get_service_facts())
        draws = self.env["service.agreement.allowance.draw"]
        by_id = {decision.facts.id: decision for decision in decisions}
        wanted = {}
        for line in self:
            decision = by_id.get(line.id)
            shares = book.price(decision) if decision else []
            wanted[line] = [line._prepare_draw(share) for share in shares]
            line._note_verdict(book, decision, shares)
        return draws._replace(wanted)

    def _prepare_draw(self, share):
        """:param Share share: of service_book
        :return: dict of values of service.agreement.allowance.draw
        """
        self.ensure_one()
        agreement, part = share.agreement, share.part
        currency = agreement.currency_id or self.company_id.currency_id
        quantity = float(part.quantity)
        return {
            "line_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.commercial_partner_id.id,
            "date": share.day,
            "unit": share.unit,
            "outcome": part.outcome,
            "agreement_id": agreement.id,
            "lot_id": part.lot or False,
            "quantity": quantity,
            "units": float(part.units),
            "is_after_hours": part.after_hours,
            "currency_id": currency.id,
            "price": float(share.price.price),
            "amount": currency.round(float(part.quantity * share.price.price)),
            "list_price": float(share.price.list_price),
            "list_amount": currency.round(
                float(part.quantity * share.price.list_price)
            ),
            "reason": share.reason,
            "answer": self._get_own_answer(share),
        }

    def _get_own_answer(self, share):
        """:return: what becomes of a part before anybody says so; False: he must"""
        self.ensure_one()
        outcome = share.part.outcome
        if outcome == "covered":
            return "covered"
        if outcome == "uncovered" or share.allowance.when_used_up == "ask":
            return False
        return "bill"

    def _note_verdict(self, book, decision, shares):
        """Write what differs of the verdict, and nothing else."""
        self.ensure_one()
        values = self._prepare_verdict(book, decision, shares)
        changed = {
            name: value
            for name, value in values.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changed:
            self.write(changed)

    def _prepare_verdict(self, book, decision, shares):
        outcomes = {share.part.outcome for share in shares}
        paying = [s.agreement for s in shares if s.part.outcome == "covered"]
        verdict = "partly" if "covered" in outcomes else "uncovered"
        if outcomes <= {"covered"}:
            verdict = bool(outcomes) and "covered"
        return {
            "service_verdict": verdict,
            "service_agreement_id": paying[0].id if paying else False,
            "service_issue": self._get_service_issue(shares),
            "service_explanation": decision and book.explain(decision),
        }

    def _get_service_issue(self, shares):
        """:return: what somebody has to see to, the worst first; False: nothing"""
        self.ensure_one()
        if self.unit_amount < 0:
            return "negative"
        if not self.partner_id:
            return "customer"
        if any(s.part.outcome != "covered" and not s.price.found for s in shares):
            return "rate"
        return False


def _get_place(partner, system, device, company):
    """:return: (tools.coverage.Place, name of the time zone of its clock)"""
    customer = partner or system.partner_id
    site = get_site(system.site_id or system.partner_id or customer)
    own = customer.commercial_partner_id
    top, parents = own, []
    while top.parent_id:
        top = top.parent_id.commercial_partner_id
        parents.append(top.id)
    place = Place(
        device=device.id or None,
        system=system.id or None,
        site=site.id or None,
        contact=customer.id or None,
        company=own.id or None,
        parents=tuple(parents),
    )
    tz = zone(site.tz, customer.tz, own.tz, company._service_tz().key)
    return place, tz.key


def _get_local_day(instant, tz):
    """:return: date that a naive UTC datetime falls on there"""
    return instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(tz)).date()
