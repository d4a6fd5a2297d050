from odoo import models

from .document_blocks import bullets, facts, text
from .service_agreement_document_example import NORMAL_CASES, URGENT_CASES


class ServiceAgreement(models.Model):
    """The expectation sheet: things will break, and this is what happens then.

    One page, from the same records as the document, in the same words.
    """

    _inherit = "service.agreement"

    def _get_sheet_agreement(self):
        """:return: the agreement that a sheet of this record is drawn from"""
        return self

    def _get_sheet_base_filename(self):
        self.ensure_one()
        return self.env._("Expectation sheet %s", self.name)

    def _get_section_drawers(self):
        """EXTENDS: the sections of the sheet."""
        return {
            **super()._get_section_drawers(),
            "sheet_contact": self._draw_sheet_contact,
            "sheet_next": self._draw_sheet_next,
            "sheet_cost": self._draw_sheet_cost,
            "sheet_prevent": self._draw_sheet_prevent,
            "sheet_limits": self._draw_sheet_limits,
        }

    def _draw_sheet_contact(self):
        company = self.company_id
        rows = [
            (self.env._("Call"), company.phone),
            (self.env._("Write"), company.email),
            (self.env._("On the web"), f"{company.get_base_url()}/my/agreements"),
            *self._get_document_service_hours(),
        ]
        return [facts([each for each in rows if each[1]])]

    def _draw_sheet_next(self):
        examples = self._describe_examples([*NORMAL_CASES[:1], *URGENT_CASES])
        if examples:
            return [bullets(examples, css="o_agreement_examples")]
        words = self.env._("We answer as soon as we can. No time is promised.")
        return [text(words)]

    def _draw_sheet_cost(self):
        included = self._get_document_covering()._describe_included()
        rows = [self._describe_sheet_price()]
        if included:
            rows.append(self.env._("Included: %(what)s.", what="; ".join(included)))
        rows += [self._describe_sheet_rate(rate) for rate in self._get_sheet_rates()]
        return [bullets([each for each in rows if each])]

    def _describe_sheet_price(self):
        total = self._get_document_totals("recurring")["total"]
        if not total:
            return ""
        return self.env._(
            "The agreement: %(amount)s every %(period)s, taxes included.",
            amount=self._format_money(total),
            period=self.plan_id.period_label,
        )

    def _get_sheet_rates(self):
        """:return: list of DocumentRate; the general ones, where there are any"""
        rates = self._get_document_rates()
        return [rate for rate in rates if rate.is_general] or rates

    def _describe_sheet_rate(self, rate):
        values = {
            "what": rate.label,
            "price": self._format_money(rate.price),
            "after": self._format_money(rate.after_hours),
        }
        if values["price"] == values["after"]:
            words = self.env._("%(what)s that is not included: %(price)s", **values)
        else:
            words = self.env._(
                "%(what)s that is not included: %(price)s, after hours %(after)s",
                **values,
            )
        counting = f", {rate.counting}" if rate.counting else ""
        return self.env._("%(words)s, before taxes.", words=words + counting)

    def _draw_sheet_prevent(self):
        visits = [plan._describe_visits(self)[0] for plan in self._get_visit_plans()]
        rows = visits + self._get_document_bullets(self.highlights)
        return [bullets(rows)] if rows else []

    def _draw_sheet_limits(self):
        excluded = self._list_document_exclusions(self._get_document_covering())
        if not excluded:
            return []
        names = ", ".join(name for name, _detail in excluded)
        return [text(self.env._("Not included: %(names)s.", names=names))]


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    def _get_sheet_agreement(self):
        """:return: an agreement of nobody, in memory only, made of it today"""
        self.ensure_one()
        company = self.company_id or self.env.company
        return (
            self.env["service.agreement"]
            .with_company(company)
            .new(
                {
                    "company_id": company.id,
                    "tier_id": self.id,
                    "date_start": company._service_today(),
                }
            )
        )

    def _get_sheet_base_filename(self):
        self.ensure_one()
        return self.env._("Expectation sheet %s", self.name)
