from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .proposal_cases import PIXEL, ProposalCommon

NOW = "2026-03-06 15:00:00"


@tagged("post_install", "-at_install")
class TestWorth(ProposalCommon):
    """What recurring revenue is worth: monthly revenue, times what its quality adds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.multiples = cls.env["service.agreement.worth.multiple"]
        cls.multiples.search([]).unlink()
        codes = {"base": 10, "signed": 5, "terms": 2, "renewal": 3, "term": 4}
        for code, multiple in codes.items():
            cls.multiples.create({"fact": code, "multiple": multiple})
        cls.boss = new_test_user(
            cls.env, "boss", "base.group_user,service_agreement.group_manager"
        )
        cls.anna = new_test_user(
            cls.env, "anna", "base.group_user,service_agreement.group_user"
        )
        with cls.at(cls, NOW):
            cls.plain = cls._create_active(
                "2026-03-01", date_end="2026-08-31", auto_renew=False, term_months=6
            )
            cls.best = cls._create_agreement(
                "2026-03-01", tier_id=cls.gold.id, auto_renew=True, term_months=24
            )
            cls.best._propose()
            cls.best._accept("Carla Whitfield", PIXEL)

    def _search(self, model="service.agreement.worth", *terms):
        self.env.invalidate_all()
        with self.at(NOW):
            rows = (
                self.env[model]
                .with_user(self.boss)
                .search([("company_id", "=", self.company.id), *terms])
            )
            rows.mapped("display_name")
        return rows

    def _worth(self, agreement):
        [row] = self._search(
            "service.agreement.worth", ("agreement_id", "=", agreement.id)
        )
        return row

    def test_each_quality_adds_its_multiple(self):
        self.assertEqual(self._worth(self.plain).worth, 149 * (10 + 2))
        best = self._worth(self.best)
        self.assertTrue(best.has_signed and best.has_renewal and best.has_term)
        facts = self._search(
            "service.agreement.worth.part", ("agreement_id", "=", self.best.id)
        )
        met = facts.filtered("is_met")
        self.assertLessEqual(
            {"base", "signed", "renewal", "term"}, {*met.mapped("fact")}
        )
        self.assertEqual(best.multiple, sum(met.mapped("multiple")))
        self.assertEqual(best.worth, 299 * best.multiple)

    def test_what_it_would_add(self):
        row = self._worth(self.plain)
        before = row.gain
        self.plain.sudo().write({"signed_on": NOW, "signed_by": "Carla"})
        row = self._worth(self.plain)
        self.assertEqual((row.worth, row.gain), (149 * 17, before - 149 * 5))

    def test_every_figure_is_the_sum_of_what_is_behind_it(self):
        agreements = self._search()
        parts = self._search("service.agreement.worth.part")
        summary = self._search("service.agreement.worth.summary")
        for name in ("worth", "gain"):
            total = sum(agreements.mapped(name))
            self.assertAlmostEqual(sum(parts.mapped(name)), total)
            self.assertAlmostEqual(sum(summary.mapped(name)), total)
        for row in summary:
            for action, name, count in (
                (row.action_open_met(), "worth", row.met_count),
                (row.action_open_missing(), "gain", row.missing_count),
            ):
                with self.at(NOW):
                    found = parts.search(action["domain"])
                self.assertEqual(len(found), count)
                self.assertAlmostEqual(sum(found.mapped(name)), row[name])

    def test_the_list_says_what_would_raise_it(self):
        [row] = self._search("service.agreement.worth.summary", ("fact", "=", "signed"))
        self.assertEqual(row.text, "1 agreement is not signed: + $\xa0745.00")
        [row] = self._search("service.agreement.worth.summary", ("fact", "=", "base"))
        self.assertFalse(row.text)

    def test_old_terms_are_worth_less(self):
        terms = self.env["service.agreement.terms"]
        current = terms._get_in_force(self.company)
        self.best.sudo().terms_id = current
        self.assertTrue(self._worth(self.best).has_terms)
        newer = current.copy({"company_id": self.company.id})
        newer.action_put_in_force()
        self.assertFalse(self._worth(self.best).has_terms)

    def test_what_ends_for_good_or_is_suspended_is_worth_nothing(self):
        self.plain.sudo().end_reason = "cancelled"
        with self.at(NOW):
            self.best.action_suspend()
        self.assertFalse(self._search())

    def test_a_company_s_own_multiples_go_before_the_shared_ones(self):
        self.multiples.create(
            {"fact": "base", "multiple": 20, "company_id": self.company.id}
        )
        self.assertEqual(self._worth(self.plain).worth, 149 * (20 + 2))

    def test_of_several_the_multiple_is_that_of_all(self):
        rows = self._search()
        with self.at(NOW):
            [(multiple,)] = rows._read_group(
                [("id", "in", rows.ids)], [], ["multiple:avg"]
            )
        worth, mrr = sum(rows.mapped("worth")), sum(rows.mapped("mrr"))
        self.assertAlmostEqual(float(multiple), worth / mrr)

    def test_only_administrators_read_it(self):
        for name in ("worth", "worth.part", "worth.summary", "worth.multiple"):
            with self.assertRaises(AccessError):
                self.env[f"service.agreement.{name}"].with_user(self.anna).search([])
