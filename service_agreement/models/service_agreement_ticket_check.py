import logging
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import split_every

_logger = logging.getLogger(__name__)

BATCH = 1000
# How long after its last fact a ticket is checked every night.
RECENT = timedelta(days=30)
ACTIVITY = "service_agreement.mail_activity_type_promise_difference"
# Where the last run stopped, for want of time: "model,id".
PLACE = "service_agreement.checked_promises_until"


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Every night the clocks are derived again and compared with what is stored.

    A difference is reported and not corrected: somebody has to see that a number was
    wrong, and why.
    """

    _inherit = "service.agreement.ticket.mixin"

    @api.model
    def _cron_check_clocks(self):
        """Check until all are, or the time for one run is up; the next run goes on
        where this one stopped. When all have been checked it begins anew."""
        params = self.env["ir.config_parameter"].sudo()
        last = _parse_place(params.get_param(PLACE))
        batches = list(self._list_batches(last))
        remaining = sum(len(batch) for batch in batches)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for batch in batches:
            batch._ticket_check_clocks()
            self.env.flush_all()
            self.env.invalidate_all()
            params.set_param(PLACE, f"{batch._name},{batch.ids[-1]}")
            remaining -= len(batch)
            if not self.env["ir.cron"]._commit_progress(
                len(batch), remaining=remaining
            ):
                break
        if not remaining:
            params.set_param(PLACE, False)

    @api.model
    def _list_batches(self, last):
        """
        :param last: (name of the model, id) of the last ticket that was checked
        :return: yields tickets, at most BATCH of a model, in the order of their ids
        """
        for name in sorted(self._get_ticket_models()):
            tickets = self.env[name].sudo().with_context(active_test=False)
            for ids in split_every(BATCH, tickets._ticket_list_checked()):
                if rest := [each for each in ids if (name, each) > last]:
                    yield tickets.browse(rest)

    @api.model
    def _ticket_list_checked(self):
        """:return: list of the ids of tickets whose promise is open, or was lately, and
        of those to which something happened lately: they may lack their clocks
        """
        recent = self._ticket_now() - RECENT
        ours = Domain("res_model", "=", self._name)
        promised = ours & (
            Domain("state", "in", ("running", "paused"))
            | Domain("stopped_at", "=", False)
            | Domain("stopped_at", ">=", recent)
        )
        lately = ours & Domain("at", ">=", recent)
        clocks = self.env["service.agreement.sla.clock"].sudo()
        facts = self.env["service.agreement.ticket.fact"].sudo()
        groups = clocks._read_group(promised, ["res_id"])
        groups += facts._read_group(lately, ["res_id"])
        return sorted({ticket_id for (ticket_id,) in groups})

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
        clocks = self.env["service.agreement.sla.clock"].sudo()
        derived = self._ticket_derive()
        stored = {ticket_id: {} for ticket_id in self.ids}
        for (ticket_id, *key), row in clocks._get_shown(self._name, self.ids).items():
            stored[ticket_id][tuple(key)] = row
        return {
            ticket: clocks._compare(stored[ticket.id], derived.get(ticket.id))
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


def _parse_place(text):
    """:return: (name of the model, id), before all others if there is none"""
    name, _comma, number = (text or "").partition(",")
    return name, int(number or 0)
