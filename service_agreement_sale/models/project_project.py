from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class ProjectProject(models.Model):
    """A project that is delivered: its service starts, or is still to be sold."""

    _inherit = "project.project"

    service_order_ids = fields.One2many(
        "sale.order",
        "service_project_id",
        string="Orders Handed Over",
        groups="sales_team.group_sale_salesman",
    )
    delivered_days = fields.Integer(
        string="Days Ago",
        compute="_compute_delivered_days",
        help="How long ago it was delivered.",
    )
    is_service_unsold = fields.Boolean(
        string="Without Service Agreement",
        search="_search_is_service_unsold",
        store=False,
        groups="service_agreement.group_user",
        help="Delivered for longer than the settings allow, and its customer was never "
        "offered a service agreement.",
    )

    def _compute_delivered_days(self):
        for project in self:
            company = project.company_id or self.env.company
            day = project.delivered_on
            project.delivered_days = day and (company._service_today() - day).days

    def _search_is_service_unsold(self, operator, value):
        if operator != "in":
            return NotImplemented
        companies = self.env.companies
        unsold = Domain.OR(
            self._get_unsold_domain(company) for company in companies
        ) & Domain("is_template", "=", False)
        return unsold if True in value else ~unsold

    @api.model
    def _get_unsold_domain(self, company):
        """:return: Domain of the projects that ``company`` delivered too long ago for
        their customers to have no offer
        """
        last = fields.Date.subtract(
            company._service_today(), days=company.project_agreement_days
        )
        own = Domain("company_id", "=", company.id)
        if company == self.env.company:
            own |= Domain("company_id", "=", False)
        delivered = Domain("delivered_on", "<=", last)
        delivered &= Domain("partner_id", "!=", False)
        return own & delivered & self._get_never_asked_domain(company)

    @api.model
    def _get_never_asked_domain(self, company):
        """:return: Domain of projects whose customer stands in the register of
        ``company`` as never offered

        Sudo: whether anybody asked, also where each sees only his own customers.
        """
        never = (
            self.env["service.agreement.register"]
            .sudo()
            ._search([("company_id", "=", company.id), ("state", "=", "never")])
        )
        return Domain(
            "partner_id.commercial_partner_id",
            "in",
            never.subselect("partner_id"),
        )

    # Handed over

    @api.model_create_multi
    def create(self, vals_list):
        projects = super().create(vals_list)
        projects.filtered("delivered_on")._start_services()
        return projects

    def write(self, vals):
        """Delivered: what was sold with it starts on that day."""
        result = super().write(vals)
        if vals.get("delivered_on"):
            self._start_services()
        return result

    def _start_services(self):
        """Sudo: who delivers a project may know nothing of agreements."""
        for project in self.sudo():
            agreements = project._get_service_orders().agreement_ids
            agreements.filtered(lambda a: a._awaits_delivery())._deliver(
                project.delivered_on
            )

    def _get_service_orders(self):
        """Hook for bridges.

        :return: sale.order whose service starts with this project, in sudo
        """
        self.ensure_one()
        return self.service_order_ids

    def action_make_proposal(self):
        """Offer the customer of a delivered project the tiers, side by side."""
        self.ensure_one()
        if not self.partner_id:
            raise UserError(
                self.env._("%s has no customer: choose one first.", self.name)
            )
        return self.partner_id.action_new_proposal()
