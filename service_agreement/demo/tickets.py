"""The service desk: what customers asked, and when it was answered and solved."""

import random
from datetime import timedelta, timezone
from typing import NamedTuple

from ..tools.working_time import WorkingTime
from . import stories
from .agreements import DEALS

TECHNICIANS = ("tom", "nadia", "luis")
PAST_TICKETS = 66
# Nobody's agreement: they are served by the hour, or for nothing.
UNCOVERED = ("tran", "halvorsen", "cedar", "eastmere")
# How the past tickets ended, and how many in a hundred.
FATES = {
    "kept": 66,
    "asked": 16,
    "late_solution": 7,
    "late_answer": 6,
    "reopened": 3,
    "cancelled": 2,
}
# Who needs a visit works longer than this, in minutes.
VISIT_MINUTES = 60
HOMES = {d.customer for d in DEALS[:15]} | {"tran", "whitfield_lake"}
OFFICE = WorkingTime({day: [(8 * 60, 18 * 60)] for day in range(5)}, "America/New_York")


class Open(NamedTuple):
    """A ticket of today: how much of its promise is used, and how far it is."""

    customer: str
    story: int
    used: float
    stage: str = "new"
    metric: str = "resolution"
    priority: str = ""


OPEN = [
    Open("whitfield", 2, 0.55, "answered"),
    Open("whitfield", 15, 0.3, "waiting"),
    Open("hargrove", 12, 0.65, "answered"),
    Open("delacroix", 4, 0.35, "answered"),
    Open("okafor", 1, 0.9, "answered"),
    Open("kestrel", 17, 1.2, "answered"),
    Open("gannet", 9, 0.6, "visited"),
    Open("fenwick", 0, 0.78, "answered"),
    Open("pinecrest", 4, 0.25, "new", "first_response"),
    Open("dockhand", 11, 1.3, "answered"),
    Open("synagogue", 5, 0.4, "waiting"),
    Open("corvane", 10, 0.5, "new", "first_response"),
    Open("ito", 9, 0.85, "new", "first_response"),
    Open("abernathy", 7, 0.3, "new", "first_response"),
    Open("tran", 10, 0.5, "new"),
    Open("halvorsen", 3, 0.9, "answered"),
]
# What Carla finds in her portal, whatever chance decides for the others.
CARLA = [
    (380, 0, "kept"),
    (300, 9, "asked"),
    (214, 4, "late_solution"),
    (127, 16, "kept"),
    (61, 3, "kept"),
    (24, 6, "late_answer"),
]


class Ticket(NamedTuple):
    """A ticket of the past on its way."""

    task: object
    story: stories.Story
    contact: object
    technician: object
    fate: str


class Tickets:
    def __init__(self, timeline, systems):
        """:param dict systems: service.agreement.system by customer"""
        self.timeline = timeline
        self.systems = systems
        self.random = random.Random(2026)
        self.desk = timeline.named("project_service_desk")
        self.desk = self.desk.with_env(timeline.env)
        self.stages = {stage.ticket_status: stage for stage in self.desk.type_ids}
        self.stages["progress"] = self.desk.type_ids.sorted("sequence")[1]
        self.worked = []
        self._used = {}

    def plan(self):
        for days_ago, number, fate in CARLA:
            self._plan_past("whitfield", stories.HOMES[number], days_ago, fate)
        fates, weights = list(FATES), list(FATES.values())
        for _number in range(PAST_TICKETS):
            days_ago = self.random.randint(12, 420)
            customer = self._choose_customer(days_ago)
            fate = self.random.choices(fates, weights)[0]
            self._plan_past(customer, self._choose_story(customer), days_ago, fate)
        for plan in OPEN:
            self._plan_open(plan)

    def write_down(self, _day):
        """Timesheets of all that was worked since they were last written down."""
        worked, self.worked[:] = self.worked[:], []
        self.timeline.env["account.analytic.line"].create(worked)

    # Who and what

    def _choose_customer(self, days_ago):
        """Mostly those who had an agreement then; the others call as well."""
        if self.random.random() < 0.12:
            return self.random.choice(UNCOVERED)
        day = self.timeline.today - timedelta(days=days_ago)
        return self.random.choice(
            [
                deal.customer
                for deal in DEALS
                if deal.stage == "active"
                and deal.customer != "whitfield"
                and self.timeline.day(*deal.start) <= day
                and not (deal.ended and self.timeline.day(*deal.ended[0]) <= day)
            ]
        )

    def _choose_story(self, customer):
        """Each story once, before any is told again."""
        tales = stories.HOMES if customer in HOMES else stories.BUSINESSES
        least = min(self._used.get(story.subject, 0) for story in tales)
        fresh = [s for s in tales if self._used.get(s.subject, 0) == least]
        story = self.random.choice(fresh)
        self._used[story.subject] = least + 1
        return story

    def _choose_time(self, days_ago):
        """Most people call in the morning, some in the evening."""
        day = self.timeline.today - timedelta(days=days_ago)
        if day.weekday() > 4 and self.random.random() < 0.7:
            day -= timedelta(days=2)
        hour = self.random.choices(
            range(7, 22), (2, 6, 9, 9, 7, 4, 5, 6, 6, 5, 3, 3, 3, 2, 1)
        )[0]
        return self.timeline.instant(day, hour, self.random.randint(0, 59))

    def _get_contact(self, customer):
        partner = self.timeline.named(f"partner_{customer}")
        company = partner.commercial_partner_id
        return (
            company.child_ids.filtered(
                lambda c: c.type == "contact" and not c.is_company
            ).sorted("id")[:1]
            or partner
        )

    # Tickets of the past

    def _plan_past(self, customer, story, days_ago, fate):
        technician = self.random.choice(TECHNICIANS)
        self.timeline.at(
            self._choose_time(days_ago), self._begin, customer, story, technician, fate
        )

    def _begin(self, customer, story, technician, fate):
        ticket = self._open(customer, story, technician, fate)
        now = self.timeline.env.cr.now()
        used = self.random.uniform(0.08, 0.6)
        if fate == "late_answer":
            used = self.random.uniform(1.1, 1.6)
        answered = self._after(ticket, "first_response", used)
        self.timeline.at(answered, self._answer, ticket)
        used = self.random.uniform(0.15, 0.7)
        if fate == "late_solution":
            used = self.random.uniform(1.05, 1.4)
        solved = self._after(ticket, "resolution", used)
        solved = max(solved, answered + timedelta(minutes=story.minutes))
        if story.minutes > VISIT_MINUTES:
            self._plan_visit(ticket, answered, solved)
        if fate == "cancelled":
            self.timeline.at(answered + timedelta(hours=3), self._cancel, ticket)
        elif fate == "asked":
            self._plan_question(ticket, answered, solved - now)
        else:
            self.timeline.at(solved, self._solve, ticket)

    def _plan_visit(self, ticket, answered, solved):
        """Who was promised one in time, is mostly visited in time."""
        arrived = self._after(
            ticket, "on_site", 1.15 if ticket.story.minutes > 110 else 0.6
        )
        work = timedelta(minutes=ticket.story.minutes)
        arrived = max(answered, min(arrived, solved - work))
        self.timeline.at(arrived, self._arrive, ticket)

    def _plan_question(self, ticket, answered, rest):
        asked = answered + timedelta(minutes=self.random.randint(15, 45))
        replied = asked + timedelta(hours=self.random.randint(16, 52))
        number = self.random.randrange(len(stories.QUESTIONS))
        self.timeline.at(asked, self._ask, ticket, number)
        self.timeline.at(replied, self._reply, ticket, number)
        self.timeline.at(replied + timedelta(minutes=25), self._go_on, ticket)
        self.timeline.at(replied + rest * 0.5, self._solve, ticket)

    def _after(self, ticket, metric, used):
        """:return: naive UTC instant at which that share of a promise is used up; of
        no promise at all: of a working day for the first answer, of two for the rest
        """
        clock = ticket.task.sla_clock_ids.filtered(lambda c: c.metric == metric)
        hours, minutes = OFFICE, 480 if metric == "first_response" else 1200
        if clock:
            hours, minutes = clock.sla_calendar_id._working_time(), clock.minutes
        start = self.timeline.env.cr.now().replace(tzinfo=timezone.utc)
        passed = hours.add(start, timedelta(minutes=minutes) * used)
        # Nobody answers to the second.
        passed += timedelta(seconds=self.random.randint(1, 59))
        return passed.replace(tzinfo=None)

    # Tickets of today

    def _plan_open(self, plan):
        tales = stories.HOMES if plan.customer in HOMES else stories.BUSINESSES
        opened = self._before(plan, tales[plan.story])
        self.timeline.at(opened, self._begin_open, plan, tales[plan.story])

    def _before(self, plan, story):
        """:return: when it was opened, if that share of its promise is used by now"""
        env, now = self.timeline.env, self.timeline.now
        partner = self.timeline.named(f"partner_{plan.customer}")
        tier = next((d.tier for d in DEALS[::-1] if d.customer == plan.customer), None)
        hours, minutes = OFFICE, 1200
        if tier:
            targets = self.timeline.named(f"tier_{tier}").target_ids
            target = targets.filtered(
                lambda t: t.metric == plan.metric and t.priority == story.priority
            )
            hours, minutes = WorkingTime.always(), target.minutes
            if calendar := target.calendar_id:
                spec = calendar._get_service_spec(
                    self.timeline.company, partner.tz, self.timeline.today.year
                )
                frozen = env["service.agreement.sla.calendar"]._freeze(spec, calendar)
                hours = frozen._working_time()
        now = now.replace(tzinfo=timezone.utc)
        opened = hours.add(now, -timedelta(minutes=minutes) * plan.used)
        return opened.replace(tzinfo=None)

    def _begin_open(self, plan, story):
        technician = self.random.choice(TECHNICIANS)
        ticket = self._open(plan.customer, story, technician, plan.stage)
        if plan.stage == "new":
            return
        now = self.timeline.env.cr.now()
        gone = self.timeline.now - now
        answered = min(self._after(ticket, "first_response", 0.4), now + gone * 0.5)
        self.timeline.at(answered, self._answer, ticket)
        if plan.stage == "visited":
            self.timeline.at(now + gone * 0.8, self._arrive, ticket)
        if plan.stage == "waiting":
            asked = answered + (self.timeline.now - answered) * 0.3
            self.timeline.at(asked, self._ask, ticket, 0)

    # Steps

    def _open(self, customer, story, technician, fate):
        contact = self._get_contact(customer)
        task = self.timeline.env["project.task"].create(
            {
                "name": story.subject,
                "project_id": self.desk.id,
                "partner_id": contact.id,
                "priority": story.priority,
                "user_ids": False,
                "description": f"<p>{story.request}</p>",
                **self._prepare_coverage(customer, story),
            }
        )
        # As the gateway does: it is the request itself, and no question more.
        self._say(
            task,
            contact,
            story.request,
            message_type="email",
            subtype_xmlid="project.mt_task_new",
        )
        user = self.timeline.named(f"user_{technician}")
        return Ticket(task, story, contact, user, fate)

    def _prepare_coverage(self, customer, story):
        """What decides who pays: the work, the system, and what is never covered."""
        system = self.systems.get(customer)
        return {
            "work_type_id": self._get_work_type(story).id,
            "system_id": system.id if system else False,
            "exclusion_id": self._get_exclusion(story),
        }

    def _get_work_type(self, story):
        kind = "on_site" if story.minutes > VISIT_MINUTES else "remote"
        if story.subject in stories.PROGRAMMING:
            kind = "programming"
        return self.timeline.env.ref(f"service_agreement.work_type_{kind}")

    def _get_exclusion(self, story):
        name = stories.EXCLUDED.get(story.subject)
        if not name:
            return False
        return self.timeline.env.ref(f"service_agreement.exclusion_{name}").id

    def _say(self, task, author, body, **values):
        task.message_post(
            body=body,
            author_id=author.id,
            email_from=author.email_formatted,
            **{
                "message_type": "comment",
                "subtype_xmlid": "mail.mt_comment",
                **values,
            },
        )

    def _answer(self, ticket):
        task = ticket.task.with_user(ticket.technician)
        task.write(
            {
                "user_ids": ticket.technician.ids,
                "stage_id": self.stages["progress"].id,
            }
        )
        body = ticket.story.answer
        if ticket.fate == "late_answer":
            body = f"{stories.LATE} {body}"
        self._say(task, ticket.technician.partner_id, body)
        if ticket.fate in FATES and self.random.random() < 0.7:
            self._say(
                task,
                ticket.technician.partner_id,
                ticket.story.note,
                subtype_xmlid="mail.mt_note",
            )
        minutes = max(10, ticket.story.minutes // 3)
        remote = self.timeline.env.ref("service_agreement.work_type_remote")
        self._log_time(ticket, minutes, "Diagnosis", remote)

    def _ask(self, ticket, number):
        task = ticket.task.with_user(ticket.technician)
        self._say(task, ticket.technician.partner_id, stories.QUESTIONS[number])
        task.stage_id = self.stages["waiting"]

    def _reply(self, ticket, number):
        self._say(
            ticket.task, ticket.contact, stories.REPLIES[number], message_type="email"
        )
        ticket.task.stage_id = self.stages["progress"]

    def _go_on(self, ticket):
        body = "Thank you, that helps. We go on with it."
        self._say(
            ticket.task.with_user(ticket.technician),
            ticket.technician.partner_id,
            body,
        )

    def _arrive(self, ticket):
        ticket.task.with_user(ticket.technician).action_ticket_arrived()

    def _solve(self, ticket):
        body = ticket.story.solution
        if ticket.fate == "late_solution":
            body = f"{body} {stories.LATE}"
        task = ticket.task.with_user(ticket.technician)
        self._say(task, ticket.technician.partner_id, body)
        task.stage_id = self.stages["solved"]
        work = self._get_work_type(ticket.story)
        self._log_time(ticket, ticket.story.minutes, "Repair and test", work)
        now = self.timeline.env.cr.now()
        if ticket.fate == "reopened":
            again = now + timedelta(hours=self.random.randint(20, 60))
            self.timeline.at(again, self._reopen, ticket)
        elif self.random.random() < 0.4:
            thanked = now + timedelta(minutes=self.random.randint(8, 200))
            self.timeline.at(thanked, self._thank, ticket)

    def _reopen(self, ticket):
        self._say(
            ticket.task,
            ticket.contact,
            "I am afraid it is back since last night.",
            message_type="email",
        )
        ticket.task.with_user(ticket.technician).stage_id = self.stages["progress"]
        solved = self.timeline.env.cr.now() + timedelta(hours=self.random.randint(3, 7))
        self.timeline.at(solved, self._solve, ticket._replace(fate="kept"))

    def _thank(self, ticket):
        body = self.random.choice(stories.THANKS)
        self._say(ticket.task, ticket.contact, body, message_type="email")
        # What a customer writes goes on; somebody looks, and closes it again.
        looked = self.timeline.env.cr.now() + timedelta(minutes=12)
        self.timeline.at(looked, self._close_again, ticket)

    def _close_again(self, ticket):
        ticket.task.with_user(ticket.technician).stage_id = self.stages["solved"]

    def _cancel(self, ticket):
        body = "Please forget it, the neighbour had borrowed our remote."
        self._say(ticket.task, ticket.contact, body, message_type="email")
        ticket.task.stage_id = self.stages["cancelled"]

    def _log_time(self, ticket, minutes, name, work_type):
        """A quarter of an hour is the least that is written down, when it is done."""
        hours = max(1, round(minutes / 15)) / 4
        now = self.timeline.env.cr.now().replace(microsecond=0)
        start = now - timedelta(hours=hours)
        self.worked.append(
            {
                "name": name,
                "date": self.timeline.local(start).date(),
                "task_id": ticket.task.id,
                "project_id": self.desk.id,
                "unit_amount": hours,
                "employee_id": ticket.technician.employee_id.id,
                "user_id": ticket.technician.id,
                "service_work_type_id": work_type.id,
                "service_start": start,
                "service_trips": int(work_type.is_on_site),
                "service_system_id": ticket.task.system_id.id,
                "service_exclusion_id": ticket.task.exclusion_id.id,
            }
        )
