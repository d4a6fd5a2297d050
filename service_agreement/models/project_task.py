from odoo import api, fields, models
from odoo.fields import Command, Domain

from odoo.addons.project.models.project_task import CLOSED_STATES

CLOSING_STATES = {"solved": "1_done", "cancelled": "1_canceled"}


class ProjectTask(models.Model):
    """A task of a service desk project is a ticket, its sub-tasks are not."""

    _name = "project.task"
    _inherit = ["project.task", "service.agreement.ticket.mixin"]

    follows_id = fields.Many2one(
        "project.task",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The ticket that was closed long before this matter came up again.",
    )
    followed_by_ids = fields.One2many("project.task", "follows_id", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        tasks = super().create(vals_list)
        tasks._close_by_stage()
        return tasks

    def write(self, vals):
        if "stage_id" not in vals or "state" in vals:
            return super().write(vals)
        leaving = self.sudo().filtered(
            lambda t: t.stage_id.ticket_status in CLOSING_STATES
        )
        result = super().write(vals)
        self._close_by_stage()
        leaving._reopen_by_stage()
        return result

    def _close_by_stage(self):
        """A ticket moved to a closing stage is done: what Odoo itself counts as closed
        and what the service desk does must not differ."""
        tickets = self.sudo().filtered(lambda t: t._ticket_in_scope())
        for status, state in CLOSING_STATES.items():
            tickets.filtered(
                lambda t, status=status, state=state: (
                    t.stage_id.ticket_status == status and t.state != state
                )
            ).write({"state": state})

    def _reopen_by_stage(self):
        """A ticket dragged back out of a closing stage is being worked on again."""
        self.filtered(
            lambda t: (
                t._ticket_in_scope()
                and t.state in CLOSED_STATES
                and t.stage_id.ticket_status not in CLOSING_STATES
            )
        ).write({"state": "01_in_progress"})

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_in_scope(self):
        return (
            self.project_id.is_service_desk
            and not self.parent_id.project_id.is_service_desk
            and not self.has_template_ancestor
            and not self.project_id.is_template
        )

    def _ticket_is_waiting(self):
        # Not the state "Waiting" of Odoo: that waits for another task, not for the
        # customer, and no promise may rest because of that.
        return self.stage_id.ticket_status == "waiting"

    def _ticket_is_closed(self):
        for status, state in CLOSING_STATES.items():
            if self.state == state:
                return status
        status = self.stage_id.ticket_status
        return status if status in CLOSING_STATES else False

    def _ticket_priority(self):
        return self.priority

    def _ticket_customer(self):
        return self.partner_id

    @api.model
    def _ticket_customer_fields(self):
        return ["partner_id"]

    def _ticket_job(self):
        return self._origin.id or None

    @api.model
    def _ticket_open_domain(self):
        return Domain("project_id.is_service_desk", "=", True) & Domain(
            "state", "not in", list(CLOSED_STATES)
        )

    def _ticket_company(self):
        return (
            self._ticket_own_company()
            or self.agreement_id.company_id
            or self.env.company
        )

    def _ticket_own_company(self):
        return self.company_id or self.project_id.company_id

    def _ticket_assignees(self):
        return self.user_ids

    @api.model
    def _ticket_prepare_request(self, agreement, partner):
        desk = agreement.company_id.service_desk_project_id
        # Without assignees said, project assigns whoever creates it: our robot.
        return {"project_id": desk.id, "user_ids": []}

    @api.model
    def _ticket_assignee_fields(self):
        return ["user_ids"]

    def _ticket_assign(self, user):
        self.user_ids = user

    def _ticket_prepare_resume(self):
        stage = self.stage_id
        values = {"state": "01_in_progress"} if self.state in CLOSED_STATES else {}
        if not stage.ticket_status:
            return values
        stages = self.project_id.type_ids.filtered(lambda s: not s.ticket_status)
        before = stages.filtered(lambda s: s.sequence <= stage.sequence)
        if working := before[-1:] or stages[:1]:
            return {**values, "stage_id": working.id}
        return {}

    def _ticket_prepare_solve(self):
        return self._prepare_close("solved")

    def _ticket_prepare_cancel(self):
        return self._prepare_close("cancelled")

    def _prepare_close(self, status):
        """:return: dict of values; without a stage for it, Odoo's own state tells"""
        stages = self.project_id.type_ids.filtered(lambda s: s.ticket_status == status)
        stage = {"stage_id": stages[0].id} if stages else {}
        return {"state": CLOSING_STATES[status], **stage}

    def _ticket_prepare_follow_up(self, text):
        return {
            "name": self.name,
            "description": text,
            "project_id": self.project_id.id,
            "partner_id": self.partner_id.id,
            "priority": self.priority,
            "user_ids": [Command.set(self.user_ids.ids)],
            "follows_id": self.id,
        }

    @api.model
    def _ticket_watched_fields(self):
        return [
            "stage_id",
            "state",
            "priority",
            "partner_id",
            "company_id",
            *self._ticket_scope_fields(),
        ]

    @api.model
    def _ticket_scope_fields(self):
        return ["project_id", "parent_id", "is_template", "project_id.is_service_desk"]
