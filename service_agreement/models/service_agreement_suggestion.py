"""What a part of work will most likely be answered with."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .service_agreement_answer import ANSWERS


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    work_name = fields.Char(related="line_id.name", string="What Was Done")
    work_type_id = fields.Many2one(related="line_id.service_work_type_id")
    device_id = fields.Many2one(related="line_id.service_device_id")
    suggestion = fields.Selection(
        [
            ("bill", "Bill it"),
            ("given", "Give away"),
            ("goodwill", "Goodwill"),
            ("warranty", "Warranty"),
        ],
        string="Suggested",
        compute="_compute_suggestion",
    )
    suggestion_text = fields.Char(
        string="Because",
        compute="_compute_suggestion",
        help="Why this answer is suggested.",
    )

    @api.depends("answer", "outcome", "date", "device_id.warranty_until", "partner_id")
    def _compute_suggestion(self):
        last = self.filtered(lambda draw: not draw.answer)._get_last_answers()
        for draw in self:
            suggested = None if draw.answer else draw._suggest(last)
            draw.suggestion, draw.suggestion_text = suggested or (False, False)

    def _suggest(self, last):
        """Bridges and other rooms add what they know by overriding this.

        :param dict last: see :meth:`_get_last_answers`
        :return: (answer, why) or None
        """
        self.ensure_one()
        if until := self._get_warranty():
            return "warranty", self.env._(
                "under warranty until %s", format_date(self.env, until)
            )
        if found := last.get(self.id):
            answer, day, note = found
            return answer, self.env._(
                "as on %(day)s%(note)s",
                day=format_date(self.env, day),
                note=f": {note}" if note else "",
            )
        return None

    def _get_warranty(self):
        """:return: date, the last day of the device's warranty; False: it has none"""
        # Sudo: of the timesheet line only what stands on this part.
        until = self.sudo().device_id.warranty_until
        return until and self.date <= until and until

    def _get_last_answers(self):
        """What was said the last time of the same customer's work of that type that was
        not covered for the same reason.

        :return: {draw id: (answer, day, note)}, in one query
        """
        if not self.ids:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT draw.id, last.answer, last.date, last.answer_note
                  FROM service_agreement_allowance_draw draw
                  JOIN account_analytic_line work ON work.id = draw.line_id
                  JOIN LATERAL (
                    SELECT old.answer, old.date, old.answer_note
                      FROM service_agreement_allowance_draw old
                      JOIN account_analytic_line done ON done.id = old.line_id
                     WHERE old.company_id = draw.company_id
                       AND old.partner_id = draw.partner_id
                       AND old.outcome = draw.outcome
                       AND old.unit = draw.unit
                       AND old.reason IS NOT DISTINCT FROM draw.reason
                       AND done.service_work_type_id IS NOT DISTINCT FROM
                           work.service_work_type_id
                       AND old.answer IN %(answers)s
                       AND old.answered_by_id IS NOT NULL
                       AND old.date <= draw.date
                  ORDER BY old.answered_at DESC, old.id DESC
                     LIMIT 1
                       ) last ON TRUE
                 WHERE draw.id IN %(ids)s
                """,
                answers=ANSWERS,
                ids=tuple(self.ids),
            )
        )
        return {draw: (answer, day, note) for draw, answer, day, note in rows}

    def action_follow_suggestion(self):
        """Answer these parts as suggested; those without a suggestion stay open."""
        asking = self.filtered(lambda draw: not draw.answer and draw.suggestion)
        if not asking:
            raise UserError(
                self.env._("Nothing is suggested for these: answer them one by one.")
            )
        last = asking._get_last_answers()
        for (answer, note), draws in asking.grouped(
            lambda draw: (draw.suggestion, draw._get_suggested_note(last))
        ).items():
            draws._answer(answer, note)

    def _get_suggested_note(self, last):
        """:return: str, or None; goodwill goes on with what was written last time"""
        if self.suggestion != "goodwill" or self.id not in last:
            return None
        _answer, _day, note = last[self.id]
        return note
