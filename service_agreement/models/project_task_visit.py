from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.visit_plan import is_near
from .service_agreement_ticket_mixin import ServiceAgreementTicketMixin
from .service_agreement_visit import OPEN

# Sixty working days, with all holidays, lie within so many days.
FAR = 120


class ProjectTask(models.Model):
    """The ticket of a visit is planned work: nothing is promised on it as on a fault.

    And the ticket of a fault shortly before a visit, which can be made at once.
    """

    _inherit = "project.task"

    _facts = (*ServiceAgreementTicketMixin._facts, "visit_id")

    visit_id = fields.Many2one(
        "service.agreement.visit",
        string="Preventive Visit",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    visit_check_ids = fields.One2many(
        related="visit_id.check_ids", string="Checklist", readonly=False
    )
    visit_summary = fields.Text(
        related="visit_id.summary", string="What We Did", readonly=False
    )
    visit_signature = fields.Image(
        related="visit_id.signature", string="Customer's Signature", readonly=False
    )
    visit_signed_by = fields.Char(
        related="visit_id.signed_by", string="Signed By", readonly=False
    )
    visit_report_sent_on = fields.Datetime(related="visit_id.report_sent_on")
    visit_told_otherwise = fields.Boolean(related="visit_id.told_otherwise")
    near_visit_id = fields.Many2one(
        "service.agreement.visit",
        compute="_compute_near_visit_id",
        compute_sudo=True,
        export_string_translation=False,
        help="The visit that a fault so shortly before it brings forward.",
    )
    near_visit_date = fields.Date(
        compute="_compute_near_visit_id",
        compute_sudo=True,
        export_string_translation=False,
    )

    _visit_uniq = models.UniqueIndex(
        "(visit_id) WHERE visit_id IS NOT NULL", "A visit has one ticket."
    )

    @api.depends("agreement_id", "visit_id", "system_id", "state", "stage_id")
    def _compute_near_visit_id(self):
        self.near_visit_id = self.near_visit_date = False
        faults = self.filtered(
            lambda t: (
                t.agreement_id
                and not t.visit_id
                and t.create_date
                and t._ticket_in_scope()
                and not t._ticket_is_closed()
            )
        )
        for company, ours in faults.grouped(lambda t: t._ticket_company()).items():
            ours._find_near_visits(company)

    def _find_near_visits(self, company):
        today = company._service_today()
        far = fields.Date.add(today, days=FAR)
        visits = self.env["service.agreement.visit"].search(
            Domain("agreement_id", "in", self.agreement_id.ids)
            & Domain("state", "in", OPEN)
            & Domain("date", ">", today)
            & Domain("date", "<=", far),
            order="date, id",
        )
        if not visits:
            return
        first = min(company._service_day(task.create_date) for task in self)
        is_working = company._get_working_days(first, far)
        for task in self:
            near = [v for v in visits if task._is_near_to(v, is_working)]
            if near:
                task.near_visit_id, task.near_visit_date = near[0], near[0].date

    def _is_near_to(self, visit, is_working):
        """Whether the fault was opened so shortly before that it brings it forward."""
        systems = visit.system_id | self.system_id
        opened = visit.company_id._service_day(self.create_date)
        days = visit.plan_id.bring_forward_days
        return (
            visit.agreement_id == self.agreement_id
            and len(systems) < 2
            and not visit.brought_by_id
            and is_near(opened, visit.date, days, is_working)
        )

    def action_bring_visit_forward(self):
        """Make the visit that is near now, with the fault; the customer is told."""
        self.ensure_one()
        self._ticket_check_may_work()
        visit = self.near_visit_id.sudo()
        if not visit:
            raise UserError(
                self.env._("No visit is near any more: look at the agreement's visits.")
            )
        visit._bring_forward(self.sudo())
        return visit.with_env(self.env).action_view_ticket()

    def action_send_visit_report(self):
        """Open the mail that brings the customer the report of the visit."""
        self.ensure_one()
        self._ticket_check_may_work()
        if self.visit_id.state != "done":
            raise UserError(
                self.env._(
                    "Solve the ticket first: a report is of a visit that is made."
                )
            )
        return {
            "name": self.env._("Send the Report"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": self.env.ref(
                    "service_agreement.mail_template_visit_report"
                ).id,
                "default_composition_mode": "comment",
                "mark_visit_report_as_sent": True,
                "force_email": True,
            },
        }

    def action_tell_visit(self):
        """Write to the customer which day it is."""
        self.ensure_one()
        self._ticket_check_may_work()
        self.visit_id.action_tell()

    def action_told_visit(self):
        """The customer knows the day: somebody called him."""
        self.ensure_one()
        self._ticket_check_may_work()
        self.visit_id.action_told()

    def message_post(self, **kwargs):
        """EXTENDS 'mail': sending the report is what sends it."""
        message = super().message_post(**kwargs)
        if self.env.context.get("mark_visit_report_as_sent") and self.visit_id:
            # Sudo: a fact, of which this is the one moment.
            self.sudo().visit_id.report_sent_on = self.env.cr.now()
        return message

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_is_planned(self):
        return bool(self.visit_id)

    @api.model
    def _ticket_planned_domain(self):
        return Domain("visit_id", "!=", False)

    def _ticket_is_final(self):
        """What is made is made: what the customer writes then is another matter."""
        is_over = self.visit_id and self._ticket_is_closed()
        return bool(is_over) or super()._ticket_is_final()

    def _get_report_base_filename(self):
        self.ensure_one()
        if not self.visit_id:
            return self.name
        day = self.visit_id.done_on or self.visit_id.date
        return self.env._("Visit report %(day)s", day=day)


class ServiceAgreementVisit(models.Model):
    _inherit = "service.agreement.visit"

    def _bring_forward(self, fault):
        """Make it the next working day, because of ``fault``; everybody hears of it.

        :param fault: the ticket of something that broke shortly before
        """
        self.ensure_one()
        before = self.date
        self.write({"brought_by_id": fault.id, "brought_from": before})
        self._move(self._get_next_working_day(self.company_id._service_today()))
        if not self.task_id:
            self._plan()
        else:
            self._tell_if_possible()
        text = self.env._(
            "%(visit)s is brought forward from %(before)s to %(day)s because of"
            " %(fault)s.",
            visit=self._get_name_text(),
            before=format_date(self.env, before),
            day=format_date(self.env, self.date),
            fault=fault.display_name,
        )
        for record in (self.agreement_id, self.task_id, fault):
            record._message_log(body=text)
