"""When a payment that failed is tried again."""

import re
from datetime import timedelta

MAX_RETRIES = 12
MAX_DAYS = 90


def parse_days(text):
    """
    :param str text: "1, 3, 7"
    :return: tuple of int, days after the first attempt, growing; empty: never again
    :raise ValueError: it is something else
    """
    parts = [part for part in re.split(r"[,;\s]+", text or "") if part]
    if any(not (part.isascii() and part.isdigit()) for part in parts):
        raise ValueError(text)
    days = tuple(int(part) for part in parts)
    if any(later <= before for before, later in zip((0, *days), days, strict=False)):
        raise ValueError(text)
    if len(days) > MAX_RETRIES or (days and days[-1] > MAX_DAYS):
        raise ValueError(text)
    return days


def next_attempt(days, first, failed, today):
    """
    :param tuple days: as of ``parse_days``
    :param date first: of the first attempt
    :param int failed: how many attempts have failed
    :param date today: never before tomorrow, however late the answer came
    :return: date of the next attempt; None where it is not tried again
    """
    if not 1 <= failed <= len(days):
        return None
    planned = first + timedelta(days=days[failed - 1])
    return max(planned, today + timedelta(days=1))
