"""Which visits an agreement owes."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from ..tools.visit_plan import PlannedVisit, year_of
from .service_agreement_visit import OPEN

# How far ahead it is said what is owed.
HORIZON_MONTHS = 12
BATCH = 100


class Slot(NamedTuple):
    """A visit that is owed by a plan; what makes it this one and no other."""

    plan: models.Model
    system: models.Model
    site: models.Model
    year: int
    number: int


class ServiceAgreement(models.Model):
    """The visits on record follow from the terms: the same terms, the same visits,
    however often they are planned."""

    _inherit = "service.agreement"

    visit_ids = fields.One2many(
        "service.agreement.visit", "agreement_id", string="Visits", readonly=True
    )

    def _sync_visits(self):
        """Put on record what is owed, take off what no longer is.

        Sudo: facts that follow from facts, whoever changed those.
        """
        agreements = self.sudo().with_context(active_test=False)
        agreements = agreements.filtered(lambda a: a.activated_on or a.visit_ids)
        for company, ours in agreements.grouped("company_id").items():
            ours.with_company(company)._sync_visits_of_company(company._service_today())

    def _sync_visits_of_company(self, today):
        until = fields.Date.add(today, months=HORIZON_MONTHS)
        planned = self.filtered("coverage_ids.visit_plan_ids")
        # One after the other below, they would be read one by one.
        planned.coverage_ids.visit_plan_ids.mapped("months")
        planned.visit_ids.mapped("state")
        since = min(planned.mapped("date_start"), default=today)
        company = self.company_id
        is_working = company._get_working_days(since, fields.Date.add(until, months=3))
        wanted = {}
        for agreement in planned:
            wanted.update(agreement._list_owed_visits(until, is_working))
        self._settle_visits(wanted, today)

    def _list_owed_visits(self, until, is_working):
        """
        :param date until: how far ahead
        :return: dict of PlannedVisit by Slot, whatever became of them
        """
        self.ensure_one()
        if not self.activated_on:
            return {}
        # What an earlier year owed was made, or not, before it was on record here.
        activated = self.company_id._service_day(self.activated_on)
        first_year = year_of(self.date_start, max(self.date_start, activated))
        years = range(first_year, year_of(self.date_start, until) + 1)
        owed = {}
        for plan, first, last in self._list_plan_days(until):
            pattern, places = plan._to_pattern(), self._get_visit_places(plan.place)
            for year in years:
                for visit in pattern.visits(self.date_start, year, is_working):
                    if first <= visit.default <= last:
                        owed.update(_list_slots(plan, visit, places))
        return owed

    def _get_visit_places(self, place):
        """
        :param str place: what is visited, one of PLACES
        :return: list of (service.agreement.system, res.partner), each of which has its
            own visits; both empty for the agreement as a whole
        """
        self.ensure_one()
        no_system, no_site = self.system_ids.browse(), self.site_ids.browse()
        places = {
            "system": [(system, system.site_id) for system in self.system_ids],
            "site": [(no_system, site) for site in self.site_ids],
        }
        return places.get(place) or [(no_system, no_site)]

    def _list_plan_days(self, until):
        """:return: list of (plan, first day it holds, last day, included)"""
        self.ensure_one()
        held = self._get_held_coverages()
        coverages = held.sorted(lambda c: c.date_start or self.date_start)
        days = [coverage.date_start or self.date_start for coverage in coverages]
        ends = [fields.Date.subtract(day, days=1) for day in days[1:]] + [until]
        return [
            (plan, first, min(last, until))
            for coverage, first, last in zip(coverages, days, ends, strict=True)
            for plan in coverage.visit_plan_ids
        ]

    def _settle_visits(self, wanted, today):
        """Make the records of these agreements what is ``wanted``.

        :param dict wanted: PlannedVisit by Slot
        """
        visits = self.visit_ids
        visits._adopt(wanted)
        known = {visit._get_slot() for visit in visits}
        missing = [
            slot
            for slot in wanted
            if slot not in known and slot.plan.agreement_id._owes_on(wanted[slot].due)
        ]
        visits.create([_prepare_visit(slot, wanted[slot]) for slot in missing])
        for visit in visits:
            visit._follow(wanted.get(visit._get_slot()), today)

    def _why_no_visit(self, day):
        """:return: one of CANCEL_REASONS, why a visit of ``day`` is not owed; None: it
        is
        """
        self.ensure_one()
        last_day = self._get_last_day()
        if not self.activated_on or (last_day and day > last_day):
            return "ended"
        return "suspended" if self._get_suspension(day) else None

    def _owes_on(self, day):
        return self.state != "ended" and not self._why_no_visit(day)

    # What changes an agreement changes its visits

    def _after_activate(self):
        result = super()._after_activate()
        self._sync_visits()
        return result

    def _after_suspend(self):
        result = super()._after_suspend()
        self._sync_visits()
        return result

    def _after_resume(self, day):
        result = super()._after_resume(day)
        self._sync_visits()
        return result

    def _after_end(self):
        result = super()._after_end()
        self._sync_visits()
        return result

    def _after_take_back_end(self):
        result = super()._after_take_back_end()
        self._sync_visits()
        return result

    def _after_renew(self):
        result = super()._after_renew()
        self._sync_visits()
        return result

    def _after_coverage(self, day):
        result = super()._after_coverage(day)
        self._sync_visits()
        return result

    def _expire(self):
        result = super()._expire()
        self.filtered(lambda a: a.state == "ended")._sync_visits()
        return result

    def write(self, vals):
        result = super().write(vals)
        if not {"system_ids", "site_ids"}.isdisjoint(vals):
            self._sync_visits()
        return result

    # Every day

    @api.model
    def _cron_visits(self):
        """Put on record what is owed a year ahead, forfeit what was not made in time,
        and make the tickets of visits that are near."""
        for company in self._get_serving_companies():
            agreements = self.with_company(company)._find_with_visits(company)
            for ids in split_every(BATCH, agreements.ids):
                agreements.browse(ids)._sync_visits()
                if not self.env["ir.cron"]._commit_progress(len(ids)):
                    return
            visits = self.env["service.agreement.visit"].with_company(company)
            visits._plan_near(company)

    @api.model
    def _find_with_visits(self, company):
        """:return: agreements of ``company`` with visits to make, or that owe some"""
        owing = Domain("state", "in", ("active", "suspended")) & Domain(
            "coverage_ids.visit_plan_ids", "!=", False
        )
        open_visits = Domain("visit_ids.state", "in", OPEN)
        return self.search(
            Domain("company_id", "=", company.id) & (owing | open_visits)
        )


class ServiceAgreementVisit(models.Model):
    _inherit = "service.agreement.visit"

    def _get_slot(self):
        self.ensure_one()
        return Slot(self.plan_id, self.system_id, self.site_id, self.year, self.number)

    # Owed, or not

    def _adopt(self, wanted):
        """What was on record by other terms goes on by those that took their place,
        such as the same tier at another price: made once, it is not owed again.

        :param dict wanted: PlannedVisit by Slot
        """
        known = {visit._get_slot() for visit in self}
        orphans = {}
        for visit in self.filtered(lambda v: v._get_slot() not in wanted):
            orphans.setdefault(visit._get_day_and_place(), []).append(visit)
        for slot, planned in wanted.items():
            agreement = slot.plan.agreement_id
            key = (agreement, planned.default, slot.system, slot.site)
            if slot not in known and orphans.get(key):
                orphans[key].pop(0)._hand_over(_prepare_visit(slot, planned))

    def _get_day_and_place(self):
        self.ensure_one()
        return self.agreement_id, self.default_date, self.system_id, self.site_id

    def _hand_over(self, values):
        """:param dict values: of the visit as the new terms have it"""
        self.ensure_one()
        names = ["plan_id", "year", "number"]
        if self.state in (*OPEN, "cancelled"):
            names += ["name", "planned_hours", "window_from", "window_to"]
        self.write({name: values[name] for name in names})

    def _follow(self, planned, today):
        """Be what the terms of the agreement say now.

        :param PlannedVisit planned: None: no plan of the agreement has it any more
        """
        self.ensure_one()
        if self.state in ("done", "forfeited") or self.cancel_reason == "declined":
            return
        if planned and self.state == "owed" and not self.is_moved:
            # A public holiday may have come in between.
            self._set(planned_on=planned.due)
        reason = self._why_not_owed(planned, today)
        if reason == "forfeited":
            self._forfeit()
        elif reason:
            self._cancel(reason)
        elif self.cancelled_on:
            self._restore()

    def _set(self, **values):
        """Write what is different only: the same terms write nothing."""
        changed = {name: new for name, new in values.items() if self[name] != new}
        if changed:
            self.write(changed)

    def _why_not_owed(self, planned, today):
        """:return: one of CANCEL_REASONS, "forfeited", or None: it is owed"""
        agreement = self.agreement_id
        if reason := agreement._why_no_visit(self.date):
            return reason
        if not planned:
            return "changed"
        is_past = self.date < today
        is_over = agreement.state == "ended" or self.usable_until < today
        return "forfeited" if is_past and is_over else None

    def _cancel(self, reason):
        """Take it off what is owed; the customer, where he was told, hears of it."""
        self.ensure_one()
        if self.cancel_reason == reason:
            return
        was_planned = self.state == "planned"
        today = self.company_id._service_today()
        self.write({"cancelled_on": today, "cancel_reason": reason})
        if was_planned:
            self._close_ticket(
                self.env._(
                    "The visit of %(day)s is cancelled.",
                    day=self._format_day(self.date),
                )
            )

    def _forfeit(self):
        self.ensure_one()
        was_planned = self.state == "planned"
        self.forfeited_on = self.company_id._service_today()
        if was_planned:
            self._close_ticket(
                self.env._(
                    "The visit of %(day)s was not made in time and is forfeited.",
                    day=self._format_day(self.date),
                )
            )

    def _restore(self):
        for visit in self:
            visit.write({"cancelled_on": False, "cancel_reason": False})
            if visit.task_id:
                visit._open_ticket()


def _list_slots(plan, visit: PlannedVisit, places):
    """:return: dict of the PlannedVisit by Slot, at each of ``places``"""
    year, number = visit.year + 1, visit.number
    return {Slot(plan, system, site, year, number): visit for system, site in places}


def _prepare_visit(slot: Slot, planned: PlannedVisit):
    """:return: dict, values of service.agreement.visit"""
    agreement, plan = slot.plan.agreement_id, slot.plan
    return {
        "name": plan.with_context(lang=agreement._get_lang()).name,
        "agreement_id": agreement.id,
        "plan_id": plan.id,
        "system_id": slot.system.id,
        "site_id": slot.site.id,
        "year": slot.year,
        "number": slot.number,
        "default_date": planned.default,
        "window_from": planned.first,
        "window_to": planned.last,
        "planned_on": planned.due,
        "planned_hours": plan.planned_hours,
    }
