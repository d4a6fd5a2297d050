from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import service_agreement_capacity_simulation
from ..models.service_agreement_capacity_words import format_share
from ..tools.week_clock import WeekClock
from .common import TODAY, CapacityCommon


@tagged("post_install", "-at_install")
class TestCapacityRun(CapacityCommon):
    """What comes in, who is there, and what a check says of it."""

    def _get_history(self, run):
        run.sudo().write(run._prepare_start_values())
        clock = WeekClock(run.date_start, "Europe/Amsterdam")
        _demand, history = run.sudo()._get_demand(clock)
        return history

    # What comes in

    def test_tickets_come_again_at_their_hour_with_their_work(self):
        with self.at(TODAY):
            history = self._get_history(self._ask())
        self.assertEqual(history.weeks, 4)
        tuesday, saturday = (24 + 10) * 60, (5 * 24 + 20) * 60
        self.assertEqual(
            [(p.minute, p.urgency, p.work, bool(p.cover)) for p in history.tickets],
            [(tuesday, 0, 3600, True), (saturday, 3, 1800, True)] * 4,
        )

    def test_what_was_merged_or_called_off_does_not_come_again(self):
        monday = "2026-02-09 10:00"
        merged, called_off, worked_on = (
            self._came_in(monday, hours) for hours in (0, 0, 1.0)
        )
        with self.at("2026-02-09 12:00:00"):
            merged._ticket_record("merged")
            (called_off | worked_on)._ticket_record("cancelled")
            self.env.flush_all()
        with self.at(TODAY):
            history = self._get_history(self._ask())
        # Work on what was called off was work.
        self.assertEqual(len(history.tickets), 9)

    def test_what_we_planned_ourselves_is_work_and_no_promise(self):
        planned = self._came_in("2026-02-09 10:00", 2.0)
        self.patch(
            type(planned), "_ticket_is_planned", lambda ticket: ticket == planned
        )
        with self.at(TODAY):
            history = self._get_history(self._ask())
        (past,) = (p for p in history.tickets if p.work == 7200)
        self.assertFalse(past.cover)
        self.assertFalse(past.customer)

    def test_each_question_of_the_customer_wants_an_answer(self):
        ticket = self._came_in("2026-02-09 10:00", 1.0)
        for instant, kind in (
            ("2026-02-09 11:00:00", "asked"),
            ("2026-02-09 11:30:00", "asked"),
            ("2026-02-09 12:00:00", "answered"),
            ("2026-02-09 13:00:00", "asked"),
        ):
            with self.at(instant):
                ticket._ticket_record(kind)
        with self.at(TODAY):
            history = self._get_history(self._ask())
        (past,) = (p for p in history.tickets if p.questions)
        self.assertEqual(past.questions, (2 * 3600, 4 * 3600))

    def test_whoever_has_no_agreement_is_promised_nothing(self):
        stranger = self._create_customer("Free Rider")
        self._came_in("2026-02-09 10:00", 3.0, partner_id=stranger.id)
        with self.at(TODAY):
            history = self._get_history(self._ask())
        (past,) = (p for p in history.tickets if p.work == 3 * 3600)
        self.assertFalse(past.cover)
        self.assertEqual(past.customer, stranger.id)

    def test_another_company_has_other_tickets(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        desk = self.desk.copy({"company_id": other.id, "is_service_desk": True})
        self._came_in(
            "2026-02-09 10:00",
            project_id=desk.id,
            partner_id=self._create_customer("Far Away").id,
        )
        with self.at(TODAY):
            history = self._get_history(self._ask())
        self.assertEqual(len(history.tickets), 8)

    # Who is there

    def test_technicians_are_those_who_worked_on_tickets(self):
        self.assertEqual(self._ask().employee_ids.ids, self.technician.ids)

    def test_of_what_comes_on_saturday_evening_nothing_is_kept(self):
        run = self._check()
        self.assertEqual(run.state, "done")
        self.assertEqual(self._chance(run, "3", "first_response"), 0)
        self.assertEqual(self._chance(run, "0", "first_response"), 1)
        self.assertEqual(run.worst_hours, "Saturday evening: 0 %")
        self.assertIn("2 of 4 promises", run.summary)

    def test_one_on_call_would_keep_it(self):
        run = self._check()
        choices = [(c.number, c.number_on_call) for c in run.choice_ids]
        self.assertEqual(choices, [(0, 1)])
        self.assertEqual(run.extra_people, "1 more on call, day and night.")
        better = self._check(staff_ids=[Command.create({"number": 1})])
        self.assertEqual(better.kept, 1)
        self.assertFalse(better.worst_hours)
        self.assertIn("Yes", better.summary)
        self.assertEqual(better.extra_people, "Nobody more than there is.")

    def test_where_either_would_do_both_are_said(self):
        shifts = self._create_calendar("Shifts", range(7), 0, 24)
        run = self._check(calendar_id=shifts.id)
        choices = [(c.number, c.number_on_call) for c in run.choice_ids]
        self.assertEqual(choices, [(1, 0), (0, 1)])
        self.assertEqual(
            run.extra_people.splitlines(),
            ["1 more in the hours “Shifts”.", "Or: 1 more on call, day and night."],
        )
        only_on_call = self._check(calendar_id=False)
        choices = [(c.number, c.number_on_call) for c in only_on_call.choice_ids]
        self.assertEqual(choices, [(0, 1)])

    def test_on_leave_nobody_keeps_anything(self):
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": "Away",
                "resource_id": self.technician.sudo().resource_id.id,
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": "2026-02-01 00:00:00",
                "date_to": "2026-12-31 23:00:00",
            }
        )
        run = self._check()
        self.assertEqual(run.kept, 0)
        self.assertEqual(run.hours_there, 0)

    def test_who_works_when_he_likes_is_there_in_the_companys_hours(self):
        self.technician.sudo().resource_calendar_id = False
        run = self._check()
        self.assertEqual(run.hours_there, 40)
        self.assertEqual(self._chance(run, "3", "first_response"), 0)

    def test_hours_are_those_that_people_have_for_tickets(self):
        run = self._check(share=50)
        self.assertEqual(run.hours_there, 20)
        whole = self._check()
        self.assertAlmostEqual(run.hours_needed, whole.hours_needed, 2)

    def test_one_who_leaves_leaves_the_others(self):
        colleague = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Ben", "resource_calendar_id": self.calendar.id})
        )
        fewer = Command.create({"calendar_id": self.calendar.id, "number": -1})
        both = (self.technician | colleague).ids
        run = self._ask(employee_ids=both, staff_ids=[fewer])
        self.assertEqual(len(run._get_technicians()), 1)
        too_many = Command.create({"calendar_id": self.calendar.id, "number": -3})
        run = self._ask(employee_ids=both, staff_ids=[too_many])
        with self.assertRaisesRegex(UserError, "not so many"):
            run.action_start()

    def test_lines_of_the_same_hours_add_up(self):
        fewer = Command.create({"calendar_id": self.calendar.id, "number": -1})
        alone = self._ask(employee_ids=self.technician.ids, staff_ids=[fewer])
        with self.assertRaisesRegex(UserError, "Nobody would be there"):
            alone.action_start()
        employees = self.env["hr.employee"].sudo()
        three = self.technician | employees.create(
            [
                {"name": name, "resource_calendar_id": self.calendar.id}
                for name in ("Ben", "Eve")
            ]
        )
        run = self._ask(employee_ids=three.ids, staff_ids=[fewer, fewer])
        self.assertEqual(len(run._get_technicians()), 1)
        run.staff_ids = [fewer, fewer]
        with self.assertRaisesRegex(UserError, "not so many"):
            run.action_start()

    # What is about to be sold

    def test_a_rate_is_of_the_weeks_in_which_the_agreement_ran(self):
        with self.at(TODAY):
            before = self._get_history(self._ask())
            rate = before.get_rate(self.tier)
        self.agreement.sudo().date_start = "2026-02-16"
        with self.at(TODAY):
            history = self._get_history(self._ask())
        self.assertEqual(len(history.by_tier[self.tier.id]), 8)
        self.assertEqual(history.rated[self.tier.id], 4)
        self.assertEqual((rate, history.get_rate(self.tier)), (2, 2))
        self.agreement.sudo().date_start = "2026-03-05"
        with self.at(TODAY):
            history = self._get_history(self._ask())
        self.assertEqual(history.get_rate(self.tier), 0)

    def test_an_agreement_that_is_sold_covers_what_its_customer_calls_about(self):
        stranger = self._create_customer("Free Rider")
        for day in (9, 10, 11):
            self._came_in(f"2026-02-{day:02} 10:00", 1.0, partner_id=stranger.id)
        proposal = self._create_proposal(self.tier, partner_id=stranger.id)
        sale = {"proposal_id": proposal.id, "chance": 100}
        before = self._check()
        after = self._check(sale_ids=[Command.create(sale)])
        never = self._check(sale_ids=[Command.create({**sale, "chance": 0})])
        self.assertGreater(after.promised, before.promised)
        self.assertEqual(never.promised, before.promised)

    def test_an_agreement_nobody_knows_brings_what_others_bring(self):
        # The one there is has two tickets a week.
        sale = {"tier_id": self.tier.id, "number": 10, "chance": 100}
        before = self._check()
        after = self._check(sale_ids=[Command.create(sale)])
        self.assertAlmostEqual(after.promised / before.promised, 11, delta=2.5)

    def test_what_is_on_offer_comes_with_the_chance_that_offers_had(self):
        customers = [self._create_customer(f"Customer {n}") for n in range(4)]
        proposals = [
            self._create_proposal(self.tier, partner_id=customer.id)
            for customer in customers
        ]
        with self.at("2026-02-20 09:00:00"):
            for proposal in proposals:
                proposal.action_mark_sent()
            for proposal in proposals[:3]:
                proposal.sudo().write(
                    {"state": "declined", "declined_on": fields.Datetime.now()}
                )
        with self.at(TODAY):
            runs = self.env["service.agreement.capacity.run"]
            run = runs.create({"company_id": self.company.id})
        self.assertEqual(run.sale_ids.proposal_id, proposals[3])
        self.assertEqual(run.sale_ids.tier_id, self.tier)
        # None of three so far.
        self.assertEqual(run.sale_ids.chance, 20)

    # The answer

    def test_a_seed_always_finds_the_same(self):
        def get_figures(run):
            return [(t.display_name, t.kept, t.spread) for t in run.target_ids]

        first, again = self._check(share=20), self._check(share=20)
        other = self._check(share=20, seed=2)
        self.assertEqual(get_figures(first), get_figures(again))
        self.assertNotEqual(get_figures(first), get_figures(other))

    def test_more_people_make_no_figure_worse(self):
        for seed in range(4):
            few = self._check(share=3, seed=seed)
            more = self._check(
                share=3,
                seed=seed,
                staff_ids=[Command.create({"calendar_id": self.calendar.id})],
            )
            for before, after in zip(
                few.target_ids.sorted(lambda t: (t.priority, t.metric)),
                more.target_ids.sorted(lambda t: (t.priority, t.metric)),
                strict=True,
            ):
                self.assertGreaterEqual(after.chance, before.chance)
            self.assertLessEqual(more.credit, few.credit)

    def test_of_very_many_tickets_fewer_repetitions_are_made(self):
        self.patch(service_agreement_capacity_simulation, "MOST_TICKETS", 50)
        run = self._check(draws=20)
        # Eight in four weeks: twenty in eight, and in two to warm up.
        self.assertEqual(run.draws_made, 2)
        self.assertAlmostEqual(sum(run.target_ids.mapped("promised")), run.promised, 4)

    def test_figures_add_up(self):
        run = self._check(share=20)
        for lines in (run.target_ids, run.hour_ids):
            self.assertAlmostEqual(sum(lines.mapped("promised")), run.promised, 4)
            kept = sum(lines.mapped("kept"))
            self.assertAlmostEqual(kept, run.kept * run.promised, 4)

    def test_a_group_of_rows_is_kept_as_often_as_all_their_promises_together(self):
        run = self._check()
        ((chance,),) = run.hour_ids._read_group(
            [("run_id", "=", run.id)], [], ["chance:avg"]
        )
        self.assertAlmostEqual(chance, run.kept, 4)

    def test_a_miss_costs_what_the_agreement_gives_back(self):
        self.agreement.sudo().write({"sla_credit_percent": 10, "sla_credit_cap": 20})
        run = self._check(employee_ids=self.technician.ids)
        # Two misses a Saturday; of each month at most 20 % of 149.00.
        self.assertGreater(run.credit, 29.8)
        self.assertLessEqual(run.credit, 3 * 29.8)

    def test_what_takes_longer_than_promised_nobody_keeps(self):
        self._came_in("2026-02-09 10:00", 9.0, priority="3")
        run = self._check()
        target = run.target_ids.filtered(
            lambda t: (t.priority, t.metric) == ("3", "resolution")
        )
        self.assertLess(target.possible, 0.95)
        self.assertIn("No number of people keeps", run.extra_people)

    def test_what_was_kept_so_far_stands_beside_it(self):
        with self.at("2026-02-03 09:10:00"):
            self.calm[0].with_user(self.agent).message_post(
                body="We are on our way",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        run = self._check()
        target = run.target_ids.filtered(
            lambda t: (t.priority, t.metric) == ("0", "first_response")
        )
        self.assertTrue(target.has_past)
        # Answered one of four.
        self.assertEqual(target.past, 0.25)

    def test_the_map_shows_the_hour_and_says_the_share(self):
        run = self._check()
        self.assertIn("20:00", str(run.hour_map))
        self.assertIn("o_sa_hours_0", str(run.hour_map))

    def test_a_share_is_never_rounded_to_what_it_is_not(self):
        for share, text in (
            (0, "0 %"),
            (0.0001, "0.1 %"),
            (0.956, "96 %"),
            (0.9999, "99.9 %"),
            (1, "100 %"),
        ):
            self.assertEqual(format_share(self.env, share), text)

    # Its records

    def test_figures_open_what_they_count(self):
        run = self._check()
        tickets = self.env["project.task"]
        found = tickets.search(run.action_view_tickets()["domain"])
        self.assertEqual(len(found), run.ticket_count)
        saturday = run.hour_ids.filtered(lambda hour: hour.weekday == "5")[0]
        found = tickets.search(saturday.action_view_tickets()["domain"])
        self.assertEqual(found, self.urgent)
        target = run.target_ids[0]
        past = self.env[target.action_view_past()["res_model"]]
        self.assertTrue(past.search(target.action_view_past()["domain"]))

    def test_figures_open_nothing_else(self):
        merged, called_off = (self._came_in("2026-02-14 20:00") for _each in range(2))
        with self.at("2026-02-16 12:00:00"):
            merged._ticket_record("merged")
            called_off._ticket_record("cancelled")
            self.env.flush_all()
        run = self._check()
        tickets = self.env["project.task"]
        found = tickets.search(run.action_view_tickets()["domain"])
        self.assertEqual(found, self.calm | self.urgent)
        saturday = run.hour_ids.filtered(lambda hour: hour.weekday == "5")[0]
        found = tickets.search(saturday.action_view_tickets()["domain"])
        self.assertEqual(found, self.urgent)

    # Its life

    def test_it_is_worked_out_in_the_background(self):
        run = self._ask().with_user(self.manager)
        with self.at(TODAY):
            run.action_start()
            self.assertEqual(run.state, "running")
            with self.assertRaisesRegex(UserError, "at work"):
                run.unlink()
            self._run_cron("service_agreement_capacity.ir_cron_capacity")
        run.invalidate_recordset()
        self.assertEqual((run.state, run.progress), ("done", 100))
        self.assertEqual(run.user_id, self.manager)
        self.assertEqual(str(run.date_start), "2026-03-09")

    def test_it_can_be_stopped(self):
        run = self._ask().with_user(self.manager)
        with self.at(TODAY):
            run.action_start()

            def stop(percent):
                if percent == 70:
                    run.action_stop()

            run.sudo()._work(stop)
        self.assertEqual(run.state, "draft")
        self.assertFalse(run.target_ids)
        with self.assertRaisesRegex(UserError, "not at work"):
            run.action_stop()
        run.unlink()

    def test_started_otherwise_meanwhile_it_is_begun_anew(self):
        run = self._ask().with_user(self.manager)
        with self.at(TODAY):
            run.action_start()

            def start_otherwise(percent):
                if percent == 70:
                    run.action_stop()
                    run.weeks = 3
                    run.action_start()

            run.sudo()._work(start_otherwise)
            self.assertEqual(run.state, "running")
            self.assertFalse(run.target_ids)
            run.sudo()._work()
        self.assertEqual(run.state, "done")

    def test_one_that_fails_keeps_no_other_waiting(self):
        simulate = type(self.env["service.agreement.capacity.run"])._simulate
        broken, fine = self._ask(), self._ask()

        def fail(run, tell):
            if run == broken:
                raise ValueError("Secret")
            return simulate(run, tell)

        with self.at(TODAY):
            (broken | fine).action_start()
            self.patch(type(broken), "_simulate", fail)
            with mute_logger("odoo.addons.service_agreement_capacity.models"):
                self._run_cron("service_agreement_capacity.ir_cron_capacity")
        self.assertEqual((broken.state, fine.state), ("failed", "done"))
        self.assertIn("server's log", broken.problem)

    def test_who_works_when_he_likes_where_no_hours_are_set(self):
        self.technician.sudo().resource_calendar_id = False
        run = self._ask()
        self.company.sudo().resource_calendar_id = False
        self.assertEqual(self._answer(run).hours_there, 0)

    def test_without_any_promise_it_says_why_and_can_be_started_again(self):
        self.agreement.sudo().target_ids.unlink()
        run = self._check()
        self.assertEqual(run.state, "failed")
        self.assertIn("nothing", run.problem)
        run.with_user(self.manager).months = 2
        self.assertFalse(run._why_not_start())

    def test_without_anybody_it_does_not_start(self):
        run = self._ask(employee_ids=[])
        with self.assertRaisesRegex(UserError, "Nobody would be there"):
            run.action_start()

    def test_what_was_asked_stays_asked(self):
        run = self._check().with_user(self.manager)
        for change in ({"weeks": 3}, {"seed": 7}):
            with self.assertRaisesRegex(UserError, "has its answer"):
                run.write(change)
        with self.assertRaisesRegex(UserError, "has its answer"):
            run.staff_ids = [Command.create({"number": 1})]
        run.name = "Another name for it"
        again = self.env[run._name].browse(run.action_ask_again()["res_id"])
        self.assertEqual(again.state, "draft")
        self.assertFalse(again.target_ids)
        self.assertEqual(again.employee_ids, run.employee_ids)

    def test_what_if_does_not_warn_unless_it_shall(self):
        self.assertTrue(self._ask().is_in_force)
        self.assertFalse(self._ask(growth=20).is_in_force)
        self.assertFalse(
            self._ask(staff_ids=[Command.create({"number": 1})]).is_in_force
        )

    def test_twice_as_many_tickets_take_no_more_queries(self):
        def count(run):
            run.sudo().write(run._prepare_start_values())
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run.sudo()._get_demand(WeekClock(run.date_start, "UTC"))
            return self.cr.sql_log_count - before

        with self.at(TODAY):
            few, many = self._ask(), self._ask()
            self.env.flush_all()
            count(few)
            first = count(few)
        for hour in range(8, 16):
            self._came_in(f"2026-02-11 {hour:02}:00", 1.0)
        with self.at(TODAY):
            self.assertLessEqual(count(many), first)

    @mute_logger("odoo.sql_db")
    def test_settings_that_make_no_sense_are_refused(self):
        for values in (
            {"months": 0},
            {"weeks": 200},
            {"draws": 0},
            {"share": 0},
            {"growth": -101},
            {"answer_minutes": 0},
            {"usual_hours": 0},
        ):
            with self.assertRaises(IntegrityError, msg=values):
                self._ask(**values)
