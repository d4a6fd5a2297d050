from odoo.tests import tagged

from .common import PortalUsersMixin, ServiceDeskCommon, TicketMailMixin
from .ticket_cases import TicketAnswerCases, TicketCases


@tagged("post_install", "-at_install")
class TestTicketAnswer(
    TicketAnswerCases, TicketMailMixin, PortalUsersMixin, ServiceDeskCommon
):
    """Of a task."""


@tagged("post_install", "-at_install")
class TestTicketLife(TicketCases, PortalUsersMixin, ServiceDeskCommon):
    """Of a task."""
