"""From invoices and tickets to the work that is billed, and back."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .service_words import format_number

BILLING = "account.group_account_invoice,account.group_account_readonly"
READERS = f"{BILLING},service_agreement.group_user"
# What an invoice says of a part of work, and to whom.
PRINTED = {
    "agreement_id",
    "amount",
    "answer",
    "date",
    "is_after_hours",
    "list_amount",
    "outcome",
    "partner_id",
    "quantity",
    "unit",
}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    service_draw_ids = fields.One2many(
        "service.agreement.allowance.draw",
        "move_line_id",
        string="Work",
        readonly=True,
        groups=READERS,
    )
    # Kept also where the work is billed elsewhere by now, or is gone.
    is_service_work = fields.Boolean(
        readonly=True, copy=False, export_string_translation=False
    )
    service_work_id = fields.Many2one(
        "account.analytic.line",
        string="Work Billed",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups=READERS,
    )

    def _why_not_work_again(self):
        """:return: str, why the work of this cancelled line cannot be billed by it once
        more, or None
        """
        self.ensure_one()
        if not self.is_service_work or self.service_draw_ids:
            return None
        billed = self.service_work_id.service_draw_ids.filtered("is_invoiced")
        if billed:
            return self.env._(
                "The work “%(work)s” is on %(invoice)s by now. Leave this invoice "
                "cancelled: else it would be billed twice.",
                work=self.name,
                invoice=billed.move_id[:1].display_name,
            )
        return self.env._(
            "The work “%(work)s” was changed, decided otherwise or billed elsewhere "
            "since this invoice was cancelled. Leave it cancelled, and bill what the "
            "work is now with its month or with its agreement.",
            work=self.name,
        )

    def unlink(self):
        """EXTENDS 'account': what is not billed any more is decided as it is now."""
        # Sudo: who deletes a draft need not see timesheets.
        work = self.sudo().service_draw_ids.line_id
        result = super().unlink()
        work._decide_unbilled()
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    service_work_count = fields.Integer(
        string="Work", compute="_compute_service_work_count", groups=READERS
    )

    def _compute_service_work_count(self):
        # Sudo: a number; the list behind it is opened as who asks.
        groups = (
            self.env["service.agreement.allowance.draw"]
            .sudo()
            ._read_group(
                [("move_id", "in", self.ids)],
                ["move_line_id"],
                ["line_id:count_distinct"],
            )
        )
        counts = {}
        for line, count in groups:
            counts[line.move_id.id] = counts.get(line.move_id.id, 0) + count
        for move in self:
            move.service_work_count = counts.get(move.id, 0)

    def button_cancel(self):
        """EXTENDS 'account': what is not billed any more is decided as it is now."""
        result = super().button_cancel()
        # Sudo: who cancels an invoice need not see timesheets.
        self.sudo().line_ids.service_draw_ids.line_id._decide_unbilled()
        return result

    def button_draft(self):
        """EXTENDS 'account': no work is billed twice. What nobody billed since is on
        the cancelled invoice again.
        """
        # Sudo: who keeps the books need not see timesheets.
        for line in self.sudo().filtered(lambda m: m.state == "cancel").line_ids:
            if reason := line._why_not_work_again():
                raise UserError(reason)
        return super().button_draft()

    def action_view_service_work(self):
        """The work that these invoices charge."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_work_to_bill"
        )
        return dict(
            action,
            name=self.env._("Work"),
            domain=[("move_id", "in", self.ids)],
            context={},
        )

    def _get_work_report(self):
        """:return: list of dict (ticket, name, day, who, work, hours), by ticket and
        day; empty where the company prints no work report
        """
        self.ensure_one()
        # Sudo: the customer who opens his invoice reads what he is billed for.
        move = self.sudo()
        if not move.company_id.service_work_report:
            return []
        draws = self.env["service.agreement.allowance.draw"].sudo()
        draws = draws.search(
            [("move_line_id.move_id", "=", move.id)], order="task_id, date, line_id, id"
        )
        lang = move.partner_id.lang or self.env.lang
        groups = draws.with_context(lang=lang).grouped(lambda d: (d.line_id, d.unit))
        return [parts._describe_for_report() for parts in groups.values()]


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def write(self, vals):
        """EXTENDS: what is changed is not what a cancelled invoice says any more."""
        if not PRINTED.isdisjoint(vals) and "move_line_id" not in vals:
            changed = self.filtered(lambda draw: draw._is_unprinted_by(vals))
            super(ServiceAgreementAllowanceDraw, changed).write({"move_line_id": False})
        return super().write(vals)

    def _is_unprinted_by(self, vals):
        """Whether a cancelled invoice it is on says something else than `vals`."""
        self.ensure_one()
        return self.move_line_id.parent_state == "cancel" and not all(
            self._is_alike(name, vals[name]) for name in PRINTED & vals.keys()
        )

    def _describe_for_report(self):
        """:return: dict of str, of parts of one piece of work and one unit"""
        work, ticket = self.line_id, self.task_id
        hours = self.env._(
            "%(number)s h", number=format_number(self.env, sum(self.mapped("quantity")))
        )
        return {
            "ticket": ticket._ticket_reference() if ticket else "",
            "name": ticket.name or "",
            "day": format_date(self.env, self[0].date),
            "work": work.name if work.name != "/" else "",
            "hours": hours if self[0].unit == "hour" else self._describe_quantity(),
        }


class ProjectTask(models.Model):
    _inherit = "project.task"

    service_move_ids = fields.Many2many(
        "account.move",
        string="Billed On",
        compute="_compute_service_move_ids",
        groups=READERS,
    )
    service_move_count = fields.Integer(
        compute="_compute_service_move_ids", groups=READERS
    )

    def _compute_service_move_ids(self):
        # Sudo: a link; the invoice behind it is opened as who asks.
        groups = (
            self.env["service.agreement.allowance.draw"]
            .sudo()
            ._read_group(
                [("task_id", "in", self._origin.ids), ("move_line_id", "!=", False)],
                ["task_id"],
                ["move_line_id:recordset"],
            )
        )
        moves = {task.id: lines.move_id for task, lines in groups}
        for task in self:
            found = moves.get(task._origin.id, self.env["account.move"])
            task.service_move_ids = found
            task.service_move_count = len(found)

    def action_view_service_invoices(self):
        self.ensure_one()
        self.check_access("read")
        moves = self.service_move_ids
        return self.env["service.agreement"]._get_invoices_action(moves)
