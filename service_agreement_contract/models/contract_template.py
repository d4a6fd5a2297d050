from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ContractTemplate(models.Model):
    """Also the parent of ``contract.contract``, which has the same field."""

    _inherit = "contract.template"

    service_tier_id = fields.Many2one(
        "service.agreement.tier",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
        help="What is promised to the customer of the contract: response times, "
        "coverage and allowances. The contract goes on to bill.",
    )

    @api.constrains("service_tier_id", "contract_type")
    def _check_service_tier_id(self):
        for template in self.filtered("service_tier_id"):
            if template.contract_type != "sale":
                raise ValidationError(
                    self.env._(
                        "A service tier is promised to customers: %s is a contract "
                        "with a supplier. Remove the tier.",
                        template.display_name,
                    )
                )
