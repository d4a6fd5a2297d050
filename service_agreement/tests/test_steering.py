import random
from collections import defaultdict
from datetime import date
from itertools import pairwise

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..tools.recurring_revenue import movement_kind
from ..tools.steering import KINDS
from .common import ServiceAgreementCommon
from .test_answer import AnswerCommon

NOW = "2026-11-23 12:00:00"
TODAY = date(2026, 11, 23)
MONTH = relativedelta(months=1)


def first_day(day):
    return day.replace(day=1)


class SteeringCommon(ServiceAgreementCommon):
    """Movements as they would have been recorded, written down at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = new_test_user(
            cls.env,
            "owner",
            "service_agreement.group_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _live(cls, customer, steps, company=None):
        """
        :param steps: list of (date, revenue from then on), oldest first
        :return: service.agreement.movement
        """
        agreement = cls._create_agreement(str(steps[0][0]), partner_id=customer.id)
        company = company or cls.company
        paid, values = 0, []
        for day, revenue in steps:
            if revenue != paid:
                kind = movement_kind(paid, revenue, bool(values))
                values.append((day, kind, revenue - paid))
            paid = revenue
        return (
            cls.env["service.agreement.movement"]
            .sudo()
            .create(
                [
                    {
                        "agreement_id": agreement.id,
                        "number": number,
                        "company_id": company.id,
                        "commercial_partner_id": customer.id,
                        "date": day,
                        "kind": kind,
                        "amount": amount,
                        "amount_company": amount,
                        "currency_id": agreement.currency_id.id,
                        "tier_id": agreement.tier_id.id,
                        "plan_id": agreement.plan_id.id,
                    }
                    for number, (day, kind, amount) in enumerate(values, 1)
                ]
            )
        )

    def _read(self, model, user=None):
        return self.env[model].with_user(user or self.owner).with_company(self.company)

    def _open_cockpit(self, period="last_12"):
        cockpit = self._read("service.agreement.cockpit")
        action = cockpit.action_open_mine()
        cockpit = cockpit.browse(action["res_id"])
        cockpit.period = period
        cockpit.invalidate_recordset()
        return cockpit


@tagged("post_install", "-at_install")
class TestRetention(SteeringCommon):
    """Cohorts of customers and months of revenue, against what was written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = random.Random(7)
        cls.movements = cls.env["service.agreement.movement"]
        for number in range(25):
            customer = cls._create_customer(f"Customer {number}")
            day = date(2025, 3, 1) + relativedelta(days=source.randrange(600))
            steps = []
            while day <= TODAY:
                steps.append((day, source.choice([0, 29, 99, 149, 199])))
                day += relativedelta(days=source.randrange(1, 200))
            cls.movements |= cls._live(customer, steps)
        cls.env.flush_all()

    def _revenue_at(self, day, partners=None):
        known = self.movements.filtered(
            lambda m: (
                m.date < first_day(day) + MONTH
                and (partners is None or m.commercial_partner_id in partners)
            )
        )
        return sum(known.mapped("amount_company"))

    def _months(self):
        day = first_day(min(self.movements.mapped("date")))
        while day <= TODAY:
            yield day
            day += MONTH

    def test_cohorts_add_up_to_the_revenue_of_each_month(self):
        with self.at(NOW):
            rows = self._read("service.agreement.retention")._read_group(
                [("company_id", "=", self.company.id)],
                ["month:month"],
                ["revenue:sum", "customers:sum"],
            )
        revenue = {month: amount for month, amount, _customers in rows}
        self.assertEqual(set(revenue), set(self._months()))
        for month, amount in revenue.items():
            self.assertAlmostEqual(amount, self._revenue_at(month), 2)

    def test_a_cohort_is_what_its_customers_pay(self):
        starts = defaultdict(lambda: self.env["res.partner"])
        for movement in self.movements.sorted("date", reverse=True):
            starts[movement.commercial_partner_id] = first_day(movement.date)
        with self.at(NOW):
            rows = self._read("service.agreement.retention").search([])
            cohorts = self._read("service.agreement.cohort").search([])
        for row in rows:
            self.assertEqual(row.start_month, starts[row.partner_id])
            self.assertEqual(row.start_month + row.age * MONTH, row.month)
            paid = self._revenue_at(row.month, row.partner_id)
            self.assertAlmostEqual(row.revenue, paid, 2)
            self.assertEqual(row.customers, int(paid > 0))
        self.assertEqual(sum(cohorts.mapped("started")), len(starts))
        for cohort in cohorts:
            own = rows.filtered(lambda r, c=cohort: r.start_month == c.start_month)
            now = own.filtered(lambda r: r.month == first_day(TODAY))
            self.assertEqual(cohort.customers, sum(now.mapped("customers")))
            self.assertAlmostEqual(cohort.revenue, sum(now.mapped("revenue")), 2)
            after = own.filtered(lambda r: r.age == 12)
            self.assertAlmostEqual(
                cohort.customers_12,
                sum(after.mapped("customers")) / len(after) if after else 0,
            )

    def test_the_share_of_several_is_the_share_of_their_sums(self):
        with self.at(NOW):
            report = self._read("service.agreement.retention")
            [(kept, customers, started)] = report._read_group(
                [("age", "=", 6)],
                [],
                ["customers_kept:avg", "customers:sum", "started:sum"],
            )
        self.assertAlmostEqual(kept, customers / started)

    def test_months_lead_from_one_to_the_next(self):
        with self.at(NOW):
            months = self._read("service.agreement.revenue.month").search(
                [], order="date"
            )
        self.assertEqual(months.mapped("date"), list(self._months()))
        self.assertEqual(months[0].opening, 0)
        for month, following in pairwise(months):
            self.assertAlmostEqual(month.closing, following.opening, 2)
        for month in months:
            moved = sum(month[f"moved_{kind}"] for kind in KINDS)
            self.assertAlmostEqual(month.opening + moved, month.closing, 2)
            self.assertAlmostEqual(month.closing, self._revenue_at(month.date), 2)
            lost = -(month.moved_churn + month.moved_contraction)
            self.assertAlmostEqual(
                month.gross_churn, lost / month.opening if month.opening else 0
            )
            action = month.action_open_movements()
            opened = self.movements.search(action["domain"])
            self.assertAlmostEqual(sum(opened.mapped("amount_company")), moved, 2)

    def test_the_cockpit_leads_from_before_to_today(self):
        with self.at(NOW):
            for period in ("month", "quarter", "year", "last_12"):
                cockpit = self._open_cockpit(period)
                self.assertAlmostEqual(cockpit.closing, cockpit.mrr, 2)
                self.assertAlmostEqual(cockpit.mrr, self._revenue_at(TODAY), 2)
                self.assertEqual(cockpit.arr, 12 * cockpit.mrr)

    def test_queries_do_not_grow_with_customers(self):
        def count():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            cockpit.read()
            return self.cr.sql_log_count - before

        with self.at(NOW):
            cockpit = self._open_cockpit()
            cockpit.read()
            some = count()
            for number in range(25):
                customer = self._create_customer(f"Another {number}")
                self._live(customer, [(date(2026, 5, 1), 99)])
            self.env.flush_all()
            self.assertEqual(count(), some)


@tagged("post_install", "-at_install")
class TestCockpit(SteeringCommon, AnswerCommon):
    """Every figure opens what it counts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = cls._create_customer("Old", user_id=cls.anna.id)
        cls.lost = cls._create_customer("Lost")
        cls._live(cls.old, [(date(2025, 10, 5), 100), (date(2026, 10, 2), 150)])
        cls._live(cls.lost, [(date(2025, 9, 5), 80), (date(2026, 11, 3), 0)])
        for answer in ("given", "goodwill", "warranty"):
            part = cls._create_part("2026-11-02", worth=100, partner_id=cls.old.id)
            part.with_user(cls.anna)._answer(answer, "Because")
        cls._create_part("2026-11-03", worth=50, reason="excluded")
        cls._create_part("2025-11-03", worth=1000)
        Project = cls.env["project.project"]
        cls.followed, cls.alone, cls.fresh = Project.create(
            [
                {
                    "name": name,
                    "partner_id": customer.id,
                    "delivered_on": day,
                    "company_id": cls.company.id,
                }
                for name, customer, day in (
                    ("Followed", cls.customer, "2025-12-20"),
                    ("Alone", cls.lost, "2026-01-20"),
                    ("Fresh", cls.lost, "2026-11-01"),
                )
            ]
        )
        ticket = cls.env["project.task"].create(cls._prepare_ticket_values())
        clocks = cls.env["service.agreement.sla.clock"].sudo()
        clocks.search([("res_id", "=", ticket.id)]).write(
            {
                "state": "missed",
                "started_at": "2026-11-02 10:00:00",
                "deadline": "2026-11-02 14:00:00",
            }
        )
        cls.env.flush_all()

    def test_every_figure_opens_what_it_counts(self):
        for period in ("month", "last_12"):
            with self.at(NOW):
                cockpit = self._open_cockpit(period)
                for name, figure in cockpit._get_figures().items():
                    with self.subTest(period=period, figure=name):
                        self.assertOpens(cockpit, name, figure.measure)

    def assertOpens(self, cockpit, name, measure):
        action = cockpit.with_context(cockpit_figure=name).action_open_figure()
        records = self._read(action["res_model"]).search(action["domain"])
        found = len(records) if measure == "__count" else sum(records.mapped(measure))
        self.assertAlmostEqual(cockpit[name], found, 2)

    def test_what_it_shows(self):
        with self.at(NOW):
            cockpit = self._open_cockpit("month")
            self.assertEqual((cockpit.moved_churn, cockpit.lost), (-80, -80))
            self.assertEqual((cockpit.leaked, cockpit.goodwill), (150, 100))
            self.assertEqual(cockpit.leaked_never_sold, 100)
            self.assertEqual(cockpit.leaked_excluded, 50)
            self.assertEqual((cockpit.promises_met, cockpit.promises_kept), (0, 0))
            self.assertGreater(cockpit.promises_missed, 0)
            self.assertEqual((cockpit.projects, cockpit.projects_rate), (1, 0))
            cockpit = self._open_cockpit("last_12")
            self.assertEqual((cockpit.projects, cockpit.projects_attached), (3, 1))
            self.assertEqual((cockpit.kept_started, cockpit.kept_customers), (2, 2))
            self.assertEqual(cockpit.kept_revenue, 230)

    def test_an_agreement_within_90_days_is_attached(self):
        with self.at(NOW):
            rows = self._read("service.agreement.attach").search([])
            status = {row.project_id: (row.status, row.days) for row in rows}
        self.assertEqual(status[self.followed], ("attached", 12))
        self.assertEqual(status[self.alone], ("missed", 0))
        self.assertEqual(status[self.fresh], ("open", 0))
        self.followed.delivered_on = "2025-10-02"
        with self.at(NOW):
            row = rows.browse(self.followed.id)
            row.invalidate_recordset()
            self.assertEqual(row.status, "missed")

    def test_a_project_of_no_company_is_of_whoever_made_it(self):
        project = self.fresh.copy({"company_id": False, "delivered_on": "2026-11-02"})
        self.assertFalse(project.company_id)
        other = self.env["res.company"].create({"name": "B"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        attach = self._read("service.agreement.attach")
        which = [("project_id", "=", project.id)]
        self.company.service_own_customers = True
        with self.at(NOW):
            self.assertEqual(attach.search(which).company_id, self.company)
            self.assertEqual(self._open_cockpit("month").projects, 2)
            self.assertFalse(attach.with_user(self.anna).search(which))
            attach = attach.with_context(allowed_company_ids=other.ids)
            self.assertFalse(attach.with_user(stranger).search(which))

    def test_what_ends_and_has_no_term_is_to_renew(self):
        agreement = self._create_active(
            "2026-01-01", term_months=0, auto_renew=True, date_end="2026-12-20"
        )
        with self.at(NOW):
            cockpit = self._open_cockpit().with_context(cockpit_figure="to_renew")
            found = agreement.search(cockpit.action_open_figure()["domain"])
        self.assertIn(agreement, found)

    def test_who_pays_nothing_and_is_given_much_is_at_risk(self):
        customer = self._create_customer("Free")
        free = self._create_tier("Free", 0.0, 5)
        agreement = self._create_active(
            "2026-01-01", partner_id=customer.id, tier_id=free.id
        )
        self._create_part("2026-11-02", worth=100, partner_id=customer.id)
        with self.at(NOW):
            row = self._read("service.agreement.risk").search(
                [("agreement_id", "=", agreement.id)]
            )
            self.assertEqual((row.leaked, row.mrr), (100, 0))

    def test_who_is_at_risk_and_why(self):
        risk = self._read("service.agreement.risk")
        with self.at(NOW):
            row = risk.search([("agreement_id", "=", self.agreement.id)])
            self.assertGreater(row.missed, 0)
            self.assertEqual((row.overdue, row.leaked, row.declined), (0, 0, 0))
        with self.at("2027-06-01 12:00:00"):
            risk.invalidate_model()
            self.assertFalse(risk.search([("agreement_id", "=", self.agreement.id)]))

    def test_it_remembers_the_period_of_each_user(self):
        mine = self._open_cockpit("quarter")
        again = self._read("service.agreement.cockpit").action_open_mine()
        self.assertEqual((mine.id, mine.period), (again["res_id"], "quarter"))
        other = new_test_user(self.env, "other", "service_agreement.group_manager")
        with self.assertRaises(AccessError):
            mine.with_user(other).read(["period"])
        with self.assertRaises(AccessError):
            mine.user_id = other

    def test_another_period_is_read_in_the_form_at_once(self):
        with self.at(NOW):
            cockpit = self._open_cockpit()
            with Form(cockpit) as form:
                form.period = "month"
                self.assertEqual(form.leaked, 150)

    def test_a_figure_that_is_none_is_refused(self):
        with self.assertRaisesRegex(UserError, "no such figure"):
            self._open_cockpit().with_context(cockpit_figure="x").action_open_figure()

    def test_only_administrators_steer(self):
        with self.assertRaises(AccessError):
            self.env["service.agreement.cockpit"].with_user(
                self.anna
            ).action_open_mine()
        for model in ("cohort", "revenue.month"):
            with self.assertRaises(AccessError):
                self._read(f"service.agreement.{model}", self.anna).search([])
        for model in ("retention", "attach", "risk", "cohort", "revenue.month"):
            with self.assertRaises(AccessError):
                self._read(f"service.agreement.{model}", self.agent).search([])

    def test_salespeople_see_their_own_where_the_company_says_so(self):
        retention = self._read("service.agreement.retention", self.anna)
        with self.at(NOW):
            self.assertIn(self.lost, retention.search([]).partner_id)
            self.company.service_own_customers = True
            self.assertEqual(retention.search([]).partner_id, self.old)
            self.assertIn(
                self.lost, retention.with_user(self.owner).search([]).partner_id
            )

    def test_companies_are_converted_to_the_current_one(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        if self.company.currency_id == euro:
            euro = self.env.ref("base.USD")
        other = self.env["res.company"].create({"name": "B", "currency_id": euro.id})
        self.env["res.currency.rate"].create(
            {
                "name": "2026-01-01",
                "rate": 0.5,
                "currency_id": euro.id,
                "company_id": self.company.id,
            }
        )
        customer = self._create_customer("Abroad")
        movements = self._live(customer, [(date(2026, 2, 1), 100)])
        self.owner.company_ids += other
        with self.at(NOW):
            before = self._open_cockpit().mrr
            self.env.cr.execute(
                "UPDATE service_agreement_movement SET company_id = %s"
                " WHERE id = ANY(%s)",
                [other.id, movements.ids],
            )
            cockpit = self._open_cockpit().with_context(
                allowed_company_ids=[self.company.id, other.id]
            )
            self.assertAlmostEqual(cockpit.mrr, before + 100, 2)
            self.assertIn(f"1 {euro.name} = 2", cockpit.rates_text)
