from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    reminder_days = fields.Integer(
        string="Renewal Reminder (days)",
        default=30,
        help="The customer is told of the renewal so many days before he can last "
        "decline it; where it is for us to decide, its responsible is.",
    )

    _reminder_not_negative = models.Constraint(
        "CHECK(reminder_days >= 0)", "A reminder is a number of days, 0 or more."
    )


class ServiceAgreement(models.Model):
    """Terms that end: renewed by themselves, by decision, or not (SEMANTICS §3).

    Renewing extends the same agreement. Who declines in time lets it end with its term;
    who declines later lets it end with the next one.
    """

    _inherit = "service.agreement"

    reminder_days = fields.Integer(
        string="Renewal Reminder (days)",
        compute="_compute_reminder_days",
        store=True,
        readonly=False,
        precompute=True,
    )
    reminded_for = fields.Date(
        readonly=True,
        copy=False,
        help="The last day of the term that a reminder was sent for: one each.",
    )
    decline_until = fields.Date(
        string="Declined Until",
        compute="_compute_decline_until",
        help="The last day on which this renewal can still be declined.",
    )

    @api.depends("tier_id")
    def _compute_reminder_days(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            agreement.reminder_days = agreement.tier_id.reminder_days

    @api.depends("date_end", "notice_days", "auto_renew", "term_months", "end_reason")
    def _compute_decline_until(self):
        for agreement in self:
            agreement.decline_until = (
                agreement._renews()
                and agreement.date_end
                and fields.Date.subtract(agreement.date_end, days=agreement.notice_days)
            )

    # By decision

    def _why_not_renew(self):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._("%s is not in force.", self.name)
        if not (self.date_end and self.term_months):
            return self.env._("%s has no term that could be renewed.", self.name)
        if self.end_reason:
            return self.env._("%s is to end: take that back first.", self.name)
        return None

    def action_renew(self):
        """Extend it by one term: same agreement, same number, same price."""
        self._ensure_can(type(self)._why_not_renew)
        for agreement in self:
            following = fields.Date.add(agreement.date_end, days=1)
            agreement.sudo().date_end = agreement._get_term_end(following)
            agreement._after_renew()

    def action_renew_by_itself(self):
        """From now on another term follows each, unless the customer declines."""
        self._ensure_can(type(self)._why_not_renew)
        # The customer is reminded in time, also where its responsible was before.
        self.sudo().write({"auto_renew": True, "reminded_for": False})
        self.sudo().activity_feedback(["service_agreement.mail_activity_type_renewal"])

    def action_renew_by_decision(self):
        """From now on it ends with its term, unless somebody renews it."""
        self._ensure_can(type(self)._why_not_renew)
        for agreement in self.sudo():
            today = agreement.company_id._service_today()
            if agreement._renews() and agreement.date_end < today:
                # A term that began already goes on: the scheduled action was late.
                agreement._renew_or_expire(today)
            agreement.write({"auto_renew": False, "reminded_for": False})

    def _after_renew(self):
        """Tell so, and let the to-do of the decision be done. Hook for bridges."""
        self.ensure_one()
        self.message_post(
            body=self.env._(
                "Renewed until %(date)s.", date=format_date(self.env, self.date_end)
            )
        )
        self.sudo().activity_feedback(
            ["service_agreement.mail_activity_type_renewal"],
        )

    def _why_not_decline(self):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._("%s is not in force.", self.name)
        if not self._renews():
            return self.env._("%s does not renew by itself.", self.name)
        return None

    def action_decline_renewal(self):
        """The customer does not want another term; too late, it is the one after."""
        self._ensure_can(type(self)._why_not_decline)
        for agreement in self:
            last_day = agreement._get_declined_end()
            agreement._end(
                last_day,
                "cancelled",
                agreement.env._("The customer declined the renewal."),
            )
            agreement.message_post(
                body=agreement.env._(
                    "Renewal declined: it ends with %(date)s.",
                    date=format_date(agreement.env, last_day),
                )
            )

    def _get_declined_end(self):
        """:return: last day, if the renewal is declined today (LIF-05)"""
        self.ensure_one()
        today = self.company_id._service_today()
        if today <= self.decline_until:
            return self.date_end
        return self._get_term_end(fields.Date.add(self.date_end, days=1))

    # Reminders

    @api.model
    def _remind_of_renewals(self, today):
        """Once a term: the customer where it renews by itself, else its responsible."""
        candidates = self.search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("state", "=", "active")
            & Domain("end_reason", "=", False)
            & Domain("date_end", ">=", today)
            & Domain("term_months", ">", 0)
        )
        for agreement in candidates:
            if agreement._is_reminder_due(today):
                agreement._remind_of_renewal()

    def _is_reminder_due(self, today):
        self.ensure_one()
        if not self.reminder_days or self.reminded_for == self.date_end:
            return False
        notice = self.notice_days if self.auto_renew else 0
        first_day = fields.Date.subtract(
            self.date_end, days=notice + self.reminder_days
        )
        return first_day <= today

    def _remind_of_renewal(self):
        self.ensure_one()
        if self.auto_renew and self.partner_id.email:
            self.message_post_with_source(
                self.env.ref("service_agreement.mail_template_agreement_renewal"),
                subtype_xmlid="mail.mt_comment",
            )
        else:
            self._schedule_renewal()
        self.sudo().reminded_for = self.date_end

    def _schedule_renewal(self):
        """A to-do for its responsible: decide, or tell who has no mail address."""
        self.activity_schedule(
            "service_agreement.mail_activity_type_renewal",
            date_deadline=self.date_end,
            summary=self.env._("Renew, or let it end"),
            note=self.env._(
                "The term ends with %(date)s. Without a decision %(what)s.",
                date=format_date(self.env, self.date_end),
                what=self.env._("it is renewed")
                if self.auto_renew
                else self.env._("the agreement ends"),
            ),
            user_id=(self.user_id or self.env.user).id,
        )
