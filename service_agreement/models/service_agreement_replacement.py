from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import format_date


class ServiceAgreement(models.Model):
    """One agreement instead of another: the old one ends the day before.

    Its unused days are paid back by a credit note; there is neither fee nor clawback.
    """

    _inherit = "service.agreement"

    @api.constrains("replaces_id", "partner_id", "company_id")
    def _check_replaces_id(self):
        for agreement in self.filtered("replaces_id"):
            replaced = agreement.replaces_id
            if replaced.commercial_partner_id != agreement.commercial_partner_id:
                raise ValidationError(
                    agreement.env._(
                        "%(agreement)s cannot replace %(replaced)s, which is another "
                        "customer's.",
                        agreement=agreement.name,
                        replaced=replaced.name,
                    )
                )

    # The new one

    def _why_not_replace(self):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._("%s is not in force: change it directly.", self.name)
        return None

    def action_replace(self):
        """Open the draft of the agreement that follows this one; make it where there
        is none yet.
        """
        self.ensure_one()
        self._ensure_can(type(self)._why_not_replace)
        draft = self.replaced_by_ids.filtered(
            lambda a: a.state in ("draft", "proposed")
        )[:1] or self.copy(self._prepare_replacement_values())
        return draft._get_form_action()

    def _get_form_action(self):
        self.ensure_one()
        return {
            "name": self.name,
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _prepare_replacement_values(self):
        self.ensure_one()
        start = max(
            self.company_id._service_today(), fields.Date.add(self.date_start, days=1)
        )
        if (last_day := self._get_last_day()) and last_day >= start:
            start = fields.Date.add(last_day, days=1)
        return {
            "replaces_id": self.id,
            "date_start": start,
            "client_order_ref": self.client_order_ref,
            "line_ids": [Command.create(values) for values in self._copy_charges()],
        }

    def _copy_charges(self):
        """:return: list of values: what is charged every period today"""
        return self._get_current_lines("recurring").copy_data()

    # The old one

    def _why_not_activate(self):
        return super()._why_not_activate() or self._why_not_start_instead()

    def _why_not_start_instead(self):
        replaced = self.replaces_id
        running = replaced.state in ("active", "suspended")
        if running and self.date_start <= replaced.date_start:
            return self.env._(
                "%(agreement)s replaces %(replaced)s, which starts on %(start)s: "
                "choose a later start.",
                agreement=self.name,
                replaced=replaced.name,
                start=format_date(self.env, replaced.date_start),
            )
        return None

    def action_activate(self):
        """EXTENDS: what it replaces ends the day before; both are one movement."""
        if not self.replaces_id:
            return super().action_activate()
        self._ensure_can(type(self)._why_not_activate)
        later = self.with_context(record_movements_later=True)
        for agreement in later:
            agreement._end_replaced()
        result = super(ServiceAgreement, later).action_activate()
        (self | self.replaces_id)._record_movements()
        return result

    def _end_replaced(self):
        """Sudo: it follows from starting this one, which the customer may do."""
        self.ensure_one()
        replaced = self.replaces_id.sudo()
        if replaced.state not in ("active", "suspended"):
            return
        last_day = fields.Date.subtract(self.date_start, days=1)
        decided = replaced._get_last_day()
        if decided and decided <= last_day:
            return
        if replaced.end_reason:
            replaced.action_take_back_end()
        replaced._end(last_day, "replaced")

    def _why_not_undo_replacement(self):
        """:return: why its end cannot be taken back, because of who follows it"""
        self.ensure_one()
        running = self.replaced_by_ids.filtered(
            lambda a: a.state in ("active", "suspended")
        )
        if self.end_reason == "replaced" and running:
            return self.env._(
                "%(agreement)s is replaced by %(other)s: end that one first.",
                agreement=self.name,
                other=running[:1].name,
            )
        return None
