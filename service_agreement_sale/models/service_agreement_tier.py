from decimal import Decimal

from odoo import fields, models

from ..tools.sellable_price import monthly_share, round_up


class ServiceAgreementTier(models.Model):
    """What a tier costs on a quotation."""

    _inherit = "service.agreement.tier"

    quote_pricing = fields.Selection(
        [
            ("price", "The price of its plan"),
            ("percent", "A share of what the quotation sells"),
        ],
        string="Price on Quotations",
        required=True,
        default="price",
    )
    quote_percent = fields.Float(
        string="Share (%)",
        default=10.0,
        help="Of the products on the quotation, a year. It never costs less than the "
        "price of its plan.",
    )
    quote_with_labour = fields.Boolean(
        string="Also of Labour",
        help="Services on the quotation count as well, and not only products.",
    )
    quote_step = fields.Float(
        string="Rounded Up To",
        default=1.0,
        help="To the next multiple: 5 makes 127.30 a price of 130.00. 0: not rounded.",
    )
    quote_less = fields.Float(
        string="Less",
        help="Taken off the rounded price: 5 less 0.10 makes 127.30 a price of 129.90.",
    )
    free_months = fields.Integer(
        string="Free at First (months)",
        help="On quotations: it starts with the delivery and costs nothing for so long."
        " Then it is paid, unless the customer said no.",
    )
    portal_may_decline_free = fields.Boolean(
        string="Say No Before It Costs",
        default=True,
        help="As long as it is free.",
    )

    _quote_percent = models.Constraint(
        "CHECK(quote_percent BETWEEN 0 AND 1000)", "A share is 0 % or more."
    )
    _quote_rounding = models.Constraint(
        "CHECK((quote_step = 0 AND quote_less = 0) "
        "OR (quote_less >= 0 AND quote_less < quote_step))",
        "What is taken off a rounded price is less than what it is rounded to.",
    )
    _free_months = models.Constraint(
        "CHECK(free_months BETWEEN 0 AND 120)", "Free months are 0 or more."
    )

    def _get_share_price(self, plan, amount):
        """
        :param float amount: what is sold, once
        :return: float, of a period of ``plan``, rounded to what one would print
        """
        self.ensure_one()
        monthly = monthly_share(_decimal(amount), _decimal(self.quote_percent))
        period = _decimal(plan._per_period(float(monthly)))
        # A cent less than it is would be a cent more, rounded up.
        return float(
            round_up(
                round(period, 6), _decimal(self.quote_step), _decimal(self.quote_less)
            )
        )


def _decimal(value):
    return Decimal(str(value or 0))
