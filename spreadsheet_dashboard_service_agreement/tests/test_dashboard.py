import json

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestDashboard(TransactionCase):
    """What the dashboard names is there: a field that was renamed shows #ERROR."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref(
            "spreadsheet_dashboard_service_agreement"
            ".spreadsheet_dashboard_service_agreement"
        )
        cls.owner = new_test_user(
            cls.env, "owner", "service_agreement.group_manager,base.group_user"
        )
        cls.salesman = new_test_user(
            cls.env, "salesman", "service_agreement.group_user,base.group_user"
        )
        cls.content = json.loads(cls.dashboard.spreadsheet_data)

    def _read_group(self, model, domain, groups, measures):
        return (
            self.env[model]
            .with_user(self.owner)
            .formatted_read_group(domain, groups, measures)
        )

    def test_pivots_can_be_read(self):
        for pivot in self.content["pivots"].values():
            model = self.env[pivot["model"]]
            groups = [
                ":".join(filter(None, (each["fieldName"], each.get("granularity"))))
                for each in pivot["rows"] + pivot["columns"]
            ]
            names = [measure["fieldName"] for measure in pivot["measures"]]
            measures = [
                name
                if name == "__count"
                else f"{name}:{model._fields[name].aggregator}"
                for name in names
            ]
            self._read_group(pivot["model"], pivot["domain"], groups, measures)
            self.assertMatches(pivot)

    def test_charts_can_be_read(self):
        charts = [
            figure["data"]
            for sheet in self.content["sheets"]
            for figure in sheet["figures"]
            if figure["data"]["type"].startswith("odoo_")
        ]
        self.assertTrue(charts)
        for chart in charts:
            data = chart["metaData"]
            measure = data["measure"]
            self._read_group(
                data["resModel"],
                chart["searchParams"]["domain"],
                data["groupBy"],
                [measure if measure == "__count" else f"{measure}:sum"],
            )
            self.assertMatches({**chart, "model": data["resModel"]})

    def test_lists_can_be_read(self):
        for each in self.content["lists"].values():
            model = self.env[each["model"]].with_user(self.owner)
            model.search_read(each["domain"], each["columns"], limit=1)
            self.assertMatches(each)

    def assertMatches(self, source):
        """What the filters look at is a field of its kind."""
        fields = self.env[source["model"]]._fields
        for match in source["fieldMatching"].values():
            self.assertEqual(fields[match["chain"]].type, match["type"])

    def test_menus_are_there(self):
        for xmlid in self.content["chartOdooMenusReferences"].values():
            self.assertTrue(self.env.ref(xmlid, raise_if_not_found=False), xmlid)

    def test_it_is_for_the_owner(self):
        self.dashboard.with_user(self.owner).read(["name"])
        with self.assertRaises(AccessError):
            self.dashboard.with_user(self.salesman).read(["name"])
