"""A customer learns that little is left: once until it is topped up."""

from odoo import api, fields, models
from odoo.fields import Domain

from . import instant
from .service_agreement_allowance_ledger import exact

TEMPLATE = "service_agreement.mail_template_allowance_low"
ACTIVITY = "service_agreement.mail_activity_type_allowance"
CRON = "service_agreement.ir_cron_allowance_notices"
LAYOUT = "mail.mail_notification_layout_with_responsible_signature"


class ServiceAgreementAllowanceNotice(models.Model):
    """The customer was told that little is left. A fact.

    Once for what was granted, bought and adjusted so far: only more of it makes another
    notice possible. The database refuses a second one.
    """

    _name = "service.agreement.allowance.notice"
    _inherit = ["service.agreement.guard"]
    _description = "Low Balance Notice"
    _order = "told_at desc, id desc"
    _rec_name = "allowance_id"
    _facts = None

    allowance_id = fields.Many2one(
        "service.agreement.allowance",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    agreement_id = fields.Many2one(
        related="allowance_id.agreement_id", store=True, index=True
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    topped_up = fields.Float(
        string="Granted So Far", digits=(16, 4), required=True, readonly=True
    )
    left = fields.Float(digits=(16, 4), readonly=True)
    told_at = fields.Datetime(string="When", required=True, readonly=True)

    _once_uniq = models.UniqueIndex(
        "(allowance_id, topped_up)", "The customer knows it already."
    )

    def _get_left_text(self):
        """:return: str, "1.9 h", in the language of the context"""
        self.ensure_one()
        return self.allowance_id._format_units(max(self.left, 0.0))

    def _get_heading(self):
        """:return: str, "Service hours: 1.9 h left", in the language of the context"""
        self.ensure_one()
        if self.left <= 0:
            return self.env._("%(name)s: used up", name=self.allowance_id.name)
        return self.env._(
            "%(name)s: %(left)s left",
            name=self.allowance_id.name,
            left=self._get_left_text(),
        )

    def _get_what_then_text(self):
        """:return: str, what happens to work beyond it"""
        self.ensure_one()
        texts = {
            "bill": self.env._("Work beyond it is charged at the agreed rates."),
            "ask": self.env._("We ask you before we do work that it does not cover."),
            "overrun": self.env._(
                "Work beyond it is taken from your next period, or charged at the "
                "agreed rates where there is none."
            ),
        }
        return texts[self.allowance_id.when_used_up]

    def _tell(self):
        """A mail to the customer, and a to-do for who is responsible."""
        self.ensure_one()
        agreement = self.agreement_id
        if agreement.partner_id.email:
            self._mail()
        agreement.activity_unlink([ACTIVITY])
        agreement.activity_schedule(
            ACTIVITY,
            summary=self._get_heading(),
            note=self._get_activity_note(),
            user_id=(agreement.user_id or self.env.user).id,
        )

    def _get_activity_note(self):
        if self.agreement_id.partner_id.email:
            return self.env._("The customer was told. Offer more before it is gone.")
        return self.env._("The customer has no mail address: call, and offer more.")

    def _mail(self):
        """As a message of the agreement, in the customer's language: its button opens
        the portal.
        """
        template = self.env.ref(TEMPLATE)
        agreement = self.agreement_id
        rendered = {
            name: template._render_field(name, self.ids, compute_lang=True)[self.id]
            for name in ("subject", "body_html")
        }
        agreement.message_post(
            subject=rendered["subject"],
            body=rendered["body_html"],
            partner_ids=agreement.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid=LAYOUT,
            email_from=(agreement.user_id or agreement.company_id).email_formatted,
        )


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    is_low = fields.Boolean(
        string="Running Low",
        readonly=True,
        copy=False,
        help="When it was last drawn from or granted, so little was left that the "
        "customer is told.",
    )
    notice_ids = fields.One2many(
        "service.agreement.allowance.notice", "allowance_id", readonly=True
    )

    def _store_ledgers(self, ledgers, today):
        """EXTENDS: notice what runs low; people are told by an action of its own, that
        neither holds up nor fails who logs his time.
        """
        result = super()._store_ledgers(ledgers, today)
        stored = self.sudo().browse().union(*ledgers)
        low = stored.filtered(
            lambda each: (
                each.warn_percent
                and ledgers[each].is_low(today, exact(each.warn_percent))
            )
        )._filter_warned()
        (stored - low).filtered("is_low").is_low = False
        if newly := low.filtered(lambda allowance: not allowance.is_low):
            newly.is_low = True
            self.env.ref(CRON).sudo()._trigger()
        return result

    def _filter_warned(self):
        """:return: those that customers are told of: of today's terms"""
        return self.filtered(
            lambda each: (
                each.agreement_id.state == "active"
                and each.coverage_id == each.agreement_id._get_coverage_today()
            )
        )

    @api.model
    def _cron_tell_low(self):
        low = self.search(Domain("is_low", "=", True))
        self.env["ir.cron"]._commit_progress(remaining=len(low))
        for allowance in low:
            allowance.try_lock_for_update()._tell_low()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _tell_low(self):
        """Tell the customer, unless he knows since the last top-up."""
        for allowance in self.filtered("is_low"):
            topped_up = allowance._get_topped_up()
            told = max(allowance.notice_ids.mapped("topped_up"), default=None)
            if told is None or topped_up > told:
                allowance._make_notice(topped_up)._tell()

    def _get_topped_up(self):
        """:return: float, all that ever was granted, bought or adjusted"""
        self.ensure_one()
        groups = self.env["service.agreement.allowance.lot"]._read_group(
            Domain("allowance_id", "=", self.id), [], ["granted:sum", "adjusted:sum"]
        )
        return round(sum(groups[0]), 4)

    def _make_notice(self, topped_up):
        self.ensure_one()
        today = self.company_id._service_today()
        ledger = self._get_ledgers(today)[self]
        return self.env["service.agreement.allowance.notice"].create(
            {
                "allowance_id": self.id,
                "topped_up": topped_up,
                "left": float(ledger.left(today)),
                "told_at": instant.now(self.env),
            }
        )
