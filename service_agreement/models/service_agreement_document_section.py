from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_amount

from .document_blocks import bullets, columns, facts, lines, row, table, text
from .service_agreement_coverage_text import join_texts
from .service_agreement_document import describe_week
from .service_agreement_document_example import NORMAL_CASES, URGENT_CASES
from .service_agreement_terms import FREE

# What a company's own words say where the agreement itself has nothing to add.
WORDS_ENOUGH = (*FREE, "definitions", "increase", "suspension", "sheet_limits")


class ServiceAgreement(models.Model):
    """The document, section by section (see ``document_blocks.py`` for what is in one).

    ``_get_document_sections`` is all that the page, the PDF and the frozen document
    know. The order, the titles and the company's own words are of its terms
    (service.agreement.terms); what is drawn is read from the records that bill and
    that start the clocks.
    """

    _inherit = "service.agreement"

    terms_id = fields.Many2one(
        "service.agreement.terms",
        string="Terms Offered With",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The version of the terms that the customer was offered, and keeps.",
    )

    def _freeze_promise(self):
        """EXTENDS: with the promise, the words are those of the day it is offered."""
        result = super()._freeze_promise()
        Terms = self.env["service.agreement.terms"]
        for company, ours in self.sudo().grouped("company_id").items():
            # Not one that is offered already: it was read as it is.
            offered = ours.filtered(lambda a: a.state == "draft")
            offered.terms_id = Terms._get_in_force(company)
        return result

    def action_draft(self):
        """EXTENDS: the next time, it is offered with what is in force then."""
        result = super().action_draft()
        self.sudo().terms_id = False
        return result

    def _get_document_terms(self):
        """:return: service.agreement.terms; of a draft what it would be offered with"""
        self.ensure_one()
        if self.state not in ("draft", False):
            return self.terms_id
        company = self.company_id or self.env.company
        return self.env["service.agreement.terms"]._get_in_force(company)

    def _get_document_reader(self):
        """Sudo: a customer, or who keeps the books, reads what the document says, not
        the records behind it.

        :return: the same agreement, in the customer's language
        """
        self.ensure_one()
        return self.sudo().with_context(lang=self._get_lang())

    def _get_document_sections(self, document="agreement"):
        """
        :param str document: "agreement", or "sheet" for the expectation sheet
        :return: list of dict: key, title, body (html of the company's own words) and
            blocks, in the customer's language
        """
        agreement = self._get_document_reader()
        terms = agreement._read_for_document()
        drawers = agreement._get_section_drawers()
        sections = [
            {**section, "blocks": drawers.get(section["key"], list)()}
            for section in terms._list_sections(document)
        ]
        return [
            section
            for section in sections
            if section["blocks"] or (section["key"] in WORDS_ENOUGH and section["body"])
        ]

    def _get_section_drawers(self):
        """Hook for bridges: their own sections.

        :return: dict of functions that return a list of blocks, by key of the section
        """
        return {
            "parties": self._draw_parties,
            "systems": self._draw_systems,
            "scope": self._draw_scope,
            "visits": self._draw_visits,
            "definitions": self._draw_definitions,
            "response": self._draw_response,
            "charges": self._draw_charges,
            "rates": self._draw_rates,
            "term": self._draw_term,
            "increase": self._draw_increase,
            "suspension": self._draw_suspension,
            "ending": self._draw_ending,
            "note": self._draw_note,
        }

    @api.model
    def _get_section_html(self, words):
        """:param str words: html that was sanitized when it was written
        :return: Markup
        """
        return Markup(words)

    def _get_document_marks(self, is_accepted=False):
        """
        :param bool is_accepted: it is shown as it was accepted, not as it holds today
        :return: list of str, below the document: by which words it is
        """
        self.ensure_one()
        terms = self._get_document_reader()._get_document_terms()
        return [terms._describe()] if terms else []

    # Who, and what for

    def _draw_parties(self):
        company, partner = self.company_id, self.partner_id
        us = _get_address_lines(company.partner_id)
        us += [each for each in (company.phone, company.email) if each]
        you = _get_address_lines(partner)
        if partner.vat:
            label = company.account_fiscal_country_id.vat_label
            label = label or self.env._("Tax ID")
            you.append(self.env._("%(label)s: %(vat)s", label=label, vat=partner.vat))
        return [
            columns(
                lines(self.env._("Your service company"), us),
                lines(self.env._("The customer"), you),
            )
        ]

    def _draw_systems(self):
        systems = self._get_document_systems()
        blocks = []
        if systems:
            rows = [self._describe_system(each) for each in systems]
            blocks.append(bullets(rows, css="o_agreement_systems"))
        elif places := self._get_document_places():
            named = "; ".join(_describe_place(place) for place in places)
            blocks.append(text(self.env._("The systems at: %(places)s", places=named)))
        if self.system_quantity:
            words = self.env._(
                "The price is for %(count)s of them.", count=self.system_quantity
            )
            blocks.append(text(words))
        return blocks

    def _get_document_systems(self):
        """:return: service.agreement.system that it covers, as far as on record"""
        if not self.commercial_partner_id:
            return self.env["service.agreement.system"]
        return self._get_portal_covered_systems()

    def _get_document_places(self):
        """:return: res.partner where it covers whatever stands there"""
        return self.site_ids or self._get_site() or self.partner_id

    def _describe_system(self, system):
        """:return: (text, detail): "Home theatre", "12 Lake Road; 14 devices" """
        place = system.site_id or system.partner_id
        count = system.device_count
        parts = [_join_address(place) or place.name]
        if count == 1:
            parts.append(self.env._("1 device"))
        elif count:
            parts.append(self.env._("%(count)s devices", count=count))
        return system.name, "; ".join(filter(None, parts))

    # What is included

    def _draw_scope(self):
        covering = self._get_document_covering()
        included = covering._describe_included()
        included += self._get_document_bullets(self.highlights)
        excluded = self._list_document_exclusions(covering)
        blocks = []
        if included:
            title = self.env._("What is included")
            blocks.append(bullets(included, title, "o_agreement_included"))
        if excluded:
            title = self.env._("What is not included")
            blocks.append(bullets(excluded, title, "o_agreement_excluded"))
        return [columns(*blocks), *self._draw_scope_notes(covering)] if blocks else []

    def _list_document_exclusions(self, covering):
        """:return: list of (text, detail); none of them said twice"""
        known = {
            each.name: each.description or "" for each in covering.covered_exclusion_ids
        }
        names = join_texts(list(known), self._get_document_bullets(self.exclusions))
        return [(name, known.get(name, "")) for name in names]

    def _draw_scope_notes(self, covering):
        words = [
            self.env._("Work is included at these times: %(hours)s", hours=hours)
            for hours in covering._describe_hours()
        ]
        words += [
            each._describe_leftover()
            for each in covering.allowance_ids
            if each.kind == "included" and each.unit != "visits"
        ]
        return [text(each) for each in words]

    def _draw_visits(self):
        rows = [plan._describe_visits(self) for plan in self._get_visit_plans()]
        return [bullets(rows, css="o_agreement_visits")] if rows else []

    def _get_visit_plans(self):
        return self._get_document_covering().visit_plan_ids

    # How fast

    def _draw_definitions(self):
        meanings = self._get_metric_meanings()
        rows = [
            (meanings[metric][0], meanings[metric][1])
            for metric, _heading in self._get_document_metrics()
            if metric in meanings
        ]
        return [facts(rows)] if rows else []

    def _get_metric_meanings(self):
        """Hook for bridges: the words of their own metrics.

        :return: dict of (word, what it means) by metric, as the clocks count it
        """
        return {
            "first_response": (
                self.env._("We answer"),
                self.env._(
                    "A person of ours has replied to you. An automatic reply does not"
                    " count."
                ),
            ),
            "update": (
                self.env._("A further question"),
                self.env._(
                    "Something you wrote after our first answer, and that we have not"
                    " replied to yet."
                ),
            ),
            "on_site": (
                self.env._("On site"),
                self.env._("Our technician has arrived at your place."),
            ),
            "resolution": (
                self.env._("Solved"),
                self.env._(
                    "It works again, or works in another way until a part arrives."
                    " While we wait for you, the time does not count."
                ),
            ),
        }

    def _draw_response(self):
        metrics = self._get_document_metrics()
        if not metrics:
            return []
        later = self.env._("no fixed time, as soon as we can")
        rows = [
            row(
                promise["label"],
                *(promise["texts"].get(metric, later) for metric, _label in metrics),
            )
            for promise in self._get_document_promises()
        ]
        head = [self.env._("Your request is"), *(label for _metric, label in metrics)]
        blocks = [table(head, rows, "o_agreement_promises")]
        blocks += self._draw_service_hours()
        blocks += self._draw_examples(NORMAL_CASES + URGENT_CASES)
        credit = self._get_document_credit()
        return [*blocks, text(credit, "o_agreement_credit")] if credit else blocks

    def _draw_service_hours(self):
        hours = [": ".join(each) for each in self._get_document_service_hours()]
        if not hours:
            return []
        note = self.env._(
            "Only these hours count, and not the days on which we are closed."
        )
        return [lines("", [*hours, note], "o_agreement_hours")]

    def _draw_examples(self, cases):
        examples = self._describe_examples(cases)
        if not examples:
            return []
        title = self.env._("For example, in a week without public holidays")
        return [bullets(examples, title, "o_agreement_examples")]

    # What it costs

    def _draw_charges(self):
        period = self.plan_id.period_label
        blocks = self._draw_charge_table(
            "recurring",
            self.env._("Every %(period)s", period=period),
            self.env._("Total per %(period)s", period=period),
        )
        blocks += self._draw_charge_table(
            "one_off", self.env._("Once, at the start"), self.env._("Total, once")
        )
        return blocks + [
            text(each, "o_agreement_upcoming") for each in self._get_document_upcoming()
        ]

    def _draw_charge_table(self, charge, heading, total_label):
        charges = self._get_document_lines(charge)
        if not charges:
            return []
        totals = self._get_document_totals(charge)
        rows = [self._draw_charge(line) for line in charges]
        if totals["taxes"]:
            rows.append(
                self._draw_amount(self.env._("Before taxes"), totals["untaxed"])
            )
            rows += [self._draw_amount(*tax) for tax in totals["taxes"]]
        rows.append(self._draw_amount(total_label, totals["total"], role="total"))
        head = [heading, self.env._("Amount")]
        return [table(head, rows, f"o_agreement_charges o_charge_{charge}", True)]

    def _draw_charge(self, line):
        detail = ", ".join(self._get_document_line_details(line))
        return row(line.name, self._format_money(line.price_subtotal), detail=detail)

    def _draw_amount(self, label, amount, role="subtotal"):
        return row(label, self._format_money(amount), role=role)

    def _format_money(self, amount):
        return format_amount(self.env, amount, self.currency_id)

    def _draw_rates(self):
        rates = self._get_document_rates()
        if not rates:
            return []
        rows = [self._draw_rate(rate) for rate in rates]
        head = [
            self.env._("Before taxes"),
            self.env._("In hours"),
            self.env._("After hours"),
        ]
        return [
            table(head, rows, "o_agreement_rates", True),
            *(text(each) for each in self._list_rate_notes(rates)),
        ]

    def _draw_rate(self, rate):
        detail = [rate.counting] if rate.counting else []
        if rate.is_agreed:
            detail.append(self.env._("agreed for as long as this agreement runs"))
        return row(
            rate.label,
            self._format_money(rate.price),
            self._format_money(rate.after_hours),
            detail=", ".join(detail),
        )

    def _list_rate_notes(self, rates):
        listed = [rate for rate in rates if not rate.is_agreed]
        notes = []
        if listed:
            day = self._format_date(self._get_rate_day())
            notes.append(self.env._("As our price list stands on %(date)s.", date=day))
        if any(rate.price != rate.after_hours for rate in rates):
            notes += self._list_after_hours_notes()
        discount = self._get_document_covering().rate_discount
        if listed and discount:
            percent = self._format_number(discount)
            notes.append(
                self.env._(
                    "Prices of the list are %(percent)s %% lower for you; this is taken"
                    " off already.",
                    percent=percent,
                )
            )
        return notes

    def _list_after_hours_notes(self):
        """After hours: out of the hours of the agreement, or else of the company."""
        covering, company = self._get_document_covering(), self.company_id
        calendar = covering.coverage_calendar_id
        if calendar:
            hours = covering._describe_week()
        else:
            calendar = company.resource_calendar_id
            hours = calendar and describe_week(calendar)
        if not hours or calendar.two_weeks_calendar:
            return []
        return [self.env._("After hours is any time but: %(hours)s", hours=hours)]

    # Term and ending

    def _draw_term(self):
        return [facts(self._get_document_facts())]

    def _draw_increase(self):
        if not self.escalation_percent:
            return [
                text(
                    self.env._(
                        "No increase is agreed: the price changes only if we both agree"
                        " to it."
                    )
                )
            ]
        return [text(self._describe_increase())]

    def _describe_increase(self):
        values = {
            "percent": self._format_number(self.escalation_percent),
            "days": self.escalation_notice_days,
            "date": self._format_date(
                self.escalation_date or self._get_anniversary_after(self.date_start)
            ),
        }
        return self.env._(
            "The price rises by %(percent)s %% a year, for the next time with the first"
            " period that begins on %(date)s or later. We write to you at least"
            " %(days)s days before; otherwise it rises later.",
            **values,
        )

    def _draw_suspension(self):
        if self.company_id.agreement_credit_suspended:
            paid = self.env._("Days that you had paid already are given back.")
        else:
            paid = self.env._("Days that you had paid already are not given back.")
        return [
            text(
                self.env._(
                    "While the agreement is paused, nothing is charged, nothing is"
                    " promised and no visit is made. %(paid)s",
                    paid=paid,
                )
            )
        ]

    def _draw_ending(self):
        rows = [
            self._describe_end_policy(),
            self._describe_fee(),
            self._describe_clawback(),
        ]
        return [bullets([each for each in rows if each], css="o_agreement_ending")]

    def _describe_end_policy(self):
        if self.end_policy == "run_out":
            return self.env._(
                "If it ends in the middle of a period that is paid, it goes on to the"
                " end of that period."
            )
        return self.env._(
            "If it ends in the middle of a period that is paid, you get the unused days"
            " back."
        )

    def _describe_fee(self):
        if not (self.termination_fee_percent and self.term_months):
            return ""
        return self.env._(
            "If you end it before the term is over, you pay %(percent)s %% of what the"
            " rest of the term would have cost.",
            percent=self._format_number(self.termination_fee_percent),
        )

    def _describe_clawback(self):
        discount = max(self.line_ids.mapped("plan_discount"), default=0.0)
        if not (self.clawback_discount and self.term_months and discount):
            return ""
        return self.env._(
            "If you end it before the term is over, you also pay back the discount of"
            " %(percent)s %% for paying %(plan)s, for the days we served you.",
            percent=self._format_number(discount),
            plan=self.plan_id.name.lower(),
        )

    def _draw_note(self):
        return [{"kind": "html", "html": self.note}] if self.note else []


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    def _describe_leftover(self):
        """:return: str, what becomes of what is not used in a period"""
        self.ensure_one()
        values = {
            "name": self.name,
            "much": self._describe_quantity(self.rollover_cap),
            "months": self.rollover_months,
        }
        if not self.rollover_cap:
            return self.env._(
                "%(name)s: what is not used in its period is not carried over.",
                **values,
            )
        if self.rollover_months == 1:
            return self.env._(
                "%(name)s: up to %(much)s that are not used are carried over, for a"
                " month.",
                **values,
            )
        if not self.rollover_months:
            return self.env._(
                "%(name)s: up to %(much)s that are not used are carried over.", **values
            )
        return self.env._(
            "%(name)s: up to %(much)s that are not used are carried over, for"
            " %(months)s months.",
            **values,
        )


def _get_address_lines(partner):
    """:return: list of str: name, street, town …"""
    names = [partner.commercial_partner_id.name, partner.name]
    names = list(dict.fromkeys(filter(None, names)))
    address = partner._display_address(without_company=True)
    return names + [line.strip() for line in address.splitlines() if line.strip()]


def _join_address(partner):
    """:return: str, "12 Lake Road, Denver" """
    return ", ".join(filter(None, (partner.street, partner.city)))


def _describe_place(partner):
    """:return: str, "Lake House, 12 Lake Road, Denver" """
    return ", ".join(filter(None, (partner.name, _join_address(partner))))
