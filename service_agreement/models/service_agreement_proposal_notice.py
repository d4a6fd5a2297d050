from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

TO_DO = "service_agreement.mail_activity_type_proposal_expired"
TEMPLATES = {
    "offer": "service_agreement.mail_template_proposal",
    "reminder": "service_agreement.mail_template_proposal_reminder",
    "declined": "service_agreement.mail_template_proposal_declined",
}


class ResCompany(models.Model):
    _inherit = "res.company"

    proposal_valid_days = fields.Integer(
        string="Proposals Valid (days)",
        default=30,
        help="How long a customer can accept a new proposal.",
    )
    proposal_reminder_days = fields.Char(
        string="Proposal Reminders",
        default="7, 2",
        help="Days before the last day on which the customer is reminded, once each, "
        "e.g. 7, 2. Empty: never.",
    )

    _proposal_valid_positive = models.Constraint(
        "CHECK(proposal_valid_days >= 0)", "Proposals are valid 0 days or more."
    )

    @api.constrains("proposal_reminder_days")
    def _check_proposal_reminder_days(self):
        for company in self:
            try:
                company._get_proposal_reminders()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Reminders are numbers of days with commas between them, such"
                        " as 7, 2."
                    )
                ) from error

    def _get_proposal_reminders(self):
        """:return: list of int, days before the last day, the nearest first
        :raise ValueError: it is no list of numbers of days
        """
        self.ensure_one()
        parts = (self.proposal_reminder_days or "").replace(";", ",").split(",")
        days = {int(part) for part in parts if part.strip()}
        if min(days, default=1) < 1:
            raise ValueError(days)
        return sorted(days)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    proposal_valid_days = fields.Integer(
        related="company_id.proposal_valid_days", readonly=False
    )
    proposal_reminder_days = fields.Char(
        related="company_id.proposal_reminder_days", readonly=False
    )


class ServiceAgreementProposal(models.Model):
    """Mails to the customer, and to-dos for who offers."""

    _inherit = "service.agreement.proposal"

    reminded_days = fields.Integer(
        readonly=True,
        copy=False,
        help="The last reminder was the one of so many days before the end; 0: none.",
    )
    expiry_told_for = fields.Date(
        readonly=True,
        copy=False,
        help="The last day whose passing was told: once each.",
    )

    # Mails

    @api.model
    def _get_mail_template(self, what):
        """:param str what: of TEMPLATES"""
        template = self.env.ref(TEMPLATES[what], raise_if_not_found=False)
        return template or self.env["mail.template"]

    def _mail(self, what):
        """Write to the customer, in his language; nothing if the template was deleted.

        Sudo: a mail of ours, whoever causes it.
        """
        template = self._get_mail_template(what).sudo()
        for proposal in self.sudo().filtered(lambda _proposal: template):
            proposal.message_post_with_source(
                template,
                message_type="comment",
                subtype_xmlid="mail.mt_note",
                email_layout_xmlid="mail.mail_notification_light",
                partner_ids=proposal.partner_id.ids,
                author_id=proposal.user_id.partner_id.id
                or proposal.company_id.partner_id.id,
            )

    def _send_by_mail(self):
        """Send them as their salespersons would, with the mail as it stands."""
        self._send()
        self._mail("offer")

    def _tell_salesperson(self, text):
        self.ensure_one()
        proposal = self.sudo()
        proposal.message_post(
            body=text,
            author_id=proposal.partner_id.id,
            partner_ids=proposal.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    # To-dos

    def _forget_to_dos(self):
        self.sudo().activity_unlink([TO_DO])

    # Every day

    @api.model
    def _cron_proposals(self):
        """Remind customers, and tell who offers what has expired."""
        groups = self._read_group([("state", "=", "sent")], ["company_id"])
        for (company,) in groups:
            proposals = self.with_company(company)
            proposals._remind_all(company)
            proposals._tell_expired(company)

    @api.model
    def _remind_all(self, company):
        days = company._get_proposal_reminders()
        if not days:
            return
        today = company._service_today()
        open_ones = self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "sent")
            & Domain("validity_date", ">=", today)
            & Domain("validity_date", "<=", fields.Date.add(today, days=days[-1]))
        )
        for proposal in open_ones.try_lock_for_update():
            if due := proposal._get_due_reminder(days):
                proposal._remind(due)
            self.env["ir.cron"]._commit_progress(1)

    def _get_due_reminder(self, days):
        """
        :param list days: before the last day, the nearest first
        :return: int, the reminder to send now; 0: none. One that was missed is not
            sent beside the next
        """
        self.ensure_one()
        due = next((each for each in days if self.days_left <= each), 0)
        sent = self.reminded_days
        return due if due and (not sent or due < sent) else 0

    def _remind(self, days):
        self.ensure_one()
        self.sudo().reminded_days = days
        self._mail("reminder")

    @api.model
    def _tell_expired(self, company):
        expired = self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "sent")
            & Domain("validity_date", "<", company._service_today())
        ).filtered(lambda p: p.expiry_told_for != p.validity_date)
        for proposal in expired.try_lock_for_update():
            proposal._schedule_expired()
            self.env["ir.cron"]._commit_progress(1)

    def _schedule_expired(self):
        self.ensure_one()
        proposal = self.sudo()
        proposal.expiry_told_for = proposal.validity_date
        opened = proposal.opening_count
        proposal.activity_schedule(
            TO_DO,
            user_id=proposal.user_id.id,
            note=self.env._(
                "Nobody answered. It was opened %(count)s times. Call, and offer a new"
                " version.",
                count=opened,
            )
            if opened
            else self.env._(
                "Nobody answered, and nobody opened it: was it the right address?"
            ),
        )
