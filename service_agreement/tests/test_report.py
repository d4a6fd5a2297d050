"""The document says what billing and clocks do, on paper as in the portal."""

from lxml import html

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestReport(ServiceAgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office = cls.env["resource.calendar"].create(
            {
                "name": "Office hours",
                "tz": "UTC",
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": f"{day} {start}",
                                "dayofweek": str(day),
                                "hour_from": start,
                                "hour_to": end,
                                "day_period": period,
                            }
                        )
                        for day in range(5)
                        for start, end, period in (
                            (9, 12, "morning"),
                            (12, 17.5, "afternoon"),
                        )
                    ),
                ],
            }
        )
        cls.tier.write(
            {
                "term_months": 12,
                "auto_renew": True,
                "notice_days": 30,
                "highlights": "Remote support\n\n- Two visits a year",
                "exclusions": "Parts and equipment",
                "terms": "<p>Somebody adult is present.</p>",
                "target_ids": [
                    Command.create(
                        {
                            "priority": priority,
                            "metric": "first_response",
                            "minutes": minutes,
                            "calendar_id": calendar,
                        }
                    )
                    for priority, minutes, calendar in (
                        ("3", 60, False),
                        ("1", 240, cls.office.id),
                        ("0", 240, cls.office.id),
                    )
                ],
            }
        )
        cls.agreement = cls._create_agreement("2026-03-01", validity_date="2026-04-01")
        cls.agreement._propose()

    def _render(self, agreement=None):
        agreement = agreement or self.agreement
        report = self.env["ir.actions.report"]
        content, _type = report._render_qweb_html(
            "service_agreement.action_report_agreement", agreement.ids
        )
        return html.fromstring(content)

    def _text(self, root, xpath="."):
        return " ".join(
            " ".join(node.text_content().split()) for node in root.xpath(xpath)
        )

    def test_everything_essential_is_in_the_body(self):
        """Debian's wkhtmltopdf drops header and footer."""
        root = self._render()
        for part in root.xpath(
            "//*[contains(@class, 'header') or contains(@class, 'footer')]"
        ):
            part.getparent().remove(part)
        text = self._text(root)
        for words in (
            self.agreement.name,
            self.company.name,
            self.customer.name,
            "Silver",
            "We answer within",
            "1 hour, day and night",
            "Remote support",
            "Parts and equipment",
            "March 1, 2026",
            "February 28, 2027",
            "at least 30 days before the last day",
            "Somebody adult is present.",
            "Name, date, signature",
        ):
            self.assertIn(words, text)

    def test_equal_promises_are_one_row(self):
        rows = self._render().xpath("//table[contains(@class, 'promises')]/tbody/tr")
        self.assertEqual(
            [self._text(row) for row in rows],
            [
                "Urgent 1 hour, day and night",
                "Medium, Low 4 working hours (Office hours)",
            ],
        )

    def test_service_hours_in_words(self):
        text = self._text(self._render(), "//*[contains(@class, 'agreement_hours')]")
        text = text.replace("\u202f", " ")
        self.assertIn("Monday – Friday 9:00 AM – 5:30 PM", text)

    def test_amounts_are_those_of_the_invoice(self):
        self.agreement.sudo().line_ids = [
            Command.create(
                {
                    "product_id": self.product.id,
                    "name": "Pool house",
                    "quantity": 2,
                    "price_unit": 29,
                    "discount": 10,
                }
            ),
            Command.create(
                {
                    "product_id": self.product.id,
                    "name": "Setup",
                    "charge": "one_off",
                    "price_unit": 150,
                }
            ),
        ]
        recurring = self.agreement._get_document_totals("recurring")
        one_off = self.agreement._get_document_totals("one_off")
        self.assertEqual(recurring["total"], self.agreement.amount_total)
        self.agreement.action_activate()
        self.assertEqual(
            self.agreement._get_next_invoice_total(),
            recurring["total"] + one_off["total"],
        )
        promised = self.agreement._get_next_invoice_total()
        invoice = self._bill("2026-03-01")
        self.assertEqual(invoice.amount_total, promised)
        text = self._text(self._render())
        self.assertIn("2 × ", text)
        self.assertIn("less 10 %", text)

    def test_first_short_period_costs_less(self):
        agreement = self._create_active("2026-03-17", self.plan_first)
        promised = agreement._get_next_invoice_total()
        self.assertLess(promised, agreement.amount_total)
        self.assertEqual(self._bill("2026-03-17").amount_total, promised)

    def test_signed_document_shows_who_signed(self):
        pixel = (
            b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6"
            b"kgAAAABJRU5ErkJggg=="
        )
        with self.at("2026-03-02 10:00:00"):
            self.agreement._accept("Ann Whitfield", pixel)
        section = "//section[@id='agreement_signatures']"
        root = self._render()
        self.assertIn("Ann Whitfield", self._text(root, section))
        self.assertTrue(root.xpath(f"{section}//img"))
        self.assertNotIn("Name, date, signature", self._text(root))

    def test_catalogue_does_not_change_what_was_offered(self):
        self.tier.write({"highlights": "Nothing", "exclusions": "Everything"})
        self.tier.target_ids.unlink()
        text = self._text(self._render())
        self.assertIn("Remote support", text)
        self.assertIn("1 hour, day and night", text)
        self.assertNotIn("Everything", text)

    def test_draft_shows_what_the_tier_promises(self):
        text = self._text(self._render(self._create_agreement("2026-03-01")))
        self.assertIn("1 hour, day and night", text)

    def test_open_ended_agreement(self):
        self.tier.write({"term_months": 0, "notice_days": 0})
        text = self._text(self._render(self._create_agreement("2026-03-01")))
        self.assertIn("Open-ended", text)
        self.assertIn("You or we can end it any day.", text)

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.tier.with_context(lang="fr_FR").name = "Argent"
        self.customer.lang = "fr_FR"
        text = self._text(self._render(self._create_agreement("2026-03-01")))
        self.assertIn("Argent", text)
        self.assertIn("1 mars 2026", text)

    def test_proposal_mail(self):
        template = self.env.ref("service_agreement.mail_template_agreement_proposal")
        values = template._generate_template(
            self.agreement.ids, ["subject", "body_html", "partner_to", "email_from"]
        )[self.agreement.id]
        self.assertIn(self.agreement.name, values["subject"])
        self.assertEqual(values["partner_ids"], self.customer.ids)
        self.assertIn("Silver", values["body_html"])

    @mute_logger("odoo.tests", "odoo.addons.mail.models.mail_mail")
    def test_sending_the_mail_proposes_and_offers_to_sign(self):
        draft = self._create_agreement("2026-03-01")
        self.customer.email = "ann@example.com"
        action = draft.action_propose()
        composer = self.env["mail.compose.message"].with_context(
            **action["context"], mail_notify_force_send=False
        )
        composer.create({})._action_send_mail()
        self.assertEqual(draft.state, "proposed")
        mail = self.env["mail.mail"].search(
            [("model", "=", "service.agreement"), ("res_id", "=", draft.id)]
        )
        self.assertIn("Review &amp; sign", mail.body_html)
        self.assertIn("access_token", mail.body_html)


@tagged("post_install", "-at_install")
class TestSearchOfTimesheets(ServiceAgreementCommon):
    """Core's search of timesheets is inherited by reports of other models."""

    def test_it_has_no_fields_that_these_do_not_have(self):
        ours = self.env.ref("service_agreement.hr_timesheet_line_view_search")
        core = self.env.ref("hr_timesheet.hr_timesheet_line_search")
        lines = self.env["account.analytic.line"]
        self.assertIn("service_work", lines.get_view(ours.id, "search")["arch"])
        self.assertNotIn("service_work", lines.get_view(core.id, "search")["arch"])
