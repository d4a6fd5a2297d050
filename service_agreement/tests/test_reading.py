"""What is read together is what Odoo would have read, one after the other."""

from odoo.fields import Command
from odoo.tests import tagged

from ..models.reading import read_together
from ..models.reading_trees import COVERAGE, TIER, USER
from .budget_cases import FurnishedCommon


@tagged("post_install", "-at_install")
class TestReading(FurnishedCommon):
    def setUp(self):
        super().setUp()
        self.agreement = self.agreement.sudo()
        self.env.flush_all()

    def _describe(self, records, tree):
        """:return: dict of all that is known of records, and of what the tree names"""
        names = [
            field.name
            for field in records._determine_fields_to_fetch()
            if field.column_type or field.name in tree
        ]
        found = {
            (records._name, values["id"]): values
            for values in records.read([*names, *tree], load=None)
        }
        for name, below in tree.items():
            related = records.with_context(active_test=False)[name]
            found |= self._describe(related.with_context(active_test=True), below)
        return found

    def _assert_read(self, records, tree):
        self.env.invalidate_all()
        read_together((records, tree))
        with self.assertQueryCount(0):
            together = self._describe(records, tree)
        self.env.invalidate_all()
        self.assertEqual(together, self._describe(records, tree))
        return together

    def test_an_instant_with_any_fraction_of_a_second(self):
        self.env.cr.execute(
            "UPDATE service_agreement SET create_date = '2026-03-06 15:00:00.5'"
            " WHERE id = %s",
            [self.agreement.id],
        )
        self._assert_read(self.agreement, {})

    def test_a_page_reads_what_odoo_reads(self):
        for page in ("agreement", "request", "change"):
            with self.subTest(page):
                tree = self.agreement._get_portal_tree(page)
                found = self._assert_read(self.agreement, tree)
                self.assertGreater(len(found), 10)

    def test_documents_tiers_and_users_too(self):
        self._assert_read(self.agreement, self.agreement._get_document_tree())
        self._assert_read((self.tier | self.gold).sudo(), {**TIER, **COVERAGE})
        self._assert_read((self.ann | self.env.user).sudo(), USER)

    def test_what_is_archived_is_known_and_not_shown(self):
        shown, hidden = self.env["service.agreement.system"].search(
            [("partner_id", "=", self.customer.id)], limit=2
        )
        self.agreement.system_ids = [Command.set((shown | hidden).ids)]
        hidden.active = False
        self.env.flush_all()
        self._assert_read(self.agreement, {"system_ids": {}})
        self.assertEqual(self.agreement.system_ids, shown)

    def test_each_floor_is_one_query(self):
        tree = {"line_ids": {"tax_ids": {"tax_group_id": {}}}, "tier_id": {}}
        self.env.invalidate_all()
        with self.assertQueryCount(4):
            read_together((self.agreement, tree))
        with self.assertQueryCount(0):
            read_together((self.agreement, tree))

    def test_what_is_not_written_yet_is_kept(self):
        tier = self.tier.sudo()
        self.env.invalidate_all()
        tier.name = "Bronze"
        read_together((tier, {"target_ids": {}}))
        self.assertEqual(tier.name, "Bronze")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(tier.name, "Bronze")

    def test_what_is_gone_is_left_out(self):
        gone = self.env["service.agreement"].sudo().browse(2**31 - 1)
        read_together((gone, {"tier_id": {}}))
        self.assertFalse(gone.exists())
        read_together((gone.browse(), {"tier_id": {}}))

    def test_whoever_has_rights_is_asked_for_them(self):
        agreement = self.agreement.with_user(self.ann).sudo(False)
        with self.assertRaises(ValueError):
            read_together((agreement, {"tier_id": {}}))
