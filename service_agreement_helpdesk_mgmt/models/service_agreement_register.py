from odoo import api, models
from odoo.tools import SQL


class ServiceAgreementRegister(models.Model):
    """Who wrote a ticket of the helpdesk is an active client, too."""

    _inherit = "service.agreement.register"
    _depends = {"helpdesk.ticket": ["active", "company_id", "partner_id"]}

    @api.model
    def _get_happenings(self, scope):
        return [*super()._get_happenings(scope), self._get_helpdesk_sql(scope)]

    @api.model
    def _get_helpdesk_sql(self, scope):
        return SQL(
            """
            SELECT DISTINCT ticket.company_id,
                   person.commercial_partner_id AS partner_id
              FROM helpdesk_ticket ticket
              JOIN res_partner person ON person.id = ticket.partner_id
             WHERE ticket.active AND ticket.create_date >= %(since)s
               AND ticket.company_id IN %(companies)s
               AND %(among)s
            """,
            since=scope.active_since,
            companies=scope.companies,
            among=scope.among(SQL("person.commercial_partner_id")),
        )
