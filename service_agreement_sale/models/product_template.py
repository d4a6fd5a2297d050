from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    service_warranty_months = fields.Integer(
        string="Warranty (months)",
        help="The manufacturer's. What is delivered with a service agreement is noted "
        "as a device of the customer, in warranty for so long. 0: none is noted.",
    )

    _service_warranty_months = models.Constraint(
        "CHECK(service_warranty_months BETWEEN 0 AND 600)",
        "A warranty is 0 or more months.",
    )
