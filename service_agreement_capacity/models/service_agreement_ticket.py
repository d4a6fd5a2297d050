from odoo import api, models


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    @api.model
    def _ticket_hours_worked(self, ids):
        """Hook for ticket models with timesheets.

        :param list ids: of tickets
        :return: dict of float by id, hours that were written down; of others nothing is
            known
        """
        return {}


class ProjectTask(models.Model):
    _inherit = "project.task"

    @api.model
    def _ticket_hours_worked(self, ids):
        hours = super()._ticket_hours_worked(ids)
        groups = self.env["account.analytic.line"]._read_group(
            [("task_id", "in", ids), ("unit_amount", ">", 0)],
            ["task_id"],
            ["unit_amount:sum"],
        )
        return {**hours, **{task.id: number for task, number in groups}}
