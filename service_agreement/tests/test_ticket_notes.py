import random
from contextlib import suppress
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.service_agreement.models import ticket_notes

from .common import ServiceDeskCommon

LOGGER = "odoo.addons.service_agreement.models.service_agreement_ticket_reading"


@tagged("post_install", "-at_install")
class TestNotes(ServiceDeskCommon):
    """What is noted and not written down yet is there for whoever looks, however he
    looks, and nobody is refused anything by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clocks = cls.env["service.agreement.sla.clock"]
        cls.facts = cls.env["service.agreement.ticket.fact"]
        cls.tasks = cls.env["project.task"]

    def _noted(self):
        return ticket_notes.KEY in self.cr.precommit.data

    def _ways_to_look(self, ticket, clock):
        """Each alone must see both clocks gone, which priority 1 takes away."""
        of_ticket = [("res_model", "=", ticket._name), ("res_id", "=", ticket.id)]
        running = [("sla_state", "=", "running"), ("id", "=", ticket.id)]
        return {
            "clocks": lambda: ticket.sla_clock_ids,
            "a clock held": lambda: self.clocks.search([("id", "=", clock.id)]),
            "state": lambda: ticket.sla_state,
            "deadline": lambda: ticket.sla_due_at,
            "summary": lambda: ticket.sla_summary,
            "next": lambda: ticket.sla_next,
            "searched clocks": lambda: self.clocks.search(of_ticket),
            "counted clocks": lambda: self.clocks.search_count(of_ticket),
            "grouped clocks": lambda: self.clocks._read_group(of_ticket, ["state"]),
            "searched tickets": lambda: self.tasks.search(running),
            "grouped tickets": lambda: self.tasks._read_group(running, ["project_id"]),
            "tickets by clock": lambda: self.tasks.search(
                [("sla_clock_ids.state", "=", "running"), ("id", "=", ticket.id)]
            ),
            "read": lambda: ticket.read(["name", "sla_clock_ids"])[0]["sla_clock_ids"],
            "exported": lambda: ticket.export_data(["sla_clock_ids/state"])["datas"][0][
                0
            ],
        }

    def _assert_seen(self, change, message):
        ticket = self._open_ticket("2026-03-09 10:00")
        for way in self._ways_to_look(ticket, self.clocks):
            ticket = self._open_ticket("2026-03-09 10:00")
            clock = ticket.sla_clock_ids[0]
            self.assertEqual(len(ticket.sla_clock_ids), 2)
            look = self._ways_to_look(ticket, clock)[way]
            with self.subTest(way), self.at_desk("2026-03-09 11:00"):
                change(ticket)
                self.assertTrue(self._noted())
                self.assertFalse(look(), message)
                self.assertFalse(self._noted())

    def test_clocks_that_went_are_gone_however_one_looks(self):
        self._assert_seen(lambda t: t.write({"priority": "1"}), "not written down")

    def test_facts_are_there_however_one_looks(self):
        domain = [("kind", "=", "waiting")]
        for way in (
            lambda t: t.ticket_fact_ids.filtered_domain(domain),
            lambda t: self.facts.search([*domain, ("res_id", "=", t.id)]),
            lambda t: t.search([("ticket_fact_ids.kind", "=", "waiting")]) & t,
            lambda t: t.export_data(["ticket_fact_ids/kind"])["datas"][1:],
            lambda t: t.read(["ticket_fact_ids"])[0]["ticket_fact_ids"][1:],
        ):
            ticket = self._open_ticket("2026-03-09 10:00")
            self.env.flush_all()
            self._move(ticket, "waiting", "2026-03-09 11:00")
            self.assertTrue(self._noted())
            self.assertTrue(way(ticket))

    def test_by_a_message_too(self):
        for way in (
            lambda t: t.sla_clock_ids.filtered(lambda c: c.state == "met"),
            lambda t: self.clocks.search(
                [("res_id", "=", t.id), ("state", "=", "met")]
            ),
            lambda t: "answered" in t.ticket_fact_ids.mapped("kind"),
            lambda t: [row for row in t.sla_summary if row["state"] == "met"],
        ):
            ticket = self._open_ticket("2026-03-09 10:00")
            self._answer(ticket, "2026-03-09 11:00")
            self.assertTrue(way(ticket))

    def test_written_down_in_the_middle_of_reading_nothing_read_is_lost(self):
        for seed in range(8):
            with self.subTest(seed):
                self._live_and_look(random.Random(seed))

    def _live_and_look(self, chance):
        now = datetime.fromisoformat("2026-03-09 09:00")
        tickets = self.tasks
        for _number in range(3):
            tickets += self._open_ticket(str(now))
        for _step in range(12):
            now += timedelta(minutes=chance.choice((0, 1, 20, 240)))
            with self.at_desk(str(now)):
                self._change_something(chance.choice(tickets), chance)
                ticket = chance.choice(tickets)
                clocks = ticket.sla_clock_ids
                looks = self._ways_to_look(ticket, clocks[:1])
                looks[chance.choice(list(looks))]()
                clocks.mapped("status")
        self.assertFalse(tickets.sudo()._ticket_check_clocks())

    def _change_something(self, ticket, chance):
        stages = list(self.stages.values())
        for change in (
            lambda: ticket.write({"stage_id": chance.choice(stages).id}),
            lambda: ticket.write({"priority": chance.choice("0123")}),
            lambda: ticket.with_user(self.agent).message_post(
                body="Soon", message_type="comment", subtype_xmlid="mail.mt_comment"
            ),
            self.env.flush_all,
        ):
            if chance.random() < 0.5:
                change()

    # Savepoints

    def test_what_was_noted_before_a_savepoint_stays(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "waiting", "2026-03-09 11:00")
        with suppress(ValueError), self.cr.savepoint():
            self._move(ticket, "solved", "2026-03-09 12:00")
            raise ValueError
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "waiting"])
        self.assertEqual(
            set(ticket.sla_clock_ids.mapped("state")), {"paused", "running"}
        )

    def test_a_ticket_rolled_back_leaves_nothing(self):
        for flush in (True, False):
            savepoint = self.cr.savepoint(flush=flush)
            ticket = self._open_ticket("2026-03-09 10:00")
            other = self._open_ticket("2026-03-09 10:00") if not flush else ticket
            savepoint.rollback()
            savepoint.close()
            self.env.flush_all()
            ticket_notes.write_down(self.env)
            self.assertFalse((ticket + other).exists())
            domain = [("res_id", "in", (ticket + other).ids)]
            self.assertFalse(self.facts.search(domain))
            self.assertFalse(self.clocks.search(domain))

    def test_looked_at_inside_a_flush(self):
        """A computation that looks at clocks, in the middle of a flush."""
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "waiting", "2026-03-09 11:00")
        with self.at_desk("2026-03-09 11:30"):
            ticket.name = "Darker"
            with self.cr.savepoint():
                ticket.priority = "1"
                with self.cr.savepoint():
                    ticket.name = "Dark again"
                    self.assertFalse(ticket.sla_clock_ids)
        self.assertEqual(ticket.name, "Dark again")
        self.assertEqual(
            ticket.ticket_fact_ids.mapped("kind"), ["opened", "waiting", "priority"]
        )

    # Whatever goes wrong

    def test_no_ticket_is_refused_whatever_goes_wrong(self):
        """Noted it is, and the nightly check finds what could not be counted."""
        path = "odoo.addons.service_agreement.models.service_agreement_ticket_reading"
        with (
            patch(f"{path}.derive", side_effect=ZeroDivisionError("broken")),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            ticket = self._open_ticket("2026-03-09 10:00")
            self._answer(ticket, "2026-03-09 11:00")
            self.env.flush_all()
            self.cr.precommit.run()
        self.assertFalse(ticket.sla_clock_ids)
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "answered"])
        with self.at_desk("2026-03-09 12:00"):
            self.assertIn(ticket.id, self.tasks.sudo()._ticket_list_checked())
            ticket.action_ticket_read_again()
        self.assertEqual(self._clock(ticket, "first_response").state, "met")

    def test_what_follows_a_reading_refuses_nothing_either(self):
        with (
            patch.object(
                type(self.clocks), "_after_reading", side_effect=UserError("broken")
            ),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            ticket = self._open_ticket("2026-03-09 10:00")
            self._answer(ticket, "2026-03-09 11:00")
            self.env.flush_all()
            self.cr.precommit.run()
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "answered"])

    def test_one_that_cannot_be_counted_keeps_no_other_from_it(self):
        good = self._open_ticket("2026-03-09 10:00")
        bad = self._open_ticket("2026-03-09 10:00")
        bad.sla_clock_ids.sudo().unlink()
        self.env.cr.execute(
            "UPDATE service_agreement_ticket_fact SET sla_promise_id = %s"
            " WHERE res_id = %s",
            [self._create_broken_promise().id, bad.id],
        )
        self.env.invalidate_all()
        with self.assertLogs(LOGGER, "ERROR"), self.at_desk("2026-03-09 11:00"):
            (good + bad).write({"stage_id": self.stages["waiting"].id})
            self.assertEqual(self._clock(good).state, "paused")
        self.assertFalse(bad.sla_clock_ids)

    def _create_broken_promise(self):
        return (
            self.env["service.agreement.sla.promise"]
            .sudo()
            .create({"hash": "broken", "spec": '[{"priority": "0"}]'})
        )
