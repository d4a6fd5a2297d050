from dataclasses import replace
from itertools import chain

from odoo import api, fields, models

from .coverage_words import CoverageStory, CoverageWords, Payment
from .service_book import DAY, NEW
from .service_preview import ServicePreview


class AccountAnalyticLine(models.Model):
    """Who paid for a piece of work, in words."""

    _inherit = "account.analytic.line"

    service_summary = fields.Json(
        compute="_compute_service_summary",
        groups="base.group_user",
        export_string_translation=False,
        help="In words, as service_coverage.js draws it.",
    )

    @api.depends("service_draw_ids.answer", "service_explanation")
    def _compute_service_summary(self):
        """Sudo: of work that one may see one may know who pays for it."""
        words = CoverageWords(self.env)
        for line in self:
            work = line.sudo()
            payments = work.service_draw_ids._list_payments()
            story = CoverageStory(words, payments, work.service_explanation)
            line.service_summary = bool(payments) and story.tell()

    def action_view_service_work(self):
        """Open this piece of work, with the reasons why."""
        self.ensure_one()
        self.check_access("read")
        form = self.env.ref("hr_timesheet.timesheet_view_form_user")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Work"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(form.id, "form")],
            "target": "new",
        }


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def _list_payments(self):
        """:return: list of coverage_words.Payment, hours before trips"""
        return [
            Payment(
                draw.outcome,
                draw.unit,
                draw.quantity,
                draw.agreement_id,
                draw.lot_id.allowance_id,
                draw.price,
                draw.currency_id,
                draw.reason,
                draw.answer,
            )
            for draw in self.sorted(lambda draw: (draw.unit, draw.id))
        ]


class ProjectTask(models.Model):
    """What one is about to write down on a ticket would cost whom."""

    _inherit = "project.task"

    service_hint = fields.Char(
        compute="_compute_service_hint", groups="base.group_user"
    )

    @api.depends(
        "timesheet_ids.unit_amount",
        "timesheet_ids.date",
        "timesheet_ids.employee_id",
        "timesheet_ids.service_work_type_id",
        "timesheet_ids.service_exclusion_id",
        "timesheet_ids.service_start",
        "timesheet_ids.service_trips",
    )
    def _compute_service_hint(self):
        """Only of what is typed and not saved yet: what is saved says it itself."""
        for task in self:
            typed = task.timesheet_ids.filtered(
                lambda line: not line.id and line.unit_amount > 0
            )
            task.service_hint = task.is_ticket and typed._tell_what_it_costs(task)


class AccountAnalyticLineHint(models.Model):
    _inherit = "account.analytic.line"

    def _tell_what_it_costs(self, task):
        """:param task: of all of these, which are not saved yet
        :return: str, "2 h covered by Gold (SA-0003), 1.5 h more than is included:
            billed at $ 150.00 per hour"; empty where nothing is billed
        """
        lines = self.sudo().filtered("is_service_work")
        changed = lines.filtered(lambda line: line._differs_from_record())
        if not changed:
            return ""
        company = task.sudo()._ticket_company()
        book = ServicePreview(company, task.sudo().partner_id._origin)
        typed = [
            line._get_typed_facts(book, task, at) for at, line in enumerate(changed)
        ]
        # What was done later takes what is left after it.
        since = min(each.day for each in typed) - 2 * DAY
        known = book.search_open(lines.browse(), since) - changed._origin
        known = known.filtered(lambda line: line.unit_amount >= 0)
        previews = book.decide_together(
            [*typed, *known._get_service_facts(book)], known | changed._origin
        )
        payments = [each.payments for each in previews[: len(typed)]]
        story = CoverageStory(CoverageWords(self.env), list(chain(*payments)))
        return story.tell_parts() if story.state != "covered" else ""

    def _get_typed_facts(self, book, task, number):
        """:return: WorkFacts of what is typed on the ticket ``task``, among others"""
        facts = self._get_facts_of_work(book, {})
        return replace(facts, id=NEW + number, job=task._origin.id or None)

    def _differs_from_record(self):
        """:return: bool, whether something was typed that is not saved yet"""
        self.ensure_one()
        saved = self._origin
        return not saved or any(
            self[name] != saved[name] for name in ("unit_amount", "date")
        )
