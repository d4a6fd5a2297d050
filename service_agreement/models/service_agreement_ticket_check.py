import logging
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

BATCH = 1000
# How long after its last fact a ticket is checked every night.
RECENT = timedelta(days=30)
ACTIVITY = "service_agreement.mail_activity_type_promise_difference"


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Every night the clocks are derived again and compared with what is stored.

    A difference is reported and not corrected: somebody has to see that a number was
    wrong, and why.
    """

    _inherit = "service.agreement.ticket.mixin"

    @api.model
    def _cron_check_clocks(self):
        for name in self._get_ticket_models():
            tickets = self.env[name].sudo()
            ids = tickets.with_context(active_test=False)._ticket_list_checked()
            for start in range(0, len(ids), BATCH):
                batch = tickets.browse(ids[start : start + BATCH])
                batch._ticket_check_clocks()
                self.env.invalidate_all()
                self.env["ir.cron"]._commit_progress(len(batch))

    @api.model
    def _ticket_list_checked(self):
        """:return: list of the ids of tickets whose promise is open, or was lately"""
        clock = self.env["service.agreement.sla.clock"].sudo()
        recent = self._ticket_now() - RECENT
        domain = Domain("res_model", "=", self._name) & (
            Domain("state", "in", ("running", "paused"))
            | Domain("stopped_at", "=", False)
            | Domain("stopped_at", ">=", recent)
        )
        return sorted(
            ticket_id for (ticket_id,) in clock._read_group(domain, ["res_id"])
        )

    def _ticket_check_clocks(self):
        """:return: dict of list of str, what differs, by ticket; reported as well"""
        found = self._ticket_list_differences()
        differences = {ticket: texts for ticket, texts in found.items() if texts}
        for ticket, texts in differences.items():
            _logger.warning(
                "Promises of %s, %s differ from its facts: %s",
                ticket._name,
                ticket.id,
                "; ".join(texts),
            )
            ticket._ticket_report_difference(texts)
        return differences

    def _ticket_list_differences(self):
        """:return: dict of list of str by ticket"""
        derived, clocks = self._ticket_derive(), self._ticket_clocks_by_ticket()
        none = self.env["service.agreement.sla.clock"].sudo()
        return {
            ticket: clocks.get(ticket, none)._compare(derived[ticket.id])
            for ticket in self
        }

    def _ticket_report_difference(self, texts):
        """A to-do for whoever may read the promises again; one is enough."""
        if "activity_ids" not in self._fields:
            return
        if self.activity_search([ACTIVITY]):
            return
        self.activity_schedule(
            ACTIVITY, user_id=self._ticket_manager().id, note="; ".join(texts)
        )

    def _ticket_manager(self):
        """:return: res.users, the first of the company's who manage agreements"""
        company = self._ticket_owner() or self._ticket_company()
        managers = self.env.ref("service_agreement.group_manager").all_user_ids
        managers = managers.filtered(lambda u: u.active and company in u.company_ids)
        return managers[:1] or self.env.user

    def _ticket_close_differences(self):
        if "activity_ids" in self._fields:
            self.activity_feedback([ACTIVITY])
