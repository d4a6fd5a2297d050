from odoo.tests import tagged

from .common import ServiceDeskCommon, ServiceWorkMixin


class CoverageCase(ServiceWorkMixin, ServiceDeskCommon):
    """A customer with an agreement from January on, and work in March."""


@tagged("post_install", "-at_install")
class TestWhoPays(CoverageCase):
    """SEMANTICS §5 in the database, with its tables."""

    def test_unlimited_work_is_covered(self):
        self._cover(self.agreement, {})
        line = self._log("2026-03-06", 2)
        self.assertEqual(
            self._parts(line, "agreement_id"), [("covered", 2, self.agreement)]
        )
        self.assertEqual(line.service_verdict, "covered")
        self.assertEqual(line.service_agreement_id, self.agreement)

    def test_without_allowance_it_is_billed_by_the_agreed_rates(self):
        self._cover(self.agreement, rate_discount=10)
        line = self._log("2026-03-06", 2)
        self.assertEqual(
            self._parts(line, "price", "amount", "list_amount", "reason", "answer"),
            [("uncovered", 2, 135, 270, 300, "excluded", False)],
        )

    def test_blk_03_the_rest_of_the_hours_then_overage(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2)
        line = self._log("2026-03-06", 3.5)
        self.assertEqual(
            self._parts(line, "amount", "answer"),
            [("covered", 2, 300, "covered"), ("overage", 1.5, 225, "bill")],
        )
        self.assertEqual(line.service_verdict, "partly")
        line.unit_amount = 1.5
        self.assertEqual(self._parts(line), [("covered", 1.5)])

    def test_deleted_work_gives_back_what_it_took(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2)
        first, second = self._log("2026-03-05", 2), self._log("2026-03-06", 2)
        self.assertEqual(self._parts(second), [("overage", 2)])
        first.unlink()
        self.assertEqual(self._parts(second), [("covered", 2)])

    def test_cov_08_split_at_closing_time(self):
        hours = self.env["service.agreement.sla.calendar"]._freeze(
            self.calendar._get_service_spec(self.company, False, 2026), self.calendar
        )
        self._cover(self.agreement, {}, sla_calendar_id=hours.id)
        line = self._log("2026-03-06", 2, "16:30")
        self.assertEqual(
            self._parts(line, "amount"),
            [("covered", 0.5, 75), ("after_hours", 1.5, 375)],
        )
