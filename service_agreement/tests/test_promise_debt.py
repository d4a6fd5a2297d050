"""What was sold and is not yet delivered, against the hours there are for it."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import PortalUsersMixin, ServiceWorkMixin
from .test_visit import VisitCommon

TODAY = "2026-03-06 12:00:00"


class PromiseDebtCommon(ServiceWorkMixin, VisitCommon):
    """Friday 6 March 2026. A Gold agreement owes visits of 2 hours on 14 April and 14
    October; an hour costs 150 by the list.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(cls._freeze())
        cls.technician.sudo().resource_calendar_id = cls.calendar
        plan = cls.env["account.analytic.plan"].create({"name": "Service"})
        cls.account = cls.env["account.analytic.account"].create(
            {"name": "Service", "plan_id": plan.id}
        )

    @classmethod
    def _freeze(cls):
        """Unlike ``at``, for the life of the class."""
        return _Frozen(cls().at(TODAY))

    def _rows(self, *kinds, agreement=None):
        # What is computed once in a request is kept that long.
        self.env.invalidate_all()
        domain = [("kind", "in", kinds)] if kinds else []
        if agreement:
            domain.append(("agreement_id", "=", agreement.id))
        return self.env["service.agreement.promise.debt"].search(domain)

    def _by_month(self, *kinds, agreement=None, of="hours"):
        """{"2026-04": hours}, "" for what has no end."""
        found = {}
        for row in self._rows(*kinds, agreement=agreement):
            month = str(row.month or "")[:7]
            found[month] = found.get(month, 0) + row[of]
        return {month: round(hours, 2) for month, hours in found.items()}

    def _including(self, *allowances, start="2026-03-01", name="Silver+", **values):
        """:return: an agreement in force by a tier that includes these"""
        pricelist = values.pop("pricelist", self.env["product.pricelist"])
        values["allowance_ids"] = [
            Command.create({"name": "Help", "kind": "included", **each})
            for each in allowances
        ]
        tier = self._create_tier(name, 149.0, 25, **values)
        terms = {"pricelist_id": pricelist.id} if pricelist else {}
        agreement = self._create_active(start, tier_id=tier.id, **terms)
        agreement._refresh_ledgers()
        return agreement

    def _draw(self, agreement, units):
        """Work of today takes so much of what the agreement includes."""
        today = self.company._service_today()
        [allowance] = agreement.coverage_ids.allowance_ids
        ledgers = allowance._get_ledgers(today)
        taken = list(ledgers[allowance].take(today, Decimal(str(units))))
        lots = allowance._store_ledgers(ledgers, today)
        for key, part in taken:
            self._record(lots[key], units=float(part), quantity=float(part))

    def _record(self, lot, **values):
        """A part of work that was drawn from a lot."""
        line = self.env["account.analytic.line"].create(
            {"name": "Worked", "account_id": self.account.id}
        )
        draws = self.env["service.agreement.allowance.draw"].sudo()
        return draws.create(
            {
                "line_id": line.id,
                "company_id": self.company.id,
                "date": self.company._service_today(),
                "outcome": "covered",
                "answer": "covered",
                "agreement_id": lot.agreement_id.id,
                "lot_id": lot.id,
                "currency_id": self.company.currency_id.id,
                **values,
            }
        )

    def _months(self):
        """{"2026-04": row}, "" for what is due later."""
        self.env.invalidate_all()
        rows = self.env["service.agreement.promise.month"].search([])
        return {str(row.month or "")[:7]: row for row in rows}


class _Frozen:
    """A context manager as ``startClassPatcher`` wants it."""

    def __init__(self, manager):
        self.manager = manager

    def start(self):
        return self.manager.__enter__()

    def stop(self):
        self.manager.__exit__(None, None, None)


@tagged("post_install", "-at_install")
class TestPromiseDebt(PromiseDebtCommon):
    """What is owed, when, and what it is worth."""

    # Visits

    def test_a_visit_is_owed_in_its_month(self):
        first, second = self._rows("visit")
        self.assertEqual((first.visit_id, second.visit_id), (self.first, self.second))
        self.assertEqual((first.month, first.hours), (date(2026, 4, 1), 2))
        self.assertEqual((first.worth, first.unearned), (300, 0))
        self.assertEqual(first.agreement_id, self.gold_agreement)
        self.assertEqual(first.partner_id, self.customer)

    def test_a_visit_that_is_made_is_owed_no_more(self):
        self._plan_visits("2026-04-08 06:00")
        self._make(self.first, "2026-04-14 12:00")
        self.assertEqual(self._rows("visit").visit_id, self.second)

    def test_a_visit_that_is_late_is_due_this_month(self):
        self.first.sudo().planned_on = "2026-01-20"
        row = self._rows("visit").filtered("is_late")
        self.assertEqual((row.month, row.visit_id), (date(2026, 3, 1), self.first))
        self.assertEqual(row.due_on, date(2026, 1, 20))

    def test_worth_by_the_rate_of_its_work(self):
        preventive = self.env.ref("service_agreement.work_type_preventive")
        self.rate.copy({"work_type_id": preventive.id, "price": 90.0})
        self.assertEqual(self._rows("visit").mapped("worth"), [180, 180])

    # Hours

    def test_what_is_left_of_this_period_and_what_later_ones_will_grant(self):
        agreement = self._including({"quantity": 4.0})
        self._draw(agreement, 1.5)
        self.assertEqual(
            self._by_month("granted", agreement=agreement), {"2026-03": 2.5}
        )
        later = self._by_month("later", agreement=agreement)
        self.assertEqual(len(later), 12)
        self.assertEqual(set(later.values()), {4})
        self.assertEqual((min(later), max(later)), ("2026-04", "2027-03"))

    def test_hours_of_a_quarter_are_due_with_it(self):
        agreement = self._including(
            {"quantity": 6.0, "interval_months": 3}, start="2026-01-31"
        )
        # 31 January, 30 April, 31 July, 31 October, 31 January
        self.assertEqual(
            self._by_month("granted", "later", agreement=agreement),
            dict.fromkeys(("2026-04", "2026-07", "2026-10", "2027-01", "2027-04"), 6),
        )

    def test_nothing_is_promised_after_the_last_day(self):
        agreement = self._including({"quantity": 4.0})
        agreement._end(date(2026, 5, 10), "cancelled")
        self.assertEqual(
            self._by_month("granted", "later", agreement=agreement),
            {"2026-03": 4, "2026-04": 4, "2026-05": 4},
        )
        last = self._rows("later", agreement=agreement)[-1]
        self.assertEqual(last.due_on, date(2026, 5, 10))

    def test_another_tier_promises_something_else_from_its_day_on(self):
        agreement = self._including({"quantity": 4.0})
        other = self._create_tier(
            "More",
            199.0,
            26,
            allowance_ids=[
                Command.create({"name": "Help", "kind": "included", "quantity": 9.0})
            ],
        )
        agreement._change(PendingChange(date(2026, 6, 1), {}, [], tier=other))
        later = self._by_month("later", agreement=agreement)
        self.assertEqual((later["2026-05"], later["2026-06"]), (4, 9))

    def test_while_it_is_suspended_nothing_more_is_promised(self):
        agreement = self._including({"quantity": 4.0})
        agreement.action_suspend()
        self.assertFalse(self._rows("later", agreement=agreement))

    def test_what_was_taken_in_advance_of_the_next_period(self):
        agreement = self._including({"quantity": 4.0, "when_used_up": "overrun"})
        self._draw(agreement, 5)
        self.assertEqual(
            self._by_month("granted", agreement=agreement), {"2026-03": -1}
        )

    def test_hours_without_a_last_day(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 10.0)
        self.assertEqual(self._by_month("bought"), {"": 10})

    def test_what_has_expired_is_not_owed(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 10.0, last="2026-03-05")
        self.assertFalse(self._rows("bought"))
        self._prepay(coverage, 3.0, last="2026-03-06")
        self.assertEqual(self._by_month("bought"), {"2026-03": 3})

    def test_visits_that_are_planned_and_counted_are_owed_once(self):
        preventive = self.env.ref("service_agreement.work_type_preventive")
        yearly = {
            "unit": "visits",
            "quantity": 2.0,
            "interval_months": 12,
            "work_type_ids": [Command.set(preventive.ids)],
        }
        counted = self._including(yearly)
        self.assertEqual(self._by_month("granted", agreement=counted), {"2027-02": 4})
        self.assertEqual(self._rows("granted", agreement=counted).visits, 2)
        planned = self._including(
            yearly, name="Planned", visit_plan_ids=[Command.create({"months": "6"})]
        )
        self.assertFalse(self._rows("granted", "later", agreement=planned))
        self.assertEqual(
            self._by_month("visit", agreement=planned, of="visits"), {"2026-09": 1}
        )

    def test_visits_are_as_long_as_they_were(self):
        agreement = self._including(
            {"unit": "visits", "quantity": 4.0, "interval_months": 12}
        )
        self._record(agreement.allowance_lot_ids, units=1, quantity=3)
        agreement._refresh_ledgers()
        row = self._rows("granted", agreement=agreement)
        self.assertEqual((row.visits, row.hours), (3, 9))

    def test_money_is_as_many_hours_as_the_list_gives_for_it(self):
        agreement = self._including({"unit": "amount", "quantity": 300.0})
        row = self._rows("granted", agreement=agreement)
        self.assertEqual((row.hours, row.worth), (2, 300))

    def test_money_of_a_currency_that_was_archived(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        euro.rate_ids.create(
            {"name": "2026-01-01", "rate": 0.5, "currency_id": euro.id}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        agreement = self._including(
            {"unit": "amount", "quantity": 300.0}, pricelist=pricelist
        )
        self.assertEqual(agreement.currency_id, euro)
        euro.active = False
        row = self._rows("granted", agreement=agreement)
        self.assertEqual((row.hours, row.worth), (2, 300))

    def test_sold_is_used_or_forfeited_or_owed(self):
        agreement = self._including(
            {"quantity": 4.0, "rollover_cap": 1.0}, start="2026-01-01"
        )
        self._draw(agreement, 1.5)
        with self.at("2026-05-20 12:00:00"):
            agreement._refresh_ledgers()
            self._draw(agreement, 0.5)
            owed = sum(self._rows("granted", agreement=agreement).mapped("hours"))
            lots = agreement.allowance_lot_ids
        sold = sum(lots.mapped("granted")) + sum(lots.mapped("adjusted"))
        self.assertEqual(sold, 20)
        self.assertEqual(
            sold, sum(lots.mapped("drawn")) + sum(lots.mapped("forfeited")) + owed
        )

    # Inspections

    def test_a_covered_system_that_nobody_has_looked_at(self):
        system = self._create_system("Home theatre")
        self.assertFalse(self._rows("inspection"))
        self.agreement.system_ids = system
        row = self._rows("inspection")
        self.assertEqual((row.system_id, row.hours, row.visits), (system, 2, 1))
        self.assertEqual((row.month, row.is_late), (date(2026, 3, 1), True))
        self.gold_agreement.system_ids = system
        self.assertEqual(len(self._rows("inspection")), 1, "one system, one inspection")
        system.inspected_on = "2026-03-05"
        self.assertFalse(self._rows("inspection"))

    # Fees

    def test_a_fee_is_earned_day_by_day(self):
        agreement = self._create_active("2026-01-01", self.plan_yearly)
        self._run_billing("2026-01-01", agreement)
        amount = sum(agreement.period_ids.mapped("amount"))
        months = self._by_month("fee", agreement=agreement, of="unearned")
        self.assertEqual(len(months), 10)
        self.assertAlmostEqual(months["2026-03"], amount * 25 / 365, 2)
        self.assertAlmostEqual(months["2026-12"], amount * 31 / 365, 2)
        days_left = (date(2026, 12, 31) - date(2026, 3, 6)).days
        self.assertAlmostEqual(sum(months.values()), amount * days_left / 365, 1)
        self.assertFalse(any(self._rows("fee").mapped("hours")))

    def test_what_is_credited_by_hand_will_not_be_earned(self):
        agreement = self._create_active("2026-01-01", self.plan_yearly)
        [move], _failed = self._run_billing("2026-01-01", agreement)
        self.assertTrue(self._rows("fee"))
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id}).refund_moves()
        move.reversal_move_ids.action_post()
        self.assertFalse(self._rows("fee"))

    def test_in_the_company_s_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"name": "2026-01-01", "rate": 0.5, "currency_id": euro.id}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        agreement = self._create_active(
            "2026-03-01", self.plan_yearly, pricelist_id=pricelist.id
        )
        self._run_billing("2026-03-01", agreement)
        amount = sum(agreement.period_ids.mapped("amount"))
        self.assertEqual(agreement.currency_id, euro)
        found = sum(self._rows("fee", agreement=agreement).mapped("unearned"))
        self.assertAlmostEqual(found, 2 * amount * 359 / 365, 2)

    def test_hours_bought_in_advance_are_earned_as_they_are_used(self):
        agreement = self._including(
            {"kind": "prepaid", "quantity": 10.0, "price": 900.0}
        )
        action = agreement.action_add_prepaid()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        Form(wizard).save().action_confirm()
        self.assertEqual(self._rows("bought", agreement=agreement).unearned, 0)
        self._run_billing("2026-03-06", agreement)
        self._draw(agreement, 4)
        row = self._rows("bought", agreement=agreement)
        self.assertEqual((row.hours, row.unearned), (6, 540))

    # The records behind a figure

    def test_each_figure_opens_what_it_counts(self):
        self.agreement.system_ids = self._create_system("Home theatre")
        agreement = self._including({"quantity": 4.0})
        self._run_billing("2026-03-06")
        rows = self._rows().grouped("kind")
        self.assertEqual(set(rows), {"visit", "inspection", "granted", "later", "fee"})
        self.assertEqual(self._opened(rows["visit"][:1]), rows["visit"][:1].visit_id)
        self.assertEqual(self._opened(rows["inspection"]), self.agreement.system_ids)
        self.assertEqual(self._opened(rows["later"][:1]), agreement)
        granted = rows["granted"][:1]
        self.assertEqual(self._opened(granted), granted.lot_id)
        fee = rows["fee"].filtered(lambda row: row.agreement_id == agreement)
        self.assertEqual(self._opened(fee), agreement.period_ids)

    def _opened(self, row):
        action = row.action_open()
        model = self.env[action["res_model"]]
        if action.get("res_id"):
            return model.browse(action["res_id"])
        return model.search(action["domain"])


@tagged("post_install", "-at_install")
class TestPromiseMonth(PromiseDebtCommon):
    """Are we overselling visits for December?"""

    def test_a_month_against_the_hours_there_are(self):
        self._log("2026-03-05", 1.0)
        april = self._months()["2026-04"]
        # 22 days of 8 hours
        self.assertEqual((april.technician_count, april.working_hours), (1, 176))
        self.assertEqual((april.visits, april.visit_hours), (1, 2))
        self.assertEqual(april.display_name, "April 2026")
        self.assertEqual(april.level, "fits")
        self.assertEqual(april.owed_hours + april.free_hours, april.capacity_hours)
        self.assertAlmostEqual(april.share, 200 / april.capacity_hours)

    def test_of_this_month_the_days_to_come(self):
        self._log("2026-03-05", 1.0)
        # 6 March is a Friday: 18 working days with it
        self.assertEqual(self._months()["2026-03"].working_hours, 18 * 8)

    def test_less_leaves_and_holidays(self):
        self._log("2026-03-05", 1.0)
        self.env["resource.calendar.leaves"].sudo().create(
            [
                {
                    "name": "Easter Monday",
                    "calendar_id": self.calendar.id,
                    "date_from": "2026-04-05 22:00:00",
                    "date_to": "2026-04-06 21:59:59",
                },
                {
                    "name": "Tess is away",
                    "calendar_id": self.calendar.id,
                    "resource_id": self.technician.sudo().resource_id.id,
                    "date_from": "2026-04-06 22:00:00",
                    "date_to": "2026-04-08 21:59:59",
                },
            ]
        )
        self.assertEqual(self._months()["2026-04"].working_hours, 176 - 3 * 8)

    def test_less_the_share_of_tickets_and_other_work(self):
        project = self.env["project.project"].create({"name": "A new house"})
        # Two working days: on 4 and 5 March she had 16 hours.
        self._log("2026-03-04", 4.0)
        self._log("2026-03-05", 2.0, task_id=False, project_id=project.id)
        april = self._months()["2026-04"]
        self.assertEqual((april.ticket_hours, april.other_hours), (44, 22))
        self.assertEqual(april.capacity_hours, 110)
        self.assertEqual(april.kept_text, "25 % tickets, 12 % other")

    def test_work_that_was_owed_is_no_share_of_tickets(self):
        with self.at_desk("2026-03-04 09:00"):
            self.first.action_plan()
        made = self._log("2026-03-05", 2.0, task_id=self.first.task_id.id)
        self.assertFalse(made.service_draw_ids.lot_id)
        self.assertEqual(self._months()["2026-04"].ticket_hours, 0)
        coverage = self._cover(self.agreement, {"kind": "included", "quantity": 4.0})
        self.agreement._refresh_ledgers()
        line = self._log("2026-03-04", 2.0)
        lot = line.service_draw_ids.lot_id
        self.assertEqual(lot.allowance_id.coverage_id, coverage)
        self.assertEqual(self._months()["2026-04"].ticket_hours, 0)

    def test_visits_oversold(self):
        self._log("2026-03-05", 1.0)
        self.second.sudo().planned_hours = 400
        october = self._months()["2026-10"]
        self.assertEqual(october.level, "over")
        self.assertLess(october.free_hours, 0)
        self.assertGreater(october.share, 100)

    def test_hours_that_need_the_months_before(self):
        self._log("2026-03-05", 1.0)
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 500.0, last="2026-06-15")
        months = self._months()
        self.assertEqual(months["2026-06"].level, "early")
        self.assertEqual(months["2026-06"].missing_hours, 0)
        self._prepay(coverage, 500.0, last="2026-06-15")
        june = self._months()["2026-06"]
        self.assertEqual((june.level, june.call_hours), ("short", 1000))
        self.assertGreater(june.missing_hours, 0)

    def test_nobody_who_logs_work_no_capacity(self):
        rows = self._months().values()
        self.assertEqual({row.level for row in rows}, {"unknown"})
        self.assertEqual({row.technician_count for row in rows}, {0})

    def test_who_left_is_no_technician(self):
        self._log("2026-03-05", 1.0)
        self.technician.sudo().active = False
        self.assertEqual(self._months()["2026-04"].level, "unknown")

    def test_who_has_no_calendar_works_as_the_company_does(self):
        self._log("2026-03-05", 1.0)
        self.technician.sudo().resource_calendar_id = False
        self.assertEqual(self._months()["2026-04"].working_hours, 176)

    def test_money_without_a_rate_is_no_hours(self):
        self._including({"unit": "amount", "quantity": 300.0})
        self.env["service.agreement.rate"].search([]).unlink()
        self.assertEqual(self._months()["2026-03"].call_hours, 0)

    def test_where_nothing_is_owed_there_is_no_row(self):
        other = self.env["res.company"].create({"name": "Other"})
        months = self.env["service.agreement.promise.month"]
        self.assertFalse(months.with_context(allowed_company_ids=other.ids).search([]))

    def test_the_months_add_up_to_what_is_owed_and_open_it(self):
        self._log("2026-03-05", 1.0)
        self.agreement.system_ids = self._create_system("Home theatre")
        coverage = self._cover(self.gold_agreement, {"kind": "prepaid"})
        self._prepay(coverage, 7.0)
        self._prepay(coverage, 5.0, last="2028-01-31")
        self._including({"quantity": 4.0})
        self._run_billing("2026-03-06")
        months = self._months()
        self.assertEqual(len(months), 14)
        self.assertEqual(months[""].owed_hours, 12)
        self.assertEqual(months[""].display_name, "Later, or without end")
        rows = self._rows()
        for mine, theirs in (
            ("owed_hours", "hours"),
            ("visits", "visits"),
            ("worth", "worth"),
            ("unearned", "unearned"),
        ):
            self.assertAlmostEqual(
                sum(row[mine] for row in months.values()), sum(rows.mapped(theirs)), 4
            )
        for row in months.values():
            opened = rows.search(row.action_open()["domain"])
            self.assertAlmostEqual(row.owed_hours, sum(opened.mapped("hours")), 4)
            self.assertAlmostEqual(row.unearned, sum(opened.mapped("unearned")), 4)

    def test_the_share_of_several_months_is_of_all_of_them(self):
        self._log("2026-03-05", 1.0)
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 7.0)
        [[share, owed, capacity]] = self.env[
            "service.agreement.promise.month"
        ]._read_group([], [], ["share:avg", "owed_hours:sum", "capacity_hours:sum"])
        self.assertAlmostEqual(share, 100 * (owed - 7) / capacity)

    def test_whose_hours_they_are(self):
        self._log("2026-03-05", 1.0)
        action = self._months()["2026-04"].action_open_technicians()
        self.assertEqual(
            self.env[action["res_model"]].search(action["domain"]).ids,
            self.technician.ids,
        )

    def _count_queries(self):
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self._months()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self._months()
        return self.cr.sql_log_count - before

    def test_twice_the_agreements_and_technicians_cost_as_many_queries(self):
        self._log("2026-03-05", 1.0)
        self._including({"quantity": 4.0})
        self._add_more("A")
        count = self._count_queries()
        for name in "BC":
            self._add_more(name)
        self.assertEqual(self._count_queries(), count)

    def _add_more(self, name):
        self._create_gold()
        employee = self.technician.sudo().create(
            {
                "name": name,
                "company_id": self.company.id,
                "resource_calendar_id": self.calendar.id,
            }
        )
        self._log("2026-03-05", 1.0, employee_id=employee.id)


@tagged("post_install", "-at_install")
class TestPromiseAccess(PortalUsersMixin, PromiseDebtCommon):
    """Hours for who sells, money for who answers for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        agreements = "service_agreement.group_user"
        cls.sam = cls._create_user("sam", agreements)
        cls.sue = cls._create_user("sue", agreements)
        cls.boss = cls._create_user("boss", "service_agreement.group_manager")
        cls.ada = cls._create_user("ada", "account.group_account_invoice")
        cls.rita = cls._create_user("rita", "account.group_account_readonly")
        cls.agreement.system_ids = cls._create_system("Home theatre")
        cls.agreement.user_id, cls.gold_agreement.user_id = cls.sue, cls.sam
        cls._run_billing("2026-03-06")

    @classmethod
    def _create_user(cls, login, group):
        return new_test_user(cls.env, login=login, groups=f"base.group_user,{group}")

    def _read(self, user, model="debt", *names):
        report = self.env[f"service.agreement.promise.{model}"].with_user(user)
        rows = report.with_company(self.company).search([])
        rows.mapped(names[0] if names else "id")
        return rows

    def test_a_salesman_sees_hours_and_no_money(self):
        self.assertEqual(
            set(self._read(self.sam).mapped("kind")), {"visit", "inspection"}
        )
        for model in ("debt", "month"):
            self.assertTrue(self._read(self.sam, model))
            for name in ("worth", "unearned"):
                with self.assertRaises(AccessError):
                    self._read(self.sam, model, name)
                self.assertNotIn(name, self._read(self.sam, model).fields_get())

    def test_who_answers_for_the_money_sees_all(self):
        for user in (self.boss, self.ada, self.rita):
            rows = self._read(user, "debt", "worth")
            self.assertEqual(set(rows.mapped("kind")), {"visit", "inspection", "fee"})
            self.assertTrue(sum(self._read(user, "month").mapped("unearned")))
            for row in rows:
                action = row.action_open()
                records = self.env[action["res_model"]].with_user(user)
                records.check_access("read")

    def test_a_salesman_sees_his_own_customers_where_the_company_says_so(self):
        self.assertEqual(
            self._read(self.sam).agreement_id, self.agreement | self.gold_agreement
        )
        self.company.service_own_customers = True
        self.assertEqual(self._read(self.sam).agreement_id, self.gold_agreement)
        self.assertEqual(self._read(self.sue).agreement_id, self.agreement)
        for user in (self.boss, self.ada, self.rita):
            self.assertEqual(
                self._read(user).agreement_id, self.agreement | self.gold_agreement
            )
        # How much there is to do is no secret: no customer is in it.
        sums = [
            sum(self._read(user, "month").mapped("owed_hours"))
            for user in (self.sam, self.boss)
        ]
        self.assertEqual(sums[0], sums[1])

    def test_technicians_and_customers_see_none_of_it(self):
        carla = self._create_portal_user("carla", self.customer)
        for user in (self.agent, carla):
            for model in ("debt", "month"):
                with self.assertRaises(AccessError):
                    self._read(user, model)

    def test_another_company_s_promises_stay_there(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.boss.company_ids |= other
        both = self.boss.company_ids.ids
        for model in ("debt", "month"):
            report = self.env[f"service.agreement.promise.{model}"]
            report = report.with_user(self.boss)
            found = report.with_context(allowed_company_ids=both).search([])
            self.assertEqual(found.company_id, self.company)
            elsewhere = report.with_context(allowed_company_ids=other.ids)
            self.assertFalse(elsewhere.search([]))
