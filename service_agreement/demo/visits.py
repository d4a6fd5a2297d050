"""Preventive visits of the past, planned by the days and made by the technicians."""

import random
from datetime import timedelta

# Whose next visit is overdue, because nobody let us in.
LATE = "delacroix"
DEFECTS = [
    "Lamp at 2,840 of 3,000 hours: order a new one",
    "Battery of the bedroom remote is empty, changed",
    "One fan of the rack is loud; it will be changed on the next visit",
    "Access point on the terrace answers slowly",
]
SUMMARIES = [
    "Everything updated and tested with the family; scenes explained once more.",
    "Rack cleaned, settings saved, all rooms played through.",
    "All devices updated. The cinema was measured and sounds as on the first day.",
]


class Visits:
    def __init__(self, timeline, tickets):
        self.timeline = timeline
        self.tickets = tickets
        self.random = random.Random(414)

    def plan(self):
        self.timeline.every_day(5, self._plan_day)

    def leave_on_the_desk(self):
        """What is near today is planned, and nobody is written to about it."""
        self._plan_day(self.timeline.today)
        tasks = self.timeline.env["project.task"].search([("visit_id", "!=", False)])
        mails = self.timeline.env["mail.mail"]
        mails.search(
            [("model", "=", "project.task"), ("res_id", "in", tasks.ids)]
        ).unlink()

    def set_days_right(self):
        """Once their tickets have the dates that they had then: see history."""
        visits = self.timeline.env["service.agreement.visit"].search([])
        visits.env.add_to_compute(visits._fields["done_on"], visits)

    def _plan_day(self, day):
        env, company = self.timeline.env, self.timeline.company
        agreements = env["service.agreement"].with_company(company)
        if day.day == 1 or day == self.timeline.today:
            agreements._find_with_visits(company)._sync_visits()
        visits = env["service.agreement.visit"]
        near = visits.search(
            [
                ("state", "=", "owed"),
                ("task_id", "=", False),
                ("date", "<=", day + timedelta(days=21)),
            ]
        )
        for visit in near.filtered(lambda v: v._get_day_to_plan() <= day):
            visit._try_to_plan()
            self._plan_visit(visit)

    def _plan_visit(self, visit):
        hour = self.random.choice((9, 10, 13, 14))
        is_late = visit.partner_id == self.timeline.named(f"partner_{LATE}")
        if visit.task_id and not (is_late and visit.number == 3):
            self.timeline.at(self.timeline.instant(visit.date, hour), self._make, visit)

    def _make(self, visit):
        task = visit.task_id
        names = ("tom", "nadia", "luis")
        technician = self.timeline.named(f"user_{self.random.choice(names)}")
        task.user_ids = technician
        for check in visit.check_ids.with_user(technician):
            check.result = "ok"
        if self.random.random() < 0.4:
            check = self.random.choice(list(visit.check_ids))
            found = self.random.choice(DEFECTS)
            check.with_user(technician).write({"result": "defect", "note": found})
        visit.with_user(technician).summary = self.random.choice(SUMMARIES)
        task.with_user(technician).stage_id = self.tickets.stages["solved"]
        task.activity_unlink(["service_agreement.mail_activity_type_visit"])
        visit.report_sent_on = self.timeline.env.cr.now()
        self.tickets.worked.append(
            {
                "name": "Preventive visit",
                "date": visit.date,
                "task_id": task.id,
                "project_id": task.project_id.id,
                "unit_amount": visit.planned_hours,
                "employee_id": technician.employee_id.id,
                "user_id": technician.id,
            }
        )
