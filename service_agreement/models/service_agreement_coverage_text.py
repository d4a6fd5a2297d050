"""What is covered, in the words of a customer.

Read from the records that decide who pays, for the comparison of the tiers, the form,
the document and the portal alike: none of them can say anything else.
"""

import json

from odoo import api, fields, models
from odoo.tools import format_amount

from .service_agreement_document import (
    describe_days,
    describe_spans,
    describe_week,
)
from .service_words import format_number

MINUTES_PER_HOUR = 60


class ServiceAgreementCovering(models.AbstractModel):
    _inherit = "service.agreement.covering"

    def _describe(self):
        """:return: dict of lists of str: "included", "hours", "excluded"; and "rates",
        a list of dict of str: label, price, after_hours, detail. Of no record: empty
        """
        return {
            "included": self._describe_included(),
            "hours": self._describe_hours(),
            "excluded": self._describe_excluded(),
            "rates": self._describe_rates(),
        }

    def _describe_included(self):
        texts = [allowance._describe() for allowance in self.allowance_ids]
        general = self.allowance_ids.filtered(lambda each: not each.work_type_ids)
        if general and self.covered_work_type_ids:
            names = ", ".join(self.covered_work_type_ids.mapped("name"))
            texts.append(self.env._("This kind of work: %(names)s", names=names))
        if self.covers_trips:
            texts.append(self.env._("Trips to you, where the work is covered"))
        if self.covers_children:
            texts.append(self.env._("Your subsidiaries, too"))
        return texts

    def _describe_hours(self):
        if not self.allowance_ids:
            return []
        # Sudo: a customer reads when work is covered, without reading our calendars.
        calendar = self.sudo().coverage_calendar_id
        if not calendar:
            return [self.env._("Day and night")]
        if calendar.two_weeks_calendar:
            return [calendar.name]
        return [f"{calendar.name}: {self.sudo()._describe_week()}"]

    def _describe_week(self):
        return describe_week(self.coverage_calendar_id)

    def _describe_excluded(self):
        return self.covered_exclusion_ids.mapped("name")

    def _describe_rates(self):
        today = self.env.company._service_today()
        rates = self.rate_ids._get_in_force(today) if self.rate_ids else self.rate_ids
        rows = [rate._describe() for rate in rates]
        if self.rate_discount:
            percent = format_number(self.env, self.rate_discount)
            rows.append(
                {
                    "label": self.env._("Anything else")
                    if rows
                    else self.env._("Work and trips"),
                    "price": self.env._("%(percent)s %% off our list", percent=percent),
                    "after_hours": "",
                    "detail": "",
                }
            )
        return rows


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    @api.depends("name", "kind", "unit", "quantity", "interval_months", "rollover_cap")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for allowance in self:
            allowance.display_name = allowance._describe()

    def _describe(self):
        """:return: str, "Support: 4 hours a month, 2 carried over" """
        self.ensure_one()
        text = self._describe_kind()
        types = ", ".join(self.work_type_ids.mapped("name"))
        if types.casefold() not in (self.name or "").casefold():
            text = self.env._("%(text)s (%(types)s)", text=text, types=types)
        return self.env._("%(name)s: %(text)s", name=self.name or "", text=text)

    def _describe_kind(self):
        if self.kind == "unlimited":
            return self.env._("without limit")
        if self.kind == "prepaid":
            return self._describe_prepaid()
        text = self.env._(
            "%(quantity)s %(period)s",
            quantity=self._describe_quantity(self.quantity),
            period=describe_period(self.env, self.interval_months),
        )
        if not self.rollover_cap:
            return text
        return self.env._(
            "%(text)s, %(carried)s carried over",
            text=text,
            carried=self._describe_number(self.rollover_cap),
        )

    def _describe_prepaid(self):
        values = {
            "quantity": self._describe_quantity(self.quantity),
            "price": format_amount(self.env, self.price, self.currency_id),
        }
        if not self.validity_months:
            return self.env._("%(quantity)s in advance for %(price)s", **values)
        return self.env._(
            "%(quantity)s in advance for %(price)s, valid for %(months)s months",
            months=self.validity_months,
            **values,
        )

    def _describe_number(self, quantity):
        if self.unit == "amount":
            return format_amount(self.env, quantity, self.currency_id)
        return format_number(self.env, quantity)

    def _describe_quantity(self, quantity):
        """:return: str, "4 hours" """
        number, single = self._describe_number(quantity), quantity == 1
        if self.unit == "amount":
            return self.env._("%(amount)s of work", amount=number)
        if self.unit == "visits":
            if single:
                return self.env._("1 visit")
            return self.env._("%(count)s visits", count=number)
        if self.unit == "incidents":
            if single:
                return self.env._("1 incident")
            return self.env._("%(count)s incidents", count=number)
        if single:
            return self.env._("1 hour")
        return self.env._("%(count)s hours", count=number)


class ServiceAgreementRate(models.Model):
    _inherit = "service.agreement.rate"

    @api.depends("kind", "work_type_id", "job_id", "price", "price_after_hours")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for rate in self:
            row = rate._describe()
            rate.display_name = ": ".join((row["label"], row["price"]))

    def _describe(self):
        """:return: dict of str, see :meth:`ServiceAgreementCovering._describe`"""
        self.ensure_one()
        later = self.price_after_hours
        differs = self.currency_id.compare_amounts(self.price, later) if later else 0
        return {
            "label": self._describe_work(),
            "price": self._describe_price(self.price),
            "after_hours": self._describe_price(later) if differs else "",
            "detail": self._describe_counting(),
        }

    def _describe_work(self):
        # Sudo: a customer reads who works for which price, and nothing else of a job.
        parts = [self.work_type_id.name, self.sudo().job_id.name]
        if named := ", ".join(filter(None, parts)):
            return named
        return self.env._("Trip") if self.kind == "trip" else self.env._("Work")

    def _describe_price(self, amount):
        text = format_amount(self.env, amount, self.currency_id)
        if self.kind == "trip":
            return self.env._("%(price)s a trip", price=text)
        return self.env._("%(price)s/h", price=text)

    def _describe_counting(self):
        """:return: str, "at least 1 h, in steps of 15 min"; empty: to the minute"""
        parts = []
        if self.minimum:
            hours = format_number(self.env, self.minimum)
            parts.append(self.env._("at least %(hours)s h", hours=hours))
        if self.step_minutes:
            parts.append(
                self.env._("in steps of %(minutes)s min", minutes=self.step_minutes)
            )
        return ", ".join(parts) if self.kind == "hour" else ""


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    is_rate_missing = fields.Boolean(
        compute="_compute_is_rate_missing",
        help="Nobody has said what an hour costs that is not covered.",
    )

    @api.depends("rate_ids.kind", "rate_ids.work_type_id", "rate_ids.job_id")
    @api.depends_context("company")
    def _compute_is_rate_missing(self):
        company = self.env.company
        # Only the list: what one customer agreed on prices no other one's work.
        book = self.env["service.agreement.rate"]._get_book(
            company, self.env["service.agreement.coverage"]
        )
        listed = book.find(company._service_today()).found
        for tier in self:
            agreed = tier.rate_ids.filtered(
                lambda r: r.kind == "hour" and not (r.work_type_id or r.job_id)
            )
            tier.is_rate_missing = not (listed or agreed)

    def action_view_rates(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_rate"
        )

    @api.depends(
        "allowance_ids",
        "allowance_ids.name",
        "allowance_ids.kind",
        "allowance_ids.unit",
        "allowance_ids.quantity",
        "allowance_ids.interval_months",
        "allowance_ids.rollover_cap",
        "allowance_ids.work_type_ids",
        "rate_ids",
        "rate_ids.price",
        "rate_ids.price_after_hours",
        "rate_discount",
        "covered_exclusion_ids",
        "covered_work_type_ids",
        "coverage_calendar_id",
        "covers_trips",
        "covers_children",
    )
    def _compute_comparison(self):
        """EXTENDS: what is covered comes first, and from the records that decide."""
        result = super()._compute_comparison()
        for tier in self:
            covered = tier._describe()
            offer = tier.comparison
            tier.comparison = {
                **offer,
                "included": covered["included"] + offer["included"],
                "excluded": join_texts(covered["excluded"], offer["excluded"]),
                "hours": covered["hours"],
                "rates": covered["rates"],
            }
        return result


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    coverage_summary = fields.Html(
        string="What Is Covered",
        compute="_compute_coverage_summary",
        # Rendered from our own template, which escapes what people typed.
        sanitize=False,
    )
    has_coverage_update = fields.Boolean(
        compute="_compute_has_coverage_update",
        help="The tier covers something else by now.",
    )

    @api.depends("coverage_ids", "site_ids", "system_ids", "highlights", "exclusions")
    @api.depends_context("lang")
    def _compute_coverage_summary(self):
        for agreement in self:
            agreement.coverage_summary = self.env["ir.qweb"]._render(
                "service_agreement.coverage_words",
                {"covered": agreement._get_document_coverage()},
            )

    @api.depends("coverage_ids", "tier_id")
    def _compute_has_coverage_update(self):
        for agreement in self:
            agreement.has_coverage_update = (
                agreement._origin.tier_id == agreement.tier_id
                and agreement._is_coverage_behind()
            )

    def _get_document_covering(self):
        """:return: what is covered today; of a draft not saved yet, by its tier"""
        self.ensure_one()
        held = self._get_coverage_today()
        chosen = self.state in ("draft", False) and held.tier_id != self.tier_id
        return self.tier_id if chosen or not held else held

    def _get_document_coverage(self):
        """What is covered on the day the document is read; of an offer, at its start.

        Sudo: a customer reads what is covered, not the records behind it.

        :return: dict as of ``_describe``; lists of "sites" and "systems" beside
        """
        self.ensure_one()
        agreement = self.sudo()
        covered = agreement._get_document_covering()._describe()
        return {
            **covered,
            "included": covered["included"]
            + self._get_document_bullets(self.highlights),
            "excluded": join_texts(
                covered["excluded"], self._get_document_bullets(self.exclusions)
            ),
            "sites": agreement.site_ids.mapped("display_name"),
            "systems": agreement.system_ids.mapped("name"),
        }


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _describe_week(self):
        """As it was agreed, also where the calendar is another one by now."""
        if not self.sla_calendar_id:
            return super()._describe_week()
        weekly = json.loads(self.sla_calendar_id.spec)["weekly"]
        days = self.env["resource.calendar.attendance"]._fields["dayofweek"]
        return describe_days(
            (name, describe_spans(self.env, _to_hours(weekly.get(day, []))))
            for day, name in days._description_selection(self.env)
        )


def _to_hours(spans):
    """:return: list of [from, to] in hours; those that touch are one"""
    merged = []
    for start, end in sorted(spans):
        if merged and merged[-1][1] >= start:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return [[minute / MINUTES_PER_HOUR for minute in span] for span in merged]


def join_texts(first, second):
    """:return: list of str, none of them said twice"""
    said = {text.casefold() for text in first}
    return first + [text for text in second if text.casefold() not in said]


def describe_period(env, months):
    """:return: str, "a month", "a quarter", "every 6 months" """
    known = {
        1: env._("a month"),
        3: env._("a quarter"),
        12: env._("a year"),
    }
    return known.get(months) or env._("every %(months)s months", months=months)
