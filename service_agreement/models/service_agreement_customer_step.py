from odoo import fields, models
from odoo.tools import plaintext2html

KINDS = [
    ("upgrade", "Other tier or billing plan"),
    ("add_system", "System added"),
    ("decline_renewal", "Renewal declined"),
    ("keep", "Decline taken back"),
    ("cancel", "Cancelled"),
]
LEAVING_REASONS = [
    ("price", "It costs too much"),
    ("unused", "I hardly need it"),
    ("unhappy", "I am not happy with the service"),
    ("moved", "I move, or the systems are gone"),
    ("other_provider", "Somebody else takes care of it"),
    ("other", "Something else"),
]
TEMPLATE = "service_agreement.mail_template_customer_step"
ACTIVITY = "service_agreement.mail_activity_type_customer_step"
LAYOUT = "mail.mail_notification_layout_with_responsible_signature"


class ServiceAgreementCustomerStep(models.Model):
    """What a customer did himself in the portal: once per page that he was shown."""

    _name = "service.agreement.customer.step"
    _inherit = ["service.agreement.guard"]
    _description = "Step of a Customer"
    _order = "id desc"
    _rec_name = "kind"

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    customer_id = fields.Many2one(
        related="agreement_id.partner_id", string="Customer", store=True, index=True
    )
    kind = fields.Selection(
        KINDS, string="What He Did", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Done By",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    key = fields.Char(required=True, readonly=True, help="Of what he was shown.")
    shown = fields.Json(readonly=True, help="What he was shown before he confirmed.")
    summary = fields.Text(readonly=True, help="As the customer was told by mail.")
    reason = fields.Selection(LEAVING_REASONS, readonly=True)
    words = fields.Text(string="In the Customer's Words", readonly=True)
    is_taken_back = fields.Boolean(
        string="Taken Back", readonly=True, help="The end it led to was taken back."
    )

    _key_uniq = models.UniqueIndex(
        "(agreement_id, key)", "This was done already, by the same page."
    )

    def _get_title(self):
        """:return: str, what happened, as one says it to the customer"""
        self.ensure_one()
        texts = {
            "upgrade": self.env._("Your service agreement is changed"),
            "add_system": self.env._("Your new system is on record"),
            "decline_renewal": self.env._("Your service agreement will not renew"),
            "keep": self.env._("Your service agreement goes on"),
            "cancel": self.env._("Your service agreement is cancelled"),
        }
        return texts[self.kind]

    def _get_sentences(self):
        """:return: list of str"""
        self.ensure_one()
        return (self.summary or "").splitlines()

    def _get_reason_text(self):
        """:return: str, "It costs too much: …" in the customer's words, or empty"""
        self.ensure_one()
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        return ": ".join(filter(None, (reasons.get(self.reason), self.words)))

    def _confirm(self, sentences):
        """A mail to the customer, and a to-do for who is responsible.

        :param sentences: list of str, what happened, in the responsible's language
        """
        self.ensure_one()
        self._mail()
        self._notify_responsible(sentences)

    def _mail(self):
        """As a message of the agreement, in the customer's language: its button opens
        the portal. Who did it and the customer get it.
        """
        template = self.env.ref(TEMPLATE)
        rendered = {
            name: template._render_field(name, self.ids, compute_lang=True)[self.id]
            for name in ("subject", "body_html")
        }
        agreement = self.agreement_id
        agreement.message_post(
            subject=rendered["subject"],
            body=rendered["body_html"],
            author_id=agreement.company_id.partner_id.id,
            partner_ids=(agreement.partner_id | self.partner_id).ids,
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid=LAYOUT,
            email_from=(agreement.user_id or agreement.company_id).email_formatted,
        )

    def _notify_responsible(self, sentences):
        self.ensure_one()
        agreement = self.agreement_id
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        words = [*sentences, self._get_reason_text()]
        agreement.activity_schedule(
            ACTIVITY,
            summary=self.env._(
                "%(what)s by %(who)s", what=kinds[self.kind], who=self.partner_id.name
            ),
            note=plaintext2html("\n".join(filter(None, words))),
            user_id=agreement._get_responsible().id,
        )
