from odoo import api, models
from odoo.tools import SQL


class ServiceAgreementRegister(models.Model):
    """A quotation that was sent with tiers is an offer of service, too."""

    _inherit = "service.agreement.register"
    _depends = {
        "sale.order": [
            "company_id",
            "date_order",
            "partner_id",
            "state",
            "validity_date",
        ],
        "sale.order.agreement.option": ["order_id"],
    }

    @api.model
    def _get_offers(self, scope):
        """EXTENDS: of the day of the quotation, until it is ordered or cancelled."""
        return [*super()._get_offers(scope), self._get_quoted_sql(scope)]

    @api.model
    def _get_quoted_sql(self, scope):
        return SQL(
            """
            SELECT quotation.company_id, person.commercial_partner_id, NULL::int,
                   quotation.date_order,
                   COALESCE(quotation.validity_date >= %(today)s, TRUE)
              FROM sale_order quotation
              JOIN res_partner person ON person.id = quotation.partner_id
             WHERE quotation.state = 'sent'
               AND quotation.company_id IN %(companies)s AND %(among)s
               AND EXISTS (SELECT 1 FROM sale_order_agreement_option offered
                            WHERE offered.order_id = quotation.id)
            """,
            today=scope.today,
            companies=scope.companies,
            among=scope.among(SQL("person.commercial_partner_id")),
        )

    def action_open_offered(self):
        """EXTENDS: where no agreement waits for a signature, it is a quotation."""
        self.ensure_one()
        client = [
            ("company_id", "=", self.company_id.id),
            ("partner_id", "child_of", self.partner_id.id),
        ]
        agreements = self.env["service.agreement"]
        if agreements.search_count([*client, ("state", "=", "proposed")], limit=1):
            return super().action_open_offered()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sale.action_quotations_with_onboarding"
        )
        offered = [("state", "=", "sent"), ("agreement_option_ids", "!=", False)]
        return dict(action, domain=[*client, *offered], context={})
