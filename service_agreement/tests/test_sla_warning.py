from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ServiceDeskCommon

CRON = "service_agreement.ir_cron_warn"

LOGGER = "odoo.addons.service_agreement.models.service_agreement_sla_warning_run"


class WarningCommon(ServiceDeskCommon):
    """First answer within 4 h, solution within 8 h, Mon-Fri 9-17 in Amsterdam."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.tz = "Europe/Amsterdam"
        cls.coordinator = cls._create_staff("coordinator")
        cls.manager = cls._create_staff("manager")
        cls.company.service_manager_id = cls.manager
        cls.desk.user_id = cls.coordinator
        cls.customer.email = "anna@whitfield.example.com"
        # Nothing promised but the first answer, unless a test says so.
        cls.agreement.target_ids.filtered(
            lambda target: target.metric == "resolution"
        ).unlink()

    @classmethod
    def _create_staff(cls, login):
        user = cls._create_agent(login)
        user.group_ids += cls.env.ref("project.group_project_manager")
        user.group_ids += cls.env.ref("service_agreement.group_user")
        user.tz = "Europe/Amsterdam"
        return user

    def _open(self, wall="2026-03-06 15:00", **values):
        values = {"user_ids": [Command.set(self.agent.ids)], **values}
        ticket = self._open_ticket(wall, **values)
        with self.at_desk(wall):
            self._write_down()
        return ticket

    def _move(self, ticket, stage, wall):
        result = super()._move(ticket, stage, wall)
        with self.at_desk(wall):
            self._write_down()
        return result

    def _answer(self, ticket, wall, **values):
        message = super()._answer(ticket, wall, **values)
        with self.at_desk(wall):
            self._write_down()
        return message

    def _write_down(self):
        """As at the end of a request: what was noted becomes facts."""
        self.env["service.agreement.sla.clock"].flush_model()

    def _warn(self, wall):
        with self.at_desk(wall):
            self._run_cron(CRON)
        self.env.invalidate_all()

    def _told(self, ticket):
        notices = ticket.sla_clock_ids.notice_ids.sorted("id")
        return [(n.percent, self.on_wall(n.told_at)) for n in notices]

    def _get_activities(self, ticket):
        return self.env["mail.activity"].search(
            [("res_model", "=", ticket._name), ("res_id", "=", ticket.id)]
        )

    def _get_mails(self, user):
        """Subjects of the warnings that a user got by mail."""
        clocks = [("model", "=", "service.agreement.sla.clock")]
        mails = self.env["mail.mail"].search(clocks, order="id")
        mails = mails.filtered(lambda m: user.partner_id in m.recipient_ids)
        return mails.mapped("subject")

    def _get_triggers(self):
        cron = self.env.ref(CRON)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        return triggers.mapped("call_at")


@tagged("post_install", "-at_install")
class TestSlaWarning(WarningCommon):
    """SEMANTICS §4: at 50, 75, 90 and 100 %, once each, in service time."""

    def test_the_next_warning_is_planned_across_the_weekend(self):
        ticket = self._open()
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.wake_at), "Fri 17:00")
        self._warn("2026-03-06 17:00")
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 10:00")
        self._warn("2026-03-09 10:00")
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 10:36")
        self._warn("2026-03-09 10:36")
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 11:00")

    def test_each_once_and_at_its_time(self):
        ticket = self._open()
        for wall in (
            "2026-03-06 16:59",
            "2026-03-06 17:00",
            "2026-03-08 12:00",
            "2026-03-09 09:59",
            "2026-03-09 10:00",
            "2026-03-09 10:01",
            "2026-03-09 10:36",
            "2026-03-09 11:00",
            "2026-03-09 11:01",
            "2026-03-09 12:00",
        ):
            self._warn(wall)
        self.assertEqual(
            self._told(ticket),
            [
                (50, "Fri 17:00"),
                (75, "Mon 10:00"),
                (90, "Mon 10:36"),
                (100, "Mon 11:01"),
            ],
        )

    def test_days_late_it_tells_only_the_highest(self):
        ticket = self._open()
        self._warn("2026-03-11 12:00")
        self.assertEqual(self._told(ticket), [(100, "Wed 12:00")])
        self._warn("2026-03-12 12:00")
        self.assertEqual(len(ticket.sla_clock_ids.notice_ids), 1)
        self.assertFalse(ticket.sla_clock_ids.wake_at)

    def test_missed_is_found_by_search_though_nobody_was_told(self):
        ticket = self._open()
        clocks = self.env["service.agreement.sla.clock"]
        with self.at_desk("2026-03-09 11:01"):
            found = clocks.search([("status", "=", "missed")])
        self.assertEqual(found, ticket.sla_clock_ids)

    def test_waiting_warns_nobody(self):
        clock = self._promise_solution()
        self.assertEqual((clock.state, clock.wake_at), ("paused", False))
        self._warn("2026-03-10 12:00")
        self.assertFalse(clock.notice_ids)

    def _promise_solution(self):
        """:return: the clock of a ticket whose solution is promised, and that waits"""
        self.env["service.agreement.sla.target"].create(
            {
                "agreement_id": self.agreement.id,
                "priority": "0",
                "metric": "resolution",
                "minutes": 4 * 60,
                "calendar_id": self.calendar.id,
            }
        )
        ticket = self._open()
        self._answer(ticket, "2026-03-06 15:10")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        return self._clock(ticket)

    def test_resumed_it_counts_on_and_repeats_nothing(self):
        clock = self._promise_solution()
        ticket = clock._get_ticket()
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 11:00")
        self._warn("2026-03-09 11:01")
        self._move(ticket, "waiting", "2026-03-09 11:00")
        self._move(ticket, "In Progress", "2026-03-09 15:00")
        self.assertEqual(clock.notice_ids.mapped("percent"), [50])
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 16:00")

    def test_kept_warns_nobody(self):
        ticket = self._open()
        self._answer(ticket, "2026-03-06 16:00")
        self._warn("2026-03-12 12:00")
        self.assertFalse(ticket.sla_clock_ids.notice_ids)

    def test_another_priority_is_another_promise(self):
        ticket = self._open()
        self._warn("2026-03-09 10:36")
        clock = ticket.sla_clock_ids
        self.assertEqual(clock.told_percent, 90)
        with self.at_desk("2026-03-09 10:37"):
            ticket.priority = "3"
            self._write_down()
        self.assertEqual((clock.priority, clock.told_percent), ("3", 0))

    def test_set_back_it_is_not_told_again(self):
        ticket = self._open("2026-03-09 10:00", priority="3")
        self._warn("2026-03-09 10:15")
        for priority, wall in (("0", "2026-03-09 10:16"), ("3", "2026-03-09 10:17")):
            with self.at_desk(wall):
                ticket.priority = priority
                self._write_down()
        clock = ticket.sla_clock_ids
        self.assertEqual((clock.priority, clock.told_percent), ("3", 50))
        self._warn("2026-03-09 10:18")
        self.assertEqual(self._told(ticket), [(50, "Mon 10:15")])
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 10:22")

    def test_raised_and_late_by_that_is_told_at_once(self):  # PRI-01
        ticket = self._open("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
            self.assertTrue(ticket.sla_clock_ids.reprioritised)
        self._warn("2026-03-09 13:01")
        self.assertEqual(self._told(ticket), [(100, "Mon 13:01")])

    def test_a_tier_s_own_ladder_replaces_the_default(self):
        ticket = self._open()
        warnings = self.env["service.agreement.sla.warning"]
        own = warnings.create({"tier_id": self.tier.id, "percent": 80})
        clock = ticket.sla_clock_ids
        self.assertEqual(self.on_wall(clock.wake_at), "Mon 10:12")
        own.percent = 25
        self.assertEqual(self.on_wall(clock.wake_at), "Fri 16:00")
        own.unlink()
        self.assertEqual(self.on_wall(clock.wake_at), "Fri 17:00")

    def test_without_any_ladder_a_miss_is_on_record(self):
        self.env["service.agreement.sla.warning"].search([]).active = False
        ticket = self._open()
        self._warn("2026-03-09 11:30")
        self.assertEqual(self._told(ticket), [(100, "Mon 11:30")])
        self.assertFalse(self._get_activities(ticket))

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_a_second_notice(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            ticket.sla_clock_ids.notice_ids.sudo().copy()

    # Old news

    def test_an_old_miss_is_on_record_and_told_to_nobody(self):
        self.company.service_delay_notice = True
        ticket = self._open()
        self._warn("2026-03-11 11:01")
        self.assertEqual(self._told(ticket), [(100, "Wed 11:01")])
        self.assertFalse(ticket.sla_clock_ids.notice_ids.user_ids)
        self.assertFalse(self._get_activities(ticket))
        self.assertFalse(self._get_mails(self.coordinator))
        self.assertFalse(ticket.sla_clock_ids.customer_told_at)

    def test_a_miss_of_yesterday_is_told(self):
        ticket = self._open()
        self._warn("2026-03-11 10:59")
        self.assertTrue(self._get_activities(ticket))
        self.assertTrue(self._get_mails(self.coordinator))

    def test_a_miss_on_a_closed_ticket_is_told_to_nobody(self):
        ticket = self._open()
        self._move(ticket, "solved", "2026-03-09 12:00")
        self._warn("2026-03-09 12:01")
        self.assertEqual(self._told(ticket), [(100, "Mon 12:01")])
        self.assertFalse(ticket.sla_clock_ids.notice_ids.user_ids)

    def test_what_is_still_ahead_is_told_however_late(self):
        """Installed today: what can still be kept is nobody's old news."""
        self.env["service.agreement.sla.target"].create(
            {
                "agreement_id": self.agreement.id,
                "priority": "0",
                "metric": "resolution",
                "minutes": 10 * 8 * 60,
                "calendar_id": self.calendar.id,
            }
        )
        ticket = self._open()
        self._answer(ticket, "2026-03-06 15:10")
        self._warn("2026-03-19 12:00")
        self.assertEqual(self._told(ticket), [(75, "Thu 12:00")])
        self.assertTrue(self._get_activities(ticket))

    # Waking up

    def test_one_trigger_for_many_tickets(self):
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.at_desk("2026-03-06 15:00"):
            for wall in ("2026-03-06 15:00", "2026-03-06 15:10", "2026-03-06 14:00"):
                self._open(wall)
            self.env.cr.precommit.run()
        self.assertEqual(
            [self.on_wall(at) for at in self._get_triggers()], ["Fri 16:00"]
        )

    def test_a_later_ticket_adds_no_trigger_and_an_earlier_one_does(self):
        self.env["ir.cron.trigger"].search([]).unlink()
        with self.at_desk("2026-03-06 15:00"):
            for wall in ("2026-03-06 14:00", "2026-03-06 15:00", "2026-03-06 13:30"):
                self._open(wall)
                self.env.cr.precommit.run()
        walls = sorted(self.on_wall(at) for at in self._get_triggers())
        self.assertEqual(walls, ["Fri 15:30", "Fri 16:00"])

    def test_whoever_runs_plans_what_comes_next(self):
        self._open()
        self.env["ir.cron.trigger"].search([]).unlink()
        self._warn("2026-03-06 17:00")
        self.assertEqual(
            [self.on_wall(at) for at in self._get_triggers()], ["Mon 10:00"]
        )

    def test_a_ticket_costs_one_look_at_the_triggers(self):
        with self.at_desk("2026-03-06 15:00"):
            self._open("2026-03-06 14:00")
            self.env.cr.precommit.run()
            self._open()
            with self.assertQueryCount(1):
                self.env.cr.precommit.run()
            # Nothing to wake up for, nothing to look at.
            with self.assertQueryCount(0):
                self.env.cr.precommit.run()

    def test_in_batches_all_are_told(self):
        self.patch(type(self.env["service.agreement.sla.clock"]), "_warn_batch", 2)
        tickets = self.env["project.task"].union(
            *(self._open() for _number in range(5))
        )
        self._warn("2026-03-06 17:00")
        self.assertEqual(len(tickets.sla_clock_ids.notice_ids), 5)

    def test_a_ticket_is_accepted_without_the_scheduled_action(self):
        self.env.ref("service_agreement.ir_cron_warn").unlink()
        with self.assertLogs(LOGGER, "WARNING"):
            ticket = self._open()
            self.env.cr.precommit.run()
        self.assertTrue(ticket.sla_clock_ids)

    def test_whom_it_did_not_reach_it_was_not_told(self):
        self.agent.email = False
        self.env["service.agreement.sla.warning"].search([]).write({"how": "mail"})
        ticket = self._open()
        self._warn("2026-03-06 16:01")
        self.assertNotIn(self.agent, ticket.sla_clock_ids.notice_ids.user_ids)

    def test_one_that_cannot_be_told_holds_up_no_other(self):
        clocks = type(self.env["service.agreement.sla.clock"])
        tell, bad, good = clocks._tell, self._open(), self._open()
        reason = "No such template"

        def refuse(clock, *args):
            if clock.res_id == bad.id:
                raise UserError(reason)
            return tell(clock, *args)

        self.patch(clocks, "_tell", refuse)
        with self.assertLogs(
            "odoo.addons.service_agreement.models.service_agreement_sla_warning_run"
        ):
            self._warn("2026-03-06 17:00")
        self.assertEqual(bad.sla_clock_ids.notice_ids.failure, "No such template")
        self.assertFalse(good.sla_clock_ids.notice_ids.failure)
        self.assertTrue(self._get_activities(good))

    # Who is told

    def test_who_works_on_it_gets_one_activity_in_plain_words(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        activity = self._get_activities(ticket)
        self.assertEqual(activity.user_id, self.agent)
        self.assertRegex(
            activity.summary, r"^Answer promised by Mon 11:00\sAM \(50 % used\)$"
        )
        self.assertEqual(str(activity.date_deadline), "2026-03-09")
        self._warn("2026-03-09 10:36")
        mine = self._get_activities(ticket).filtered(lambda a: a.user_id == self.agent)
        self.assertEqual(mine, activity)
        self.assertIn("90 % used", mine.summary)
        self._warn("2026-03-09 11:01")
        self.assertIn("Answer is late", mine.summary)

    def test_the_coordinator_and_the_manager_are_told(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        self.assertEqual(ticket.sla_clock_ids.notice_ids.user_ids, self.agent)
        self.assertFalse(self._get_mails(self.coordinator))
        self._warn("2026-03-09 10:36")
        self.assertEqual(len(self._get_mails(self.coordinator)), 1)
        self.assertFalse(self._get_mails(self.manager))
        self._warn("2026-03-09 11:01")
        self.assertEqual(len(self._get_mails(self.manager)), 1)
        self.assertIn("Answer is late", self._get_mails(self.manager)[0])

    def test_where_nobody_works_on_it_the_coordinator_is_told(self):
        ticket = self._open(user_ids=False)
        self._warn("2026-03-06 17:00")
        self.assertEqual(ticket.sla_clock_ids.notice_ids.user_ids, self.coordinator)
        self.desk.user_id = False
        self.agreement.user_id = self.manager
        self._warn("2026-03-09 10:00")
        self.assertEqual(self._get_activities(ticket)[-1:].user_id, self.manager)

    def test_who_left_is_not_told(self):
        ticket = self._open()
        self.agent.active = False
        self._warn("2026-03-09 10:00")
        self.assertFalse(self._get_mails(self.agent))
        self.assertEqual(ticket.sla_clock_ids.notice_ids.user_ids, self.coordinator)

    def test_kept_or_cancelled_closes_the_activity(self):
        ticket, other = self._open(), self._open()
        self._warn("2026-03-09 10:36")
        self.assertEqual(len(self._get_activities(ticket)), 2)
        self._answer(ticket, "2026-03-09 10:40")
        self.assertFalse(self._get_activities(ticket))
        self._move(other, "cancelled", "2026-03-09 10:40")
        self.assertFalse(self._get_activities(other))

    def test_answered_too_late_closes_it_as_well(self):
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        self._answer(ticket, "2026-03-09 12:00")
        self.assertFalse(self._get_activities(ticket))

    def test_given_to_somebody_else_the_activity_goes_with_it(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        colleague = self._create_staff("colleague")
        with self.at_desk("2026-03-06 17:05"):
            ticket.user_ids = colleague
        activity = self._get_activities(ticket)
        self.assertEqual(activity.user_id, colleague)
        self.assertIn("50 % used", activity.summary)

    def test_given_away_many_cost_few_queries(self):
        colleague = self._create_staff("colleague")

        def count(number):
            tickets = self.env["project.task"].union(
                *(self._open() for _each in range(number))
            )
            self._warn("2026-03-06 17:00")
            with self.at_desk("2026-03-06 17:05"):
                before = self.env.cr.sql_log_count
                # Odoo's own mail to whom it is given costs sixteen each.
                quiet = tickets.with_context(mail_auto_subscribe_no_notify=True)
                quiet.user_ids = colleague
                self.env.flush_all()
                queries = self.env.cr.sql_log_count - before
            for ticket in tickets:
                self.assertEqual(self._get_activities(ticket).user_id, colleague)
            return queries

        count(1)  # warms the caches
        few, many = count(10), count(20)
        self.assertLess(many - few, 10)

    def test_who_may_not_see_the_ticket_gets_no_activity_of_it(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        outsider = self._create_agent("outsider")
        self.desk.privacy_visibility = "followers"
        self.desk.user_id = outsider
        with self.at_desk("2026-03-06 17:05"):
            ticket.user_ids = False
        ticket.message_unsubscribe(outsider.partner_id.ids)
        self.desk.message_unsubscribe(outsider.partner_id.ids)
        self.env["mail.activity"].search([("user_id", "=", outsider.id)]).unlink()
        ticket.sla_clock_ids._pass_on_activities()
        self.assertFalse(self._get_activities(ticket))

    def test_another_deadline_is_written_on_the_activity(self):
        clock = self._promise_solution()
        ticket = clock._get_ticket()
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        self._warn("2026-03-09 11:01")
        self._move(ticket, "waiting", "2026-03-09 12:00")
        activity = self._get_activities(ticket)
        self.assertEqual(
            activity.summary, "Solution promised; waiting for the customer"
        )
        self._move(ticket, "In Progress", "2026-03-10 10:00")
        self.assertIn("Tue 11:00", activity.summary)

    def test_each_reads_it_in_his_language_and_time_zone(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.agent.write({"lang": "fr_FR", "tz": "America/New_York"})
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        self.assertIn("lun. à 06:00", self._get_activities(ticket).summary)

    def test_technicians_read_the_warnings_of_their_tickets_alone(self):
        ticket = self._open()
        self._warn("2026-03-06 17:00")
        with self.at_desk("2026-03-07 12:00"):
            text = ticket.with_user(self.agent).sla_warnings
        self.assertRegex(text, r"50 % used \(First answer\), told to Agent")
        notices = self.env["service.agreement.sla.notice"]
        with self.assertRaises(AccessError):
            notices.with_user(self.agent).search([])

    def test_nobody_forges_a_warning(self):
        ticket = self._open()
        for user in (self.coordinator, self.env.user):
            with self.assertRaises(AccessError):
                self.env["service.agreement.sla.notice"].with_user(user).create(
                    {
                        "clock_id": ticket.sla_clock_ids.id,
                        "priority": "0",
                        "percent": 100,
                        "told_at": "2026-03-06 15:00:00",
                    }
                )

    def test_two_companies_have_a_ladder_each(self):
        other = self.env["res.company"].create({"name": "Other"})
        warnings = self.env["service.agreement.sla.warning"]
        warnings.create({"company_id": other.id, "percent": 40})
        ticket = self._open()
        self.assertEqual(self.on_wall(ticket.sla_clock_ids.wake_at), "Fri 17:00")
        no_tier = self.env["service.agreement.tier"]
        rungs = warnings._get_ladder(other, no_tier)
        self.assertEqual(rungs, ((40, "assignee", "activity"),))
        stranger = new_test_user(
            self.env,
            login="elsewhere",
            groups="base.group_user,service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self._warn("2026-03-06 17:00")
        notices = self.env["service.agreement.sla.notice"].with_user(stranger)
        self.assertFalse(notices.search([]))
        self.assertEqual(self._told(ticket), [(50, "Fri 17:00")])
