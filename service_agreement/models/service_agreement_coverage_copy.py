import json
from datetime import date

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .service_agreement_sla_calendar import canonical_json


class ServiceAgreementCovering(models.AbstractModel):
    _inherit = "service.agreement.covering"

    @api.constrains("coverage_calendar_id")
    def _check_coverage_calendar(self):
        """Refused here, so that no proposal has to be refused."""
        for covering in self:
            covering._ensure_countable()

    def _ensure_countable(self):
        """:raise UserError: work cannot be told to lie within the covered hours"""
        self.ensure_one()
        calendar = self.coverage_calendar_id
        if problem := calendar and calendar._why_no_service_hours():
            raise UserError(problem)

    def _prepare_coverage_values(self, agreement, day):
        """What an agreement gets of this tier, or of another agreement's coverage.

        :param date day: rates in force on it are agreed, in the agreement's currency
        :return: values of a service.agreement.coverage, its rows included
        """
        self.ensure_one()
        convert = self._get_copy_converter(agreement, day)
        allowances = [
            each._prepare_agreed_values(convert) for each in self.allowance_ids
        ]
        rates = [
            rate._prepare_agreed_values(convert)
            for rate in self.rate_ids._get_in_force(day)
        ]
        return {
            "covered_work_type_ids": [Command.set(self.covered_work_type_ids.ids)],
            "covered_exclusion_ids": [Command.set(self.covered_exclusion_ids.ids)],
            "coverage_calendar_id": self.coverage_calendar_id.id,
            "covers_children": self.covers_children,
            "covers_trips": self.covers_trips,
            "rate_discount": self.rate_discount,
            "allowance_ids": [Command.create(values) for values in allowances],
            "rate_ids": [Command.create(values) for values in rates],
        }

    def _get_copy_converter(self, agreement, day):
        """:return: function of an amount of the catalogue, gives the agreement's"""
        company = agreement.company_id
        own = self.with_company(company).currency_id
        agreed = agreement.currency_id or company.currency_id
        return lambda amount: own._convert(amount, agreed, company, day)


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    def _prepare_agreed_values(self, convert):
        """:return: values of the copy that a coverage owns
        :param convert: function of an amount, in the currency of the copy
        """
        self.ensure_one()
        [values] = self.copy_data({"tier_id": False, "coverage_id": False})
        money = ["price"]
        if self.unit == "amount":
            money += ["quantity", "rollover_cap"]
        return {**values, **{name: convert(self[name]) for name in money}}


class ServiceAgreementRate(models.Model):
    _inherit = "service.agreement.rate"

    def _get_in_force(self, day):
        """:return: those that hold on ``day``, one for each work and role"""
        held = self.filtered(
            lambda rate: (
                (not rate.date_start or rate.date_start <= day)
                and (not rate.date_end or rate.date_end >= day)
            )
        ).sorted(lambda rate: (rate.date_start or date.min, rate.id))
        latest = {rate._get_key(): rate.id for rate in held}
        return held.filtered(lambda rate: rate.id in latest.values())

    def _prepare_agreed_values(self, convert):
        """:return: values of the copy that a coverage owns: agreed for all its days
        :param convert: function of an amount, in the currency of the copy
        """
        self.ensure_one()
        return {
            "kind": self.kind,
            "work_type_id": self.work_type_id.id,
            "job_id": self.job_id.id,
            "price": convert(self.price),
            "price_after_hours": convert(self.price_after_hours),
            "minimum": self.minimum,
            "step_minutes": self.step_minutes,
        }


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _freeze_hours(self):
        """Keep the covered hours as they are now (SEMANTICS §5).

        :raise UserError: no time can be counted in them
        """
        for coverage in self.filtered("coverage_calendar_id"):
            coverage._ensure_countable()
            calendar = coverage.coverage_calendar_id
            spec = coverage._get_hours_spec()
            self.env["service.agreement.sla.promise"]._check_countable(calendar, spec)
            frozen = self.env["service.agreement.sla.calendar"]._freeze(spec, calendar)
            coverage.sla_calendar_id = frozen

    def _get_hours_spec(self):
        """:return: dict, the covered hours as the calendar has them today"""
        self.ensure_one()
        company = self.company_id
        return self.coverage_calendar_id._get_service_spec(
            company, self.agreement_id.partner_id.tz, company._service_today().year
        )

    def _working_time(self):
        """The week as it was agreed, and the public holidays of then and since: those
        of next year are not in any calendar yet when an agreement is signed.

        :return: tools.working_time.WorkingTime, or None: day and night
        """
        self.ensure_one()
        if not self.coverage_calendar_id:
            return None
        frozen = self.sla_calendar_id
        spec = json.loads(frozen.spec) if frozen else self._get_hours_spec()
        known = self.coverage_calendar_id._get_known_closures(self.company_id.id)
        spec["closed"] = sorted({*map(tuple, spec["closed"]), *known})
        return frozen._parse(canonical_json(spec))

    def _drop(self):
        """Let it hold for no day; kept only where something was drawn or granted."""
        lots = self.env["service.agreement.allowance.lot"].search(
            [("allowance_id.coverage_id", "in", self.ids)]
        )
        kept = lots.allowance_id.coverage_id
        kept.is_void = True
        # At once: only what holds is unique, and another one is about to.
        kept.flush_recordset(["is_void"])
        (self - kept).unlink()


class ServiceAgreement(models.Model):
    """What is covered is copied from the tier, as price and promise are.

    A draft has a copy to negotiate over; what is proposed is frozen; a change of tier
    adds a copy that holds from its day on, and takes it along when it is taken back.
    """

    _inherit = "service.agreement"

    @api.model_create_multi
    def create(self, vals_list):
        agreements = super().create(vals_list)
        agreements.filtered(lambda a: not a.coverage_ids)._cover()
        return agreements

    def write(self, vals):
        if {"tier_id", "currency_id", "pricelist_id"}.isdisjoint(vals):
            return super().write(vals)
        before = {a: (a.tier_id, a.currency_id) for a in self}
        result = super().write(vals)
        changed = self.filtered(lambda a: before[a] != (a.tier_id, a.currency_id))
        changed.filtered(lambda a: a.state == "draft")._cover()
        return result

    def copy_data(self, default=None):
        """A copy starts with what is covered today, also where that was negotiated."""
        vals_list = super().copy_data(default)
        for agreement, vals in zip(self, vals_list, strict=True):
            held = agreement._get_coverage_today()
            if held and vals.get("tier_id") == held.tier_id.id:
                day = agreement.company_id._service_today()
                values = held._prepare_coverage_values(agreement, day)
                values["tier_id"] = held.tier_id.id
                vals["coverage_ids"] = [Command.create(values)]
        return vals_list

    def _prepare_replacement_values(self):
        """EXTENDS: what follows covers the same systems."""
        values = super()._prepare_replacement_values()
        return {**values, "system_ids": [Command.set(self.system_ids.ids)]}

    def action_copy_coverage(self):
        """Take what is covered from the tier again, as the catalogue has it today."""
        self._ensure_can(type(self)._why_not_copy_coverage)
        self._cover()

    def _why_not_copy_coverage(self):
        self.ensure_one()
        return None if self.state == "draft" else self._why_not_rewrite({"tier_id"})

    def _cover(self, tier=None, change=None):
        """Copy what a tier covers, in place of what holds from the same day on.

        Sudo: a salesman offers what the catalogue covers without owning it.

        :param tier: default that of the agreement
        :param change: by which it holds, from its day on; default from the start
        """
        for agreement in self.sudo():
            start = change.date if change else False
            agreement._get_held_coverages().filtered(
                lambda coverage, start=start: coverage.date_start == start
            )._drop()
            source = (tier or agreement.tier_id).sudo()
            source = source.with_context(lang=agreement._get_lang())
            today = agreement.company_id._service_today()
            self.env["service.agreement.coverage"].sudo().create(
                {
                    **source._prepare_coverage_values(agreement, today),
                    "agreement_id": agreement.id,
                    "tier_id": source.id,
                    "change_id": change.id if change else False,
                    "date_start": start,
                }
            )

    def _freeze_promise(self):
        """EXTENDS: with the promise, the covered hours stay as they were offered."""
        result = super()._freeze_promise()
        held = self.sudo()._get_held_coverages()
        held.filtered(lambda coverage: not coverage.sla_calendar_id)._freeze_hours()
        return result

    def action_draft(self):
        """EXTENDS: what is covered can be negotiated again."""
        result = super().action_draft()
        self.sudo().coverage_ids.sla_calendar_id = False
        return result

    # Changes

    def _after_change(self, change):
        """EXTENDS: another tier covers other things, from the day of the change on."""
        result = super()._after_change(change)
        if change.tier_id:
            self._cover(change.tier_id, change)
            self.sudo().coverage_ids.filtered(
                lambda coverage: coverage.change_id == change
            )._freeze_hours()
            self._after_coverage(change.date)
        return result

    def _withdraw_change(self, change):
        """EXTENDS: what it covered goes with it."""
        result = super()._withdraw_change(change)
        agreement = self.sudo()
        dropped = agreement.coverage_ids.filtered(lambda c: c.change_id == change)
        if dropped:
            dropped._drop()
            agreement._cover_by_last_change(change.date)
            agreement._after_coverage(change.date)
        return result

    def _cover_by_last_change(self, day):
        """Of several changes on a day, the one before the last holds again."""
        self.ensure_one()
        others = self.change_ids.filtered(
            lambda c: c.date == day and c.tier_id and not c.is_withdrawn
        ).sorted("id")
        if others:
            self._cover(others[-1].tier_id, others[-1])
            self._get_held_coverages()[-1:]._freeze_hours()

    def _after_coverage(self, day):
        """Hook: from the date ``day`` on, something else is covered than before."""

    # What holds on a day

    def _get_held_coverages(self):
        """:return: what is or was covered, without what holds for no day"""
        return self.coverage_ids.filtered(lambda coverage: not coverage.is_void)

    def _get_coverages_on(self, days):
        """:param days: dates, in any order
        :return: {agreement: {day: service.agreement.coverage}}, the coverage empty
            where none is on record
        """
        return {agreement: agreement._get_coverage_by_day(days) for agreement in self}

    def _get_coverage_by_day(self, days):
        """:return: {day: service.agreement.coverage}

        Sudo: work is judged by it, also that of who may not read agreements.
        """
        self.ensure_one()
        held = self.sudo()._get_held_coverages().with_env(self.env)
        held = held.sorted(lambda coverage: coverage.date_start or date.min)
        return {
            day: held.filtered(
                lambda c, day=day: not c.date_start or c.date_start <= day
            )[-1:]
            for day in days
        }

    def _get_coverage_today(self):
        """:return: what is covered today; of one that is over, what was at last"""
        self.ensure_one()
        today = (self.company_id or self.env.company)._service_today()
        return self._get_coverage_by_day([today])[today]

    @api.model
    def _cover_older(self):
        """Agreements of a time when nothing was said about who pays get what their
        tiers cover: from the start, and from each change of tier on.
        """
        for agreement in self.search([("coverage_ids", "=", False)]):
            changes = agreement.change_ids.filtered(
                lambda c: c.tier_id and not c.is_withdrawn
            ).sorted(lambda c: (c.date, c.id))
            agreement._cover(changes[:1].old_tier_id or agreement.tier_id)
            for change in changes:
                agreement._cover(change.tier_id, change)
            if agreement.state != "draft":
                agreement._get_held_coverages()._freeze_hours()
