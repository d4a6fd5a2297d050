from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.service_agreement.models.instant import now

from .alert_cases import AlertCommon


@tagged("post_install", "-at_install")
class TestAlert(AlertCommon):
    """SEMANTICS §8, with other inputs than its examples."""

    def test_five_times_it_is_one_ticket_with_five_events(self):  # ALR-01
        for minute in (0, 3, 4, 5, 9):
            alert = self._tell(f"2026-03-06 15:0{minute}", "firing")
        self.assertEqual((alert.event_count, alert.state), (5, "open"))
        self.assertEqual(len(self._tickets()), 1)

    def test_its_ticket_has_customer_system_agreement_and_promise(self):
        self.router.device_id = self.env["service.agreement.device"].create(
            {"name": "USG", "system_id": self.system.id}
        )
        values = {"summary": "No <b>ping</b>", "url": "https://watch.example.com/1"}
        alert = self._tell("2026-03-06 15:00", "firing", severity="critical", **values)
        self._look("2026-03-06 15:02")
        ticket = self._ticket(alert)
        self.assertEqual(ticket.project_id, self.desk)
        self.assertEqual(ticket.partner_id, self.customer)
        self.assertEqual(ticket.system_id, self.system)
        self.assertEqual(ticket.device_id, self.router.device_id)
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(ticket.priority, "3")
        remote = self.env.ref("service_agreement.work_type_remote")
        self.assertEqual(ticket.work_type_id, remote)
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Fri 15:32")
        self.assertIn("No &lt;b&gt;ping", ticket.description)
        self.assertIn('href="https://watch.example.com/1"', ticket.description)
        self.assertFalse(ticket.user_ids)

    def test_a_link_that_is_no_page_is_not_one(self):
        alert = self._tell("2026-03-06 15:00", "firing", url="javascript:alert(1)")
        self._look("2026-03-06 15:02")
        self.assertNotIn("javascript", self._ticket(alert).description)

    def test_it_waits_for_the_minimum_duration_and_wakes_up_by_itself(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        self.assertEqual((alert.state, alert.res_id), ("pending", 0))
        cron = self.env.ref("service_agreement_monitoring.ir_cron_look")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertNotIn(alert.look_at, triggers.mapped("call_at"))
        self.env.cr.precommit.run()
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(alert.look_at, triggers.mapped("call_at"))
        self._look("2026-03-06 15:01")
        self.assertFalse(self._tickets())
        self._look("2026-03-06 15:02")
        self.assertEqual((alert.state, len(self._tickets())), ("open", 1))
        self.assertFalse(alert.look_at)

    def test_shorter_there_is_no_ticket(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        self._tell("2026-03-06 15:01", "resolved")
        self._look("2026-03-06 16:00")
        self.assertEqual((alert.state, len(self._tickets())), ("recovered", 0))
        self.assertEqual(alert.outage_ids.result, "brief")

    def test_a_recovery_alone_is_nothing(self):
        alert = self._tell("2026-03-06 15:00", "resolved")
        self.assertEqual((alert.state, alert.event_count), ("recovered", 1))
        self.assertFalse(alert.outage_ids)

    def test_recovered_it_is_solved_as_self_healed_and_nobody_s_success(self):  # ALR-02
        alert = self._tell("2026-03-06 15:00", "firing")
        self._look("2026-03-06 15:02")
        self._tell("2026-03-06 15:20", "resolved")
        ticket = self._ticket(alert)
        self.assertEqual(ticket._ticket_is_closed(), "solved")
        self.assertEqual(ticket.stage_id, self.stages["solved"])
        self.assertTrue(ticket.is_self_healed)
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"cancelled"})
        self.assertEqual(alert.outage_ids.result, "healed")
        rows = self.env["service.agreement.sla.report"].search(
            [
                ("agreement_id", "=", self.agreement.id),
                ("status", "in", ("met", "missed")),
            ]
        )
        self.assertFalse(rows)

    def test_where_somebody_worked_it_is_our_success(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        self._look("2026-03-06 15:02")
        ticket = self._ticket(alert)
        self._answer(ticket, "2026-03-06 15:10")
        self._take("2026-03-06 15:30", self._event("2026-03-06 15:20", "resolved"))
        self.assertEqual(ticket._ticket_is_closed(), "solved")
        self.assertFalse(ticket.is_self_healed)
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"met"})
        stopped = self._clock(ticket).stopped_at
        self.assertEqual(self.on_wall(stopped), "Fri 15:20", "when it recovered")
        self.assertEqual(alert.outage_ids.result, "helped")

    def test_what_was_missed_by_then_stays_missed(self):
        alert = self._tell("2026-03-06 15:00", "firing", severity="critical")
        self._look("2026-03-06 15:02")
        self._tell("2026-03-06 15:40", "resolved")
        clock = self._clock(self._ticket(alert), "first_response")
        self.assertEqual(clock.state, "missed")

    def test_again_within_the_hours_the_ticket_reopens_with_what_was_left(self):
        alert = self._tell("2026-03-09 10:00", "firing")
        self._look("2026-03-09 10:02")
        self._tell("2026-03-09 11:02", "resolved")
        self._tell("2026-03-10 10:50", "firing")
        self._look("2026-03-10 10:52")  # ALR-03
        ticket = self._tickets()
        self.assertEqual(len(ticket), 1)
        self.assertFalse(ticket._ticket_is_closed())
        self.assertFalse(ticket.is_self_healed)
        # One hour of the eight was used on Monday, the rest counts from the reopening.
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Wed 09:52")
        self.assertEqual(alert.outage_ids.mapped("res_id"), ticket.ids * 2)

    def test_later_a_new_one_that_says_what_it_follows(self):
        self._tell("2026-03-09 10:00", "firing")
        self._look("2026-03-09 10:02")
        self._tell("2026-03-09 11:02", "resolved")
        alert = self._tell("2026-03-10 11:03", "firing")
        self._look("2026-03-10 11:05")
        first, second = self._tickets()
        self.assertEqual(first._ticket_is_closed(), "solved")
        self.assertEqual(second.follows_id, first)
        self.assertEqual(self._ticket(alert), second)

    def test_solved_by_a_person_while_it_fires_it_stays_solved(self):
        alert = self._tell("2026-03-09 10:00", "firing")
        self._look("2026-03-09 10:02")
        ticket = self._ticket(alert)
        self._move(ticket, "solved", "2026-03-09 11:00")
        self._tell("2026-03-09 12:00", "firing")
        self.assertEqual(ticket._ticket_is_closed(), "solved")
        self._tell("2026-03-09 13:00", "resolved")
        self.assertFalse(ticket.is_self_healed)
        self.assertEqual(alert.outage_ids.result, "helped")
        self._tell("2026-03-09 14:00", "firing")
        self._look("2026-03-09 14:02")
        self.assertFalse(ticket._ticket_is_closed())

    def test_opened_again_by_a_person_it_is_left_to_him(self):
        alert = self._tell("2026-03-09 10:00", "firing")
        self._look("2026-03-09 10:02")
        self._tell("2026-03-09 11:00", "resolved")
        ticket = self._ticket(alert)
        self._move(ticket, "In Progress", "2026-03-09 12:00")
        self._tell("2026-03-09 12:30", "resolved")
        self.assertFalse(ticket._ticket_is_closed())

    def test_cancelled_by_a_person_the_next_time_is_another_ticket(self):
        alert = self._tell("2026-03-09 10:00", "firing")
        self._look("2026-03-09 10:02")
        first = self._ticket(alert)
        self._move(first, "cancelled", "2026-03-09 10:30")
        self._tell("2026-03-09 11:00", "resolved")
        self._tell("2026-03-09 12:00", "firing")
        self._look("2026-03-09 12:02")
        self.assertEqual(first._ticket_is_closed(), "cancelled")
        self.assertEqual(self._ticket(alert).follows_id, first)

    def test_flapping_one_ticket_stays_open_until_it_is_quiet(self):
        self.source.minimum_seconds = 60
        for minute in (0, 4, 8, 12):
            alert = self._tell(f"2026-03-06 15:{minute:02}", "firing")
            self._look(f"2026-03-06 15:{minute + 1:02}")
            self._tell(f"2026-03-06 15:{minute + 2:02}", "resolved")
        ticket = self._tickets()
        self.assertEqual((len(ticket), alert.state), (1, "flapping"))
        self.assertFalse(ticket._ticket_is_closed())
        self._look("2026-03-06 15:43")
        self.assertFalse(ticket._ticket_is_closed())
        self._look("2026-03-06 15:44")
        self.assertEqual(ticket._ticket_is_closed(), "solved")
        self.assertEqual(alert.state, "recovered")
        self.assertEqual(set(alert.outage_ids.mapped("result")), {"healed"})

    def test_events_in_the_wrong_order_are_put_in_order(self):
        late = self._event("2026-03-06 15:00", "firing")
        alert = self._tell("2026-03-06 15:10", "resolved")
        self._take("2026-03-06 15:11", late)
        self.assertEqual(alert.state, "recovered")
        self.assertEqual(len(alert.outage_ids), 1)
        self.assertTrue(self._ticket(alert).is_self_healed)

    def test_told_of_it_all_at_once_each_time_has_its_ticket(self):
        events = self._event("2026-03-02 15:00", "firing")
        events |= self._event("2026-03-02 16:00", "resolved")
        events |= self._event("2026-03-06 15:00", "firing")
        self._take("2026-03-06 15:05", events)
        first, second = self._tickets()
        self.assertTrue(first.is_self_healed)
        self.assertFalse(second._ticket_is_closed())
        self.assertEqual(second.follows_id, first)

    def test_the_same_events_again_change_nothing(self):
        events = self._event("2026-03-06 15:00", "firing")
        events |= self._event("2026-03-06 15:30", "resolved")
        self._take("2026-03-06 15:30", events)
        ticket = self._tickets()
        facts = len(ticket.ticket_fact_ids)
        self._take("2026-03-06 15:40", events)
        self.assertEqual(self._tickets(), ticket)
        self.assertEqual(len(ticket.ticket_fact_ids), facts)
        self.assertEqual(events.alert_id.event_count, 2)

    def test_a_source_whose_clock_is_ahead_tells_of_now(self):
        alert = self._tell("2026-03-06 15:00", "firing", seconds=3600)
        self._look("2026-03-06 15:02")
        self.assertEqual(alert.state, "open")
        self.assertEqual(self.on_wall(alert.fired_at), "Fri 15:00")

    def test_a_ticket_that_is_deleted_leaves_no_trace_on_its_alert(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        self._look("2026-03-06 15:02")
        self._ticket(alert).unlink()
        self.assertFalse(alert.res_id or alert.outage_ids.res_id)
        self._tell("2026-03-06 15:30", "firing")
        self.assertEqual(self._ticket(alert), self._tickets(), "it still fires")

    # Gateways

    def test_a_gateway_and_what_is_behind_it_are_one_ticket(self):
        self._tell("2026-03-06 15:00", "firing", site=self.camera)
        router = self._tell("2026-03-06 15:00", "firing", seconds=20)
        self._look("2026-03-06 15:03")
        camera = self.camera.event_ids.alert_id
        self.assertEqual(len(self._tickets()), 1)
        self.assertEqual(camera.parent_id, router)
        self.assertEqual(camera.res_id, router.res_id)
        self.assertEqual(camera.state, "open")
        self._tell("2026-03-06 15:30", "resolved")
        self._tell("2026-03-06 15:30", "resolved", site=self.camera, seconds=30)
        self._look("2026-03-06 16:00")
        self.assertEqual(len(self._tickets()), 1)
        self.assertEqual(self._tickets()._ticket_is_closed(), "solved")
        self.assertEqual(camera.outage_ids.result, "behind")

    def test_still_down_after_its_gateway_it_gets_a_ticket_of_its_own(self):
        camera = self._tell("2026-03-06 15:00", "firing", site=self.camera)
        router = self._tell("2026-03-06 15:00", "firing")
        self._look("2026-03-06 15:03")
        self._tell("2026-03-06 15:30", "resolved")
        self.assertEqual(camera.state, "pending")
        self._look("2026-03-06 15:32")
        self.assertEqual(len(self._tickets()), 2)
        self.assertFalse(camera.parent_id)
        self.assertNotEqual(camera.res_id, router.res_id)
        self.assertEqual(self._ticket(router)._ticket_is_closed(), "solved")
        self.assertFalse(self._ticket(camera)._ticket_is_closed())
        self.assertFalse(self._ticket(camera).follows_id)

    def test_heard_of_too_late_its_own_ticket_is_cancelled(self):
        self.source.minimum_seconds = 0
        late = self._event("2026-03-06 15:00", "firing", seconds=30)
        camera = self._tell("2026-03-06 15:00", "firing", site=self.camera)
        self._look("2026-03-06 15:01")
        own = self._ticket(camera)
        self._take("2026-03-06 15:02", late)
        self.assertEqual(own._ticket_is_closed(), "cancelled")
        self.assertEqual(camera.parent_id, late.alert_id)
        self.assertEqual(self._ticket(camera), self._ticket(late.alert_id))
        self.assertFalse(self._ticket(camera)._ticket_is_closed())

    def test_what_somebody_worked_on_stays_its_own(self):
        self.source.minimum_seconds = 0
        late = self._event("2026-03-06 15:00", "firing", seconds=30)
        camera = self._tell("2026-03-06 15:00", "firing", site=self.camera)
        self._look("2026-03-06 15:01")
        own = self._ticket(camera)
        self._answer(own, "2026-03-06 15:01")
        self._take("2026-03-06 15:02", late)
        self.assertFalse(own._ticket_is_closed())

    def test_a_gateway_that_only_informs_is_not_down(self):
        self._tell("2026-03-06 15:00", "firing", severity="info")
        camera = self._tell("2026-03-06 15:00", "firing", site=self.camera)
        self._look("2026-03-06 15:03")
        self.assertFalse(camera.parent_id)
        self.assertEqual(len(self._tickets()), 2)

    def test_through_two_gateways_the_farthest_has_the_ticket(self):
        phone = self._watch("phone", gateway_site_id=self.camera.id)
        events = self._event("2026-03-06 15:00", "firing", site=phone)
        events |= self._event("2026-03-06 15:00", "firing", site=self.camera)
        events |= self._event("2026-03-06 15:00", "firing")
        self._take("2026-03-06 15:05", events)
        router = self.router.event_ids.alert_id
        self.assertEqual(len(self._tickets()), 1)
        self.assertEqual(phone.event_ids.alert_id.parent_id, router)

    # Together, and twice

    def _storm(self, count, day):
        events = self.env["service.monitoring.event"]
        for number in range(count):
            site = self._watch(f"{day}-{number}")
            events |= self._event(f"{day} 15:00", "firing", site=site)
        return events

    def _count_taking(self, events, wall):
        with self.at_desk(wall):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["service.monitoring.alert"]._take(events)
            self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_alerts_told_of(self):
        few, many = self._storm(2, "2026-03-06"), self._storm(20, "2026-03-07")
        self._take("2026-03-05 15:00", self._storm(1, "2026-03-05"))
        counts = [
            self._count_taking(few, "2026-03-06 15:01"),
            self._count_taking(many, "2026-03-07 15:01"),
        ]
        self.assertLessEqual(counts[1], counts[0] + 2)

    def test_a_ticket_costs_what_odoo_needs_for_a_task(self):
        few, many = self._storm(2, "2026-03-06"), self._storm(20, "2026-03-07")
        self._take("2026-03-05 15:10", self._storm(1, "2026-03-05"))
        counts = [
            self._count_taking(few, "2026-03-06 15:10"),
            self._count_taking(many, "2026-03-07 15:10"),
        ]
        # Its message and who follows it; of ours there is nothing for each.
        self.assertLessEqual(counts[1], counts[0] + 18 * 11)

    def test_without_a_desk_nothing_is_lost(self):
        self.company.service_desk_project_id = False
        alert = self._tell("2026-03-06 15:00", "firing")
        self._look("2026-03-06 15:02")
        self.assertEqual((alert.state, alert.res_id), ("open", 0))
        self.company.service_desk_project_id = self.desk
        self._tell("2026-03-06 15:30", "firing")
        self.assertEqual(len(self._tickets()), 1)

    # Whose it is to say

    def test_technicians_read_alerts_and_nobody_writes_them(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        own = alert.with_user(self.agent)
        self.assertEqual(own.state, "pending")
        self.assertEqual(own.outage_ids.alert_id, own)
        for user in (self.agent, self.env.user):
            for record, name in ((alert, "fired_at"), (alert.outage_ids, "ended_at")):
                with self.assertRaises(AccessError):
                    record.with_user(user).write({name: now(self.env)})

    def test_nobody_says_of_a_ticket_that_it_healed(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.assertRaises(AccessError):
            ticket.with_user(self.agent).is_self_healed = True
        model = self.env["project.task"].with_user(self.agent)
        forged = model.with_context(
            default_is_self_healed=True,
            service_monitoring_recovered=["2020-01-01", True],
        ).create(self._prepare_ticket_values())
        self.assertFalse(forged.is_self_healed)
        with self.at_desk("2026-03-06 16:00"):
            forged.stage_id = self.stages["solved"]
        self.assertIn("solved", forged.sudo().ticket_fact_ids.mapped("kind"))

    def test_another_company_s_alerts_are_not_read(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        other = self.env["res.company"].create({"name": "Elsewhere"})
        agent = self._create_agent("stranger")
        agent.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            alert.with_user(agent).read(["name"])

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_the_same_alert_twice(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        for record in (alert, alert.outage_ids):
            with self.assertRaises(UniqueViolation), self.cr.savepoint():
                record.sudo().copy()
