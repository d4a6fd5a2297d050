from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CapacityCommon

MODELS = ("run", "staff", "sale", "target", "hour", "choice")
FOUND = ("target", "hour", "choice")


@tagged("post_install", "-at_install")
class TestCapacityAccess(CapacityCommon):
    """The check is the manager's; its figures are nobody's to write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_ = cls._check()

    def _model(self, name, user):
        return self.env[f"service.agreement.capacity.{name}"].with_user(user)

    def test_neither_salespeople_nor_technicians_see_a_check(self):
        for user in (self.salesman, self.agent):
            for name in MODELS:
                with self.assertRaises(AccessError):
                    self._model(name, user).search([])

    def test_a_technician_sees_no_warning_either(self):
        with self.assertRaises(AccessError):
            self.tier.with_user(self.agent).read(["capacity_warning"])

    def test_a_manager_asks_and_reads_and_writes_no_answer(self):
        run = self.run_.with_user(self.manager)
        self.assertTrue(run.summary)
        self.assertTrue(run.hour_map)
        for name in FOUND:
            lines = run[f"{name}_ids"]
            self.assertTrue(lines)
            with self.assertRaises(AccessError):
                lines.unlink()
            with self.assertRaises(AccessError):
                lines.write({"run_id": run.id})
        for fact, value in (("kept", 1.0), ("state", "done"), ("credit", 0.0)):
            with self.assertRaisesRegex(AccessError, "by hand"):
                run.copy().write({fact: value})
        self._model("run", self.manager).create({"name": "Mine"}).unlink()

    def test_nobody_reads_the_checks_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.manager.write({"company_id": other.id, "company_ids": [(6, 0, other.ids)]})
        for name in MODELS:
            self.assertFalse(self._model(name, self.manager).search([]))

    def test_who_may_not_read_may_not_open_records_either(self):
        for action in ("action_view_tickets", "action_view_targets", "action_start"):
            with self.assertRaises(AccessError):
                getattr(self.run_.with_user(self.salesman), action)()
