import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from .service_agreement_sla_calendar import canonical_json
from .service_book import DAY, ServiceBook, WorkFacts, get_local_day, get_place

# What is noted on a line of what was decided.
VERDICT = (
    "service_verdict",
    "service_agreement_id",
    "service_issue",
    "service_explanation",
)


class AccountAnalyticLine(models.Model):
    """Who pays for a piece of service work (SEMANTICS §5, §6).

    How it works: who pays for one depends on what others took from the same allowances.
    So all the work of a tree of customers is decided at once, in the order of its
    days, from the last settled month on, by a ``ServiceBook``. What comes out is
    compared with what is on record, and only what differs is written.
    """

    _inherit = "account.analytic.line"

    # Entry points

    def _decide_service_work(self, customers=None, days=()):
        """Decide these lines, and all others that depend on them.

        As superuser: a technician logs his time and may read no agreement.

        :param dict customers: whose the lines were before, see `_get_service_customers`
        :param days: dates on which they were before
        """
        lines = self.sudo()
        affected = lines._get_service_customers(customers)
        since = min([*days, *lines._get_days().values()], default=None)
        lines._decide_for_customers(affected, lines, since)

    @api.model
    def _decide_for_customers(self, customers, lines=None, since=None):
        """
        :param customers: dict of res.partner by res.company
        :param lines: decided as well, also those that are nobody's
        :param date since: the first day of what changed; None: all that is open
        """
        lines = (self.browse() if lines is None else lines).sudo()
        # Work across midnight is of two days.
        since = since and since - 2 * DAY
        changed = self.env["service.agreement.allowance.draw"].sudo()
        for company, partners in customers.items():
            book = ServiceBook(company, partners)
            own = lines.filtered(lambda ln, company=company: ln.company_id == company)
            found = book.search_open(own, since)
            if found or since:
                changed |= found._decide_by(book)
        if len(customers) > 1:
            # What went to another company is no part of the first one's any more.
            changed = changed.exists()
        changed._after_decided()

    def _get_service_customers(self, before=None):
        """:return: dict of res.partner by res.company: whose these lines are, and were
        when they were decided
        :param dict before: of the same kind, included
        """
        customers = dict(before or {})
        for company, lines in self.grouped("company_id").items():
            found = lines.partner_id | lines.service_draw_ids.partner_id
            customers[company] = found | customers.get(company, found)
        return customers

    # Which work

    def _filter_settled(self):
        """:return: those that nobody changes any more: their month is settled, or they
        were invoiced"""
        return self.filtered(
            lambda ln: (
                ln._is_settled() or any(ln.service_draw_ids.mapped("is_invoiced"))
            )
        )

    def _is_settled(self):
        """Whether it was settled with its month; what came in too late for that goes
        with a later one, and may still be completed."""
        self.ensure_one()
        closed = self.company_id.service_closed_until
        months = self.service_draw_ids.month_id
        return bool(closed) and any(month.date <= closed for month in months)

    @api.model
    def _get_open_domain(self, company):
        """:return: Domain of the service work of a company that is not decided for
        good; what came in too late for its month is settled with the one after
        """
        domain = Domain("company_id", "=", company.id)
        domain &= Domain("is_service_work", "=", True)
        if closed := company.service_closed_until:
            in_month = Domain("month_id.date", "<=", closed)
            settled = Domain("service_draw_ids", "any", in_month)
            domain &= Domain("date", ">", closed) | ~settled
        invoiced = self.env["service.agreement.allowance.draw"]._get_invoiced_domain()
        return domain & Domain("service_draw_ids", "not any", invoiced)

    # What is known of it

    def _get_service_facts(self, book):
        """:return: list of WorkFacts"""
        places = {}
        return [line._get_facts_of_work(book, places) for line in self]

    def _get_facts_of_work(self, book, places):
        """:param dict places: (Place, tz) by what they follow from, filled here"""
        self.ensure_one()
        # Each value is read once: a replay asks for those of a third of a million.
        day, customer = self.date, self.partner_id
        device = self.service_device_id
        system = self.service_system_id or device.system_id
        key = (customer.id, system.id, device.id)
        if key not in places:
            places[key] = get_place(customer, system, device, book.company)
        place, tz = places[key]
        flags = book.get_flags(device, day)
        return WorkFacts(
            self.id,
            day,
            self._get_service_hours(book),
            start=self._get_service_start(tz),
            customer=key[0] or None,
            place=place,
            tz=tz,
            work_type=self.service_work_type_id.id or None,
            exclusions=book.get_exclusions(self.service_exclusion_id, flags),
            flags=flags,
            choice=self.service_choice_id.id or None,
            role=book.get_role(self),
            job=self.task_id.id or None,
            trips=self.service_trips,
            is_late=book.is_closed(day),
        )

    def _get_service_hours(self, book):
        """:return: Decimal, in whole seconds or nearly; never less than none"""
        self.ensure_one()
        hours, unit = self.unit_amount, self.product_uom_id
        if unit and unit != book.hour:
            hours = unit._compute_quantity(hours, book.hour, round=False)
        return max(Decimal(str(round(hours, 4))), Decimal(0))

    def _get_service_start(self, tz):
        """:return: naive UTC datetime; None where it is not known, or lies so far from
        the day of the work that one of them is wrong: then the day counts
        """
        self.ensure_one()
        start = self.service_start
        if not start or abs((get_local_day(start, tz) - self.date).days) > 1:
            return None
        # A minute is the least that is paid: nobody is told of 17 min and 57 s.
        return start.replace(second=0, microsecond=0)

    # What is on record

    def _decide_by(self, book):
        """Decide these lines by their book.

        :return: service.agreement.allowance.draw that were added or changed
        """
        deciding = self.filtered(lambda ln: ln.unit_amount >= 0)
        decisions = book.decide(deciding._get_service_facts(book), redecided=self)
        lots = book.store()
        by_id = {decision.facts.id: decision for decision in decisions}
        wanted, verdicts = {}, {}
        for line in self:
            decision = by_id.get(line.id)
            shares = book.price(decision) if decision else []
            wanted[line] = line._prepare_draws(shares, lots)
            verdicts[line] = line._prepare_verdict(book, decision, shares)
        self._note_verdicts(verdicts)
        return self.env["service.agreement.allowance.draw"]._replace(wanted)

    def _prepare_draws(self, shares, lots):
        """:return: list of dict of values of service.agreement.allowance.draw, see
        `_prepare_draw`
        """
        parts = [self._prepare_draw(share, lots) for share in shares]
        return [
            part | shared
            for part, shared in zip(parts, self._share_time(parts), strict=True)
        ]

    def _prepare_draw(self, share, lots):
        """
        :param Share share: of service_book
        :param dict lots: service.agreement.allowance.lot by key
        :return: dict of values of service.agreement.allowance.draw
        """
        self.ensure_one()
        agreement, part = share.agreement, share.part
        currency = agreement.currency_id or self.company_id.currency_id
        price, listed = float(share.price.price), float(share.price.list_price)
        amount = currency.round(float(part.quantity * share.price.price))
        list_amount = currency.round(float(part.quantity * share.price.list_price))
        # By the list's own currency: rounded in another one first, it is cents off.
        worth = float(part.quantity * share.price.worth)
        return {
            "line_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.commercial_partner_id.id,
            "task_id": self.task_id.id,
            "employee_id": self.employee_id.id,
            "date": share.day,
            "unit": share.unit,
            "outcome": part.outcome,
            "agreement_id": agreement.id,
            "lot_id": lots[part.lot].id if part.lot else False,
            "quantity": round(float(part.quantity), 4),
            "units": round(float(part.units), 4),
            "is_after_hours": part.after_hours,
            "currency_id": currency.id,
            "price": currency.round(price),
            "amount": amount,
            "charge": self._in_company_currency(currency, amount, share.day),
            "list_price": currency.round(listed),
            "list_amount": list_amount,
            "worth": self.company_id.currency_id.round(worth),
            "reason": share.reason,
            "answer": self._get_own_answer(share),
            "approval_id": self._get_approval(share),
        }

    def _in_company_currency(self, currency, amount, day):
        """:return: float, at the exchange rate of the day"""
        own = self.company_id.currency_id
        if currency == own:
            return amount
        return currency._convert(amount, own, self.company_id, day)

    def _get_own_answer(self, share):
        """:return: what becomes of a part before anybody says so; False: he must"""
        return share.answer

    def _get_approval(self, share):
        """:return: id of service.agreement.approval by which it is billed, or False"""
        billed = share.part.outcome != "covered" and share.approval
        return billed.id if billed else False

    def _forget_verdict(self):
        """Nothing is decided of these any more."""
        self.service_draw_ids.unlink()
        self.write(dict.fromkeys(VERDICT, False))

    @api.model
    def _note_verdicts(self, verdicts):
        """Write what differs, of all that have the same verdict at once.

        :param dict verdicts: of values by line, see `_prepare_verdict`
        """
        alike = defaultdict(list)
        for line, values in verdicts.items():
            known = {name: line[name] for name in values}
            known["service_agreement_id"] = known["service_agreement_id"].id
            for name, value in values.items():
                if known[name] != value:
                    alike[name, canonical_json(value)].append(line)
        for (name, value), lines in alike.items():
            # Past all overrides: nobody reacts to these, and a month has many.
            models.BaseModel.write(lines[0].union(*lines), {name: json.loads(value)})

    def _prepare_verdict(self, book, decision, shares):
        paying = [s.agreement for s in shares if s.part.outcome == "covered"]
        return {
            "service_verdict": book.get_verdict(shares),
            "service_agreement_id": paying[0].id if paying else False,
            "service_issue": self._get_service_issue(decision, shares)
            or self._get_overlap(),
            "service_explanation": decision and book.explain(decision),
        }

    def _get_service_issue(self, decision, shares):
        """:return: what somebody has to see to, the worst first; False: nothing"""
        self.ensure_one()
        if self.unit_amount < 0:
            return "negative"
        if not self.partner_id:
            return "customer"
        if any(s.part.outcome != "covered" and not s.price.found for s in shares):
            return "rate"
        if self.service_start and decision and not decision.facts.start:
            return "start"
        return False

    # What somebody should look at

    def _get_overlap(self):
        """:return: the issue that is not of this line alone, as it is on record"""
        return self.service_issue == "overlap" and "overlap"

    @api.model
    def _note_overlaps(self, employees, days):
        """Note on work that was done at the same time as other work, and nowhere else.

        :param employees: hr.employee whose work changed
        :param days: dates on which it is, or was
        """
        if not (employees and days):
            return
        domain = Domain("employee_id", "in", employees.ids)
        domain &= Domain("date", ">=", min(days) - DAY)
        domain &= Domain("date", "<=", max(days) + DAY)
        domain &= Domain("is_service_work", "=", True)
        timed = Domain("service_start", "!=", False) & Domain("unit_amount", ">", 0)
        noted = Domain("service_issue", "=", "overlap")
        lines = self.sudo().search_fetch(domain & (timed | noted))
        overlapping = lines._get_overlapping()
        silent = lines.filtered(lambda line: line.service_issue in (False, "overlap"))
        changed = silent.filtered(
            lambda line: bool(line.service_issue) != (line in overlapping)
        )
        for line in changed - changed._filter_settled():
            line.service_issue = not line.service_issue and "overlap"

    def _get_overlapping(self):
        """:return: those of ``self`` that were done while another one was, by the same
        person
        """
        found = self.browse()
        timed = self.filtered(lambda line: line.service_start and line.unit_amount > 0)
        for lines in timed.grouped("employee_id").values():
            longest = self.browse()
            for line in lines.sorted(lambda each: (each.service_start, each.id)):
                if longest and line.service_start < longest._get_service_end():
                    found |= longest | line
                if not longest or line._get_service_end() > longest._get_service_end():
                    longest = line
        return found

    def _get_service_end(self):
        self.ensure_one()
        return self.service_start + timedelta(hours=self.unit_amount)
