"""Every number of the document and of the sheet is what billing and clocks compute."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import format_amount

from ..models.service_agreement_change import PendingChange
from ..models.service_agreement_document_example import NORMAL_CASES, URGENT_CASES
from ..models.service_agreement_suspension import Suspension
from .common import ServiceDeskCommon, ServiceWorkMixin
from .test_portal import PIXEL, PortalCase

UTC = ZoneInfo("UTC")
CASES = NORMAL_CASES + URGENT_CASES


class DocumentCase(ServiceWorkMixin, ServiceDeskCommon):
    """Silver of 149.00, 4 hours a month from 9 to 17, two visits, 10 % off the list."""

    PROMISES = {
        ("1", "first_response"): (60, True),
        ("1", "on_site"): (24 * 60, True),
        ("3", "first_response"): (30, False),
        ("3", "resolution"): (2 * 60, False),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.write(
            {
                "term_months": 12,
                "auto_renew": True,
                "notice_days": 30,
                "escalation_percent": 3.0,
                "escalation_notice_days": 60,
                "termination_fee_percent": 50.0,
                "clawback_discount": True,
                "coverage_calendar_id": cls.calendar.id,
                "rate_discount": 10.0,
                "highlights": "Monitoring",
                "terms": "<p>A spare remote is yours.</p>",
                "covered_exclusion_ids": [
                    Command.set(cls.env.ref("service_agreement.exclusion_parts").ids)
                ],
                "covered_work_type_ids": [Command.set(cls.remote.ids)],
                "allowance_ids": [
                    Command.create(
                        {"name": "Support", "quantity": 4, "rollover_cap": 2}
                    )
                ],
                "visit_plan_ids": [
                    Command.create({"months": "3, 9", "name": "Health check"})
                ],
            }
        )
        # Sudo: as if it had been on the list for long.
        cls.env["service.agreement.rate"].sudo().create(
            {
                "price": 200.0,
                "price_after_hours": 300.0,
                "minimum": 1.0,
                "step_minutes": 15,
                "work_type_id": cls.programming.id,
                "company_id": cls.company.id,
            }
        )
        cls.customer.write({"street": "12 Lake Road", "city": "Denver"})
        cls.Terms = cls.env["service.agreement.terms"]
        cls.terms = cls.env.ref("service_agreement.terms_default")
        cls.proposal = cls._create_agreement("2026-03-02", validity_date="2026-04-01")
        cls.proposal._propose()

    def _accept(self, wall="2026-03-02 10:00"):
        with self.at_desk(wall):
            self.proposal._accept("Ann Whitfield", PIXEL)
        return self.proposal

    def _end_the_other(self):
        """So that tickets and work are of the one that was accepted."""
        self.agreement.sudo().write(
            {"state": "ended", "end_reason": "expired", "date_end": "2026-02-28"}
        )

    def _section(self, key, agreement=None, document="agreement"):
        agreement = agreement or self.proposal
        sections = agreement._get_document_sections(document)
        return next((each for each in sections if each["key"] == key), None)

    def _words(self, key, agreement=None, document="agreement"):
        """All that a section says, as one text."""
        section = self._section(key, agreement, document)
        return str(section["blocks"]).replace("\\xa0", " ") if section else ""

    def _money(self, amount):
        return format_amount(self.env, amount, self.proposal.currency_id)

    def _render(self, record=None, report="action_report_agreement"):
        record = record or self.proposal
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            f"service_agreement.{report}", record.ids
        )
        text = html.fromstring(content).text_content()
        return " ".join(text.replace("\xa0", " ").replace("\u202f", " ").split())


@tagged("post_install", "-at_install")
class TestDocumentTruth(DocumentCase):
    """The document against the clocks, the invoices and the visits."""

    def _open_like(self, example):
        instant = example.at.astimezone(UTC).replace(tzinfo=None)
        with self.at(instant):
            return self.env["project.task"].create(
                {**self._prepare_ticket_values(), "priority": example.priority}
            )

    def _assert_examples_are_the_clocks(self, tz):
        agreement = self._accept()
        self._end_the_other()
        examples = agreement._get_examples(CASES)
        self.assertEqual(len(examples), len(CASES))
        for example in examples:
            ticket = self._open_like(example)
            self.assertEqual(ticket.agreement_id, agreement)
            self.assertEqual(example.at.tzinfo, ZoneInfo(tz))
            for metric, due in example.due.items():
                clock = self._clock(ticket, metric)
                self.assertEqual(
                    due.astimezone(UTC).replace(tzinfo=None), clock.deadline
                )

    def test_an_example_is_the_deadline_that_a_ticket_would_have(self):
        self._assert_examples_are_the_clocks("Europe/Amsterdam")

    def test_on_the_clock_of_a_customer_elsewhere(self):
        self.customer.tz = "America/Denver"
        self._assert_examples_are_the_clocks("America/Denver")

    def test_the_examples_in_words(self):
        words = self.proposal._describe_examples(CASES)
        self.assertEqual(
            [each.replace("\u202f", " ") for each in words],
            [
                "If you write on Saturday at 8:00 PM because there is no music, we"
                " answer by Monday 10:00 AM and are on site by Wednesday 5:00 PM.",
                "If you write on Tuesday at 10:00 AM because there is no music, we"
                " answer by 11:00 AM the same day and are on site by Friday 10:00 AM.",
                "If you write on Sunday at 9:00 AM because nothing works any more and"
                " it is urgent, we answer by 9:30 AM the same day and it works again by"
                " 11:00 AM the same day.",
                "If you write on Wednesday at 11:00 PM because nothing works any more"
                " and it is urgent, we answer by 11:30 PM the same day and it works"
                " again by Thursday 1:00 AM.",
            ],
        )

    def test_more_than_a_week_later_says_how_many_days(self):
        self.tier.target_ids.filtered(lambda t: t.metric == "on_site").minutes = 4800
        draft = self._create_agreement("2026-03-02")
        words = draft._describe_examples(CASES[:1])[0]
        self.assertIn("Friday 5:00\u202fPM (13 days later)", words)

    def test_a_holiday_and_a_clock_change_are_no_example(self):
        words = self.proposal._describe_examples(CASES)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "calendar_id": self.calendar.id,
                "company_id": self.company.id,
                "date_from": "2026-03-02 00:00:00",
                "date_to": "2026-05-30 00:00:00",
            }
        )
        self.assertEqual(self.proposal._describe_examples(CASES), words)
        spring = self._create_agreement("2026-03-20")
        at = spring._get_examples(CASES)[0].at
        self.assertEqual(at.utcoffset(), (at + timedelta(days=14)).utcoffset())
        self.assertEqual(spring._describe_examples(CASES), words)

    def test_rates_outside_the_plan_are_what_is_billed(self):
        agreement = self._accept()
        self._end_the_other()
        rates = {rate.label: rate for rate in agreement._get_document_rates()}
        rate = rates[f"An hour of work: {self.programming.name}"]
        self.assertEqual((rate.price, rate.after_hours), (180.0, 270.0))
        self.assertEqual(rate.counting, "at least 1 h, in steps of 15 min")
        for wall, price in (("10:00", rate.price), ("20:00", rate.after_hours)):
            line = self._log(
                "2026-03-03", 2.0, wall, service_work_type_id=self.programming.id
            )
            draw = line.service_draw_ids
            self.assertEqual(draw.agreement_id, agreement)
            self.assertEqual((draw.price, draw.amount), (price, 2 * price))
        trip = self._log("2026-03-03", 1.0, "10:00", service_trips=1)
        draw = trip.service_draw_ids.filtered(lambda d: d.unit == "trip")
        self.assertEqual(draw.price, rates["A trip to you"].price)
        words = self._words("rates", agreement)
        self.assertIn(self._money(180.0).replace("\xa0", " "), words)
        self.assertIn("10 % lower for you", words)
        self.assertIn("After hours is any time but: Monday – Friday", words)

    def test_an_agreed_rate_stays_and_the_list_is_of_the_start(self):
        self.tier.rate_ids = [Command.create({"price": 99.0, "kind": "hour"})]
        draft = self._create_agreement("2026-03-02")
        [agreed] = [r for r in draft._get_document_rates() if r.is_agreed]
        self.assertEqual((agreed.label, agreed.price), ("An hour of work", 99.0))
        with self.at_desk("2026-05-01 10:00"):
            self.rate.price = 500.0
        prices = [r.price for r in self.proposal._get_document_rates()]
        self.assertIn(135.0, prices)
        self.assertNotIn(450.0, prices)

    def test_months_of_the_visits_are_those_of_the_visits_owed(self):
        agreement = self._accept()
        months = [visit.default_date for visit in agreement.visit_ids.sorted("date")]
        words = self._words("visits", agreement)
        self.assertEqual([f"{day:%B}" for day in months[:2]], ["June", "December"])
        self.assertIn("Health check: 2 a year, in June, December", words)
        self.assertIn("Around 2 June, 2 December", words)

    def test_what_it_costs_is_the_invoice(self):
        agreement = self._accept()
        total = agreement._get_document_totals("recurring")["total"]
        self.assertEqual(
            self._run_billing("2026-03-02", agreement)[0].amount_total, total
        )
        money = self._money(total).replace("\xa0", " ")
        self.assertIn(money, self._words("charges", agreement))
        self.assertIn(money, self._words("sheet_cost", agreement, "sheet"))

    def test_the_price_increase_is_the_one_that_is_announced(self):
        agreement = self._accept()
        self.customer.email = "ann@example.com"
        words = self._words("increase", agreement)
        self.assertIn("rises by 3 % a year", words)
        self.assertIn("March 2, 2027", words)
        self.assertIn("at least 60 days before", words)
        with self.at_desk("2026-12-28 10:00"):
            agreement.with_company(self.company)._announce_escalation(
                self.company._service_today()
            )
        change = agreement.change_ids
        self.assertEqual(str(change.date), "2027-03-02")
        risen = agreement.line_ids.filtered(lambda line: line.change_id == change)
        self.assertEqual(risen.price_unit, 153.47)

    def test_the_fee_for_ending_early_is_the_one_that_is_charged(self):
        agreement = self._accept()
        self.assertIn("you pay 50 %", self._words("ending", agreement))
        with self.at_desk("2026-09-01 10:00"):
            ending = agreement._plan_end(date(2026, 9, 1), "cancelled")
        [fee] = ending.lines
        self.assertEqual(fee["price_unit"], 447.0)
        self.plan_yearly.discount = 10.0
        yearly = self._create_active("2026-03-02", self.plan_yearly)
        with self.at_desk("2026-09-01 10:00"):
            served = yearly._get_clawback(date(2026, 9, 1))
            ending = yearly._plan_end(date(2026, 9, 1), "cancelled")
        self.assertIn("discount of 10 %", self._words("ending", yearly))
        self.assertEqual(ending.lines[-1]["price_unit"], float(served))
        self.assertTrue(served)
        self.tier.termination_fee_percent = 0
        self.assertNotIn(
            "you pay", self._words("ending", self._create_agreement("2026-03-02"))
        )

    def test_days_of_a_pause_are_given_back_as_it_says(self):
        agreement = self._accept()
        for credit, words in ((True, "are given back"), (False, "are not given back")):
            self.company.agreement_credit_suspended = credit
            pause = Suspension(date(2026, 3, 10))
            self.assertEqual(agreement._is_suspension_credited(pause), credit)
            self.assertIn(words, self._words("suspension", agreement))

    def test_what_is_included_and_what_is_not(self):
        words = self._words("scope")
        self.assertIn("Support: 4 hours a month, 2 carried over", words)
        self.assertIn(
            "up to 2 hours that are not used are carried over, for a month", words
        )
        self.assertIn("Monitoring", words)
        self.assertIn("Parts are charged, also where the work is covered.", words)
        self.assertIn("Monday – Friday", words)

    def test_systems_with_their_sites_and_how_many_devices(self):
        lake = self._create_site("Lake House", street="1 Shore", city="Vail")
        theatre = self._create_system("Theatre", site_id=lake.id)
        self.env["service.agreement.device"].create(
            [{"name": name, "system_id": theatre.id} for name in ("A", "B")]
        )
        self._create_system("Network")
        draft = self._create_agreement(
            "2026-03-02", system_ids=[Command.set(theatre.ids)]
        )
        words = self._words("systems", draft)
        self.assertIn("['Theatre', '1 Shore, Vail; 2 devices']", words)
        self.assertNotIn("Network", words)
        self.assertIn("['Network', '12 Lake Road, Denver']", self._words("systems"))

    def test_a_preview_in_memory_reads_as_what_is_made_of_it(self):
        values = {
            "company_id": self.company.id,
            "partner_id": self.customer.id,
            "tier_id": self.tier.id,
            "plan_id": self.plan_monthly.id,
            "date_start": "2026-03-02",
        }
        preview = self.env["service.agreement"].new(values)
        made = self.env["service.agreement"].create(values)
        for document in ("agreement", "sheet"):
            self.assertEqual(
                preview._get_document_sections(document),
                made._get_document_sections(document),
            )

    def test_queries_do_not_grow_with_what_is_agreed(self):

        few = self._create_agreement("2026-03-02")
        many = few.copy({"date_start": "2026-03-02"})
        many.line_ids = [
            Command.create({"name": f"Room {n}", "product_id": self.product.id})
            for n in range(10)
        ]
        many.coverage_ids.allowance_ids = [
            Command.create({"name": f"Help {n}", "quantity": n}) for n in range(1, 10)
        ]
        queries = [self._count_queries(each) for each in (few, many)]
        self.assertLessEqual(queries[1], queries[0] + 2)

    def _count_queries(self, agreement):
        agreement._get_document_sections()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        agreement._get_document_sections()
        return self.env.cr.sql_log_count - before


@tagged("post_install", "-at_install")
class TestDocumentSheet(DocumentCase):
    def test_the_sheet_says_what_the_document_says(self):
        agreement = self._accept()
        self.company.phone = "+1 203 555"
        text = self._render(agreement, "action_report_sheet")
        for words in (
            "Things will break",
            "+1 203 555",
            "we answer by Monday 10:00 AM and are on site by Wednesday 5:00 PM",
            "Support: 4 hours a month, 2 carried over",
            "An hour of work that is not included: $ 135.00, after hours $ 225.00",
            "A trip to you that is not included: $ 36.00",
            "Health check: 2 a year, in June, December",
            "Not included: Parts and equipment.",
        ):
            self.assertIn(words, text)

    def test_of_a_tier_without_a_customer(self):
        text = self._render(self.tier, "action_report_tier_sheet")
        self.assertIn("Silver", text)
        self.assertIn("are on site by Wednesday 5:00 PM", text)
        self.assertIn("$ 171.35 every month", text)

    def test_where_nothing_is_promised_it_says_so(self):
        tier = self._create_tier("Plain", 10.0, 1)
        self.assertIn(
            "No time is promised", self._render(tier, "action_report_tier_sheet")
        )


@tagged("post_install", "-at_install")
class TestDocumentTerms(DocumentCase):
    """Words of the company, in versions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,service_agreement."
        cls.manager = new_test_user(
            cls.env,
            "terms.manager",
            groups + "group_manager",
            company_id=cls.company.id,
        )
        cls.seller = new_test_user(
            cls.env, "terms.seller", groups + "group_user", company_id=cls.company.id
        )

    def _edit(self):
        terms = self.terms.with_user(self.manager)
        return self.Terms.with_user(self.manager).browse(terms.action_edit()["res_id"])

    def _duties(self, terms):
        return terms.section_ids.filtered(lambda s: s.title == "What we need from you")

    def test_a_version_in_force_is_never_edited(self):
        terms = self.terms.with_user(self.manager)
        section = terms.section_ids[0]
        self.env["res.lang"]._activate_lang("fr_FR")
        for change in (
            lambda: terms.write({"name": "Other"}),
            lambda: terms.write({"section_ids": [Command.clear()]}),
            lambda: section.write({"title": "Other"}),
            lambda: section.update_field_translations("title", {"fr_FR": "Autre"}),
            lambda: section.unlink(),
            lambda: terms.unlink(),
            lambda: section.copy({"terms_id": terms.id, "key": "text"}),
        ):
            with self.assertRaisesRegex(UserError, 'Use "Edit"'):
                change()
        terms.note = "Only colleagues read this"

    def test_edit_makes_a_draft_that_replaces_it_when_put_in_force(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._duties(self.terms).with_context(lang="fr_FR").sudo().title = "Vos devoirs"
        draft = self._edit()
        self.assertEqual((draft.version, draft.state), (2, "draft"))
        self.assertEqual(draft.company_id, self.company)
        self.assertEqual(self._edit(), draft)
        self.assertEqual(len(draft.section_ids), len(self.terms.section_ids))
        duties = self._duties(draft)
        self.assertEqual(duties.with_context(lang="fr_FR").title, "Vos devoirs")
        duties.body = "<p>Feed the dog.</p>"
        draft.action_put_in_force()
        self.assertEqual(draft.state, "in_force")
        self.assertEqual(self.Terms._get_in_force(self.company), draft)
        following = draft.browse(draft.action_edit()["res_id"])
        following.action_put_in_force()
        self.assertEqual((draft.state, following.version), ("replaced", 3))

    def test_another_company_keeps_what_all_have(self):
        draft = self._edit()
        with self.assertRaisesRegex(UserError, "stay with their company"):
            draft.company_id = False
        draft.action_put_in_force()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.assertEqual(self.Terms._get_in_force(other), self.terms)

    def test_an_agreement_keeps_the_version_it_was_offered_with(self):
        draft = self._edit()
        self._duties(draft).body = "<p>Feed the dog.</p>"
        draft.action_put_in_force()
        self.assertEqual(self.proposal.terms_id, self.terms)
        self.assertNotIn("Feed the dog", self._render())
        self.assertIn(
            "Feed the dog", self._render(self._create_agreement("2026-03-02"))
        )
        self.proposal.action_draft()
        self.proposal._propose()
        self.assertEqual(self.proposal.terms_id, draft)
        self.assertIn("Feed the dog", self._render())

    def test_what_the_agreement_says_is_drawn_even_where_a_section_was_removed(self):
        draft = self._edit()
        draft.section_ids.filtered(lambda s: s.key == "charges").unlink()
        draft.section_ids.filtered(lambda s: s.key == "visits").is_shown = False
        draft.action_put_in_force()
        agreement = self._create_agreement("2026-03-02")
        keys = [each["key"] for each in agreement._get_document_sections()]
        self.assertIn("charges", keys)
        self.assertNotIn("visits", keys)

    def test_one_who_agreed_before_there_were_terms_did_not_agree_to_them(self):
        self.proposal.sudo().terms_id = False
        text = self._render()
        self.assertNotIn("This is not an insurance", text)
        self.assertIn("A spare remote is yours", text)
        self.assertIn("12 months", text)

    def test_who_may_do_what(self):
        draft = self._edit()
        with self.assertRaises(AccessError):
            draft.with_user(self.seller).action_put_in_force()
        with self.assertRaises(AccessError):
            draft.with_user(self.manager).state = "in_force"
        self.assertTrue(self.terms.with_user(self.seller).read(["name"]))
        accountant = new_test_user(
            self.env, "terms.accountant", "account.group_account_readonly"
        )
        self.assertTrue(self.terms.with_user(accountant).read())
        with self.assertRaises(AccessError):
            self.proposal.with_user(self.manager).terms_id = draft

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._duties(self.terms).sudo().with_context(lang="fr_FR").title = "Vos devoirs"
        self.customer.lang = "fr_FR"
        text = self._render()
        self.assertIn("Vos devoirs", text)
        self.assertIn("samedi", text)
        self.assertIn("2 mars 2026", text)


@tagged("post_install", "-at_install")
class TestDocumentAccepted(DocumentCase):
    """What was accepted is never changed."""

    def _create_gold(self):
        return self._create_tier("Gold", 249.0, 30)

    def _upgrade(self, agreement):
        gold = self._create_gold()
        with self.at_desk("2026-04-10 10:00"):
            day = self.company._service_today() + timedelta(days=22)
            agreement._change(PendingChange(day, {}, [], tier=gold))
        return day

    def test_it_is_kept_with_a_fingerprint_that_is_printed(self):
        agreement = self._accept()
        self.assertEqual(len(agreement.document_hash), 64)
        self.assertIn(
            f"Fingerprint (SHA-256): {agreement.document_hash}", self._render()
        )
        self.assertEqual(
            agreement._get_accepted_sections(), agreement._get_document_sections()
        )
        told = agreement.action_check_document()["params"]
        self.assertEqual(told["message"], "On record is what was accepted.")

    def test_printed_together_each_says_its_own(self):
        other = self._create_agreement("2026-03-02", tier_id=self._create_gold().id)
        text = self._render(self._accept() | other)
        self.assertEqual(text.count("Who makes this agreement"), 2)
        self.assertEqual(text.count("Support: 4 hours a month"), 1)
        self.assertEqual(text.count("Fingerprint"), 1)
        self.assertIn("$ 249.00", text)

    def test_an_offer_of_before_there_were_terms_is_accepted_as_it_was_read(self):
        self.proposal.sudo().terms_id = False
        read = self.proposal._get_document_sections()
        self._accept()
        self.assertFalse(self.proposal.terms_id)
        self.assertEqual(self.proposal._get_accepted_sections(), read)

    def test_so_is_what_was_started_on_paper(self):
        self.proposal.action_activate()
        self.assertTrue(self.proposal.document_hash)
        self.assertFalse(self._create_agreement("2026-03-02").document_hash)

    def test_upgrade_renewal_and_increase_leave_it_as_it_is(self):
        agreement = self._accept()
        accepted = self._render(agreement, "action_report_agreement_accepted")
        day = self._upgrade(agreement)
        with self.at_desk(f"{day} 10:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            agreement.action_renew()
            self.assertEqual(agreement.tier_id.name, "Gold")
            self.assertIsNone(agreement._why_not_document())
            again = self._render(agreement, "action_report_agreement_accepted")
            current = self._render(agreement)
        self.assertIn("Support: 4 hours a month", again)
        self.assertIn("149.00", again)
        self.assertNotIn("Support: 4 hours a month", current)
        self.assertIn("Changed since then, from May 2, 2026 on", current)
        self.assertNotIn("Changed since then", accepted)

    def test_what_is_typed_over_afterwards_is_named(self):
        agreement = self._accept()
        agreement.sudo().line_ids.price_unit = 1.0
        agreement.sudo().target_ids[0].minutes = 1
        told = agreement.action_check_document()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertIn("the promises and their hours and the charges", told["message"])

    def test_a_document_that_was_touched_has_another_fingerprint(self):
        agreement = self._accept()
        content = agreement.document_content.replace("149.00", "14.90")
        agreement.sudo().document_content = content
        self.assertIn("another fingerprint", agreement._why_not_document())

    def test_nobody_writes_it(self):
        agreement = self._accept()
        for values in (
            {"document_content": "{}"},
            {"document_hash": "0"},
            {"document_accepted_on": "2026-01-01 00:00:00"},
        ):
            with self.assertRaises(AccessError):
                agreement.write(values)
        before = agreement.document_hash
        agreement._freeze_document()
        self.assertEqual(agreement.document_hash, before)
        copy = agreement.copy({"date_start": "2026-06-01"})
        self.assertFalse(copy.document_hash or copy.terms_id)


@tagged("post_install", "-at_install")
class TestDocumentPortal(PortalCase):
    def test_the_page_leads_to_document_and_sheet(self):
        self._login(self.ann)
        page = html.fromstring(self._get(self.active).text)
        pages = [
            html.fromstring(self.url_open(url).text)
            for url in page.xpath("//details[@data-url]//a/@href")
        ]
        sheet, document = (
            each.xpath("//div[hasclass('o_agreement_document')]")[0] for each in pages
        )
        self.assertIn("Things will break", sheet.text_content())
        for xmlid in ("agreement_charges", "agreement_term"):
            self.assertTrue(document.xpath(f"//section[@id='{xmlid}']"), xmlid)
        self.assertEqual(self._get(self.active, "/document/x").status_code, 404)

    def test_an_offer_is_read_on_its_page(self):
        self._login(self.ann)
        page = html.fromstring(self._get(self.proposal).text)
        self.assertTrue(page.xpath("//section[@id='agreement_charges']"))

    def test_each_document_by_its_name_and_never_an_error(self):
        self._login(self.ann)
        for document, words in (
            ("sheet", "Things will break"),
            ("accepted", "Fingerprint"),
            ("nonsense", "Fingerprint"),
            ("", "Fingerprint"),
        ):
            response = self._get(self.active, report_type="html", document=document)
            self.assertEqual(response.status_code, 200)
            self.assertIn(words, response.text)
        self._login(self.eve)
        response = self._get(self.active, report_type="html", document="sheet")
        self.assertEqual(response.status_code, 404)
