import json
import logging
import time
from datetime import timedelta
from uuid import uuid4

import requests

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.webhook import get_delay, sign
from . import instant
from .service_api import to_instant
from .service_webhook import CRON, EVENTS, TEST

_logger = logging.getLogger(__name__)

TIMEOUT = 10
# Where a receiver that does not answer holds up what is due for it.
LATER = timedelta(minutes=1)
KEPT_DAYS = 90


class ServiceWebhookDelivery(models.Model):
    """Something that happened, to be told to one address: an outbox.

    Made in the transaction of what happened, sent after it, at least once and always
    with the same id and body. What happened to one record arrives in that order: the
    next waits until the one before it was received or given up.
    """

    _name = "service.webhook.delivery"
    _description = "Webhook Delivery"
    _inherit = ["service.agreement.guard"]
    _order = "id desc"
    _rec_name = "event"

    # One pass between two looks at what is due.
    _batch = 50

    webhook_id = fields.Many2one(
        "service.webhook", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="webhook_id.company_id", store=True, index=True
    )
    key = fields.Char(
        string="Delivery",
        required=True,
        default=lambda self: str(uuid4()),
        help="The receiver knows it by this, however often it is sent.",
    )
    event = fields.Selection([*EVENTS, TEST], required=True)
    res_model = fields.Char(string="Model", required=True)
    res_id = fields.Many2oneReference(
        string="About", model_field="res_model", required=True
    )
    body = fields.Text(required=True)
    shown = fields.Text(
        string="What Is Sent",
        compute="_compute_shown",
        export_string_translation=False,
        help="The same, line by line.",
    )
    state = fields.Selection(
        [("waiting", "Waiting"), ("sent", "Received"), ("given_up", "Given up")],
        required=True,
        default="waiting",
        index=True,
    )
    attempts = fields.Integer()
    next_try = fields.Datetime(default=lambda self: instant.now(self.env))
    sent_at = fields.Datetime(string="Received On")
    answer_code = fields.Integer(string="HTTP", aggregator=None)
    answer = fields.Char(help="What came of the last time it was sent.")

    _key_uniq = models.Constraint("UNIQUE(key)", "A delivery has an id of its own.")
    _waiting_idx = models.Index(
        "(webhook_id, res_model, res_id, id) WHERE state = 'waiting'"
    )

    @api.depends("event")
    def _compute_display_name(self):
        labels = dict(self._fields["event"]._description_selection(self.env))
        for delivery in self:
            delivery.display_name = labels.get(delivery.event)

    @api.depends("body")
    def _compute_shown(self):
        for delivery in self:
            told = json.loads(delivery.body)
            delivery.shown = json.dumps(told, ensure_ascii=False, indent=4)

    # Outbox

    @api.model
    def _create_for(self, event, told):
        """:param told: list of (service.webhook, record, dict of plain values)"""
        deliveries = self.sudo().create(
            [
                self._prepare(event, webhook, record, data)
                for webhook, record, data in told
            ]
        )
        if deliveries:
            # Sudo: whoever opens a ticket wakes up the scheduled action.
            cron = self.sudo().env.ref(CRON, raise_if_not_found=False)
            if cron:
                cron._trigger()
        return deliveries

    @api.model
    def _create_test(self, webhook):
        values = self._prepare("test", webhook, webhook, {"name": webhook.name})
        # Sudo: nobody writes deliveries by hand; the right to send was checked.
        return self.sudo().create(values).with_env(self.env)

    @api.model
    def _prepare(self, event, webhook, record, data):
        key, company = str(uuid4()), webhook.company_id
        body = {
            "id": key,
            "event": event,
            "happened_at": to_instant(instant.now(self.env)),
            "company": {"id": company.id, "name": company.name},
            "data": data,
        }
        return {
            "webhook_id": webhook.id,
            "key": key,
            "event": event,
            "res_model": record._name,
            "res_id": record.id,
            "body": json.dumps(body, ensure_ascii=False),
        }

    # Sending

    @api.model
    def _cron_send(self):
        """Send what is due, and sleep until the next is.

        Each is committed by itself: what was received is not sent again because
        something after it failed. Who does not answer is left alone for a minute, and
        nobody else waits for that.
        """
        silent, seen = self.env["service.webhook"], self.browse()
        while due := self._find_due(silent) - seen:
            seen |= due
            for left, delivery in zip(range(len(due) - 1, -1, -1), due, strict=True):
                if delivery.webhook_id not in silent and not delivery._send_locked():
                    silent |= delivery.webhook_id
                if not self.env["ir.cron"]._commit_progress(1, remaining=left):
                    return self._plan_next()
        return self._plan_next()

    @api.model
    def _find_due(self, silent):
        """
        :param silent: service.webhook that are left alone
        :return: deliveries that may be sent now, at most one for a record and a webhook
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM (
                    SELECT DISTINCT ON (
                               delivery.webhook_id, delivery.res_model, delivery.res_id
                           )
                           delivery.id, delivery.next_try
                      FROM service_webhook_delivery delivery
                      JOIN service_webhook webhook
                        ON webhook.id = delivery.webhook_id AND webhook.active
                     WHERE delivery.state = 'waiting'
                       AND delivery.webhook_id != ALL(%(silent)s)
                     ORDER BY delivery.webhook_id, delivery.res_model,
                              delivery.res_id, delivery.id
                ) first
                WHERE next_try <= %(now)s
                ORDER BY next_try, id
                LIMIT %(batch)s
                """,
                silent=silent.ids,
                now=instant.now(self.env),
                batch=self._batch,
            )
        )
        return self.browse(row_id for (row_id,) in rows)

    def _send_locked(self):
        """:return: bool, False if nobody answered; what somebody else is at is left"""
        waiting = self.try_lock_for_update().filtered(lambda d: d.state == "waiting")
        return waiting._send() if waiting else True

    def _send(self):
        """Post it, and write down what came of it.

        :return: bool, whether it was received
        """
        self.ensure_one()
        code, answer = self._post()
        is_sent = 200 <= code < 300
        values = self._prepare_sent() if is_sent else self._prepare_failed()
        # Sudo: facts, see the guard.
        self.sudo().write({"answer_code": code, "answer": answer, **values})
        if self.state == "given_up" and self.event != "test":
            self.webhook_id._tell_responsible()
        return is_sent

    def _post(self):
        """
        :return: (HTTP status or 0, str: it in words, without the address, which may
            hold what nobody else should read)
        """
        webhook, body = self.webhook_id.sudo(), self.body.encode()
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "service_agreement",
            "X-Service-Event": self.event,
            "X-Service-Delivery": self.key,
            "X-Service-Timestamp": str(timestamp),
            "X-Service-Signature": sign(webhook.secret, timestamp, body),
        }
        try:
            # What is answered is not read: it is not for us.
            with requests.post(
                webhook.url,
                data=body,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, self._describe_code(response.status_code)
        except requests.RequestException as error:
            _logger.info("Webhook %s: %s", webhook.id, type(error).__name__)
            return 0, self._describe_error(error)

    @api.model
    def _describe_code(self, code):
        if 200 <= code < 300:
            return self.env._("It was received (HTTP %s).", code)
        if 300 <= code < 400:
            return self.env._(
                "It leads to another address (HTTP %s), which is not followed: enter "
                "that one.",
                code,
            )
        return self.env._("The receiver refused it (HTTP %s).", code)

    @api.model
    def _describe_error(self, error):
        if isinstance(error, requests.Timeout):
            return self.env._("There was no answer within %s seconds.", TIMEOUT)
        if isinstance(error, requests.exceptions.SSLError):
            return self.env._("Its certificate could not be verified.")
        return self.env._("The address could not be reached.")

    def _prepare_sent(self):
        return {
            "state": "sent",
            "attempts": self.attempts + 1,
            "sent_at": instant.now(self.env),
            "next_try": False,
        }

    def _prepare_failed(self):
        attempts = self.attempts + 1
        delay = get_delay(attempts) if self.event != "test" else None
        if delay is None:
            return {"state": "given_up", "attempts": attempts, "next_try": False}
        return {"attempts": attempts, "next_try": instant.now(self.env) + delay}

    @api.model
    def _plan_next(self):
        """What waits for its next try wakes us up; also what was left alone."""
        first = self.search(
            Domain("state", "=", "waiting") & Domain("webhook_id.active", "=", True),
            order="next_try, id",
            limit=1,
        )
        if first:
            soon = instant.now(self.env) + LATER
            self.env.ref(CRON)._trigger(max(first.next_try, soon))

    # Buttons

    def action_send_again(self):
        """Send what was given up, or is waiting, at once; what was received, once more
        with the same id."""
        self.webhook_id.check_access("write")
        archived = self.webhook_id.filtered(lambda webhook: not webhook.active)
        if archived:
            raise UserError(
                self.env._("%s is archived: restore it first.", archived[:1].name)
            )
        self.sudo().write(
            {
                "state": "waiting",
                "attempts": 0,
                "next_try": instant.now(self.env),
            }
        )
        self.sudo().env.ref(CRON)._trigger()

    def action_open_record(self):
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(self.env._("What it was about does not exist any more."))
        return record.get_formview_action()

    # Cleaning

    @api.autovacuum
    def _gc_deliveries(self):
        """What was received is of no use to anybody after three months."""
        before = instant.now(self.env) - timedelta(days=KEPT_DAYS)
        old = Domain("state", "!=", "waiting") & Domain("create_date", "<", before)
        self.sudo().search(old, limit=10_000).unlink()
