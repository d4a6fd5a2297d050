from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    capacity_aim = fields.Float(
        string="Promises to Keep (%)",
        default=95.0,
        help="How often you want to keep each promise: so many people are looked for.",
    )
    capacity_risk_limit = fields.Float(
        string="Risk Limit (%)",
        default=10.0,
        help="If more of a promise would be missed, everybody who offers it is warned.",
    )
    capacity_blocks_offers = fields.Boolean(
        string="Offer Nothing Above the Risk Limit",
        help="Proposals with such a tier are not sent. Otherwise there is a warning.",
    )

    _capacity_shares = models.Constraint(
        "CHECK(capacity_aim > 0 AND capacity_aim <= 100"
        " AND capacity_risk_limit BETWEEN 0 AND 100)",
        "The promises to keep are between 1 and 100 %, the risk limit between 0 and"
        " 100 %.",
    )
