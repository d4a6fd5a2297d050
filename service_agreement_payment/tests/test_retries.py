from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.retries import next_attempt, parse_days

FIRST = date(2026, 1, 31)


@tagged("post_install", "-at_install")
class TestRetries(BaseCase):
    """When a payment that failed is tried again, in plain Python."""

    def test_days_are_numbers_that_grow(self):
        for text, days in (
            ("1, 3, 7", (1, 3, 7)),
            ("2;5", (2, 5)),
            (" 1 ", (1,)),
            ("", ()),
            (False, ()),
        ):
            self.assertEqual(parse_days(text), days)
        for text in ("soon", "3, 1", "0", "1, 1", "1.5", "-1", "91", "١"):
            with self.assertRaises(ValueError, msg=text):
                parse_days(text)

    def test_days_are_counted_from_the_first_attempt(self):
        planned = [next_attempt((1, 3, 7), FIRST, n, FIRST) for n in (1, 2, 3)]
        self.assertEqual(planned, [FIRST + timedelta(days) for days in (1, 3, 7)])

    def test_then_never_again(self):
        self.assertIsNone(next_attempt((1, 3, 7), FIRST, 4, FIRST))
        self.assertIsNone(next_attempt((), FIRST, 1, FIRST))
        self.assertIsNone(next_attempt((1,), FIRST, 0, FIRST))

    def test_an_answer_that_comes_late_is_followed_by_an_attempt_tomorrow(self):
        today = FIRST + timedelta(30)
        tomorrow = today + timedelta(1)
        self.assertEqual(next_attempt((1, 3, 7), FIRST, 1, today), tomorrow)
