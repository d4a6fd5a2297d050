from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    agreement_free_notice_days = fields.Integer(
        string="Told Before It Costs (days)",
        default=14,
        help="So long before a free period ends, the customer is told by mail what it "
        "costs from then on, and how to say no.",
    )
    project_agreement_days = fields.Integer(
        string="Delivered Without Agreement (days)",
        default=30,
        help="So long after a project was delivered it stands in the list of those "
        "whose customer was never offered a service agreement.",
    )

    _agreement_free_notice_days = models.Constraint(
        "CHECK(agreement_free_notice_days BETWEEN 0 AND 365)",
        "Days before a free period ends are between 0 and 365.",
    )
    _project_agreement_days = models.Constraint(
        "CHECK(project_agreement_days BETWEEN 0 AND 3650)",
        "Days after a delivery are 0 or more.",
    )
