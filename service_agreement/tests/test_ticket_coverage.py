from odoo.tests import tagged

from .common import ServiceDeskCommon
from .coverage_cases import PayerCases


@tagged("post_install", "-at_install")
class TestTicketPayer(PayerCases, ServiceDeskCommon):
    """Of tasks."""
