from odoo import api, fields, models
from odoo.fields import Domain

from .service_agreement_register import STATES


class ResPartner(models.Model):
    """Where a customer stands in the register of clients."""

    _inherit = "res.partner"

    service_register_state = fields.Selection(
        STATES,
        string="Service Agreement",
        compute="_compute_service_register_state",
        search="_search_service_register_state",
        groups="service_agreement.group_user",
        help="In the register of clients of this company. Empty: no active client.",
    )
    service_next_step = fields.Char(
        string="Next Step",
        compute="_compute_service_next_step",
        groups="service_agreement.group_user",
    )
    service_step = fields.Selection(
        selection=lambda self: self._get_register_steps(),
        compute="_compute_service_next_step",
        groups="service_agreement.group_user",
        export_string_translation=False,
    )

    @api.model
    def _get_register_steps(self):
        steps = self.env["service.agreement.register"]._fields["step"]
        return steps._description_selection(self.env)

    @api.depends_context("company")
    def _compute_service_register_state(self):
        """Of a contact: of the company he belongs to."""
        rows = self._get_register_rows()
        for partner in self:
            row = rows.get(partner.commercial_partner_id._origin)
            partner.service_register_state = row and row.state

    @api.depends_context("company", "lang")
    def _compute_service_next_step(self):
        """Apart from the state: where nothing was offered, the engine is asked."""
        rows = self._get_register_rows()
        for partner in self:
            row = rows.get(partner.commercial_partner_id._origin)
            partner.service_next_step = row and row.next_step
            partner.service_step = row and row.step

    def _get_register_rows(self):
        """:return: dict of rows of the register of this company, by customer"""
        customers = self.commercial_partner_id._origin
        register = self.env["service.agreement.register"]._with_customers(customers)
        rows = register.search(
            [
                ("company_id", "=", self.env.company.id),
                ("partner_id", "in", customers.ids),
            ]
        )
        return {row.partner_id: row for row in rows}

    def _search_service_register_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = self._get_registered(
            [("state", "in", [each for each in value if each])]
        )
        return found | ~self._get_registered([]) if False in value else found

    @api.model
    def _get_registered(self, terms):
        """:return: Domain of those whose rows of this company meet the terms"""
        register = self.env["service.agreement.register"]
        query = register._search([("company_id", "=", self.env.company.id), *terms])
        customer = register._field_to_sql(query.table, "partner_id", query)
        return Domain("commercial_partner_id", "in", query.subselect(customer))

    def action_service_next_step(self):
        """Offer or remind, as the register says."""
        self.ensure_one()
        row = self._get_register_rows().get(self.commercial_partner_id)
        if row and row.step == "remind":
            return row.action_remind()
        if row and row.step == "sign":
            return row.action_open_offered()
        return row.action_offer() if row else self.action_new_proposal()
