from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import PortalUsersMixin, ServiceDeskCommon, ServiceWorkMixin


@tagged("post_install", "-at_install")
class TestTicketVerdict(ServiceWorkMixin, ServiceDeskCommon):
    """What a coordinator and a technician see of who pays."""

    def _ask(self, ticket, wall="2026-03-06 10:00"):
        """:return: dict, what the form of a ticket shows at that time"""
        with self.at_desk(wall):
            self.env.invalidate_all()
            return ticket.with_user(self.agent).get_service_coverage({})

    def _state(self, ticket, wall="2026-03-06 10:00"):
        with self.at_desk(wall):
            self.env.invalidate_all()
            return ticket.coverage_state

    def test_an_unlimited_agreement_pays(self):
        self._cover(self.agreement, {})
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "covered")
        self.assertIn(f"Covered by Silver ({self.agreement.name})", told["title"])
        self.assertFalse(told["notes"])
        (candidate,) = told["candidates"]
        self.assertTrue(candidate["pays"])
        self.assertTrue(all(reason["met"] for reason in candidate["reasons"]))

    def test_a_customer_without_agreement_reads_the_price(self):
        stranger = self._create_customer("Nobody's Villa")
        with self.at_desk("2026-01-05 10:00"):
            self.rate.write({"minimum": 1, "step_minutes": 15})
        ticket = self._open_ticket("2026-03-06 09:00", partner_id=stranger.id)
        told = self._ask(ticket)
        self.assertEqual(told["state"], "no_agreement")
        self.assertEqual(told["title"], "Not covered: the customer has no agreement")
        (note,) = told["notes"]
        self.assertRegex(note, r"150\.00 per hour, at least 1 h, .*40\.00 per trip")
        self.assertFalse(told["candidates"])

    def test_expired_is_another_thing_than_never_sold(self):
        self.agreement.sudo().write({"date_end": "2026-02-28", "state": "ended"})
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "no_agreement")
        self.assertIn("no agreement is in force any more", told["title"])

    def test_what_is_left_after_the_hour(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2.5)
        told = self._ask(self.ticket)
        self.assertEqual(
            told["notes"], ["After this hour: 1.5 h left of what was bought"]
        )
        self._log("2026-03-05", 2)
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "partly")
        self.assertRegex(told["notes"][0], r"0\.5 h covered by .*, 0\.5 h more than")
        self._log("2026-03-05", 1)
        self.assertEqual(self._state(self.ticket), "used_up")

    def test_what_is_not_covered_says_why(self):
        self._cover(self.agreement, {}, covered_work_type_ids=[(6, 0, self.remote.ids)])
        self.ticket.work_type_id = self.programming
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "uncovered")
        self.assertEqual(told["notes"][0], "Not for “Programming”")
        (candidate,) = told["candidates"]
        self.assertEqual(candidate["outcome"], "Does not pay")

    def test_changed_and_not_saved_it_is_answered_too(self):
        self._cover(self.agreement, {}, covered_work_type_ids=[(6, 0, self.remote.ids)])
        self.ticket.work_type_id = self.programming
        with self.at_desk("2026-03-06 10:00"):
            told = self.ticket.get_service_coverage({"work_type_id": self.remote.id})
            self.assertEqual(told["state"], "covered")
            self.assertEqual(self.ticket.coverage_state, "uncovered")
            new = self.env["project.task"].get_service_coverage(
                {"project_id": self.desk.id, "partner_id": self.customer.id}
            )
        self.assertEqual(new["state"], "uncovered")

    def test_asking_draws_nothing(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        lot = self._prepay(coverage, 1)
        twin = self._open_ticket("2026-03-06 09:00")
        for ticket in (self.ticket, twin):
            self.assertEqual(self._state(ticket), "covered")
        self.assertEqual((lot.drawn, lot.balance), (0, 1))

    def test_the_whole_desk_is_asked_at_once(self):
        """A board of 2 N tickets of 2 N customers costs as many queries as one of N."""
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 1)
        tickets = self.env["project.task"]
        for number in range(8):
            customer = self._create_customer(f"Villa {number}")
            agreement = self._create_active("2026-01-01", partner_id=customer.id)
            self._cover(agreement, {"kind": "prepaid"})
            tickets |= self._open_ticket("2026-03-06 09:00", partner_id=customer.id)

        def count(asked):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(set(asked.mapped("coverage_state")), {"used_up"})
            return self.cr.sql_log_count - before

        with self.at_desk("2026-03-06 10:00"):
            count(tickets)
            self.assertEqual(count(tickets[:4]), count(tickets))

    def test_opening_a_ticket_costs_at_most_five_queries_more(self):
        """Who pays is asked once the form is shown, see `service_coverage.js`."""
        self._cover(self.agreement, {})
        system = self.env["service.agreement.system"].create(
            {"name": "Theatre", "partner_id": self.customer.id}
        )
        self.ticket.write({"system_id": system.id, "work_type_id": self.remote.id})
        self._log("2026-03-06", 1)
        named = {"fields": {"display_name": {}}}
        # As the list of timesheets has it without this addon.
        line = {"name": {}, "unit_amount": {}, "employee_id": named, "company_id": {}}
        plain = {"partner_id": named, "agreement_id": named, "is_ticket": {}}
        work = {"service_work_type_id": named, "service_verdict": {}}
        own = {
            "work_type_id": named,
            "system_id": named,
            "device_id": named,
            "exclusion_id": named,
            "service_hours_covered": {},
            "service_amount_billed": {},
            "service_hint": {},
        }

        def count(spec, line_spec):
            self.env.invalidate_all()
            ticket = self.env["project.task"].browse(self.ticket.id)
            before = self.cr.sql_log_count
            ticket.web_read({**spec, "timesheet_ids": {"fields": line_spec}})
            return self.cr.sql_log_count - before

        with self.at_desk("2026-03-06 10:00"):
            count({**plain, **own}, {**line, **work})
            more = count(
                {**plain, **own}, {**line, **work, "service_amount_billed": {}}
            )
            self.assertLessEqual(more - count(plain, line), 5)

    def test_found_by_what_is_not_covered(self):
        self._cover(self.agreement, {})
        stranger = self._create_customer("Nobody's Villa")
        other = self._open_ticket("2026-03-06 09:00", partner_id=stranger.id)
        model = self.env["project.task"].with_user(self.agent)
        for state, found in (("covered", self.ticket), ("no_agreement", other)):
            with self.at_desk("2026-03-06 10:00"):
                domain = [("coverage_state", "=", state)]
                tickets = model.search([*domain, ("project_id", "=", self.desk.id)])
                self.assertEqual(tickets, found)

    def test_what_is_no_ticket_has_no_verdict(self):
        project = self.env["project.project"].create({"name": "Installation"})
        task = self._open_ticket("2026-03-06 09:00", project_id=project.id)
        self.assertFalse(self._state(task))
        self.assertFalse(self._ask(task))

    def test_who_chose_is_shown(self):
        self._cover(self.agreement, {})
        self.ticket.payer_id = self.agreement
        name = self.env.user.name
        self.assertEqual(self._ask(self.ticket)["choice"], f"Chosen by {name}")


@tagged("post_install", "-at_install")
class TestTicketVerdictAccess(PortalUsersMixin, ServiceWorkMixin, ServiceDeskCommon):
    """Who may ask, and of what."""

    def test_a_customer_asks_on_his_own_pages_only(self):
        ann = self._create_portal_user("ann", self.customer)
        self.ticket.message_subscribe(ann.partner_id.ids)
        with self.assertRaises(AccessError):
            self.ticket.with_user(ann).get_service_coverage({})

    def test_nobody_asks_of_a_customer_he_may_not_read(self):
        self.env["ir.rule"].create(
            {
                "name": "Only one",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": [("id", "!=", self.customer.id)],
            }
        )
        model = self.env["project.task"].with_user(self.agent)
        with self.assertRaises(AccessError):
            model.get_service_coverage(
                {"project_id": self.desk.id, "partner_id": self.customer.id}
            )

    def test_of_a_part_of_work_one_s_own_and_for_approvers_all(self):
        self._cover(self.agreement, {})
        self.agent.group_ids += self.env.ref("hr_timesheet.group_hr_timesheet_user")
        draw = self._log("2026-03-06", 1).service_draw_ids
        bea = self._create_agent("bea")
        bea.group_ids += self.env.ref("hr_timesheet.group_hr_timesheet_user")
        draws = draw.browse()
        self.assertEqual(draws.with_user(self.agent).search([]), draw)
        self.assertFalse(draws.with_user(bea).search([]))
        bea.group_ids += self.env.ref("hr_timesheet.group_hr_timesheet_approver")
        self.assertEqual(draws.with_user(bea).search([]), draw)
        with self.assertRaises(AccessError):
            draw.with_user(bea).write({"answer": "given"})


@tagged("post_install", "-at_install")
class TestServiceWorkSummary(ServiceWorkMixin, ServiceDeskCommon):
    """What was done: who pays, in words and in money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent.group_ids += cls.env.ref("hr_timesheet.group_hr_timesheet_user")
        cls.coverage = cls._cover(
            cls.agreement, {"kind": "prepaid", "when_used_up": "bill"}
        )
        cls.lot = cls._prepay(cls.coverage, 2)

    def test_a_line_says_what_it_costs_whom(self):
        line = self._log("2026-03-06", 3.5).with_user(self.agent)
        self.assertEqual(line.service_hours_covered, 2)
        self.assertEqual(line.service_hours_billed, 1.5)
        self.assertEqual(line.service_amount_billed, 225)
        told = line.service_summary
        self.assertEqual(told["state"], "partly")
        self.assertRegex(told["notes"][0], r"^2 h covered by Silver \(SA\w+\)$")
        self.assertRegex(
            told["notes"][1], r"^1\.5 h more than is included: billed at .*150\.00"
        )
        self.assertEqual([row["pays"] for row in told["candidates"]], [True])

    def test_a_ticket_sums_up_its_work(self):
        self._log("2026-03-05", 1)
        self._log("2026-03-06", 2.5, service_work_type_id=self.on_site.id)
        ticket = self.ticket.with_user(self.agent)
        self.assertEqual(ticket.service_hours_covered, 2)
        self.assertEqual(ticket.service_hours_billed, 1.5)
        self.assertEqual(ticket.service_amount_billed, 225)

    def test_where_the_customer_is_asked_first_nothing_is_billed_yet(self):
        self.coverage.allowance_ids.sudo().when_used_up = "ask"
        line = self._log("2026-03-06", 3)
        self.assertEqual(
            (line.service_amount_billed, line.service_amount_open), (0, 150)
        )
        self.assertIn("ask the customer first", line.service_summary["notes"][1])

    def test_typed_and_not_saved_it_says_what_will_be_billed(self):
        ticket = self.ticket.with_user(self.agent)
        with self.at_desk("2026-03-06 10:00"), Form(ticket) as form:
            with form.timesheet_ids.new() as line:
                line.employee_id = self.technician
                line.unit_amount = 3.5
            self.assertRegex(
                form.service_hint,
                r"^2 h covered by .*, 1\.5 h more than is included: billed at .*150",
            )
            with form.timesheet_ids.edit(0) as line:
                line.unit_amount = 2
            self.assertFalse(form.service_hint)
        self.assertEqual(self.lot.balance, 0)
        self.assertEqual(ticket.timesheet_ids.service_verdict, "covered")

    def test_work_of_an_agreement_and_of_its_customer(self):
        self._log("2026-03-05", 1)
        self._log("2026-02-05", 0.5)
        with self.at_desk("2026-03-06 10:00"):
            self.env.invalidate_all()
            self.assertEqual(self.agreement.work_hours, 1)
            self.assertEqual(self.customer.work_hours, 1)
        for action in (
            self.agreement.action_view_work(),
            self.customer.action_view_service_work(),
        ):
            draws = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(sum(draws.mapped("quantity")), 1.5)
            self.assertNotIn("to_bill", str(action["context"]), "all of it is shown")
        opened = draws[0].action_view_work()
        self.assertEqual(opened["res_id"], draws[0].line_id.id)
