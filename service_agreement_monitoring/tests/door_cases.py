"""Sources, and what is posted to them."""

import json
from contextlib import contextmanager
from datetime import timezone
from unittest.mock import patch

from odoo import fields

from odoo.addons.service_agreement.tests.common import ClockMixin

from ..models.service_monitoring_delivery_door import CRON
from ..tools import door as doors

NOW = "2026-03-06 15:00:00"


class DoorMixin(ClockMixin):
    """To be mixed with a test case of Odoo: a source, its secret, a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deliveries = cls.env["service.monitoring.delivery"]
        cls.source, cls.secret = cls._create_source("Network", authentication="bearer")
        cls.customer = cls.env["res.partner"].create(
            {"name": "Whitfield Residence", "is_company": True}
        )
        cls.network = cls.env["service.agreement.system"].create(
            {"name": "Network of the house", "partner_id": cls.customer.id}
        )

    @classmethod
    def _create_source(cls, name, **values):
        """:return: (source, its secret)"""
        source = cls.env["service.monitoring.source"].create({"name": name, **values})
        return source, source._change_secret()

    @classmethod
    def _create_site(cls, reference, **values):
        return cls.env["service.monitoring.site"].create(
            {
                "source_id": cls.source.id,
                "external_ref": reference,
                "name": reference.title(),
                **values,
            }
        )

    def _prepare_alert(self, site="lake", alert="Offline", status="firing", **others):
        return {"site": site, "alert": alert, "status": status, **others}

    def _get_body(self, *alerts, **others):
        alerts = alerts or (self._prepare_alert(),)
        return json.dumps({"alerts": alerts, **others}).encode()

    def _sign(self, body, secret=None, seconds=0):
        """
        :param int seconds: that the sender's clock is ahead
        :return: dict of headers
        """
        now = fields.Datetime.now().replace(tzinfo=timezone.utc).timestamp()
        timestamp = str(int(now) + seconds)
        return {
            doors.TIMESTAMP_HEADER: timestamp,
            doors.SIGNATURE_HEADER: doors.sign(secret or self.secret, timestamp, body),
        }

    def _let_in(self, *alerts, source=None, secret=None, **others):
        """Take in a delivery without HTTP; the delivery."""
        body = others.pop("body", None) or self._get_body(*alerts, **others)
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        key = (source or self.source).door_key
        answer = self.deliveries._receive(key, headers, body)
        self.assertIn(answer.code, (200, 202), answer)
        return self.deliveries.search(
            [("external_id", "=", answer.content["delivery"])], limit=1
        )

    def _handle(self):
        """Handle what came; a list of the events that were handed on, in order."""
        taken = []
        with self._taking(taken.extend):
            self._run_cron(CRON)
        return taken

    @contextmanager
    def _taking(self, take):
        """Have ``take`` called with the events instead of what makes alerts of them."""
        alerts = type(self.env["service.monitoring.alert"])

        def _take(_self, events):
            # As what happens in the job, which has an environment of its own.
            take(events.with_env(self.env))

        with patch.object(alerts, "_take", _take):
            yield
