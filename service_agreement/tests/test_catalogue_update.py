from odoo.tests import Form, tagged

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestCatalogueUpdate(ServiceAgreementCommon):
    """A change of the catalogue touches no agreement; a separate action does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_active("2026-01-15")
        cls.other = cls._create_active("2026-01-15")
        cls._bill(cls, "2026-03-15")
        cls.tier.price_ids.filtered(
            lambda price: price.plan_id == cls.plan_monthly
        ).price = 159.0
        cls.tier.highlights = "Answer within 2 hours"
        cls.env["service.agreement.sla.target"].create(
            {"tier_id": cls.tier.id, "metric": "first_response", "minutes": 120}
        )

    def _open(self, agreements):
        return Form(
            self.env["service.agreement.catalogue.update"].with_context(
                active_model="service.agreement", active_ids=agreements.ids
            )
        )

    def test_the_catalogue_changes_and_agreements_do_not(self):
        self.assertEqual(self._bill("2026-04-15").mapped("amount_untaxed"), [149.0] * 2)
        self.assertFalse(self.agreement.highlights)
        self.assertFalse(self.agreement.target_ids)

    def test_chosen_ones_are_brought_up_to_date_with_their_next_period(self):
        with self.at("2026-03-20 12:00:00"):
            form = self._open(self.agreement)
            form.note = "New prices"
            with form.line_ids.edit(0) as line:
                self.assertEqual(str(line.date), "2026-04-15")
                self.assertEqual((line.price_now, line.price_then), (149.0, 159.0))
                self.assertEqual(line.difference, 10.0)
                self.assertTrue(line.promise_changes)
            form.save().action_confirm()
            self.assertFalse(self.agreement.target_ids, "not before its day")
        moves = self._bill("2026-04-15")
        by_agreement = {m.agreement_ids: m.amount_untaxed for m in moves}
        self.assertEqual(by_agreement, {self.agreement: 159.0, self.other: 149.0})
        with self.at("2026-04-15 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            self.assertEqual(self.agreement.highlights, "Answer within 2 hours")
            self.assertEqual(self.agreement.target_ids.minutes, 120)
            self.assertFalse(self.other.target_ids)
            self.assertFalse(self.agreement._is_behind_catalogue())

    def test_another_price_is_possible_and_who_is_taken_out_stays(self):
        with self.at("2026-03-20 12:00:00"):
            form = self._open(self.agreement | self.other)
            form.note = "New prices"
            form.line_ids.remove(1)
            with form.line_ids.edit(0) as line:
                line.price_then = 155.0
            wizard = form.save()
            changed = wizard.line_ids.agreement_id
            self.assertEqual(len(changed), 1)
            wizard.action_confirm()
        moves = self._bill("2026-04-15")
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [149.0, 155.0])
