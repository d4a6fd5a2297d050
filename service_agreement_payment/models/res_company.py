from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.retries import MAX_DAYS, MAX_RETRIES, parse_days


class ResCompany(models.Model):
    _inherit = "res.company"

    autopay_retry_days = fields.Char(
        string="Try Again After (days)",
        default="1, 3, 7",
        help="Days after the first attempt on which a payment that failed is tried "
        "again. Empty: a person decides at once.",
    )
    autopay_unknown_hours = fields.Integer(
        string="Wait for an Answer (hours)",
        default=24,
        help="So long after a charge without an answer, somebody gets a to-do. It is "
        "not charged again meanwhile.",
    )

    _autopay_unknown_hours = models.Constraint(
        "CHECK(autopay_unknown_hours BETWEEN 1 AND 720)",
        "Wait for an answer between 1 and 720 hours.",
    )

    @api.constrains("autopay_retry_days")
    def _check_autopay_retry_days(self):
        for company in self:
            try:
                parse_days(company.autopay_retry_days)
            except ValueError:
                raise ValidationError(
                    self.env._(
                        "“%(text)s” are no days on which to try again. Write numbers "
                        "that grow, at most %(count)s of them and none above "
                        "%(days)s, such as: 1, 3, 7",
                        text=company.autopay_retry_days,
                        count=MAX_RETRIES,
                        days=MAX_DAYS,
                    )
                ) from None
