"""Sold but silent, and watched but not paid."""

from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.service_agreement.models import instant

TO_DO = "service_agreement_monitoring.mail_activity_type_silent"
# Where no source says after how many days somebody is silent.
SILENT_DAYS = 7
# Whoever was heard of in these days is watched.
WATCHED_DAYS = 30


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    includes_monitoring = fields.Boolean(
        help="Its customers are watched by your monitoring system: where nothing is "
        "heard of one, somebody is told.",
    )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    is_monitoring = fields.Boolean(
        string="Monitoring",
        help="An agreement that charges this bills monitoring, whatever its tier.",
    )


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    # Stored: pages of customers are made of the lines alone.
    is_monitoring = fields.Boolean(
        related="product_id.is_monitoring", store=True, export_string_translation=False
    )

    @api.model
    def _get_monitoring_domain(self, day):
        """:return: Domain of charges for monitoring that run on a day"""
        return Domain("is_monitoring", "=", True) & self._running_domain(day)


class ServiceAgreement(models.Model):
    """An agreement bills monitoring by its tier, or by a charge that runs today."""

    _inherit = "service.agreement"

    bills_monitoring = fields.Boolean(
        compute="_compute_bills_monitoring",
        search="_search_bills_monitoring",
        help="By its tier, or by a charge for it that runs today.",
    )
    is_silent = fields.Boolean(
        string="Sold but Silent",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="It bills monitoring, and nothing was heard of the customer's systems for "
        "as many days as the source says.",
    )
    heard_at = fields.Datetime(
        string="Last Heard", compute="_compute_heard_at", help="Of any of its systems."
    )
    monitoring_alert_count = fields.Integer(
        string="Alerts", compute="_compute_monitoring_alert_count"
    )

    @api.model
    def _get_facts(self):
        """EXTENDS: what was heard, nobody says by hand."""
        return (*super()._get_facts(), "is_silent")

    def _compute_bills_monitoring(self):
        billing = self.filtered_domain(self._get_monitoring_domain())
        for agreement in self:
            agreement.bills_monitoring = agreement in billing

    @api.model
    def _search_bills_monitoring(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self._get_monitoring_domain()
        return domain if True in value else ~domain

    @api.model
    def _get_monitoring_domain(self):
        """:return: Domain of what bills monitoring today"""
        today = self.env.company._service_today()
        # Sudo: who looks after tickets may know that something is paid, not how much.
        charges = self.env["service.agreement.line"].sudo()
        charged = charges._search(charges._get_monitoring_domain(today))
        return self._in_force_domain(today) & (
            Domain("tier_id.includes_monitoring", "=", True)
            | Domain("line_ids", "in", charged)
        )

    def _shows_monitoring(self):
        """:return: bool, whether its customer reads how his systems are; what is paid
        for, by what has been read of the agreement anyway
        """
        self.ensure_one()
        today = self.company_id._service_today()
        return bool(
            self.activated_on
            and self.state in ("active", "suspended")
            and (
                self.tier_id.includes_monitoring
                or self.line_ids.filtered_domain(
                    self.line_ids._get_monitoring_domain(today)
                )
            )
        )

    def _compute_heard_at(self):
        sites = self._get_monitored_sites()
        for agreement in self:
            times = sites[agreement].mapped("last_heard_at")
            agreement.heard_at = max(filter(None, times), default=False)

    def _compute_monitoring_alert_count(self):
        sites = self._get_monitored_sites()
        every = self.env["service.monitoring.site"].union(*sites.values())
        counts = dict(
            self.env["service.monitoring.alert"]._read_group(
                [("site_id", "in", every.ids)], ["site_id"], ["__count"]
            )
        )
        for agreement in self:
            own = sites[agreement]
            agreement.monitoring_alert_count = sum(counts.get(s, 0) for s in own)

    def action_view_monitoring_alerts(self):
        self.ensure_one()
        self.check_access("read")
        sites = self._get_monitored_sites()[self]
        domain = [("site_id", "in", sites.ids)]
        return self.env["service.monitoring.alert"]._view(domain)

    def _get_monitored_sites(self):
        """:return: dict of service.monitoring.site by agreement: those of the systems
        that it is made for, and those of its customer that are of no system
        """
        found = self.env["service.monitoring.site"].search(
            [
                (
                    "partner_id.commercial_partner_id",
                    "in",
                    self.commercial_partner_id.ids,
                ),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        by_customer = found.grouped(
            lambda site: (site.partner_id.commercial_partner_id, site.company_id)
        )
        covered = self._get_covered_systems()
        return {
            agreement: by_customer.get(
                (agreement.commercial_partner_id, agreement.company_id), found.browse()
            ).filtered(
                lambda site, own=covered[agreement]: (
                    not site.system_id or site.system_id in own
                )
            )
            for agreement in self
        }

    # Silence

    @api.model
    def _cron_silence(self):
        """Who is paid for and silent; and who is not any more."""
        groups = self._read_group(
            Domain("state", "=", "active") | Domain("is_silent", "=", True),
            ["company_id"],
        )
        for (company,) in groups:
            agreements = self.with_company(company)
            domain = Domain("company_id", "=", company.id) & (
                agreements._get_monitoring_domain() | Domain("is_silent", "=", True)
            )
            agreements.search(domain)._refresh_silence()

    def _refresh_silence(self):
        """One to-do while an agreement is silent, none once it was heard of again.

        Done by a person, it does not come back before the next silence.
        """
        sites = self._get_monitored_sites()
        for agreement in self:
            is_silent = agreement._is_unheard(sites[agreement])
            if is_silent and not agreement.is_silent:
                agreement._in_responsible_lang()._schedule_silence()
            elif agreement.is_silent and not is_silent:
                agreement.activity_search([TO_DO]).unlink()
            if agreement.is_silent != is_silent:
                agreement.is_silent = is_silent

    def _is_unheard(self, sites):
        """:param sites: service.monitoring.site of the agreement"""
        self.ensure_one()
        if not self.bills_monitoring:
            return False
        began = datetime.combine(self.date_start, time())
        heard = filter(None, (self.activated_on, *sites.mapped("last_heard_at")))
        since = max([began, *heard])
        days = max(sites.source_id.mapped("silent_days"), default=SILENT_DAYS)
        return instant.now(self.env) - since > timedelta(days=days)

    def _schedule_silence(self):
        self.ensure_one()
        if self.heard_at:
            told = self.env._(
                "Monitoring is billed, and nothing was heard since %(when)s.",
                when=self._format_portal_instant(self.heard_at),
            )
        else:
            told = self.env._("Monitoring is billed, and nothing was ever heard.")
        self.activity_schedule(
            TO_DO,
            user_id=self._get_responsible().id,
            note=told
            + " "
            + self.env._("Connect it, map its site, or do not charge for it."),
        )


class ServiceMonitoringAlert(models.Model):
    _inherit = "service.monitoring.alert"

    @api.model
    def _hear(self, events):
        """EXTENDS: whoever was silent, is so no longer."""
        result = super()._hear(events)
        customers = events.site_id.partner_id.commercial_partner_id
        silent = self.env["service.agreement"].search(
            [
                ("is_silent", "=", True),
                ("commercial_partner_id", "in", customers.ids),
                ("company_id", "in", events.company_id.ids),
            ]
        )
        silent._refresh_silence()
        return result


class ResPartner(models.Model):
    _inherit = "res.partner"

    is_watched_unpaid = fields.Boolean(
        string="Watched but Not Paid",
        compute="_compute_watched",
        search="_search_is_watched_unpaid",
        groups="service_agreement.group_user",
        help="Events came of him lately, and no agreement of his bills monitoring.",
    )
    watched_site_count = fields.Integer(
        string="Sites and Devices Watched",
        compute="_compute_watched",
        groups="service_agreement.group_user",
    )
    watched_heard_at = fields.Datetime(
        string="Last Heard",
        compute="_compute_watched",
        groups="service_agreement.group_user",
    )
    watched_ticket_count = fields.Integer(
        string="Tickets by Monitoring",
        compute="_compute_watched",
        groups="service_agreement.group_user",
    )
    monitoring_alert_count = fields.Integer(
        string="Alerts",
        compute="_compute_monitoring_alert_count",
        groups="service_agreement.group_user,project.group_project_user",
    )

    def _compute_watched(self):
        customers = self.commercial_partner_id
        sites = self.env["service.monitoring.site"].search(
            [("partner_id.commercial_partner_id", "in", customers.ids)]
        )
        by_customer = sites.grouped(lambda site: site.partner_id.commercial_partner_id)
        tickets = self._count_watched_tickets(customers)
        unpaid = self._find_watched_unpaid()
        for partner in self:
            own = by_customer.get(partner.commercial_partner_id, sites.browse())
            partner.watched_site_count = len(own)
            times = filter(None, own.mapped("last_heard_at"))
            partner.watched_heard_at = max(times, default=False)
            partner.watched_ticket_count = tickets.get(partner.commercial_partner_id, 0)
            partner.is_watched_unpaid = partner.commercial_partner_id in unpaid

    def _count_watched_tickets(self, customers):
        """:return: dict of int by customer: tickets that alerts opened"""
        outages = self.env["service.monitoring.outage"]._read_group(
            [
                ("commercial_partner_id", "in", customers.ids),
                ("is_behind", "=", False),
                ("res_id", "!=", False),
            ],
            ["commercial_partner_id"],
            ["res_id:count_distinct"],
        )
        return dict(outages)

    @api.model
    def _search_is_watched_unpaid(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain("id", "in", self._find_watched_unpaid().ids)
        return domain if True in value else ~domain

    @api.model
    def _find_watched_unpaid(self):
        """:return: res.partner, customers of the current company"""
        since = instant.now(self.env) - timedelta(days=WATCHED_DAYS)
        sites = self.env["service.monitoring.site"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("partner_id", "!=", False),
                ("last_heard_at", ">=", since),
            ]
        )
        agreements = self.env["service.agreement"].sudo()
        paid = agreements.search(
            agreements._get_monitoring_domain()
            & Domain("company_id", "=", self.env.company.id)
        )
        return sites.partner_id.commercial_partner_id - paid.commercial_partner_id

    def _compute_monitoring_alert_count(self):
        customers = self.commercial_partner_id._origin
        counts = dict(
            self.env["service.monitoring.alert"]._read_group(
                [("commercial_partner_id", "in", customers.ids)],
                ["commercial_partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            customer = partner.commercial_partner_id._origin
            partner.monitoring_alert_count = counts.get(customer, 0)

    def action_view_monitoring_alerts(self):
        self.ensure_one()
        self.check_access("read")
        customer = self.commercial_partner_id
        domain = [("commercial_partner_id", "=", customer.id)]
        return self.env["service.monitoring.alert"]._view(domain)
