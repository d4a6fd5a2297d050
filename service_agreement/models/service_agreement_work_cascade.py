"""What makes work be decided again: whatever it was decided by has changed."""

from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from .account_analytic_line import FROM_TICKET
from .service_book import get_top

# Of an agreement: where it applies. Its days and terms come with its ledgers.
WHERE = {"site_ids", "system_ids", "partner_id", "company_id"}
# Of a ticket: whose the work is, and whether it is any.
WHOSE = {"partner_id", "project_id", "parent_id", "company_id"}
# What a ticket loses with its customer.
OF_CUSTOMER = {"system_id", "device_id"}


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    @api.model
    def _decide_open(self, domain):
        """Decide again the work of ``domain`` that is not decided for good.

        Sudo: whoever changes what work is decided by need not see the work.
        """
        found = self.sudo().search(Domain("is_service_work", "=", True) & domain)
        settled = found.filtered("service_verdict")._filter_settled()
        (found - settled)._decide_service_work()

    def _decide_unbilled(self):
        """Decide again what an invoice pinned until now."""
        (self - self._filter_settled())._decide_service_work()

    def _group_followers(self, names):
        """:return: dict of lines by the names of what they have from their ticket"""
        followers = defaultdict(self.browse)
        for line in self - self._filter_settled():
            same = tuple(
                name for name in names if line[name] == line.task_id[FROM_TICKET[name]]
            )
            if same:
                followers[same] |= line
        return followers

    def _follow_ticket(self, names):
        for ticket, lines in self.grouped("task_id").items():
            lines.write({name: ticket[FROM_TICKET[name]].id for name in names})


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def write(self, vals):
        if WHERE.isdisjoint(vals):
            return super().write(vals)
        before = self._get_work_customers()
        result = super().write(vals)
        self._decide_open_work(before)
        return result

    def _change_ledgers(self):
        """EXTENDS: it is in force on other days, or there is more or less to draw from;
        also of what has no ledger, and only its rates apply.
        """
        result = super()._change_ledgers()
        self._decide_open_work()
        return result

    def _decide_open_work(self, before=None):
        """Decide again what these agreements might pay for.

        :param dict before: whose work it was, see `_get_work_customers`
        """
        customers = self._get_work_customers(before)
        self.env["account.analytic.line"]._decide_for_customers(customers)

    def _get_work_customers(self, before=None):
        """Sudo: a salesman need not see the books of the company.

        :return: dict of res.partner by res.company, of those that ever were in force;
            those of ``before`` included
        """
        customers = dict(before or {})
        for agreement in self.sudo().filtered("activated_on"):
            company, partner = agreement.company_id, agreement.partner_id
            customers[company] = partner | customers.get(company, partner)
        return customers


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def write(self, vals):
        """What a ticket says of its work goes for the lines that said the same."""
        said = {*vals, *(() if WHOSE.isdisjoint(vals) else OF_CUSTOMER)}
        named = [name for name in FROM_TICKET if FROM_TICKET[name] in said]
        if not named and WHOSE.isdisjoint(vals):
            return super().write(vals)
        lines = self.sudo()._ticket_work_lines()
        customers, days = lines._get_service_customers(), lines._get_days()
        followers = lines._group_followers(named)
        result = super().write(vals)
        for names, group in followers.items():
            group._follow_ticket(names)
        if not WHOSE.isdisjoint(vals):
            lines._decide_service_work(customers, days.values())
        return result

    def _ticket_work_lines(self):
        """:return: account.analytic.line, the time noted on these tickets"""
        return self.env["account.analytic.line"]


class ProjectTask(models.Model):
    _inherit = "project.task"

    # EXTENDS 'service.agreement.ticket.mixin'
    def _ticket_work_lines(self):
        return super()._ticket_work_lines() | self.timesheet_ids


class ProjectProject(models.Model):
    _inherit = "project.project"

    def write(self, vals):
        if {"is_service_desk", "partner_id"}.isdisjoint(vals):
            return super().write(vals)
        Lines = self.env["account.analytic.line"].sudo()
        lines = Lines.search([("project_id", "in", self.ids)])
        before = lines.filtered("is_service_work")
        customers = before._get_service_customers()
        result = super().write(vals)
        after = lines.filtered("is_service_work")
        ((before - after) - before._filter_settled())._forget_verdict()
        after._decide_service_work(customers, lines._get_days().values())
        return result


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """A company that is moved in its tree is paid for by others."""
        if {"parent_id", "is_company"}.isdisjoint(vals):
            return super().write(vals)
        tops = self.union(*(get_top(partner) for partner in self.sudo()))
        result = super().write(vals)
        tops |= self.union(*(get_top(partner) for partner in self.sudo()))
        tops._decide_open_work()
        return result

    def _decide_open_work(self):
        """Decide again the work for these customers, and for their trees."""
        companies = self.env["service.agreement"].sudo()._get_serving_companies()
        self.env["account.analytic.line"]._decide_for_customers(
            dict.fromkeys(companies, self)
        )


class ServiceAgreementSystem(models.Model):
    _inherit = "service.agreement.system"

    def write(self, vals):
        result = super().write(vals)
        if not {"site_id", "partner_id"}.isdisjoint(vals):
            of_these = Domain("service_system_id", "in", self.ids) | Domain(
                "service_device_id.system_id", "in", self.ids
            )
            self.env["account.analytic.line"]._decide_open(of_these)
        return result


class ServiceAgreementDevice(models.Model):
    _inherit = "service.agreement.device"

    def write(self, vals):
        result = super().write(vals)
        telling = {"system_id", "warranty_until", "known_defect", "defect_until"}
        if not telling.isdisjoint(vals):
            of_these = Domain("service_device_id", "in", self.ids)
            self.env["account.analytic.line"]._decide_open(of_these)
        return result


class ServiceAgreementRate(models.Model):
    _inherit = "service.agreement.rate"

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._decide_unpriced()
        return rates

    def write(self, vals):
        result = super().write(vals)
        self._decide_unpriced()
        return result

    def _decide_unpriced(self):
        """What had no price may have one now, and from its day on another one."""
        listed = self.filtered(lambda rate: not rate.tier_id and not rate.coverage_id)
        if not listed:
            return
        starts = [rate.date_start for rate in listed]
        domain = Domain("service_verdict", "in", ("partly", "uncovered"))
        if all(starts):
            later = Domain("date", ">=", min(starts))
            domain &= later | Domain("service_issue", "=", "rate")
        companies = listed.company_id
        if all(rate.company_id for rate in listed):
            domain &= Domain("company_id", "in", companies.ids)
        self.env["account.analytic.line"]._decide_open(domain)
