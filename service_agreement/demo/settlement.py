"""Months of work: what was not covered had its answer, and each month was closed.

The last one is left open, for whoever looks at the demo to settle.
"""

import random

from dateutil.relativedelta import relativedelta

BUDGET = 600.0
BUDGET_CUSTOMER = 250.0
# How many in a hundred had which answer; what is left was given away.
ANSWERS = {"bill": 38, "goodwill": 16, "warranty": 8}
NOTES = (
    "Second visit for the same fault",
    "We had promised it in the handover",
    "Client since the first showroom",
)
# Small help that nobody wrote a ticket for, added to the last one of who asked.
CALLS = (
    ("tran", 0.25, "Phone: which remote for the terrace"),
    ("tran", 0.5, "Phone: Wi-Fi password of the guest network"),
    ("halvorsen", 0.5, "Phone: lights of the model home stay on"),
    ("cedar", 0.75, "Remote: conference room shows no picture"),
    ("eastmere", 1.0, "Remote: paging zones mixed up after power cut"),
    ("tran", 1.0, "Remote: streaming account moved to the new phone"),
    ("cedar", 0.25, "Phone: how to share a second screen"),
    ("halvorsen", 1.5, "Remote: scenes changed for the open house"),
    ("eastmere", 0.5, "Phone: volume in the lobby"),
    ("cedar", 0.5, "Remote: projector off every evening"),
)


class Settlement:
    def __init__(self, timeline):
        self.timeline = timeline
        self.random = random.Random(1840)
        self.months = timeline.env["service.agreement.month"]
        self.cora = timeline.named("user_cora")
        self.olivia = timeline.named("user_olivia")

    def plan(self):
        """Each month is settled on the third of the next one, but the last."""
        line = self.timeline
        line.company.service_goodwill_budget = BUDGET
        line.company.service_goodwill_budget_customer = BUDGET_CUSTOMER
        last = line.today + relativedelta(months=-1, day=1)
        first = line.begin.replace(day=1)
        while first < last:
            following = first + relativedelta(months=1)
            day = following.replace(day=3)
            line.at(line.instant(day, 10), self._settle_month_of, first)
            first = following

    def add_calls(self):
        """In the last month, day after day."""
        line = self.timeline
        lines = []
        for number, (customer, hours, name) in enumerate(CALLS):
            task = self._find_last_ticket(line.named(f"partner_{customer}"))
            if task:
                day = line.day(1, 2 + 2 * number)
                lines.append(self._prepare_call(task, day, hours, name))
        line.env["account.analytic.line"].create(lines)

    def _find_last_ticket(self, customer):
        return self.timeline.env["project.task"].search(
            [
                ("partner_id", "child_of", customer.id),
                ("project_id.is_service_desk", "=", True),
            ],
            order="id desc",
            limit=1,
        )

    def _prepare_call(self, task, day, hours, name):
        technician = task.technician_id or self.timeline.named("user_tom")
        return {
            "name": name,
            "date": day,
            "task_id": task.id,
            "project_id": task.project_id.id,
            "unit_amount": hours,
            "employee_id": technician.employee_id.id,
            "user_id": technician.id,
        }

    def _settle_month_of(self, first):
        """:param first: date, the first day of the month"""
        company = self.timeline.company
        for month in self.months.search(
            [("company_id", "=", company.id), ("date", "=", first)]
        ):
            self._settle(month)

    def _settle(self, month):
        for part in month.draw_ids.filtered(lambda draw: not draw.answer):
            self._answer(part.with_user(self.cora), month)
        month.with_user(self.olivia).action_close()
        moves = month.draw_ids.move_id.filtered(lambda move: move.state == "draft")
        moves.invoice_date = self.timeline.company._service_today()
        moves.action_post()

    def _answer(self, part, month):
        """As Cora would: what is goodwill stays within the budget."""
        chosen = self._choose(month, part)
        note = self.random.choice(NOTES) if chosen == "goodwill" else None
        part._answer(chosen, note)

    def _choose(self, month, part):
        weights = [*ANSWERS.values(), 100 - sum(ANSWERS.values())]
        [answer] = self.random.choices([*ANSWERS, "given"], weights)
        generous = part.worth > min(month.goodwill_left, BUDGET_CUSTOMER / 2)
        return "given" if answer == "goodwill" and generous else answer
