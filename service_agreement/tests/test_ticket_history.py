import random
from contextlib import suppress
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ServiceDeskCommon

TERMS = ("metric", "number", "priority", "minutes", "pausable", "late_by_change")
READING = (
    "state",
    "started_at",
    "stopped_at",
    "deadline",
    "risk_at",
    "excused_until",
    "used_seconds",
    "remaining_seconds",
    "late_seconds",
)


class HistoryCommon(ServiceDeskCommon):
    PROMISES = {
        **ServiceDeskCommon.PROMISES,
        ("0", "update"): (2 * 60, True),
        ("0", "on_site"): (6 * 60, True),
        ("3", "on_site"): (60, False),
    }

    def _show(self, ticket, metric):
        """:return: list of (state, deadline on the desk's wall) by round"""
        clocks = ticket.sla_clock_ids.filtered(lambda clock: clock.metric == metric)
        return [(c.state, self.on_wall(c.deadline)) for c in clocks.sorted("number")]

    def _ask(self, ticket, wall):
        with self.at_desk(wall):
            ticket.sudo().message_post(
                body="Any news?",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                author_id=self.customer.id,
            )


@tagged("post_install", "-at_install")
class TestUpdate(HistoryCommon):
    """Each question of the customer's is promised an answer."""

    def test_the_opening_is_no_question(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self.assertEqual(self._show(ticket, "update"), [])

    def test_more_messages_do_not_move_it(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._ask(ticket, "2026-03-09 11:00")
        self._ask(ticket, "2026-03-09 12:00")
        self.assertEqual(self._show(ticket, "update"), [("running", "Mon 13:00")])

    def test_an_answer_clears_it_and_the_next_question_is_another_round(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._ask(ticket, "2026-03-09 11:00")
        self._answer(ticket, "2026-03-09 12:00")
        self._answer(ticket, "2026-03-09 12:30")
        self._ask(ticket, "2026-03-09 16:00")
        self.assertEqual(
            self._show(ticket, "update"),
            [("met", "Mon 13:00"), ("running", "Tue 10:00")],
        )

    def test_a_missed_round_stays_missed(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self._ask(ticket, "2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 13:00")
        self._ask(ticket, "2026-03-09 14:00")
        self._answer(ticket, "2026-03-09 14:10")
        states = [state for state, _deadline in self._show(ticket, "update")]
        self.assertEqual(states, ["missed", "met"])
        self.assertEqual(ticket.sla_phase, "missed")

    def test_a_round_added_before_it_leaves_a_missed_one_as_it_is(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self._ask(ticket, "2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 13:00")
        missed = self._clock(ticket, "update")
        self.assertEqual(missed.state, "missed")
        with self.at_desk("2026-03-09 14:00"):
            for kind, utc in (("asked", "08:10"), ("answered", "08:20")):
                at = datetime.fromisoformat(f"2026-03-09 {utc}")
                ticket._ticket_add_by_hand(kind, at, False)
        self.assertEqual((missed.state, missed.number), ("missed", 1))
        added = self._clock(ticket, "update") - missed
        self.assertEqual((added.state, added.number), ("met", 2))
        self.assertFalse(ticket.sudo()._ticket_check_clocks())

    def test_solved_is_an_answer_and_cancelled_is_none(self):
        for stage, state in (("solved", "met"), ("cancelled", "cancelled")):
            ticket = self._open_ticket("2026-03-09 10:00")
            self._ask(ticket, "2026-03-09 11:00")
            self._move(ticket, stage, "2026-03-09 11:30")
            self.assertEqual(self._show(ticket, "update")[0][0], state)

    def test_reopened_the_answer_is_still_owed_with_what_was_left(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._ask(ticket, "2026-03-09 11:00")
        self._move(ticket, "solved", "2026-03-09 12:30")
        self._ask(ticket, "2026-03-10 10:00")
        self.assertEqual(self._show(ticket, "update"), [("running", "Tue 10:30")])
        self._answer(ticket, "2026-03-10 10:15")
        self._ask(ticket, "2026-03-10 11:00")
        rounds = [("met", "Tue 10:30"), ("running", "Tue 13:00")]
        self.assertEqual(self._show(ticket, "update"), rounds)
        self.assertFalse(ticket.sudo()._ticket_check_clocks())

    def test_solved_too_late_the_next_message_is_promised_another_answer(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._ask(ticket, "2026-03-09 11:00")
        self._move(ticket, "solved", "2026-03-09 14:00")
        self._ask(ticket, "2026-03-10 10:00")
        rounds = [("missed", "Mon 13:00"), ("running", "Tue 12:00")]
        self.assertEqual(self._show(ticket, "update"), rounds)
        self.assertFalse(ticket.sudo()._ticket_check_clocks())


@tagged("post_install", "-at_install")
class TestOnSite(HistoryCommon):
    def test_arrived_it_is_kept_and_pressed_twice_he_arrived_once(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self.assertTrue(ticket.with_user(self.agent).is_arrival_awaited)
        for wall in ("2026-03-09 14:00", "2026-03-09 16:00"):
            with self.at_desk(wall):
                ticket.with_user(self.agent).action_ticket_arrived()
        self.assertEqual(self._show(ticket, "on_site"), [("met", "Mon 15:00")])
        facts = ticket.ticket_fact_ids.filtered(lambda fact: fact.kind == "arrived")
        self.assertEqual(facts.author_id, self.agent.partner_id)
        self.assertEqual(len(facts), 1)
        self.env.invalidate_all()
        self.assertFalse(ticket.is_arrival_awaited)

    def test_arrived_late_it_is_missed(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        with self.at_desk("2026-03-09 15:01"):
            ticket.action_ticket_arrived()
        self.assertEqual(self._clock(ticket, "on_site").state, "missed")

    def test_solved_from_afar_nobody_is_needed(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        self.assertEqual(self._show(ticket, "on_site"), [("cancelled", False)])
        self.assertEqual(ticket.sla_state, "kept")

    def test_solved_from_afar_too_late_it_stays_missed(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self._move(ticket, "solved", "2026-03-09 16:00")
        self.assertEqual(self._show(ticket, "on_site"), [("missed", "Mon 15:00")])

    def test_reopened_somebody_is_owed_again_with_what_was_left(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        self._move(ticket, "In Progress", "2026-03-10 09:00")
        self.assertEqual(self._show(ticket, "on_site"), [("running", "Tue 13:00")])

    def test_who_was_there_need_not_come_again(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        with self.at_desk("2026-03-09 10:00"):
            ticket.action_ticket_arrived()
        self._move(ticket, "solved", "2026-03-09 11:00")
        self._move(ticket, "In Progress", "2026-03-10 09:00")
        self.assertEqual(self._clock(ticket, "on_site").state, "met")


@tagged("post_install", "-at_install")
class TestFactsByHand(HistoryCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coordinator = cls._create_agent("coordinator")
        cls.coordinator.group_ids += cls.env.ref("service_agreement.group_user")

    def _add(self, ticket, kind, utc, user=None, note=False):
        wizard = self.env["service.agreement.ticket.fact.add"]
        return (
            wizard.with_user(user or self.coordinator)
            .create(
                {
                    "res_model": ticket._name,
                    "res_id": ticket.id,
                    "kind": kind,
                    "at": utc,
                    "note": note,
                }
            )
            .action_confirm()
        )

    def test_an_answer_by_phone_counts_from_when_it_was_given(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 16:00"):
            self._add(ticket, "answered", "2026-03-09 09:05:00", note="By phone")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(
            (clock.state, self.on_wall(clock.stopped_at)), ("met", "Mon 10:05")
        )
        fact = ticket.ticket_fact_ids.filtered(lambda f: f.kind == "answered")
        self.assertEqual(fact.author_id, self.coordinator.partner_id)
        self.assertIn("By phone", ticket.message_ids[0].body)

    def test_what_cannot_have_happened_is_refused(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 16:00"):
            for kind, utc, why in (
                ("answered", "2026-03-09 15:30:00", "still to come"),
                ("answered", "2026-03-09 08:59:00", "opened after that"),
                ("solved", "2026-03-09 10:00:00", "stage that is solved"),
            ):
                with self.assertRaisesRegex(UserError, why):
                    self._add(ticket, kind, utc)
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened"])

    def test_a_technician_adds_none(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 16:00"), self.assertRaises(AccessError):
            self._add(ticket, "answered", "2026-03-09 09:05:00", user=self.agent)

    def test_a_manager_forges_none_over_the_api_either(self):
        manager = self._create_agent("manager")
        manager.group_ids += self.env.ref("service_agreement.group_manager")
        ticket = self._open_ticket("2026-03-09 10:00")
        facts = self.env["service.agreement.ticket.fact"].with_user(manager)
        values = {"res_model": ticket._name, "res_id": ticket.id}
        with self.at_desk("2026-03-09 16:00"):
            for kind, utc in (
                ("answered", "2026-03-09 15:30:00"),
                ("opened", "2026-03-09 12:00:00"),
            ):
                with self.assertRaises(UserError):
                    facts.create({**values, "kind": kind, "at": utc})


@tagged("post_install", "-at_install")
class TestStageMeaning(HistoryCommon):
    def test_a_stage_that_starts_to_wait_pauses_its_tickets(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        stage = self.stages["In Progress"]
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        with self.at_desk("2026-03-09 11:00"):
            stage.ticket_status = "waiting"
        self.assertEqual(self._clock(ticket).state, "paused")
        with self.at_desk("2026-03-09 12:00"):
            stage.ticket_status = False
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Tue 11:00")

    def test_a_stage_that_starts_to_solve_closes_its_tickets(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        with self.at_desk("2026-03-09 11:00"):
            self.stages["In Progress"].ticket_status = "solved"
        self.assertEqual(ticket.state, "1_done")
        self.assertEqual(self._clock(ticket).state, "met")
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "solved"])


@tagged("post_install", "-at_install")
class TestReopen(HistoryCommon):
    def test_the_days_are_the_company_s(self):
        self.company.agreement_reopen_days = 2
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        self._move(ticket, "In Progress", "2026-03-12 11:00")
        self.assertNotIn("reopened", ticket.ticket_fact_ids.mapped("kind"))
        self.assertIn("more than 2 days", ticket.message_ids[0].body)

    def test_too_late_a_person_makes_a_new_ticket_under_today_s_agreement(self):
        ticket = self._open_ticket("2026-03-02 10:00")
        with self.at_desk("2026-03-02 10:30"), self.assertRaises(UserError):
            ticket.with_user(self.agent).action_ticket_follow_up()
        self._move(ticket, "solved", "2026-03-02 11:00")
        self._move(ticket, "In Progress", "2026-03-16 11:00")
        self.assertTrue(ticket.is_reopened_late)
        self.agreement.target_ids.minutes = 60
        with self.at_desk("2026-03-16 11:10"):
            action = ticket.with_user(self.agent).action_ticket_follow_up()
        follower = ticket.followed_by_ids
        self.assertEqual(action["res_id"], follower.id)
        self.assertEqual(follower.follows_id, ticket)
        self.assertEqual(follower.agreement_id, self.agreement)
        self.assertEqual(self.on_wall(follower.sla_due_at), "Mon 12:10")


@tagged("post_install", "-at_install")
class TestBetterPromise(HistoryCommon):
    def _apply(self, ticket, wall):
        with self.at_desk(wall):
            ticket.action_ticket_apply_better_promise()

    def test_of_each_thing_the_earlier_deadline(self):  # MID-04
        ticket = self._open_ticket("2026-03-09 10:00")
        targets = self.agreement.target_ids.filtered(lambda t: t.priority == "0")
        by_metric = targets.grouped("metric")
        by_metric["first_response"].minutes = 8 * 60
        by_metric["resolution"].minutes = 2 * 60
        self._apply(ticket, "2026-03-09 11:00")
        self.assertEqual(
            self._show(ticket, "first_response"), [("running", "Mon 14:00")]
        )
        self.assertEqual(self._show(ticket, "resolution"), [("running", "Mon 12:00")])
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "agreement"])

    def test_waiting_it_is_what_would_be_earlier_going_on(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "waiting", "2026-03-09 11:00")
        self.agreement.target_ids.filtered(
            lambda t: (t.priority, t.metric) == ("0", "resolution")
        ).minutes = 3 * 60
        self._apply(ticket, "2026-03-09 12:00")
        self._move(ticket, "In Progress", "2026-03-10 09:00")
        self.assertEqual(self._show(ticket, "resolution"), [("running", "Tue 11:00")])

    def test_nothing_is_late_by_it(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self.agreement.target_ids.minutes = 2 * 60
        self._apply(ticket, "2026-03-09 12:00")
        self.assertEqual(self._show(ticket, "resolution"), [("running", "Mon 17:00")])

    def test_less_time_that_pauses_or_in_other_hours_is_not_better(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        afternoon = self._create_calendar("Afternoons", range(5), 12, 17)
        target = self.agreement.target_ids.filtered(
            lambda t: (t.priority, t.metric) == ("0", "first_response")
        )
        target.write({"minutes": 3 * 60, "pausable": True})
        self._apply(ticket, "2026-03-09 11:00")
        target.write({"minutes": 60, "pausable": False, "calendar_id": afternoon.id})
        self._apply(ticket, "2026-03-09 11:00")
        self.assertEqual(
            self._show(ticket, "first_response"), [("running", "Mon 14:00")]
        )

    def test_a_technician_promises_nothing_better(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.assertRaises(AccessError):
            ticket.with_user(self.agent).action_ticket_apply_better_promise()


@tagged("post_install", "-at_install")
class TestDerived(HistoryCommon):
    """Clocks are what the facts say: at any time, in whatever order they came."""

    def _read(self, ticket):
        clocks = ticket.sla_clock_ids.sorted(lambda c: (c.metric, c.number))
        return clocks.read([*TERMS, *READING], load=None)

    def _strip(self, rows):
        return [{k: v for k, v in row.items() if k != "id"} for row in rows]

    def test_every_history_replays_to_what_is_stored(self):
        for seed in range(12):
            with self.subTest(seed):
                ticket = self._live(random.Random(seed))
                stored = self._strip(self._read(ticket))
                self.assertFalse(ticket.sudo()._ticket_check_clocks())
                ticket.sla_clock_ids.sudo().unlink()
                ticket.sudo()._ticket_read_clocks()
                self.assertEqual(self._strip(self._read(ticket)), stored)

    def _live(self, chance):
        """A ticket to which things happen, one after the other, through the ORM."""
        now = datetime.fromisoformat("2026-03-09 09:00")
        ticket = self._open_ticket(str(now))
        happenings = (
            lambda: ticket.write({"stage_id": chance.choice(stages).id}),
            lambda: ticket.write({"priority": chance.choice("0013")}),
            lambda: self._answer(ticket, str(now)),
            lambda: self._ask(ticket, str(now)),
            ticket.action_ticket_arrived,
            ticket.action_ticket_apply_promise,
            self.env.flush_all,
            self.env.invalidate_all,
        )
        stages = list(self.stages.values())
        for _step in range(14):
            now += timedelta(minutes=chance.choice((0, 1, 20, 60, 240, 1200)))
            with self.at_desk(str(now)):
                chance.choice(happenings)()
        return ticket

    def test_noted_and_not_written_down_it_is_there_for_whoever_looks(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        clock, facts = self._clock(ticket), ticket.ticket_fact_ids
        found = self.env["service.agreement.sla.clock"]
        domain = [("res_id", "=", ticket.id), ("state", "=", "paused")]
        with self.at_desk("2026-03-09 11:00"):
            ticket.stage_id = self.stages["waiting"]
            self.assertEqual(ticket.sla_summary[-1]["state"], "paused")
            ticket.stage_id = self.stages["In Progress"]
            ticket.stage_id = self.stages["waiting"]
            self.assertEqual(clock.state, "paused")
            ticket.stage_id = self.stages["In Progress"]
            self.assertFalse(found.search(domain))
            ticket.stage_id = self.stages["waiting"]
            self.assertEqual(found.search_count(domain), 2)
            ticket.priority = "3"
            self.assertEqual(len(ticket.ticket_fact_ids - facts), 6)

    def test_rolled_back_nothing_happened(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self.env.flush_all()
        with suppress(ValueError), self.env.cr.savepoint():
            ticket.stage_id = self.stages["waiting"]
            raise ValueError
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened"])
        self.assertEqual(self._clock(ticket).state, "running")

    def test_a_difference_is_reported_once_and_read_again_on_demand(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE service_agreement_sla_clock SET used_seconds = 7 WHERE res_id = %s",
            [ticket.id],
        )
        self.env.invalidate_all()
        logger = "odoo.addons.service_agreement.models.service_agreement_ticket_check"
        for _night in range(2):
            with self.assertLogs(logger, "WARNING") as logs:
                self._run_cron("service_agreement.ir_cron_check_clocks")
            self.assertIn("“Time Used” shows 0:00:07", logs.output[0])
        self.assertEqual(self._clock(ticket).used_seconds, 7)
        activity = ticket.activity_ids
        self.assertEqual(len(activity), 1)
        ticket.action_ticket_read_again()
        self.assertEqual(self._clock(ticket).used_seconds, 0)
        self.assertFalse(ticket.activity_ids)

    def test_the_nightly_check_goes_on_where_its_time_was_up(self):
        tickets = self.env["project.task"]
        for _number in range(5):
            tickets += self._open_ticket("2026-03-09 10:00")
        self.env.flush_all()
        path = "odoo.addons.service_agreement.models.service_agreement_ticket_check"
        checked, left = [], []

        def check(batch):
            checked.extend(set(batch.ids) & set(tickets.ids))

        def commit(_cron, processed=0, *, remaining=None):
            left.append(remaining)
            return 0 if processed else 60

        mixin = self.env["service.agreement.ticket.mixin"]
        with (
            self.at_desk("2026-03-09 11:00"),
            patch(f"{path}.BATCH", 2),
            patch.object(type(tickets), "_ticket_check_clocks", check),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", commit),
        ):
            total = len(tickets.sudo()._ticket_list_checked())
            while len(checked) < 5:
                before = len(checked)
                mixin._cron_check_clocks()
                self.assertLessEqual(len(checked), before + 2)
                self.assertLess(len(left), 2 * total + 2)
        self.assertEqual(sorted(checked), tickets.ids)
        self.assertIn(total, left)

    def test_a_hundred_writes_cost_the_queries_of_one(self):
        def count(number):
            tickets = self.env["project.task"]
            for _ticket in range(number):
                tickets += self._open_ticket("2026-03-09 10:00")
            with self.at_desk("2026-03-09 11:00"):
                self.env.flush_all()
                self.env.invalidate_all()
                tickets.sudo()._ticket_statuses()
                before = self.env.cr.sql_log_count
                for ticket in tickets.sudo():
                    ticket._ticket_record("waiting")
                self.env.flush_all()
                return self.env.cr.sql_log_count - before

        count(2)
        self.assertLessEqual(count(20) - count(10), 1)


@tagged("post_install", "-at_install")
class TestExplanation(HistoryCommon):
    def _explain(self, ticket, wall, metric="resolution"):
        with self.at_desk(wall):
            return ticket._explain(metric, tz="Europe/Amsterdam")

    def test_a_pause(self):  # SLA-04
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        lines = self._explain(ticket, "2026-03-09 10:00")
        self.assertRegex(lines[0], r"From Fri 6 Mar 2026 15:00: 8 working hours \(Bus")
        self.assertRegex(lines[1], r"until Fri .* 16:00: 1 hour used, 7 hours left")
        self.assertRegex(lines[2], r"Waiting for the customer until Mon .* 10:00")
        self.assertRegex(lines[3], r"7 hours left: due Mon 9 Mar 2026 17:00")

    def test_odd_seconds_add_up_all_the_same(self):
        ticket = self._open_ticket("2026-03-09 10:00:20", priority="3")
        self._move(ticket, "waiting", "2026-03-09 10:48:50")
        self._move(ticket, "In Progress", "2026-03-09 11:30:10")
        lines = self._explain(ticket, "2026-03-09 11:40:05")
        self.assertRegex(lines[1], "49 minutes used, 1 hour 11 minutes left")
        self.assertRegex(lines[3], "10 minutes used, 1 hour 1 minute left")
        self.assertRegex(lines[-1], r"^1 hour 1 minute left: due")

    def test_a_reopening(self):  # REO-01
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 15:00")
        self._move(ticket, "In Progress", "2026-03-11 11:00")
        lines = self._explain(ticket, "2026-03-11 12:00")
        self.assertRegex(lines[1], r"5 hours used, 3 hours left")
        self.assertRegex(lines[2], r"Closed until Wed .* 11:00: not counted")
        self.assertRegex(lines[-1], r"2 hours left: due Wed .* 14:00")

    def test_another_priority(self):  # PRI-01
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
        lines = self._explain(ticket, "2026-03-09 13:00")
        self.assertRegex(
            lines[1], r"another priority: 2 hours, day and night, from the"
        )
        self.assertRegex(lines[2], r"2 hours used, then 1 hour too late")
        self.assertRegex(lines[-1], r"Missed by a later change: .* due Mon .* 12:00")

    def test_a_technician_reads_it_a_stranger_does_not(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        wizard = self.env["service.agreement.ticket.explanation"]
        values = {"res_model": ticket._name, "res_id": ticket.id}
        shown = wizard.with_user(self.agent).create(values).explanation
        self.assertIn("8 working hours", shown)
        self.desk.privacy_visibility = "followers"
        with self.assertRaises(AccessError):
            wizard.with_user(self.agent).create(values).explanation  # noqa: B018
