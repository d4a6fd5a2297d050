import random
from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import tagged

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

    def _end(self, agreement, day):
        agreement.sudo().write({"state": "ended", "date_end": day, "auto_renew": False})

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
