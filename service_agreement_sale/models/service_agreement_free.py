import logging
from functools import cached_property

from psycopg2 import DatabaseError

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount, format_date

from odoo.addons.service_agreement.models.self_service_end import EndService

TO_DO = "service_agreement_sale.mail_activity_type_free"
TEMPLATE = "service_agreement_sale.mail_template_free_ends"
LAYOUT = "mail.mail_notification_layout_with_responsible_signature"
_logger = logging.getLogger(__name__)


class DeclineFree(EndService):
    """Free so far, and not to cost anything: it ends with its last free day."""

    kind = "decline_free"
    switch = "portal_may_decline_free"
    icon = "fa-times-circle-o"
    template = "service_agreement_sale.portal_change_decline_free"

    @property
    def title(self):
        return self.env._("Let it end before it costs anything")

    @property
    def hint(self):
        return self.env._(
            "It is free until %(date)s.", date=self.format_date(self.last_day)
        )

    def why_not(self):
        return self.agreement._why_not_decline_free()

    @property
    def last_day(self):
        return self.agreement.free_until

    @cached_property
    def ending(self):
        return self.agreement._plan_free_end()

    def do(self, step):
        self.agreement.action_decline_free()


class ServiceAgreement(models.Model):
    """A first period that costs nothing, and then turns paid unless declined.

    The charges of the tier start on the day after it; until then there is nothing to
    bill, and no recurring revenue.
    """

    _inherit = "service.agreement"

    free_months = fields.Integer(
        string="Free at First (months)", readonly=True, copy=False
    )
    free_until = fields.Date(
        compute="_compute_free_until",
        store=True,
        index="btree_not_null",
        help="Last day that costs nothing.",
    )
    is_free = fields.Boolean(compute="_compute_is_free")
    free_told_on = fields.Date(
        string="Told That It Will Cost",
        readonly=True,
        copy=False,
        help="When the customer was told by mail.",
    )

    @api.depends("date_start", "free_months")
    def _compute_free_until(self):
        for agreement in self:
            start, months = agreement.date_start, agreement.free_months
            paid_from = start and months and self._get_paid_from(start, months)
            agreement.free_until = paid_from and fields.Date.subtract(paid_from, days=1)

    @api.depends("free_until", "state", "company_id")
    def _compute_is_free(self):
        for agreement in self:
            company = agreement.company_id or self.env.company
            agreement.is_free = (
                agreement.state == "active"
                and agreement.free_until
                and agreement.free_until >= company._service_today()
            )

    def _get_price_day(self):
        """EXTENDS: as long as it is free, what it will cost is shown."""
        day = super()._get_price_day()
        if not (self.free_months and self.date_start):
            return day
        return max(day, self._get_paid_on())

    @api.model
    def _get_paid_from(self, start, months):
        """:return: date, the first day that is paid for"""
        return fields.Date.add(start, months=months or 0)

    # Saying no

    def _why_not_decline_free(self):
        """:return: why it cannot end with its free days, or None"""
        self.ensure_one()
        if not self.is_free:
            return self.env._("There are no free days left.")
        return self._why_not_end()

    def _plan_free_end(self):
        """:return: Ending; it was free so far, so it costs no fee"""
        self.ensure_one()
        return self._plan_end(
            self.free_until, "cancelled", fee_percent=0.0, clawback_amount=0.0
        )

    def action_decline_free(self):
        """The customer said no: it ends with its last free day, and costs nothing."""
        self._ensure_can(type(self)._why_not_decline_free)
        for agreement in self:
            agreement._end(
                agreement.free_until,
                "cancelled",
                agreement.env._("Declined while it was free."),
                fee_percent=0.0,
                clawback_amount=0.0,
            )
        self.sudo().activity_unlink([TO_DO])

    @api.model
    def _get_self_services(self):
        """EXTENDS: to let it end before it costs anything."""
        return {**super()._get_self_services(), DeclineFree.kind: DeclineFree}

    # Telling

    @api.model
    def _cron_free_periods(self):
        """Tell customers in time that what is free will cost, once each."""
        for company in self._get_serving_companies():
            agreements = self.with_company(company)
            for agreement in agreements._find_free_to_tell(company):
                agreement._tell_free_ends_or_log()
                self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _find_free_to_tell(self, company):
        today = company._service_today()
        days = company.agreement_free_notice_days
        found = self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "active")
            & Domain("free_until", ">=", today)
            & Domain("free_until", "<=", fields.Date.add(today, days=days))
            & Domain("free_told_on", "=", False)
            & Domain("end_reason", "=", False)
        )
        return found.try_lock_for_update()

    def _tell_free_ends_or_log(self):
        """One mail that cannot be written keeps nobody else's; it is tried again."""
        try:
            with self.env.cr.savepoint():
                self._tell_free_ends()
        except DatabaseError:
            # Tried again as a whole, or nothing of it is saved.
            raise
        except Exception:
            _logger.exception("The end of what is free of %s was not told", self)

    def _tell_free_ends(self):
        """A mail to the customer; a to-do for a person where he has no address."""
        self.ensure_one()
        agreement = self.sudo()
        agreement.free_told_on = agreement.company_id._service_today()
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if template and agreement.partner_id.email:
            agreement._mail_free_ends(template.sudo())
        else:
            agreement._schedule_free_ends()

    def _mail_free_ends(self, template):
        self.message_post_with_source(
            template,
            message_type="comment",
            subtype_xmlid="mail.mt_note",
            email_layout_xmlid=LAYOUT,
            partner_ids=self.partner_id.ids,
            author_id=(self.user_id or self.company_id).partner_id.id,
        )

    def _schedule_free_ends(self):
        responsible = self._get_responsible()
        mine = self.with_context(lang=responsible.lang)
        mine.activity_schedule(
            TO_DO,
            user_id=responsible.id,
            date_deadline=self.free_until,
            note=mine.env._(
                "%(customer)s has no email: tell them that it is free until %(until)s "
                "and then costs %(price)s.",
                customer=self.partner_id.name,
                until=format_date(mine.env, self.free_until),
                price=mine._get_price_after_free(),
            ),
        )

    def _get_price_after_free(self):
        """:return: "$ 129.00 per month", before taxes"""
        self.ensure_one()
        charges = self.line_ids.filtered(
            lambda line: (
                line.charge == "recurring" and line._serves(self._get_paid_on())
            )
        )
        return self.env._(
            "%(price)s per %(period)s",
            price=format_amount(
                self.env, sum(charges.mapped("price_subtotal")), self.currency_id
            ),
            period=self.plan_id.period_label,
        )

    def _get_paid_on(self):
        """:return: date, the first day that costs"""
        self.ensure_one()
        return self._get_paid_from(self.date_start, self.free_months)

    # In the portal

    def _get_portal_status_active(self, today):
        """EXTENDS: free so far."""
        if self.is_free and not self.end_reason and self.date_start <= today:
            until = self._format_date(self.free_until)
            return self.env._("Free until %(date)s", date=until), "success"
        return super()._get_portal_status_active(today)
