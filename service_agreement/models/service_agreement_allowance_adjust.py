from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

MANAGER = "service_agreement.group_manager"


class ServiceAgreementAllowanceLot(models.Model):
    """Corrected by hand, with a reason; what was drawn stays drawn."""

    _inherit = "service.agreement.allowance.lot"

    def _ensure_manager(self):
        """:raise AccessError: who calls may not correct what was granted"""
        self.check_access("read")
        if not (self.env.su or self.env.user.has_group(MANAGER)):
            raise AccessError(
                self.env._("Only who manages the agreements corrects allowances.")
            )

    def _why_not_adjust(self, units):
        """:param float units: more, or below 0 less"""
        self.ensure_one()
        allowance = self.allowance_id
        today = self.company_id._service_today()
        if self.date_end and self.date_end < today:
            return self.env._(
                "It was valid until %(day)s, and is over. Adjust one that is valid.",
                day=format_date(self.env, self.date_end),
            )
        if not round(units, 4):
            return self.env._("Enter by how much: above 0 to add, below 0 to take.")
        if units < 0 and round(self.balance + units, 4) < 0:
            return self.env._(
                "Only %(left)s are left of it; what is used stays used.",
                left=allowance._format_units(max(self.balance, 0.0)),
            )
        return None

    def _adjust(self, units, reason):
        """Add to it, or take from it.

        :param str reason: for who reads the agreement's history
        :raise AccessError: who calls is no manager
        :raise UserError: less than what was drawn would be left, or the lot is over
        """
        self.ensure_one()
        self._ensure_manager()
        # Else somebody may draw at this instant what is taken here.
        self.agreement_id.lock_for_update()
        self.invalidate_recordset()
        if why_not := self._why_not_adjust(units):
            raise UserError(why_not)
        if not (reason and reason.strip()):
            raise UserError(self.env._("Say why: the reason is kept on record."))
        # Sudo: a fact; rights were checked.
        self.sudo()._write_adjusted(units, reason.strip())
        self.sudo().agreement_id._change_ledgers()

    def _write_adjusted(self, units, reason):
        self.ensure_one()
        self.write(
            {
                "adjusted": round(self.adjusted + units, 4),
                "balance": round(self.balance + units, 4),
            }
        )
        allowance = self.allowance_id
        self.agreement_id._message_log(
            body=self.env._(
                "%(allowance)s adjusted by %(units)s, %(left)s left: %(reason)s",
                allowance=allowance.name,
                units=allowance._format_units(units),
                left=allowance._format_units(self.balance),
                reason=reason,
            )
        )

    def action_open_adjust(self):
        self.ensure_one()
        self._ensure_manager()
        return {
            "name": self.env._("Adjust"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.allowance.adjust",
            "view_mode": "form",
            "target": "new",
            "context": {"default_lot_id": self.id},
        }
