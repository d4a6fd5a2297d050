"""The endpoint that alerts are posted to."""

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..models.service_monitoring_delivery_door import Answer
from ..models.service_monitoring_source_setup import PATH

MOST_BYTES = 2**20
TOO_LARGE = Answer(413, {"error": "More than one megabyte."}, {})
BROKEN_OFF = Answer(400, {"error": "The body is not what its headers say."}, {})


class MonitoringDoor(Controller):
    @route(
        f"{PATH}/<string:door_key>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=MOST_BYTES,
        service_monitoring=True,
    )
    def receive(self, door_key, **_others):
        answer = self._receive(door_key)
        response = request.make_json_response(answer.content, status=answer.code)
        response.headers.extend(answer.headers)
        return response

    def _receive(self, door_key):
        """Superuser: who posts has no login, the secret of the source lets him in."""
        httprequest = request.httprequest
        try:
            body = httprequest.get_data()
        except RequestEntityTooLarge:
            return TOO_LARGE
        except (BadRequest, OSError):
            return BROKEN_OFF
        # What comes in pieces is cut off there without a word.
        if len(body) >= MOST_BYTES:
            return TOO_LARGE
        deliveries = request.env["service.monitoring.delivery"]
        deliveries = deliveries.with_user(SUPERUSER_ID)
        return deliveries._receive(door_key, httprequest.headers, body)
