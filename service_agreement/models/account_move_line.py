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
        help="What a credit note takes back: a later credit is so much less.",
    )

    def _copy_data_extend_business_fields(self, values):
        """EXTENDS 'account': a credit note knows what it takes back."""
        result = super()._copy_data_extend_business_fields(values)
        if self.agreement_line_id:
            values["agreement_reversed_line_id"] = self.id
        return result

    def unlink(self):
        """EXTENDS 'account': a deleted draft reopens the periods it billed.

        Sudo: the accountant who deletes it need not be able to change agreements.
        """
        self.sudo().agreement_period_ids.unlink()
        return super().unlink()
