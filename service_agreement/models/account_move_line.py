from decimal import Decimal

from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    agreement_line_id = fields.Many2one(
        "service.agreement.line",
        string="Service Agreement Line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    agreement_id = fields.Many2one(
        related="agreement_line_id.agreement_id",
        string="Service Agreement",
        store=True,
        index="btree_not_null",
    )
    agreement_period_ids = fields.One2many(
        "service.agreement.period", "move_line_id", readonly=True
    )

    agreement_reversed_line_id = fields.Many2one(
        "account.move.line",
        string="Credited Service Line",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="What a credit note takes back, or an invoice that follows it charges "
        "anew: a later credit is so much less, or more.",
    )

    def _copy_data_extend_business_fields(self, values):
        """EXTENDS 'account': a credit note knows what it takes back, and so do the
        invoice that is made with it, and what takes that one back.
        """
        result = super()._copy_data_extend_business_fields(values)
        billed = self if self.agreement_line_id else self.agreement_reversed_line_id
        values["agreement_reversed_line_id"] = billed.id
        return result

    def _get_agreement_amount(self):
        """:return: Decimal, what the customer is asked for it, as the prices of the
        invoice are; credit notes below 0
        """
        self.ensure_one()
        amount = self.quantity * self.price_unit * (1 - self.discount / 100)
        sign = -1 if self.move_type == "out_refund" else 1
        return sign * Decimal(str(self.currency_id.round(amount)))

    def unlink(self):
        """EXTENDS 'account': a deleted draft reopens the periods it billed.

        Sudo: the accountant who deletes it need not be able to change agreements.
        """
        self.sudo().agreement_period_ids.unlink()
        return super().unlink()
