"""Telling other systems what happened, signed; see docs/api.md for who receives it."""

import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..tools.webhook import why_not_url

EVENTS = [
    ("agreement.signed", "Agreement signed"),
    ("agreement.ended", "Agreement ended"),
    ("ticket.promised", "Ticket promised"),
    ("ticket.at_risk", "Promise at risk"),
    ("ticket.missed", "Promise missed"),
    ("ticket.kept", "Promise kept"),
]
# Sent by hand, whatever is chosen.
TEST = ("test", "Test")
CRON = "service_agreement.ir_cron_webhooks"
SECRET_BYTES = 32


class ServiceWebhook(models.Model):
    """An address that is told of events, and the secret by which it knows us.

    How it works: what happens notes its event (`_note`), which costs a look into a
    cache where nobody wants to know. At the end of the transaction the notes become
    deliveries, in that transaction: both are saved or none is. A scheduled action,
    woken by them, sends after the commit; see service.webhook.delivery.

    Only administrators of service agreements keep them: whoever says where our server
    sends something to could make it call inside our own network.
    """

    _name = "service.webhook"
    _description = "Webhook"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, help="Of the system that is told.")
    active = fields.Boolean(default=True, tracking=True)
    url = fields.Char(
        string="Address",
        required=True,
        tracking=True,
        help="https://…, or http:// within your own network. Redirects are not "
        "followed.",
    )
    secret = fields.Char(
        required=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(SECRET_BYTES),
        help="What is sent is signed with it. Give it to the receiver, and to nobody "
        "else.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', '=', company_id)]",
        help="Gets a to-do when something could not be delivered for two days.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    tier_ids = fields.Many2many(
        "service.agreement.tier",
        string="Only for Tiers",
        check_company=True,
        help="Empty: all tiers, and tickets without an agreement.",
    )
    on_agreement_signed = fields.Boolean(string="Agreement Signed", default=True)
    on_agreement_ended = fields.Boolean(string="Agreement Ended", default=True)
    on_ticket_promised = fields.Boolean(string="Ticket Promised", default=True)
    on_ticket_at_risk = fields.Boolean(
        string="Promise at Risk",
        default=True,
        help="With each warning from three quarters of the promised time on.",
    )
    on_ticket_missed = fields.Boolean(string="Promise Missed", default=True)
    on_ticket_kept = fields.Boolean(string="Promise Kept", default=True)
    delivery_ids = fields.One2many(
        "service.webhook.delivery", "webhook_id", readonly=True
    )
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    given_up_count = fields.Integer(string="Given Up", compute="_compute_counts")

    def _compute_counts(self):
        groups = self.env["service.webhook.delivery"]._read_group(
            Domain("webhook_id", "in", self.ids) & Domain("event", "!=", TEST[0]),
            ["webhook_id", "state"],
            ["__count"],
        )
        counts = {(webhook, state): count for webhook, state, count in groups}
        for webhook in self:
            webhook.waiting_count = counts.get((webhook, "waiting"), 0)
            webhook.given_up_count = counts.get((webhook, "given_up"), 0)

    @api.constrains("url")
    def _check_url(self):
        texts = {
            "form": self.env._("%s is no address: it begins with https://."),
            "plain": self.env._(
                "%s is not encrypted: use https://. Only addresses of your own network "
                "may begin with http://."
            ),
            "login": self.env._(
                "%s contains a name or password: the signature says who sends it."
            ),
        }
        for webhook in self:
            if reason := why_not_url(webhook.url):
                # Not the address, which may have a password in it.
                raise ValidationError(texts[reason] % webhook.name)

    @api.constrains("secret")
    def _check_secret(self):
        if any(len(webhook.secret) < SECRET_BYTES // 2 for webhook in self):
            raise ValidationError(
                self.env._("A secret has at least %s characters.", SECRET_BYTES // 2)
            )

    @api.model_create_multi
    def create(self, vals_list):
        webhooks = super().create(vals_list)
        self.env.registry.clear_cache()  # see _get_subscriptions
        return webhooks

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    # What is wanted

    @api.model
    @tools.ormcache()
    def _get_subscriptions(self):
        """Cached: whatever happens asks, and few things change.

        :return: dict of tuple of (id, frozenset of ids of tiers) by (event, company id)
        """
        subscriptions = {}
        # Sudo: whoever opens a ticket makes that others are told of it.
        for webhook in self.sudo().search([("active", "=", True)], order="id"):
            for event, _label in EVENTS:
                if webhook[get_switch(event)]:
                    key = event, webhook.company_id.id
                    wanted = webhook.id, frozenset(webhook.tier_ids.ids)
                    subscriptions[key] = (*subscriptions.get(key, ()), wanted)
        return subscriptions

    @api.model
    def _is_wanted(self, event):
        """:return: bool, whether anybody in any company wants to know of it"""
        return any(wanted == event for wanted, _company in self._get_subscriptions())

    @api.model
    def _get_subscribers(self, event, company, tier):
        """:return: service.webhook, as superuser, that are told"""
        wanted = self._get_subscriptions().get((event, company.id), ())
        return self.sudo().browse(
            webhook_id for webhook_id, tiers in wanted if not tiers or tier.id in tiers
        )

    # Buttons

    def action_send_test(self):
        """Send something now, and say what came of it."""
        self.ensure_one()
        self.check_access("write")
        delivery = self.env["service.webhook.delivery"]._create_test(self)
        delivery._send()
        is_sent = delivery.state == "sent"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if is_sent else "danger",
                "title": self.env._("Received")
                if is_sent
                else self.env._("Not received"),
                "message": delivery.answer,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_renew_secret(self):
        """Another secret, at once: the receiver needs it as well."""
        self.check_access("write")
        for webhook in self:
            webhook.secret = secrets.token_urlsafe(SECRET_BYTES)

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_webhook_delivery"
        )
        return dict(
            action,
            domain=[("webhook_id", "=", self.id)],
            context={"hide_webhook": 1},
        )

    # Giving up

    def _tell_responsible(self):
        """One to-do, however much could not be delivered."""
        self.ensure_one()
        kind = "service_agreement.mail_activity_type_webhook"
        if not self.activity_search([kind]):
            self.activity_schedule(
                kind,
                user_id=self.user_id.id,
                note=self.env._(
                    "Something could not be delivered for two days and was given up. "
                    "See its deliveries: when the receiver answers again, send them "
                    "again."
                ),
            )


def get_switch(event):
    """:return: str, the field of service.webhook that chooses an event"""
    return "on_" + event.replace(".", "_")
