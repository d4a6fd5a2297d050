from odoo import api, fields, models
from odoo.fields import Domain


class ServiceAgreement(models.Model):
    """The work that was done under an agreement, covered or by its rates."""

    _inherit = "service.agreement"

    work_hours = fields.Float(
        string="Hours This Month",
        compute="_compute_work_hours",
        help="As they count, covered or not.",
    )

    def _compute_work_hours(self):
        hours = self.env["service.agreement.allowance.draw"]._sum_month(
            "agreement_id", self
        )
        for agreement in self:
            agreement.work_hours = hours.get(agreement, 0)

    def action_view_work(self):
        """All that was done under this agreement or is billed with it."""
        self.ensure_one()
        draws = self.env["service.agreement.allowance.draw"]
        return draws._get_work_action(
            Domain("agreement_id", "=", self.id)
            | Domain("agreement_line_id.agreement_id", "=", self.id)
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    work_hours = fields.Float(
        string="Hours This Month",
        compute="_compute_work_hours",
        groups="service_agreement.group_user",
        help="Of the whole company, as they count, covered or not.",
    )
    has_service_work = fields.Boolean(
        compute="_compute_has_service_work", groups="service_agreement.group_user"
    )

    @api.depends_context("allowed_company_ids")
    def _compute_work_hours(self):
        companies = self.commercial_partner_id
        hours = self.env["service.agreement.allowance.draw"]._sum_month(
            "partner_id", companies
        )
        for partner in self:
            partner.work_hours = hours.get(partner.commercial_partner_id, 0)

    @api.depends_context("allowed_company_ids")
    def _compute_has_service_work(self):
        companies = self.commercial_partner_id
        groups = self.env["service.agreement.allowance.draw"]._read_group(
            [("partner_id", "in", companies.ids)], ["partner_id"]
        )
        served = {company for (company,) in groups}
        for partner in self:
            partner.has_service_work = partner.commercial_partner_id in served

    def action_view_service_work(self):
        self.ensure_one()
        draws = self.env["service.agreement.allowance.draw"]
        return draws._get_work_action(
            Domain("partner_id", "=", self.commercial_partner_id.id)
        )


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    @api.model
    def _sum_month(self, name, records):
        """
        :param str name: of a many2one
        :return: dict of the hours of the current month by record
        """
        month = self.env.company._service_today().replace(day=1)
        domain = (
            Domain(name, "in", records.ids)
            & Domain("unit", "=", "hour")
            & Domain("date", ">=", month)
        )
        return dict(self._read_group(domain, [name], ["quantity:sum"]))

    @api.model
    def _get_work_action(self, domain):
        """Covered, billed or neither."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_work"
        )
        return {**action, "domain": list(domain)}

    def action_view_work(self):
        """Open the piece of work that this is a part of."""
        self.ensure_one()
        self.line_id.check_access("read")
        form = self.env.ref("hr_timesheet.timesheet_view_form_user")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Work"),
            "res_model": "account.analytic.line",
            "res_id": self.line_id.id,
            "views": [(form.id, "form")],
        }
