from datetime import time

from odoo import api, fields, models
from odoo.tools import format_amount, format_date, format_time

from .service_agreement_sla_target import METRICS
from .service_words import format_number


class ServiceAgreement(models.Model):
    """What the document says, for the page in the portal and for the PDF alike; how it
    is put together stands in ``service_agreement_document_section.py``.

    Everything is read from the records that bill and that start the clocks, so that
    the document cannot contradict them.
    """

    _inherit = "service.agreement"

    highlights = fields.Text(
        string="Included",
        compute="_compute_scope",
        store=True,
        readonly=False,
        precompute=True,
        help="What is included, one line each. Copied from the tier.",
    )
    exclusions = fields.Text(
        string="Not Included",
        compute="_compute_scope",
        store=True,
        readonly=False,
        precompute=True,
        help="What is not included, one line each. Copied from the tier.",
    )

    @api.depends("tier_id", "partner_id.lang")
    def _compute_scope(self):
        for agreement in self:
            if agreement.state not in ("draft", False):
                # Promised: neither another language nor the catalogue changes it.
                agreement.highlights = agreement.highlights
                agreement.exclusions = agreement.exclusions
                continue
            tier = agreement.tier_id.with_context(lang=agreement._get_lang())
            agreement.highlights = tier.highlights
            agreement.exclusions = tier.exclusions

    @api.model
    def _get_document_bullets(self, text):
        """:return: list of str, the lines of ``text`` that say something"""
        lines = (line.strip(" \t•*-–") for line in (text or "").splitlines())
        return [line for line in lines if line]

    # Promise

    def _get_document_targets(self):
        """A draft shows what the tier promises; it is copied when it is proposed."""
        self.ensure_one()
        is_draft = self.state in ("draft", False)
        return self.tier_id.target_ids if is_draft else self.target_ids

    def _get_document_metrics(self):
        """:return: list of (metric, heading) that something is promised for"""
        headings = self._get_document_metric_headings()
        promised = set(self._get_document_targets().mapped("metric"))
        return [
            (metric, headings.get(metric, label))
            for metric, label in METRICS
            if metric in promised
        ]

    def _get_document_metric_headings(self):
        """Hook for bridges: the words of their own metrics."""
        return {
            "first_response": self.env._("We answer within"),
            "update": self.env._("We answer each further question within"),
            "on_site": self.env._("We are on site within"),
            "resolution": self.env._("We solve it within"),
        }

    def _get_document_promises(self):
        """:return: list of dict: label, and text by metric; equal priorities as one"""
        self.ensure_one()
        targets = self._get_document_targets()
        labels = dict(targets._fields["priority"]._description_selection(self.env))
        rows = []
        for priority, same in targets.grouped("priority").items():
            texts = {target.metric: target.duration_text for target in same}
            rows.append((priority, texts))
        rows.sort(key=lambda row: row[0], reverse=True)
        promises = []
        for priority, texts in rows:
            if promises and promises[-1]["texts"] == texts:
                promises[-1]["labels"].append(labels[priority])
            else:
                promises.append({"labels": [labels[priority]], "texts": texts})
        for promise in promises:
            everything = len(promise["labels"]) == len(labels)
            promise["label"] = (
                self.env._("Every request")
                if everything
                else ", ".join(promise["labels"])
            )
        return promises

    def _get_document_service_hours(self):
        """:return: list of (name, hours in words) of the calendars promised by

        Sudo: a customer reads when we work, without reading our calendars.
        """
        self.ensure_one()
        calendars = self.sudo()._get_document_targets().calendar_id
        return [
            (calendar.name, describe_week(calendar))
            for calendar in calendars.sorted("name")
            if not calendar.two_weeks_calendar
        ]

    # Charges

    def _get_document_lines(self, charge):
        self.ensure_one()
        return self._get_current_lines(charge)

    def _get_document_line_details(self, line):
        """:return: list of str below a line: how its amount comes about, and when"""
        self.ensure_one()
        details = []
        if line.quantity != 1 or line.discount:
            details.append(
                self.env._(
                    "%(quantity)s × %(price)s",
                    quantity=self._format_number(line.quantity),
                    price=format_amount(self.env, line.price_unit, self.currency_id),
                )
            )
        if line.discount:
            details.append(
                self.env._(
                    "less %(percent)s %%", percent=self._format_number(line.discount)
                )
            )
        if line.date_start and line.date_start != self.date_start:
            day = self._format_date(line.date_start)
            details.append(self.env._("from %(date)s", date=day))
        if line.date_end:
            day = self._format_date(line.date_end)
            details.append(self.env._("until %(date)s", date=day))
        return details

    def _get_document_upcoming(self):
        """:return: list of str, what was agreed from a later day on, "From July 1,
        2026: Gold service agreement, $ 149.00 per month"
        """
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return []
        today = self.company_id._service_today()
        dated = []
        for line in self.line_ids.filtered("is_current"):
            if line.change_id and line.served_from > today:
                dated.append((line.served_from, self._describe_charge(line)))
            if line.superseded_on and not line.is_continued:
                what = line.name.partition("\n")[0]
                ends = self.env._("no longer %(charge)s", charge=what)
                dated.append((line.superseded_on, ends))
        return [
            self.env._(
                "From %(date)s: %(what)s", date=self._format_date(day), what=what
            )
            for day, what in sorted(dated)
        ]

    def _describe_charge(self, line):
        """:return: str, "Gold service agreement, $ 149.00 per month" """
        values = {
            "charge": line.name.partition("\n")[0],
            "amount": format_amount(self.env, line.price_subtotal, self.currency_id),
        }
        if line.charge == "one_off":
            return self.env._("%(charge)s, %(amount)s once", **values)
        return self.env._(
            "%(charge)s, %(amount)s per %(period)s",
            period=line.plan_id.period_label,
            **values,
        )

    def _format_number(self, value):
        return format_number(self.env, value)

    def _get_document_totals(self, charge):
        """:return: dict of untaxed, taxes as list of (name, amount), and total"""
        self.ensure_one()
        lines = self._get_document_lines(charge)
        return self._get_totals([line._prepare_tax_base_line() for line in lines])

    def _get_next_invoice_total(self):
        """:return: float, taxes included, of the invoice of ``next_invoice_date``

        As billing will make it: a first, shorter period costs less, and what is
        charged once comes along.
        """
        self.ensure_one()
        upcoming = next(self._get_schedules()[self], None)
        return self._describe_invoice(upcoming)["total"] if upcoming else 0.0

    def _get_totals(self, base_lines):
        Tax = self.env["account.tax"]
        Tax._add_tax_details_in_base_lines(base_lines, self.company_id)
        Tax._round_base_lines_tax_details(base_lines, self.company_id)
        totals = Tax._get_tax_totals_summary(
            base_lines=base_lines, currency=self.currency_id, company=self.company_id
        )
        return {
            "untaxed": self.currency_id.round(totals["base_amount_currency"]),
            "taxes": [
                (group["group_name"], group["tax_amount_currency"])
                for subtotal in totals["subtotals"]
                for group in subtotal["tax_groups"]
            ],
            "total": self.currency_id.round(totals["total_amount_currency"]),
        }

    # Term

    def _format_date(self, day):
        return format_date(self.env, day, date_format="long")

    def _get_document_facts(self):
        """:return: list of (label, text): start, term, ending, billing"""
        self.ensure_one()
        facts = [
            (self.env._("Starts"), self._format_date(self.date_start)),
            (self.env._("Term"), self._get_document_term()),
            (self.env._("Renewal and notice"), self._get_document_ending()),
            (
                self.env._("Billing"),
                self._get_document_billing(),
            ),
        ]
        if self.client_order_ref:
            facts.append((self.env._("Your reference"), self.client_order_ref))
        return [(label, text) for label, text in facts if text]

    def _format_document_day(self, instant):
        """
        :param datetime instant: naive UTC
        :return: str, the day that it falls on for the customer
        """
        self.ensure_one()
        on_his_clock = self.with_context(tz=self._get_portal_tz())
        wall = fields.Datetime.context_timestamp(on_his_clock, instant)
        return self._format_date(wall.date())

    def _get_document_billing(self):
        if self.plan_id.timing == "arrears":
            return self.env._("%(plan)s, in arrears", plan=self.plan_id.name)
        return self.env._("%(plan)s, in advance", plan=self.plan_id.name)

    def _get_document_term(self):
        if not self.date_end:
            return self.env._("Open-ended")
        last_day = self._format_date(self.date_end)
        if not self.term_months or self.end_reason:
            return self.env._("Until %(date)s", date=last_day)
        return self.env._(
            "%(months)s months, until %(date)s", months=self.term_months, date=last_day
        )

    def _get_document_ending(self):
        if self.end_reason:
            return False
        if not self.date_end:
            return self._get_document_open_ended()
        if not self.auto_renew:
            return self.env._("Ends by itself on the last day of the term.")
        if not self.notice_days:
            return self.env._(
                "Goes on for another %(months)s months each time, unless you or we say"
                " otherwise before the last day.",
                months=self.term_months,
            )
        return self.env._(
            "Goes on for another %(months)s months each time, unless you or we say"
            " otherwise at least %(days)s days before the last day.",
            months=self.term_months,
            days=self.notice_days,
        )

    def _get_document_open_ended(self):
        if not self.notice_days:
            return self.env._("You or we can end it any day.")
        return self.env._(
            "You or we can end it with %(days)s days' notice.", days=self.notice_days
        )


def describe_week(calendar):
    """:return: "Monday – Friday 9:00 AM – 5:00 PM; Saturday 10:00 AM – 2:00 PM" """
    rows = calendar._get_service_attendances()
    names = dict(rows._fields["dayofweek"]._description_selection(calendar.env))
    return describe_days(
        (name, _describe_day(rows, day)) for day, name in names.items()
    )


def describe_days(days):
    """
    :param days: (name of a weekday, its hours in words) from Monday on
    :return: str, days in a row with the same hours taken together
    """
    runs = []
    for name, text in days:
        if runs and runs[-1][1] == text:
            runs[-1][0].append(name)
        else:
            runs.append(([name], text))
    return "; ".join(
        f"{run[0]} {text}" if len(run) == 1 else f"{run[0]} – {run[-1]} {text}"
        for run, text in runs
        if text
    )


def _describe_day(rows, day):
    """:return: the hours of a weekday, a lunch of no length taken out"""
    spans = []
    for row in rows.filtered(lambda r: r.dayofweek == day).sorted("hour_from"):
        if spans and spans[-1][1] >= row.hour_from:
            spans[-1][1] = max(spans[-1][1], row.hour_to)
        else:
            spans.append([row.hour_from, row.hour_to])
    return describe_spans(rows.env, spans)


def describe_spans(env, spans):
    """:param spans: [from, to] in hours after midnight"""
    return ", ".join(
        f"{_format_hour(env, start)} – {_format_hour(env, end)}" for start, end in spans
    )


def _format_hour(env, hour):
    minutes = round(hour * 60) % (24 * 60)
    return format_time(env, time(*divmod(minutes, 60)), time_format="short")
