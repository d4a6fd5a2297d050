from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    ServiceWorkMixin,
)

from .alert_cases import AlertCommon


@tagged("post_install", "-at_install")
class TestWorth(PortalUsersMixin, ServiceWorkMixin, AlertCommon):
    """Uptime, what was fixed from afar, and what the customer reads of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement.sudo().activated_on = "2026-01-01 08:00:00"
        sites = cls.env["service.monitoring.site"].sudo().search([])
        sites.env.cr.execute(
            "UPDATE service_monitoring_site SET create_date = '2026-01-01'"
        )
        cls.env.invalidate_all()
        cls.agent.group_ids += cls.env.ref("hr_timesheet.group_hr_timesheet_user")

    def _outage(self, begin, end, **values):
        events = self._event(begin, "firing", **values)
        if end:
            events |= self._event(end, "resolved", **values)
        self._take(end or begin, events)
        return events.alert_id

    def _uptimes(self, wall, count=12):
        with self.at_desk(wall):
            self.env.invalidate_all()
            rows = self.system._get_uptime_rows(count)[self.system]
        return [(row["uptime"], row["state"]) for row in rows]

    def test_uptime_by_month(self):
        self._outage("2026-02-10 00:00", "2026-02-11 00:00", severity="critical")
        self._outage("2026-02-10 12:00", "2026-02-11 00:00", name="Slow")
        expected = [(100.0, "up"), (96.42, "up"), (100.0, "up")]
        self.assertEqual(self._uptimes("2026-03-31 23:00"), expected)

    def test_what_is_down_now_counts_until_now(self):
        self._outage("2026-03-01 12:00", None)
        (row,) = self._uptimes("2026-03-02 00:00", 1)
        self.assertEqual(row, (50.0, "down"))

    def test_what_is_too_mild_is_not_down(self):
        self.source.down_severity = "critical"
        self._outage("2026-02-10 00:00", "2026-02-11 00:00", severity="warning")
        self.assertEqual(set(self._uptimes("2026-03-01 00:00")), {(100.0, "up")})

    def test_nobody_watches_it(self):
        other = self._create_system("Gate")
        with self.at_desk("2026-03-01 00:00"):
            self.assertEqual(other._get_uptime_rows()[other], [])
            self.assertFalse(other.monitoring_state)

    def test_technicians_read_it_on_the_system(self):
        self._outage("2026-03-01 12:00", None)
        system = self.system.with_user(self.agent)
        with self.at_desk("2026-03-02 00:00"):
            self.env.invalidate_all()
            self.assertEqual(system.monitoring_state, "down")
            self.assertEqual(system.alert_count, 1)
            self.assertIn("50.00", system.monitoring_months)
            self.assertEqual(
                system.action_view_outages()["domain"], [("system_id", "=", system.id)]
            )

    # From afar

    def _fix(self, ticket, wall, user=None, **values):
        with self.at_desk(wall):
            action = ticket.with_user(user or self.agent).action_fixed_remotely()
            wizard = self.env[action["res_model"]].with_user(user or self.agent)
            wizard = wizard.with_context(**action["context"])
            wizard.create({"name": "Restarted", **values}).action_confirm()

    def _open(self, wall="2026-03-06 15:00"):
        alert = self._tell(wall, "firing")
        self._look(wall[:-1] + "2")
        return self._ticket(alert)

    def test_fixed_remotely_it_is_work_and_solved(self):
        ticket = self._open()
        self._fix(ticket, "2026-03-06 15:20", minutes=12)
        work = ticket.sudo().timesheet_ids
        self.assertAlmostEqual(work.unit_amount, 0.2)
        self.assertEqual(work.service_work_type_id, self.remote)
        self.assertEqual(work.employee_id, self.technician)
        self.assertEqual(str(work.date), "2026-03-06")
        self.assertEqual(ticket._ticket_is_closed(), "solved")
        self.assertEqual(self._clock(ticket).state, "met")
        self._tell("2026-03-06 15:21", "resolved")
        self.assertFalse(ticket.is_self_healed)
        self.assertEqual(ticket.monitoring_alert_ids.outage_ids.result, "helped")

    def test_no_minutes_are_no_work(self):
        with self.assertRaisesRegex(UserError, "how many minutes"):
            self._fix(self._open(), "2026-03-06 15:20", minutes=0)

    def test_customers_fix_nothing(self):
        ann = self._create_portal_user("ann", self.customer)
        ticket = self._open()
        for method in ("action_fixed_remotely", "action_view_alerts"):
            with self.assertRaises(AccessError):
                getattr(ticket.with_user(ann), method)()

    def test_without_an_agreement_the_work_is_given_away(self):
        villa = self._create_customer("Nobody's Villa")
        self.router.sudo().write({"partner_id": villa.id, "system_id": False})
        self.router.sudo().partner_id = villa
        ticket = self._open()
        self.assertEqual(ticket.partner_id, villa)
        self.assertTrue(ticket.agreement_missing)
        self._fix(ticket, "2026-03-06 15:20", minutes=60)
        leakage = self.env["service.agreement.leakage"].search(
            [("partner_id", "=", villa.id)]
        )
        self.assertEqual(sum(leakage.mapped("leaked")), 150.0)

    # The customer's statement

    def _statement(self):
        with self.at("2026-04-20 09:00:00"):
            self.env.invalidate_all()
            action = self.agreement.action_prepare_statement()
            return self.env["service.agreement.statement"].browse(action["res_id"])

    def test_the_statement_tells_what_was_seen_healed_and_fixed(self):
        self._fix(self._open(), "2026-03-06 15:20", minutes=12)
        self._tell("2026-03-06 15:21", "resolved")
        self._outage("2026-03-10 10:00", "2026-03-10 11:00")
        self._outage("2026-03-12 10:00", "2026-03-12 10:01")
        asked = self._open("2026-03-16 10:00")
        ann = self._create_portal_user("ann", self.customer)
        author = ann.partner_id.id
        self._answer(asked, "2026-03-16 10:05", body="It is down!", author_id=author)
        self._fix(asked, "2026-03-16 10:20", minutes=12)
        self._tell("2026-03-16 10:21", "resolved")
        statement = self._statement()
        self.assertEqual(statement.alert_count, 4)
        self.assertEqual(statement.alert_healed_count, 1)
        self.assertEqual(statement.alert_remote_count, 1, "one before he wrote")
        self.assertAlmostEqual(statement.hours, 0.4)
        (row,) = statement._get_uptime_rows()
        self.assertEqual(row["label"], "Network")
        self.assertRegex(row["text"], r"^99\.9\d % up$")
        self.assertIn(
            "1 fault fixed remotely before you called", statement._get_besides()
        )
        tile = statement._get_tiles()[-1]
        self.assertEqual(
            (tile["text"], tile["note"]), ("4", "1 recovered by themselves")
        )
        document = self.env["ir.qweb"]._render(
            "service_agreement.statement_document", {"statement": statement}
        )
        self.assertIn("What we watched", document)

    def test_where_nothing_is_watched_it_says_nothing(self):
        self.env["service.monitoring.site"].sudo().search([]).unlink()
        statement = self._statement()
        self.assertEqual(statement.alert_count, 0)
        document = self.env["ir.qweb"]._render(
            "service_agreement.statement_document", {"statement": statement}
        )
        self.assertNotIn("What we watched", document)

    def test_not_kept_by_us_it_is_no_promise_kept(self):
        self._outage("2026-03-10 10:00", "2026-03-10 11:00")
        statement = self._statement()
        self.assertEqual(statement.promise_kept_count, 0)
        self.assertEqual(statement.alert_healed_count, 1)

    def test_alerts_of_an_agreement_and_a_customer(self):
        alert = self._tell("2026-03-06 15:00", "firing")
        for record in (self.agreement, self.customer):
            self.assertEqual(record.monitoring_alert_count, 1)
            domain = record.action_view_monitoring_alerts()["domain"]
            self.assertEqual(self.env["service.monitoring.alert"].search(domain), alert)
