from werkzeug.exceptions import UnsupportedMediaType

from odoo import models
from odoo.http import request

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """A body that says it is a form is refused before Odoo takes it to pieces:
        what was signed could not be read any more."""
        result = super()._pre_dispatch(rule, args)
        takes_body = rule.endpoint.routing.get("service_monitoring")
        if takes_body and request.httprequest.mimetype in FORMS:
            raise UnsupportedMediaType("Send it as application/json.")
        return result
