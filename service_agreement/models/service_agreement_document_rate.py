from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from odoo import models
from odoo.tools import format_date

from ..tools.rates import RateBook, Terms
from ..tools.visit_plan import year_of

# The owner of the rates of a tier, in a book made of it.
OFFERED = "offered"


class DocumentRate(NamedTuple):
    """What work outside the plan costs.

    :ivar label: "Work", "Programming"
    :ivar price: float, of an hour or a trip in hours, before taxes
    :ivar after_hours: float
    :ivar counting: str, "at least 1 h, in steps of 15 min", or empty
    :ivar is_agreed: it was agreed for this agreement, and does not follow the list
    :ivar is_general: of any work, whoever does it
    """

    label: str
    price: float
    after_hours: float
    counting: str
    is_agreed: bool
    is_general: bool


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    def _get_rate_book(self, agreement, day):
        """
        :param agreement: that it is offered in, may be in memory only
        :return: (tools.rates.RateBook, owner in it of what is agreed)
        """
        Rate = self.env["service.agreement.rate"]
        company = agreement.company_id
        listed = Rate._get_listed(company)
        convert = self._get_copy_converter(agreement, day)
        offered = [
            rate._to_offered_rate(convert) for rate in self.rate_ids._get_in_force(day)
        ]
        terms = Terms(
            Decimal(str(self.rate_discount or 0)), agreement.currency_id.id or None
        )
        rates = [rate._to_rate() for rate in listed] + offered
        book = RateBook(rates, {OFFERED: terms}, Rate._get_converter(company))
        return book, OFFERED


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _get_rate_book(self, agreement, _day):
        """:return: see the tier's; here of what was agreed"""
        Rate = self.env["service.agreement.rate"]
        return Rate._get_book(agreement.company_id, self), self.id


class ServiceAgreementRate(models.Model):
    _inherit = "service.agreement.rate"

    def _get_listed(self, company):
        """:return: the list of ``company``"""
        return self.sudo().search_fetch(
            [
                ("company_id", "=", company.id),
                ("tier_id", "=", False),
                ("coverage_id", "=", False),
            ]
        )

    def _to_offered_rate(self, convert):
        """:return: tools.rates.Rate of what a coverage would own a copy of"""
        values = self._prepare_agreed_values(convert)
        return replace(
            self._to_rate(),
            owner=OFFERED,
            price=Decimal(str(values["price"])),
            after_hours=Decimal(str(values["price_after_hours"])),
            start=None,
            end=None,
        )


class ServiceAgreement(models.Model):
    """What is not included: the prices that billing would find on the first day."""

    _inherit = "service.agreement"

    def _get_rate_day(self):
        """:return: date, on which the document reads the list"""
        return self.date_start or self.company_id._service_today()

    def _get_document_rates(self):
        """:return: list of DocumentRate, work before trips"""
        self.ensure_one()
        covering, day = self._get_document_covering(), self._get_rate_day()
        if not covering:
            return []
        book, owner = covering._get_rate_book(self, day)
        rows = covering.rate_ids | self.env["service.agreement.rate"]._get_listed(
            self.company_id
        )
        rows = rows._get_in_force(day)
        kinds = {}
        for rate in rows.sorted(
            lambda r: (r.kind, r.work_type_id.id or 0, r.job_id.id)
        ):
            key = rate.kind, rate.work_type_id, rate.sudo().job_id
            kinds[key] = kinds.get(key, False) or rate in covering.rate_ids
        return [
            self._find_document_rate(book, owner, day, key, is_agreed)
            for key, is_agreed in kinds.items()
        ]

    def _find_document_rate(self, book, owner, day, key, is_agreed):
        kind, work_type, job = key
        asked = day, kind, work_type.id, job.id, owner
        price = book.find(*asked)
        after_hours = book.find(*asked, after_hours=True)
        named = ", ".join(filter(None, (work_type.name, job.name)))
        label = {
            "hour": self.env._("An hour of work"),
            "trip": self.env._("A trip to you"),
        }[kind]
        if named:
            label = self.env._("%(what)s: %(work)s", what=label, work=named)
        return DocumentRate(
            label,
            float(price.price),
            float(after_hours.price),
            self._describe_counting(kind, price),
            is_agreed,
            not (work_type or job),
        )

    def _describe_counting(self, kind, price):
        """:return: str, "at least 1 h, in steps of 15 min"; empty: to the minute"""
        rate = self.env["service.agreement.rate"].new(
            {
                "kind": kind,
                "minimum": float(price.minimum),
                "step_minutes": round(price.step * 60),
            }
        )
        return rate._describe_counting()


class ServiceAgreementVisitPlan(models.Model):
    _inherit = "service.agreement.visit.plan"

    def _describe_visits(self, agreement):
        """:return: (text, detail): "Health check: 2 a year, in June and December", and
        how exactly that is
        """
        self.ensure_one()
        if not agreement.partner_id and self.counted_by == "start":
            # Of nobody, it starts on no day: there are no months yet.
            values = {"name": self.name, "summary": self.summary}
            return self.env._("%(name)s: %(summary)s", **values), ""
        visits = self._list_year(agreement)
        months = [
            format_date(self.env, visit.default, date_format="MMMM") for visit in visits
        ]
        named = ", ".join(dict.fromkeys(months))
        values = {"name": self.name, "count": len(visits), "months": named}
        if len(visits) == 1:
            words = self.env._("%(name)s: once a year, in %(months)s", **values)
        else:
            words = self.env._("%(name)s: %(count)s a year, in %(months)s", **values)
        return words, self._describe_visit_details(visits)

    def _list_year(self, agreement):
        """:return: list of tools.visit_plan.PlannedVisit, of the year of the agreement
        that is running, or begins with it
        """
        company = agreement.company_id
        today = company._service_today()
        start = agreement.date_start or today
        year = year_of(start, max(start, today))
        return self._to_pattern().visits(start, year, lambda _day: True)

    def _describe_visit_details(self, visits):
        days = ", ".join(
            format_date(self.env, visit.default, date_format="d MMMM")
            for visit in visits
        )
        if self.window_days:
            around = self.env._(
                "Around %(days)s; we agree on a day with you, at most %(window)s days"
                " earlier or later.",
                days=days,
                window=self.window_days,
            )
        else:
            around = self.env._("Around %(days)s.", days=days)
        return " ".join([around, self._describe_made_up_for()])

    def _describe_made_up_for(self):
        if not self.carry_months:
            return self.env._(
                "A visit that is not made in its year is not made up for later."
            )
        return self.env._(
            "A visit that is not made in its year can still be made within %(months)s"
            " months.",
            months=self.carry_months,
        )
