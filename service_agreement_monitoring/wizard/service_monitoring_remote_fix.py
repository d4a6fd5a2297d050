from odoo import fields, models
from odoo.exceptions import UserError


class ServiceMonitoringRemoteFix(models.TransientModel):
    """Fixed from afar: the minutes are noted as remote work, and the ticket is solved.

    The work is that of any timesheet line: the agreement decides who pays for it, and
    the customer reads it in his value statement.
    """

    _name = "service.monitoring.remote.fix"
    _description = "Fixed Remotely"

    task_id = fields.Many2one("project.task", required=True, readonly=True)
    minutes = fields.Integer(string="It Took", required=True, default=15)
    name = fields.Char(
        string="What Was Done",
        required=True,
        help="The customer reads it.",
    )

    def action_confirm(self):
        self.ensure_one()
        self.task_id._ticket_check_may_work()
        if self.minutes <= 0:
            raise UserError(self.env._("Say how many minutes it took."))
        self.env["account.analytic.line"].create(self._prepare_work())
        if not self.task_id._ticket_is_closed():
            self.task_id.write(self.task_id.sudo()._ticket_prepare_solve())
        return {"type": "ir.actions.act_window_close"}

    def _prepare_work(self):
        return {
            "name": self.name,
            "task_id": self.task_id.id,
            "project_id": self.task_id.project_id.id,
            "unit_amount": self.minutes / 60,
            "date": self.task_id._ticket_company()._service_today(),
            "service_work_type_id": self.env["service.agreement.work.type"]
            ._get_remote()
            .id,
        }


class ProjectTask(models.Model):
    _inherit = "project.task"

    def action_fixed_remotely(self):
        """Ask how long it took."""
        self.ensure_one()
        self._ticket_check_may_work()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fixed Remotely"),
            "res_model": "service.monitoring.remote.fix",
            "view_mode": "form",
            "target": "new",
            "context": {"default_task_id": self.id},
        }
