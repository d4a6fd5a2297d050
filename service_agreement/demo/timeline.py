"""Lives through the demo company's past, one event after the other, in order."""

import itertools
from contextlib import contextmanager
from datetime import datetime, time, timedelta, timezone
from heapq import heappop, heappush

from dateutil.relativedelta import relativedelta

# Nobody is told by mail about what happened a year ago.
QUIET = {
    "mail_auto_subscribe_no_notify": True,
    "mail_activity_quick_update": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notify_force_send": False,
}
MONTHS = 14


class Timeline:
    """A queue of events: ``at(instant, step, *args)`` plans one, ``run()`` lives them.

    During an event it is that event's instant for everything that asks the database
    what time it is, so that production code writes the past as it would have then.
    What is planned after the real present never happens.
    """

    def __init__(self, env, company):
        self.env = env(context=dict(env.context, **QUIET))
        self.company = self.env["res.company"].browse(company.id)
        self.now = env.cr.now().replace(microsecond=0)
        self.today = self.company._service_today()
        self._zone = self.company._service_tz()
        self._queue = []
        self._order = itertools.count()

    @property
    def begin(self):
        return self.today - relativedelta(months=MONTHS)

    def day(self, months_ago, day):
        """:return: date; a month too short for that day leaves it to the next one"""
        wanted = self.today + relativedelta(months=-months_ago, day=day)
        if wanted.day != day:
            wanted = self.today + relativedelta(months=1 - months_ago, day=day)
        return wanted

    def instant(self, day, hour, minute=0):
        """:return: naive UTC datetime of that time on the company's clock"""
        local = datetime.combine(day, time(hour, minute), self._zone)
        return local.astimezone(timezone.utc).replace(tzinfo=None)

    def local(self, instant):
        """:return: datetime on the company's clock"""
        return instant.replace(tzinfo=timezone.utc).astimezone(self._zone)

    def at(self, instant, step, *args):
        if instant <= self.now:
            instant = instant.replace(microsecond=0)
            heappush(self._queue, (instant, next(self._order), step, args))

    def every_day(self, hour, step):
        """Plan ``step(day)`` for each day up to and without today."""
        for number in range((self.today - self.begin).days):
            day = self.begin + timedelta(days=number)
            self.at(self.instant(day, hour), step, day)

    def run(self):
        while self._queue:
            instant, _order, step, args = heappop(self._queue)
            with self._moved_to(instant):
                step(*args)
                # Tracked changes are written down before the clock moves on.
                self.env.cr.flush()

    @contextmanager
    def _moved_to(self, instant):
        """The cursor remembers its transaction's time; there is no other way to tell
        it a different one without replacing the clock of the whole process."""
        cr = self.env.cr
        kept = cr.now()
        cr._now = instant
        try:
            yield
        finally:
            cr._now = kept

    def named(self, name):
        """:return: the demo record ``service_agreement.<name>_demo``"""
        return self.env.ref(f"service_agreement.{name}_demo")

    def name(self, name, record):
        """Give a record made here the external id that XML would have given it."""
        xml_id = f"service_agreement.{name}_demo"
        data = {"xml_id": xml_id, "record": record, "noupdate": True}
        self.env["ir.model.data"]._update_xmlids([data])
