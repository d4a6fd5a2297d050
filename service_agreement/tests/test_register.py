import random
from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .proposal_cases import ProposalCommon

NOW = "2026-03-06 15:00:00"
# Days that an agreement of a made-up life was in force.
LASTED = 40


def _get_state(life):
    """:return: str, the state of a client to whom this happened: (what, day), …"""
    if any(what == "agreement" for what, _day in life):
        return "covered"
    over = [day + timedelta(days=LASTED) for what, day in life if what == "ended"]
    last = max(over, default=date.min)
    # Of one day: he says no after he was asked.
    no = max((day for what, day in life if what == "no"), default=date.min)
    asked = [(day, what) for what, day in life if what in ("open", "expired")]
    latest, what = max(asked, default=(date.min, None))
    if no > date.min and no >= latest and no >= last:
        return "declined"
    return "offered" if what == "open" or (asked and latest >= last) else "never"


class RegisterCommon(ProposalCommon):
    """Clients of whom nothing is known but their last invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("project.group_project_manager")
        cls.env.user.group_ids += cls.env.ref("hr.group_hr_manager")
        cls.register = cls.env["service.agreement.register"]
        cls.client = cls._create_client("Tran Residence")
        cls.desk = cls.env["project.project"].create(
            {"name": "Desk", "is_service_desk": True, "company_id": cls.company.id}
        )
        cls.employee = cls.env["hr.employee"].create(
            {"name": "Tom", "company_id": cls.company.id}
        )

    @classmethod
    def _create_client(cls, name, invoiced="2026-02-01", **values):
        client = cls._create_customer(name, email="client@example.com", **values)
        if invoiced:
            cls._invoice(client, invoiced)
        return client

    @classmethod
    def _invoice(cls, client, day, company=None):
        company = company or cls.company
        move = cls.env["account.move"].with_company(company)
        move = move.create(
            {
                "move_type": "out_invoice",
                "partner_id": client.id,
                "invoice_date": day,
                "invoice_line_ids": [
                    Command.create({"name": "Lamp", "price_unit": 1.0, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        return move

    def _rows(self, *clients, instant=NOW, **terms):
        """:return: rows of these clients, in this company"""
        self.env.invalidate_all()
        with self.at(instant):
            rows = self.register.search(
                [
                    ("partner_id", "in", [client.id for client in clients]),
                    ("company_id", "=", terms.pop("company", self.company).id),
                ]
            )
            rows.mapped("state")
        return rows

    def _state(self, client, instant=NOW, **terms):
        rows = self._rows(client, instant=instant, **terms)
        self.assertLessEqual(len(rows), 1)
        return rows.state

    def _send(self, instant, client=None, **values):
        with self.at(instant):
            return self._create_sent(partner_id=(client or self.client).id, **values)

    def _decline(self, proposal, instant, reason="price"):
        with self.at(instant):
            proposal._decline(reason, "Not now", "Linh Tran")

    def _start(self, day, client=None, **values):
        return self._create_active(day, partner_id=(client or self.client).id, **values)

    def _end(self, agreement, day):
        agreement.sudo().write({"state": "ended", "date_end": day, "auto_renew": False})


@tagged("post_install", "-at_install")
class TestRegister(RegisterCommon):
    """Every active client is exactly one of the four."""

    def test_whoever_was_invoiced_and_nothing_else_was_never_offered(self):
        self.assertEqual(self._state(self.client), "never")

    def test_an_offer_a_no_another_offer_and_a_yes(self):
        first = self._send("2026-01-10 09:00:00")
        [row] = self._rows(self.client, instant="2026-01-12 09:00:00")
        self.assertEqual((row.state, row.proposal_id), ("offered", first))
        self.assertEqual(str(row.offered_on), "2026-01-10")
        self._decline(first, "2026-01-12 10:00:00")
        [row] = self._rows(self.client)
        self.assertEqual((row.state, row.decline_reason), ("declined", "price"))
        self.assertEqual(str(row.declined_on), "2026-01-12")
        self.assertFalse(row.offered_on)
        self._send("2026-02-01 09:00:00")
        self.assertEqual(self._state(self.client), "offered")
        self._start("2026-03-01")
        self.assertEqual(self._state(self.client), "covered")

    # Who is a client

    def test_only_with_whom_something_happened_lately(self):
        quiet = self._create_client("Quiet", invoiced=False)
        old = self._create_client("Old", invoiced="2024-03-05")
        just = self._create_client("Just", invoiced="2024-03-06")
        gone = self._create_client("Gone", active=False)
        self.assertEqual(self._rows(quiet, old, just, gone).partner_id, just)
        self.company.service_active_months = 25
        self.assertEqual(self._rows(quiet, old, just, gone).partner_id, old | just)

    def test_what_makes_a_client(self):
        names = ["ticket", "delivered", "work", "proposed", "agreed", "draft", "task"]
        clients = {name: self._create_client(name, invoiced=False) for name in names}
        contact = self.env["res.partner"].create(
            {"name": "Linh", "parent_id": clients["ticket"].id}
        )
        project = {"name": "New cinema", "company_id": self.company.id}
        with self.at("2026-02-01 09:00:00"):
            self.env["project.task"].create(
                {"name": "Dark", "project_id": self.desk.id, "partner_id": contact.id}
            )
            works = self.env["project.project"].create(project)
            self.env["project.task"].create(
                {
                    "name": "Pull cables",
                    "project_id": works.id,
                    "partner_id": clients["task"].id,
                }
            )
        self.env["project.project"].create(
            {
                **project,
                "partner_id": clients["delivered"].id,
                "delivered_on": "2026-02-01",
            }
        )
        self._log_work([clients["work"]], "2026-02-01")
        self._send("2026-02-01 09:00:00", clients["proposed"])
        self._start("2030-01-01", clients["agreed"])
        self._create_proposal(partner_id=clients["draft"].id)
        rows = self._rows(*clients.values(), contact)
        self.assertEqual(
            {row.partner_id.name: row.state for row in rows},
            {
                "ticket": "never",
                "delivered": "never",
                "work": "never",
                "proposed": "offered",
                "agreed": "covered",
            },
        )

    def test_our_own_companies_are_no_clients(self):
        ours = self.company.partner_id
        self._invoice(ours, "2026-02-01")
        self.assertFalse(self._rows(ours))

    def test_each_company_has_its_own_clients(self):
        other = self._create_other_company()
        self.assertFalse(self._rows(self.client, company=other))
        self._invoice(self.client, "2026-02-01", other)
        self._start("2026-01-01")
        self.assertEqual(self._state(self.client), "covered")
        self.assertEqual(self._state(self.client, company=other), "never")

    # The last word

    def test_suspended_and_about_to_start_are_covered(self):
        agreement = self._start("2026-01-01")
        agreement.action_suspend()
        self.assertEqual(self._state(self.client), "covered")
        later = self._create_client("Later")
        self._start("2026-09-01", later)
        self.assertEqual(self._state(later), "covered")

    def test_a_no_to_more_does_not_uncover(self):
        self._start("2026-01-01")
        self._decline(self._send("2026-02-01 09:00:00"), "2026-02-02 09:00:00")
        self.assertEqual(self._state(self.client), "covered")

    def test_what_was_said_before_the_last_agreement_ended_counts_no_more(self):
        self._decline(self._send("2025-01-01 09:00:00"), "2025-01-02 09:00:00")
        self._end(self._start("2025-02-01"), "2026-02-28")
        [row] = self._rows(self.client)
        self.assertEqual((row.state, str(row.ended_on)), ("never", "2026-02-28"))
        self.assertFalse(row.declined_on or row.proposal_id)
        self._decline(self._send("2026-03-01 09:00:00"), "2026-03-02 09:00:00")
        self.assertEqual(self._state(self.client), "declined")

    def test_an_offer_nobody_answered_stays_one(self):
        self._send("2026-01-01 09:00:00")
        [row] = self._rows(self.client, instant="2026-01-31 15:00:00")
        self.assertEqual((row.state, row.is_open), ("offered", True))
        [row] = self._rows(self.client)
        self.assertEqual((row.state, row.is_open), ("offered", False))

    def test_an_expired_offer_from_before_the_end_is_none(self):
        self._send("2025-06-01 09:00:00")
        still_open = self._create_client("Still open")
        self._send("2025-06-01 09:00:00", still_open, validity_date="2026-12-31")
        for client in (self.client, still_open):
            self._end(self._start("2025-02-01", client), "2026-02-28")
        self.assertEqual(self._state(self.client), "never")
        self.assertEqual(self._state(still_open), "offered")

    def test_withdrawn_is_not_offered_and_a_version_in_the_making_is(self):
        proposal = self._send("2026-02-20 09:00:00")
        with self.at("2026-02-21 09:00:00"):
            proposal.action_new_version()
        [newer] = proposal.sudo().replaced_by_ids
        self.assertEqual(self._state(self.client), "offered")
        newer.action_withdraw()
        self.assertEqual(self._state(self.client), "never")

    def test_an_agreement_to_sign_is_an_offer(self):
        agreement = self._create_agreement("2026-03-01", partner_id=self.client.id)
        self.assertEqual(self._state(self.client), "never")
        with self.at("2026-02-27 23:30:00"):
            agreement._propose()
        [row] = self._rows(self.client)
        self.assertEqual((row.state, row.is_open), ("offered", True))
        self.assertEqual(str(row.offered_on), "2026-02-27")
        self.company.partner_id.tz = "Europe/Amsterdam"
        self.assertEqual(str(self._rows(self.client).offered_on), "2026-02-28")

    def test_an_offer_that_was_called_off_is_no_end(self):
        client = self._create_client("Called off", invoiced=False)
        agreement = self._create_agreement(
            "2026-03-01", partner_id=client.id, term_months=36
        )
        with self.at("2026-02-27 09:00:00"):
            agreement._propose()
        with self.at("2026-02-28 09:00:00"):
            agreement._end(date(2026, 2, 28), "cancelled")
        self.assertEqual(agreement.state, "ended")
        [row] = self._rows(client)
        self.assertEqual((row.state, row.ended_on), ("never", False))
        self._decline(self._send("2026-03-02 09:00:00", client), "2026-03-03 09:00:00")
        self.assertEqual(self._state(client), "declined")

    def test_an_offer_that_was_called_off_is_long_ago_one_day(self):
        client = self._create_client("Called off", invoiced=False)
        agreement = self._create_agreement(
            "2026-03-01", partner_id=client.id, term_months=36
        )
        with self.at("2026-02-27 09:00:00"):
            agreement._propose()
            agreement._end(date(2026, 2, 27), "cancelled")
        self.assertTrue(self._rows(client, instant="2028-02-27 09:00:00"))
        self.assertFalse(self._rows(client, instant="2028-02-28 09:00:00"))

    # The tree

    def test_contacts_stand_for_their_company(self):
        contact = self.client.create({"name": "Linh", "parent_id": self.client.id})
        self._send("2026-02-20 09:00:00", contact)
        self.assertFalse(self._rows(contact))
        self.assertEqual(self._state(self.client), "offered")

    def test_a_subsidiary_is_covered_where_the_agreement_says_so(self):
        branch = self._create_client("Branch", parent_id=self.client.id)
        below = self._create_client("Below", parent_id=branch.id)
        agreement = self._start("2026-01-01")
        self.assertEqual(self._state(branch), "never")
        agreement.sudo().coverage_ids.covers_children = True
        self.assertEqual(
            self._rows(self.client, branch, below).mapped("state"), ["covered"] * 3
        )
        site = self.client.create({"name": "Hall", "parent_id": self.client.id})
        agreement.sudo().site_ids = site
        self.assertEqual(self._state(branch), "never")

    # The figures

    def test_leaked_is_what_the_report_of_given_away_says(self):
        answers = ("bill", "given", "goodwill", "warranty", False)
        for number, answer in enumerate(answers):
            self._log_work(
                [self.client], "2026-02-10", worth=100 + number, answer=answer
            )
        self._log_work([self.client], "2025-03-06", worth=1000)
        self._log_work([self.client], "2025-03-07", worth=1)
        [row] = self._rows(self.client)
        self.assertEqual(row.leaked, 101 + 104 + 1)
        with self.at(NOW):
            action = row.action_view_leaked()
            parts = self.env["service.agreement.allowance.draw"].search(
                action["domain"]
            )
            report = self.env["service.agreement.leakage"]._read_group(
                [("partner_id", "=", self.client.id), ("date", ">", "2025-03-06")],
                [],
                ["leaked:sum"],
            )
        self.assertEqual(sum(parts.mapped("worth")), row.leaked)
        self.assertEqual(report, [(row.leaked,)])

    def test_revenue_is_the_sum_of_its_movements(self):
        self._start("2026-01-01")
        self._start("2026-02-01", tier_id=self.gold.id)
        self.assertEqual(self._rows(self.client).mrr, 149 + 299)

    # Whatever happens

    def test_each_client_is_exactly_one_of_the_four_whatever_happens(self):
        """Against the rule told in plain Python, for the made-up lives of 60."""
        dice = random.Random(7)
        lives = {
            self._create_client(f"Client {number}", invoiced=False): [
                (
                    dice.choice(["open", "expired", "no", "agreement", "ended"]),
                    date(2025, 1, 1) + timedelta(days=dice.randrange(400)),
                )
                for _event in range(dice.randrange(5))
            ]
            for number in range(60)
        }
        self._log_work(list(lives), "2026-01-15")
        self._live(lives)
        rows = self._rows(*lives)
        expected = {client: _get_state(life) for client, life in lives.items()}
        self.assertEqual({row.partner_id: row.state for row in rows}, expected)
        with self.at(NOW):
            groups = self.register._read_group(
                [("id", "in", rows.ids)], ["state"], ["__count"]
            )
        self.assertEqual(sum(count for _state, count in groups), len(lives))
        self.assertEqual(len(groups), 4)

    def _live(self, lives):
        """Put on record what happened, past the methods that make it happen."""
        proposals, agreements = [], []
        for client, life in lives.items():
            for what, day in life:
                if what in ("agreement", "ended"):
                    agreements.append(self._prepare_past_agreement(client, what, day))
                else:
                    proposals.append(self._prepare_past_proposal(client, what, day))
        self.proposals.sudo().create(proposals)
        agreements = self.env["service.agreement"].sudo().create(agreements)
        for agreement in agreements:
            state = "ended" if agreement.date_end else "active"
            agreement.write({"state": state, "activated_on": agreement.create_date})

    def _prepare_past_agreement(self, client, what, day):
        return {
            "partner_id": client.id,
            "tier_id": self.tier.id,
            "plan_id": self.plan_monthly.id,
            "date_start": day,
            "date_end": what == "ended" and day + timedelta(days=LASTED),
        }

    def _prepare_past_proposal(self, client, what, day):
        said_no = what == "no"
        return {
            "partner_id": client.id,
            "option_ids": [],
            "state": "declined" if said_no else "sent",
            "sent_on": f"{day} 12:00:00",
            "declined_on": said_no and f"{day} 13:00:00",
            "decline_reason": said_no and "price",
            "validity_date": "2027-01-01" if what == "open" else day,
        }

    def _log_work(self, clients, day, worth=100.0, **values):
        """Parts of work as the engine would write them; it decides nothing here."""
        line = self.env["account.analytic.line"].create(
            {
                "name": "Remote",
                "project_id": self.desk.id,
                "employee_id": self.employee.id,
                "date": day,
                "unit_amount": 1.0,
            }
        )
        amounts = ("price", "amount", "list_price", "list_amount")
        self.env["service.agreement.allowance.draw"].sudo().create(
            [
                {
                    "line_id": line.id,
                    "company_id": line.company_id.id,
                    "partner_id": client.id,
                    "date": day,
                    "outcome": "uncovered",
                    "reason": "never_sold",
                    "quantity": 1.0,
                    "currency_id": line.company_id.currency_id.id,
                    **dict.fromkeys(amounts, worth),
                    **values,
                }
                for client in clients
            ]
        )

    def _create_other_company(self):
        data = self.setup_other_company(name="Other")
        return data["company"]


@tagged("post_install", "-at_install")
class TestRegisterSteps(RegisterCommon):
    """What to do next, whom it shows, and from a leak to a proposal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = new_test_user(
            cls.env, "anna", "base.group_user,service_agreement.group_user"
        )
        cls.boss = new_test_user(
            cls.env, "boss", "base.group_user,service_agreement.group_manager"
        )
        cls.technician = new_test_user(
            cls.env,
            "tim",
            "base.group_user,project.group_project_user,"
            "hr_timesheet.group_hr_timesheet_user",
        )
        cls.env["service.agreement.rate"].search([]).unlink()
        cls.env["service.agreement.rate"].create(
            {"price": 100.0, "company_id": cls.company.id}
        )
        for tier, hours in ((cls.bronze, 0), (cls.silver, 1), (cls.gold, 9)):
            if hours:
                tier.allowance_ids = [
                    Command.create(
                        {
                            "name": "Hours",
                            "kind": "included",
                            "quantity": hours,
                            "interval_months": 1,
                        }
                    )
                ]

    @classmethod
    def _call(cls, day, hours=1.0, client=None, **values):
        """A customer calls, and somebody works for him."""
        client = client or cls.client
        task = cls.env["project.task"].create(
            {"name": "Dark", "project_id": cls.desk.id, "partner_id": client.id}
        )
        return cls.env["account.analytic.line"].create(
            {
                "name": "Repaired",
                "task_id": task.id,
                "employee_id": cls.employee.id,
                "date": day,
                "unit_amount": hours,
                **values,
            }
        )

    def _row(self, client=None, user=None):
        rows = self._rows(client or self.client)
        return rows.with_user(user or self.anna)

    # In words

    def test_offer_the_lowest_tier_that_would_have_covered_nearly_all(self):
        for month in (9, 10, 11, 12):
            self._call(f"2025-{month:02}-10")
        self._call("2026-01-10", 5.0)
        with self.at(NOW):
            row = self._row()
            self.assertEqual(
                row.next_step, "Offer Silver: would have covered 4 of 5 calls"
            )
            self.assertEqual((row.step, row.leaked), ("offer", 900))
        self._call("2026-02-10", 5.0)
        with self.at(NOW):
            self.assertEqual(
                self._row().next_step, "Offer Gold: would have covered 6 of 6 calls"
            )

    def test_what_is_said_of_the_others(self):
        silent = self._create_client("Silent")
        offered, expired, refused, covered, signing, lost = (
            self._create_client(name)
            for name in ("Offered", "Expired", "Refused", "Covered", "Signing", "Lost")
        )
        proposal = self._send("2026-02-11 09:00:00", offered)
        with self.at("2026-02-12 09:00:00"):
            for _time in range(2):
                proposal._note_opening(self.env["res.partner"])
        self._send("2026-01-11 09:00:00", expired)
        self._decline(self._send("2026-02-11 09:00:00", refused), "2026-02-12 09:00:00")
        self._start("2026-01-01", covered)
        agreement = self._create_agreement("2026-03-01", partner_id=signing.id)
        with self.at("2026-03-05 09:00:00"):
            agreement._propose()
        self._end(self._start("2025-01-01", lost), "2026-02-28")
        with self.at(NOW):
            rows = self._rows(silent, offered, expired, refused, covered, signing, lost)
            self.assertEqual(
                {row.partner_id.name: (row.step, row.next_step) for row in rows},
                {
                    "Silent": ("offer", "Offer an agreement"),
                    "Offered": ("remind", "Remind: offered 23 days ago, opened twice"),
                    "Expired": (
                        "offer",
                        "Offer again: expired, offered 54 days ago, not opened yet",
                    ),
                    "Refused": ("wait", "Ask again after 02/12/2027"),
                    "Covered": ("none", "—"),
                    "Signing": ("sign", "Get it signed: offered yesterday"),
                    "Lost": (
                        "offer",
                        "Offer again: his agreement ended on 02/28/2026",
                    ),
                },
            )
        self.company.service_ask_again_months = 0
        with self.at(NOW):
            [row] = self._rows(refused)
            self.assertEqual(
                row.next_step, "Ask again: declined on 02/12/2026, Too expensive"
            )

    def test_many_clients_cost_as_much_as_one(self):
        clients = [self._create_client(f"Client {number}") for number in range(6)]
        for client in clients:
            self._call("2026-02-10", client=client)

        def count(*some):
            rows = self._rows(*some)
            with self.at(NOW):
                before = self.cr.sql_log_count
                rows.mapped("next_step")
                return self.cr.sql_log_count - before

        count(*clients)
        self.assertEqual(count(*clients[:3]), count(*clients))

    # From a leak to a proposal

    def test_one_click_makes_a_proposal_that_shows_his_calls(self):
        for month in (11, 12):
            self._call(f"2025-{month}-10")
        self._call("2026-02-10", 5.0)
        with self.at(NOW):
            row = self._row()
            action = row.action_offer()
            again = row.action_offer()
        proposal = self.proposals.browse(action["res_id"])
        self.assertEqual(again["res_id"], proposal.id, "clicked twice, it is one")
        self.assertEqual(proposal.recommended_tier_id, self.gold)
        self.assertEqual(
            proposal.evidence_text,
            "In the last 12 months you called us 3 times. $\xa0700.00 of our work was "
            "on us. Gold would have covered all of it.",
        )
        self.assertEqual(str(proposal.evidence_on), "2026-03-06")
        self.assertEqual(
            proposal._get_shown_covered(self.silver),
            "Would have covered 2 of your 3 calls",
        )
        self.assertFalse(proposal._get_shown_covered(self.bronze))
        self.assertEqual(proposal.evidence_unanswered, 700)

    def test_it_stays_as_it_was_found_once_it_is_sent(self):
        self._call("2026-02-10")
        with self.at(NOW):
            proposal = self._create_proposal(partner_id=self.client.id)
            self._call("2026-02-11")
            proposal.action_gather_evidence()
            proposal._send()
            self._call("2026-02-12")
            mine = proposal.with_user(self.anna)
            with self.assertRaisesRegex(UserError, "New Version"):
                mine.action_gather_evidence()
            with self.assertRaisesRegex(AccessError, "by hand"):
                mine.evidence = {"calls": 99}
            with self.assertRaisesRegex(UserError, "New Version"):
                mine.shows_evidence = False
        self.assertEqual(proposal.evidence["calls"], 2)

    def test_it_can_be_left_out(self):
        self._call("2026-02-10")
        with self.at(NOW):
            proposal = self._create_proposal(partner_id=self.client.id)
            self.assertIn("once", proposal._get_shown_evidence()["texts"][0])
            proposal.with_user(self.anna).shows_evidence = False
            self.assertIsNone(proposal._get_shown_evidence())
            self.assertFalse(proposal._get_shown_covered(self.gold))

    def test_what_we_planned_ourselves_is_no_call(self):
        visit = self.env["service.agreement.work.type"].create(
            {"name": "Preventive", "is_preventive": True}
        )
        self._call("2026-02-10", service_work_type_id=visit.id)
        self._call("2025-03-06")
        with self.at(NOW):
            proposal = self._create_proposal(partner_id=self.client.id)
        self.assertEqual(proposal.evidence["calls"], 0)

    def test_nothing_is_told_to_whom_nothing_happened(self):
        with self.at(NOW):
            proposal = self._create_proposal(partner_id=self.client.id)
            self.assertIsNone(proposal._get_shown_evidence())
            self._call("2026-02-10", client=self.customer)
            proposal.partner_id = self.customer
            self.assertEqual(proposal.evidence["calls"], 1)

    def test_several_at_once_each_with_what_suits_him(self):
        big = self._create_client("Big")
        self._call("2026-02-10")
        self._call("2026-02-10", 5.0, big)
        with self.at(NOW):
            rows = self._rows(self.client, big).with_user(self.anna)
            batch = (
                self.env["service.agreement.proposal.batch"]
                .with_user(self.anna)
                .with_context(active_model=rows._name, active_ids=rows.ids)
                .create({"is_sent": False})
            )
            batch.action_propose()
        proposals = batch.line_ids.proposal_id
        self.assertEqual(
            {each.partner_id: each.recommended_tier_id for each in proposals},
            {self.client: self.silver, big: self.gold},
        )
        self.assertEqual({each.evidence["calls"] for each in proposals}, {1})

    def test_who_is_covered_is_offered_nothing(self):
        self._start("2026-01-01")
        with self.at(NOW), self.assertRaisesRegex(UserError, "has an agreement"):
            self._row().action_offer()
        with self.at(NOW), self.assertRaisesRegex(UserError, "Nothing is open"):
            self._row().action_remind()

    def test_remind_who_has_not_answered(self):
        proposal = self._send("2026-03-01 09:00:00")
        with self.at(NOW):
            action = self._row().action_remind()
        self.assertEqual(action["context"]["default_res_ids"], proposal.ids)

    # On the customer

    def test_on_the_customer_and_his_contacts(self):
        contact = self.client.create({"name": "Linh", "parent_id": self.client.id})
        stranger = self._create_client("Stranger", invoiced=False)
        partners = (self.client | contact | stranger).with_user(self.anna)
        with self.at(NOW):
            self.assertEqual(
                partners.mapped("service_register_state"), ["never", "never", False]
            )
            search = self.env["res.partner"].with_user(self.anna).search
            mine = [
                ("id", "in", partners.ids),
                ("service_register_state", "=", "never"),
            ]
            self.assertEqual(search(mine), partners[:2])
            mine[1] = ("service_register_state", "in", [False, "covered"])
            self.assertEqual(search(mine), partners[2])
            mine[1] = ("service_register_state", "!=", "never")
            self.assertEqual(search(mine), partners[2])

    def test_one_customer_is_found_without_all_others(self):
        self.env.invalidate_all()
        register = self.register._with_customers(self.client)
        with self.at(NOW):
            self.assertEqual(register.search([]).partner_id, self.client)
            for anything in ("x", ["x"], {"a": 1}, 7):
                self.register.with_context(register_customers=anything).search([])

    # Whom it shows

    def _see(self, user, model, *terms):
        with self.at(NOW):
            return self.env[model].with_user(user).search_count(list(terms))

    def test_a_salesman_sees_his_own_where_the_company_says_so(self):
        theirs = self._create_client("Theirs", user_id=self.boss.id)
        self.client.user_id = self.anna
        for client in (self.client, theirs):
            self._call("2026-02-10", client=client)
            self._start("2026-03-01", client)
            self._send("2026-03-01 09:00:00", client)
        ours = ("commercial_partner_id", "in", (self.client | theirs).ids)
        both = ("partner_id", "in", (self.client | theirs).ids)
        asked = (
            ("service.agreement.register", both),
            ("service.agreement", ours),
            ("service.agreement.line", ("agreement_id.partner_id", "in", both[2])),
            ("service.agreement.movement", ours),
            ("service.agreement.proposal", ours),
            (
                "service.agreement.proposal.option",
                ("proposal_id.partner_id", *both[1:]),
            ),
            ("service.agreement.allowance.draw", both),
        )
        for own_only in (False, True):
            self.company.service_own_customers = own_only
            for model, term in asked:
                everything = self._see(self.boss, model, term)
                self.assertGreaterEqual(everything, 2, model)
                seen = self._see(self.anna, model, term)
                self.assertEqual(seen, everything // (2 if own_only else 1), model)

    def test_a_colleague_s_customer_is_neither_missing_nor_proposed_to(self):
        self.client.user_id = self.boss
        self._start("2026-01-01")
        self.company.service_own_customers = True
        with self.at(NOW):
            client = self.client.with_user(self.anna)
            self.assertFalse(client.agreement_missing or client.agreement_mrr)
            self.assertFalse(client.service_register_state)
            batch = self.env["service.agreement.proposal.batch"].with_user(self.anna)
            batch = batch.create({"partner_ids": [Command.set(client.ids)]})
            batch.action_propose()
        self.assertEqual(
            batch.line_ids.reason, f"{self.boss.name} looks after this customer."
        )

    def test_a_colleague_s_calls_are_told_by_no_proposal(self):
        self._call("2026-02-10")
        mine = self._create_client("Mine", user_id=self.anna.id)
        self.client.user_id = self.boss
        self.company.service_own_customers = True
        values = {"partner_id": self.client.id, "user_id": self.anna.id}
        proposals = self.proposals.with_user(self.anna)
        with self.at(NOW):
            made = proposals.create(values)
            # As from a quotation.
            linked = proposals.sudo().create(values)
            moved = proposals.create({**values, "partner_id": mine.id})
            moved.partner_id = self.client
            with self.assertRaisesRegex(UserError, "looks after this customer"):
                made.action_gather_evidence()
            by_boss = self.proposals.with_user(self.boss).create(values)
        for proposal in made | linked | moved:
            self.assertFalse(proposal.evidence or proposal.evidence_on)
        self.assertEqual(by_boss.evidence["calls"], 1)

    def test_a_technician_sees_no_register_and_no_margins(self):
        self._call("2026-02-10")
        for model in ("register", "leakage", "profit", "movement", "proposal"):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
                self._see(self.technician, f"service.agreement.{model}")
        with self.assertRaises(AccessError):
            self.client.with_user(self.technician).read(["service_register_state"])

    def test_who_also_does_the_books_sees_all(self):
        self.client.user_id = self.boss
        self.company.service_own_customers = True
        self.anna.group_ids += self.env.ref("account.group_account_readonly")
        self.assertTrue(self._row(user=self.anna).mapped("state"))
