from odoo import api, fields, models
from odoo.fields import Command, Domain

from odoo.addons.project.models.project_task import CLOSED_STATES

# Whether the tasks of a project are tickets.
SWITCHES = ("is_service_desk", "is_template")


class ProjectProject(models.Model):
    _inherit = "project.project"

    is_service_desk = fields.Boolean(
        string="Service Desk",
        help="Tasks of this project are tickets: each one looks for the agreement of"
        " its customer and starts the clocks of what that agreement promises.",
    )
    delivered_on = fields.Date(
        copy=False,
        tracking=True,
        help="When the customer took over what was installed. From that day on he needs"
        " a service agreement, or a written no.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        projects = super().create(vals_list)
        projects._create_desk_stages()
        return projects

    def write(self, vals):
        """What is still to be done becomes a ticket, and counts, from the switch on;
        or is none any more. What is done stays what it was."""
        switched = self.filtered(
            lambda p: any(n in vals and p[n] != bool(vals[n]) for n in SWITCHES)
        )
        if not switched:
            return super().write(vals)
        with switched._get_desk_tasks()._ticket_following():
            result = super().write(vals)
            self._create_desk_stages()
        return result

    def _get_desk_tasks(self):
        """Sudo: who may switch a project need not see all of its tasks.

        :return: project.task that are tickets of these projects, or would be
        """
        tasks = self.env["project.task"].sudo().with_context(active_test=False)
        ours = Domain("project_id", "in", self.ids)
        below = Domain("parent_id.project_id", "in", self.ids)
        return tasks.search(
            (ours | below) & Domain("state", "not in", list(CLOSED_STATES))
        )

    def _create_desk_stages(self):
        """A desk without stages could neither wait nor close.

        Sudo: who may switch a project need not be allowed to make stages.
        """
        for project in self.sudo():
            if project.is_service_desk and not project.type_ids:
                project.type_ids = [
                    Command.create(values) for values in project._prepare_desk_stages()
                ]

    def _prepare_desk_stages(self):
        """:return: list of values of project.task.type"""
        stages = [
            (self.env._("New"), False, False),
            (self.env._("In Progress"), False, False),
            (self.env._("Waiting for Customer"), "waiting", False),
            (self.env._("Solved"), "solved", True),
            (self.env._("Cancelled"), "cancelled", True),
        ]
        return [
            {
                "name": name,
                "ticket_status": status,
                "fold": fold,
                "sequence": 10 * number,
                "user_id": False,
            }
            for number, (name, status, fold) in enumerate(stages, 1)
        ]
