"""Service calendars: add service time to an instant, measure it between two.

How to use::

    office = WorkingTime({day: [(540, 1020)] for day in range(5)}, "Europe/Paris")
    office.add(friday_15h, timedelta(hours=4))  # Monday 11:00
    office.between(friday_15h, monday_11h)      # 4:00:00

How it works: opening hours are wall-clock minutes of a local day, durations are
elapsed time (SEMANTICS §4). A wall-clock time stands for the first instant at which
the clock shows it *or later*. That one rule never goes backwards, so days tile
whatever the zone does: hours skipped by a clock change have no length, half-skipped
hours keep the half that exists, and of a repeated hour the first occurrence counts.

Open intervals are worked out three weeks at a time, when first asked for, and kept as
sorted lists with running totals; a question is then two binary searches. What an
instance answers never changes, and it may be shared between threads.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate
from zoneinfo import ZoneInfo

UTC = timezone.utc
ZERO = timedelta(0)
DAY = timedelta(days=1)
MINUTES_PER_DAY = 1440

# The limits of `datetime`. Nothing is open within two days of them, so that no
# zone's offset can carry an interval past either.
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
FIRST_DAY, LAST_DAY = FIRST.toordinal() + 2, LAST.toordinal() - 2

# Days (UTC) in a chunk: large enough that few questions leave one, small enough
# that the first question to a new calendar costs a tenth of a millisecond.
CHUNK = 21
LAST_CHUNK = LAST.toordinal() // CHUNK
# A few megabytes; only questions across decades ever get there.
MAX_CHUNKS = 1024
# 400 years are whole weeks and whole chunks, after which weekdays and clock changes
# come back: the latter once all that is not by rule (Morocco's, to 2087) has passed.
CYCLE = 146_097 // CHUNK
SETTLED = date(2100, 1, 1).toordinal() // CHUNK

_Ranges = Iterable[tuple[int, int]]


class WorkingTime:
    """When a service desk is open, in one time zone.

    :param weekly: ``{weekday: [(start, end), ...]}``, Monday = 0, in minutes after
        local midnight, 0 to 1440; a weekday that is left out is closed. Ranges may
        touch, overlap and come unsorted.
    :param tz: the IANA name of the zone whose wall clock `weekly` is read on.
    :param closed: ``(start, end)`` pairs of aware datetimes, half-open, that cut out
        of everything else, `special` included. They may overlap; empty ones are
        ignored.
    :param special: ``{date: [(start, end), ...]}``, the hours of that local day
        instead of its weekly ones; an empty list closes it.
    :raise ValueError: for a range outside 0..1440, with a fraction of a minute or
        that does not end after it starts, a weekday outside 0..6, an unknown zone, a
        naive datetime, or a closed range that ends before it starts.
    :raise TypeError: for a key of `special` that is not a plain date.
    """

    def __init__(
        self,
        weekly: Mapping[int, _Ranges],
        tz: str,
        closed: Iterable[tuple[datetime, datetime]] = (),
        special: Mapping[date, _Ranges] | None = None,
    ):
        self._zone = _zone(tz)
        self._weekly = _weekly_hours(weekly)
        self._special = _special_hours(special or {})
        self._windows = _complement(_closed_range(start, end) for start, end in closed)
        self._reach = self._find_reach()
        self._settled = self._find_settled()
        self._chunks: dict[int, _Chunk] = {}
        self._totals: dict[int, timedelta] = {}

    @classmethod
    def always(cls) -> "WorkingTime":
        """The calendar of plain time: 24 hours a day, 7 days a week."""
        return cls({day: [(0, MINUTES_PER_DAY)] for day in range(7)}, "UTC")

    def add(self, start: datetime, duration: timedelta) -> datetime | None:
        """The instant that lies `duration` of service time away from `start`.

        The earliest such instant going forward: what is used up at closing time is
        due at closing time, not at the next opening (SEMANTICS §4). Going back, with
        a negative duration, the latest one. A duration of zero is `start` itself,
        also outside of the hours.

        :param start: an aware datetime.
        :return: aware, in UTC; None where the calendar can never provide it (before
            the year 10000, after the year 0).
        :raise ValueError: if `start` is naive.
        """
        start = _utc(start)
        if duration > ZERO:
            return self._forward(start, duration)
        if duration < ZERO:
            return self._back(start, -duration)
        return start

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The service time in ``[start, end)``; negative if `end` is before `start`.

        :param start: an aware datetime.
        :param end: an aware datetime.
        :raise ValueError: if one of them is naive.
        """
        start, end = _utc(start), _utc(end)
        if end < start:
            return -self.between(end, start)
        first, last = _chunk_index(start), _chunk_index(end)
        passed = self._chunk(last).passed(end) - self._chunk(first).passed(start)
        reach = self._reach
        for index in range(max(first, reach.start), min(last, reach.stop)):
            passed += self._total(index)
        return passed

    def is_open(self, instant: datetime) -> bool:
        """Whether service time runs at `instant`: at opening yes, at closing no.

        :param instant: an aware datetime.
        :raise ValueError: if it is naive.
        """
        instant = _utc(instant)
        return self._chunk(_chunk_index(instant)).is_open(instant)

    def openings(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches of ``[start, end)``, one after the other, when asked for.

        Each is as long as it can be: stretches that touch are one.

        :param start: an aware datetime.
        :param end: an aware datetime; before `start` there is nothing.
        :return: pairs of aware datetimes in UTC, half-open.
        :raise ValueError: if one of them is naive.
        """
        return _joined(self._open_ranges(_utc(start), _utc(end)))

    def _open_ranges(self, start, end):
        first, last = _chunk_index(start), _chunk_index(end)
        reach = self._reach
        for index in range(max(first, reach.start), min(last + 1, reach.stop)):
            chunk = self._chunk(index)
            yield from _intersection(
                list(zip(chunk.opens, chunk.closes, strict=True)), [(start, end)]
            )

    def _forward(self, start, duration):
        if duration > LAST - start:
            return None
        index = _chunk_index(start)
        chunk = self._chunk(index)
        needed = chunk.passed(start) + duration
        if needed <= chunk.total:
            return chunk.earliest(needed)
        needed -= chunk.total
        for later in range(max(index + 1, self._reach.start), self._reach.stop):
            if needed <= (total := self._total(later)):
                return self._chunk(later).earliest(needed)
            needed -= total
        return None

    def _back(self, start, duration):
        if duration > start - FIRST:
            return None
        index = _chunk_index(start)
        chunk = self._chunk(index)
        missing = duration - chunk.passed(start)
        if missing <= ZERO:
            return chunk.latest(-missing)
        earliest, stop = self._reach.start, min(index, self._reach.stop)
        for earlier in range(stop - 1, earliest - 1, -1):
            if missing <= (total := self._total(earlier)):
                return self._chunk(earlier).latest(total - missing)
            missing -= total
        return None

    def _find_reach(self):
        """The range of the chunks that can hold service time at all.

        It is what ends a search in a calendar that has only special days, or that is
        closed for good.
        """
        days = range(1, LAST.toordinal() + 1)
        if not any(self._weekly):
            days = sorted(day for day, hours in self._special.items() if hours)
        if not days or not self._windows:
            return range(0)
        # A local day reaches at most a day into its neighbours in UTC.
        first = max((days[0] - 1) // CHUNK, _chunk_index(self._windows[0][0]))
        last = min((days[-1] + 1) // CHUNK, _chunk_index(self._windows[-1][1]))
        return range(first, last + 1)

    def _find_settled(self):
        """The chunk after which only the weekly hours are left, for ever."""
        special = [(day + 1) // CHUNK for day in self._special]
        closed = [_chunk_index(start) for start, _end in self._windows[-1:]]
        return max([SETTLED, *special, *closed]) + 1

    def _total(self, index):
        """The service time in a chunk; on a long walk cheaper than the chunk."""
        if self._settled < index < LAST_CHUNK:
            index = self._settled + (index - self._settled) % CYCLE
        total = self._totals.get(index)
        if total is None:
            total = self._totals[index] = self._chunk(index).total
        return total

    def _chunk(self, index):
        chunk = self._chunks.get(index)
        if chunk is None:
            chunk = self._build_chunk(index)
            if len(self._chunks) >= MAX_CHUNKS:
                self._chunks.clear()
            self._chunks[index] = chunk
        return chunk

    def _build_chunk(self, index):
        windows = self._windows_of(index)
        if not windows:
            return _EMPTY
        first = index * CHUNK
        # One local day more on either side: the edges of a chunk are UTC days.
        days = range(max(first - 1, FIRST_DAY), min(first + CHUNK, LAST_DAY) + 1)
        hours = _merged(hours for day in days for hours in self._opening_hours(day))
        return _Chunk(list(_intersection(hours, windows)))

    def _windows_of(self, index):
        """The stretches of a chunk that `closed` leaves over, as UTC ranges."""
        start, end = _midnight(index * CHUNK), _midnight((index + 1) * CHUNK)
        first = max(bisect_left(self._windows, (start,)) - 1, 0)
        last = bisect_left(self._windows, (end,))
        return list(_intersection([(start, end)], self._windows[first:last]))

    def _opening_hours(self, ordinal):
        """The hours of one local day as UTC ranges, in order, some maybe empty."""
        hours = self._special.get(ordinal)
        if hours is None:
            hours = self._weekly[(ordinal + 6) % 7]
        if not hours:
            return []
        midnight = datetime.fromordinal(ordinal).replace(tzinfo=self._zone)
        shift = _steady_offset(midnight)
        if shift is None:
            return [
                (first_instant(midnight + start), first_instant(midnight + end))
                for start, end in hours
            ]
        midnight = midnight.replace(tzinfo=UTC) - shift
        return [(midnight + start, midnight + end) for start, end in hours]


class _Chunk:
    """Sorted, disjoint open intervals with running totals of their length."""

    __slots__ = ("after", "before", "closes", "opens", "total")

    def __init__(self, intervals):
        self.opens = [start for start, _end in intervals]
        self.closes = [end for _start, end in intervals]
        totals = list(accumulate((e - s for s, e in intervals), initial=ZERO))
        self.before, self.after, self.total = totals[:-1], totals[1:], totals[-1]

    def is_open(self, instant):
        position = bisect_right(self.opens, instant) - 1
        return position >= 0 and instant < self.closes[position]

    def passed(self, instant):
        """Service time from the beginning of the chunk to `instant`."""
        position = bisect_right(self.opens, instant) - 1
        if position < 0:
            return ZERO
        closing = self.closes[position]
        if instant >= closing:
            return self.after[position]
        return self.after[position] - (closing - instant)

    def earliest(self, passed):
        """The first instant with ``0 < passed <= total`` behind it."""
        position = bisect_left(self.after, passed)
        return self.closes[position] - (self.after[position] - passed)

    def latest(self, passed):
        """The last instant with ``0 <= passed < total`` behind it."""
        position = bisect_right(self.before, passed) - 1
        return self.opens[position] + (passed - self.before[position])


_EMPTY = _Chunk([])


def _zone(name):
    if not isinstance(name, str):
        raise ValueError(f"not the name of a time zone: {name!r}")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone: {name!r}") from error


def _utc(instant):
    if not isinstance(instant, datetime):
        raise TypeError(f"not a datetime: {instant!r}")
    if instant.tzinfo is UTC:
        return instant
    if instant.utcoffset() is None:
        raise ValueError(f"a naive datetime says no instant: {instant!r}")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return FIRST if instant.year == 1 else LAST


def _weekly_hours(weekly):
    if unknown := set(weekly) - set(range(7)):
        raise ValueError(f"weekdays are 0 (Monday) to 6: {sorted(unknown, key=str)}")
    return [_day_hours(weekly.get(weekday, ())) for weekday in range(7)]


def _special_hours(special):
    for day in special:
        if not isinstance(day, date) or isinstance(day, datetime):
            raise TypeError(f"a special day is a date: {day!r}")
    return {day.toordinal(): _day_hours(ranges) for day, ranges in special.items()}


def _day_hours(ranges):
    """Ranges in minutes, checked and merged, as pairs of timedeltas."""
    ranges = [(start, end) for start, end in ranges]
    for start, end in ranges:
        if not 0 <= start < end <= MINUTES_PER_DAY:
            raise ValueError(f"not a range within 0..1440 minutes: {(start, end)}")
        if start != int(start) or end != int(end):
            raise ValueError(f"not whole minutes: {(start, end)}")
    return [
        (timedelta(minutes=int(start)), timedelta(minutes=int(end)))
        for start, end in _merged(ranges)
    ]


def _closed_range(start, end):
    utc_start, utc_end = _utc(start), _utc(end)
    if utc_end < utc_start:
        raise ValueError(f"a closed range ends before it starts: {start} - {end}")
    return utc_start, utc_end


def _complement(ranges):
    """What the ranges leave over of all time, in order."""
    windows, free = [], FIRST
    for start, end in sorted(ranges):
        if start == end:
            continue
        if free < start:
            windows.append((free, start))
        free = max(free, end)
    if free < LAST:
        windows.append((free, LAST))
    return windows


def _merged(ranges):
    """The ranges in order, without empty ones, joined where they touch or overlap."""
    merged = []
    for start, end in sorted(ranges):
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _joined(ranges):
    """Ranges that come in order; those that touch become one."""
    known = None
    for start, end in ranges:
        if known and known[1] == start:
            known = (known[0], end)
            continue
        if known:
            yield known
        known = (start, end)
    if known:
        yield known


def _intersection(left, right):
    """What two lists of sorted, disjoint ranges have in common, in order."""
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            yield start, end
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1


def _chunk_index(instant):
    return instant.toordinal() // CHUNK


def _midnight(ordinal):
    """The beginning of a UTC day, within the limits of `datetime`."""
    if ordinal > LAST.toordinal():
        return LAST
    return datetime.fromordinal(max(ordinal, 1)).replace(tzinfo=UTC)


def _steady_offset(midnight):
    """The offset of a local day on which no clock is changed, else None.

    The next midnight is read as after a change (fold=1): one around it may begin in
    the last minutes of this day.
    """
    offset = midnight.utcoffset()
    return offset if offset == (midnight + DAY).replace(fold=1).utcoffset() else None


def first_instant(local: datetime) -> datetime:
    """The first instant (UTC) at which the wall clock shows `local` or later.

    :param local: with a `ZoneInfo`. Of two, the later never gives the earlier instant.
    """
    zone = local.tzinfo
    instant = local.astimezone(UTC)
    # Two datetimes of one zone compare by wall clock: here that is what is wanted.
    if instant.astimezone(zone) == local:
        return instant
    # The clock skips `local`: find the second at which it jumps. With fold=1 the
    # offset after the jump is applied, which gives an instant before it.
    before = local.replace(fold=1).astimezone(UTC)
    seconds = range(int((instant - before).total_seconds()))
    return before + timedelta(
        seconds=bisect_left(
            seconds,
            True,
            key=lambda s: (before + timedelta(seconds=s)).astimezone(zone) >= local,
        )
    )
