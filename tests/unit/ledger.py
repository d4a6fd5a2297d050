"""An agreement kept in memory: facts, stretches, billed rows, and runs.

It does with the pure functions what the models do with records, so that properties of
many thousand agreements can be looked at without a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import islice, takewhile

from tools.billing_period import Period, Recurrence
from tools.charge_history import Change, Existing, assign, replay
from tools.charges import Billed, Charge, Terms, schedule
from tools.proration import share
from tools.ranges import gaps

CENT = Decimal("0.01")
ZERO = Decimal(0)


def terms_of(price, quantity=1, **more):
    """The values of a charge as agreed: monthly from the 1st, in advance, if not said.

    `unit` None is a charge that is made once.
    """
    return {
        "price_unit": Decimal(price),
        "quantity": Decimal(quantity),
        "discount": ZERO,
        "unit": "month",
        "interval": 1,
        "anchor": date(2026, 1, 1),
        "arrears": False,
        "group": "21 %",
        **more,
    }


def recurrence_of(values):
    if values["unit"] is None:
        return None
    return Recurrence(values["anchor"], values["unit"], values["interval"])


def net_of(values):
    return values["price_unit"] * values["quantity"] * (1 - values["discount"] / 100)


def whole_of(values, day):
    recurrence = recurrence_of(values)
    return recurrence and recurrence.period(recurrence.index(day))


@dataclass
class Line:
    """A stretch on record, and how far it is billed."""

    key: tuple
    start: date
    end: date | None
    values: Mapping
    continued: bool = False
    settled: date | None = None
    bill_from: date | None = None
    adjust_on: date | None = None
    rows: dict = field(default_factory=dict)


@dataclass
class Agreed:
    """A charge as it was agreed first, and the changes since."""

    start: date
    values: Mapping
    changes: list = field(default_factory=list)
    lines: list = field(default_factory=list)


class Ledger:
    def __init__(self, today, policy="carry", method="actual", rounding=CENT):
        self.today = today
        self.policy, self.method, self.rounding = policy, method, rounding
        self.charges, self.waivers, self.invoices = [], [], []
        self.end = self.settle_on = None

    # Facts

    def agree(self, start, values):
        self.charges.append(Agreed(start, values))
        self._derive(self.charges[-1], lambda start: None, None)

    def change(self, number, day, values, order=None, at_once=False):
        """Record a dated change of charge `number` and derive its stretches anew."""
        agreed = self.charges[number]
        upcoming = self._schedule()
        due = None if at_once else self._due_from(day)
        bill_on = due or max(day, self.today)
        opening = next((invoice.due for invoice in upcoming), self.today)
        order = len(agreed.changes) if order is None else order
        agreed.changes.append(Change(day, order, values))
        recurring = agreed.values["unit"] is not None
        settled = max((n.settled for n in agreed.lines if n.settled), default=None)

        def bill_from(start):
            late = recurring and settled and settled > start
            return bill_on if late else opening

        self._derive(agreed, bill_from, bill_on)

    def waive(self, waiver):
        self.waivers.append(waiver)

    def resume(self, number, day):
        """The days from `day` on are charged again."""
        waiver = self.waivers[number]
        self.waivers[number] = replace(waiver, end=max(day, waiver.start))
        self._reopen(self.waivers[number].end)

    def end_on(self, day):
        """End on `day`, the first one without service; None: go on."""
        self.end = day
        self.settle_on = day and max(day, self.today)

    def _reopen(self, day):
        for agreed in self.charges:
            for line in agreed.lines:
                if line.settled and agreed.values["unit"] is not None:
                    line.settled = min(line.settled, max(day, line.start))

    # Stretches

    def stretches(self, agreed):
        return replay(
            agreed.start, agreed.values, agreed.changes, whole_of, self.rounding
        )

    def _derive(self, agreed, bill_from, bill_on):
        stretches = self.stretches(agreed)
        known = {line.key: line for line in agreed.lines}
        existing = [Existing(n.key, n.start, n.values) for n in agreed.lines]
        pairs, unwanted = assign(stretches, existing)
        for stretch, key in pairs:
            line = known.get(key) or self._open(agreed, stretch, bill_from)
            if stretch.start < line.start and line.settled:
                line.settled = stretch.start
            line.start = stretch.start
            self._adapt(line, stretch.end, bill_on)
            line.continued = any(s.start == stretch.end for s in stretches)
        for key in unwanted:
            self._adapt(known[key], known[key].start, bill_on)
            known[key].continued = False

    def _open(self, agreed, stretch, bill_from):
        key = (self.charges.index(agreed), len(agreed.lines))
        line = Line(key, stretch.start, stretch.end, stretch.values)
        line.bill_from = bill_from(stretch.start)
        agreed.lines.append(line)
        return line

    def _adapt(self, line, end, bill_on):
        if line.end != end and line.settled:
            line.adjust_on = bill_on
        line.end = end

    # Invoices

    def preview(self, count=12):
        return [describe(invoice) for invoice in islice(self._schedule(), count)]

    def run(self, day=None):
        """Bill what is due by `day`; without: everything to the end."""
        self.today = day or self.today
        due = takewhile(lambda i: not day or i.due <= day, self._schedule())
        made = list(due)
        assert made == sorted(made, key=lambda invoice: invoice.due)
        credited = {invoice.due for invoice in made if invoice.kind == "credit"}
        for invoice in made:
            assert not self._is_stopped(invoice.due)
            assert (
                invoice.kind != "invoice"
                or invoice.amount
                or (invoice.due not in credited)
            ), "an invoice of nothing beside a credit note"
            for piece in invoice.pieces:
                self._record(piece, invoice.kind)
        self.invoices += made
        return [describe(invoice) for invoice in made]

    def run_to_the_end(self):
        assert self.end
        return self.run()

    @property
    def billed(self):
        return sum((i.amount for i in self.invoices if i.kind != "forfeit"), ZERO)

    def _schedule(self):
        lines = [line for agreed in self.charges for line in agreed.lines]
        return schedule(map(self._to_charge, lines), self.policy)

    def _is_stopped(self, day):
        waivers = map(self._until_the_end, self.waivers)
        return any(w.stops and w.start <= day < (w.end or date.max) for w in waivers)

    def _due_from(self, day):
        return next((i.due for i in self._schedule() if i.due >= day), None)

    def _to_charge(self, line):
        end = min(filter(None, (line.end, self.end)), default=None)
        return Charge(
            key=line.key,
            start=line.start,
            end=end,
            terms=Terms(
                net_of(line.values),
                recurrence_of(line.values),
                line.values["arrears"],
                self.method,
                self.rounding,
            ),
            settled=line.settled,
            bill_from=line.bill_from,
            adjust_on=line.adjust_on,
            settle_on=self.settle_on,
            continued=line.continued and end == line.end,
            billed=tuple(line.rows.values()),
            waivers=tuple(map(self._until_the_end, self.waivers)),
            group=line.values["group"],
        )

    def _until_the_end(self, waiver):
        end = min(filter(None, (waiver.end, self.end)), default=None)
        return replace(waiver, end=end)

    def _record(self, piece, kind):
        number, place = piece.charge.key
        line = self.charges[number].lines[place]
        if not piece.adjusts:
            key = (*line.key, piece.part.start)
            assert key not in line.rows, "the same period twice"
            line.rows[key] = Billed(
                key, piece.part, piece.whole, piece.charge.terms.net, piece.amount
            )
            line.settled = max(filter(None, (line.settled, piece.part.end)))
            return
        row = line.rows[piece.adjusts.key]
        name = "forfeited" if kind == "forfeit" else "adjusted"
        amount = getattr(row, name) + piece.amount
        line.rows[row.key] = replace(row, **{name: amount})

    # What it should come to

    def served(self, credited_only=True, waived=True):
        """The price of what was served, period by period, each rounded once."""
        waivers = [
            (w.start, w.end or self.end)
            for w in map(self._until_the_end, self.waivers)
            if waived and (w.credited or not credited_only)
        ]
        return sum(
            (
                self._price(stretch, waivers)
                for agreed in self.charges
                for stretch in self.stretches(agreed)
            ),
            ZERO,
        )

    def _price(self, stretch, waivers):
        net, recurrence = net_of(stretch.values), recurrence_of(stretch.values)
        end = min(filter(None, (stretch.end, self.end)))
        if end <= stretch.start:
            return ZERO
        if recurrence is None:
            any_period = Period(date(2026, 1, 1), date(2026, 1, 2))
            return share(net, [any_period], any_period, rounding=self.rounding)
        total = ZERO
        for part in recurrence.periods(stretch.start, end):
            whole = recurrence.period(recurrence.index(part.start))
            days = [Period(*d) for d in gaps(part.start, part.end, joined(waivers))]
            total += share(net, days, whole, self.method, self.rounding)
        return total

    def cuts(self):
        """How often a part of a period was rounded beside others of the same one."""
        wholes = [
            (line.key, row.whole)
            for agreed in self.charges
            for line in agreed.lines
            for row in line.rows.values()
        ]
        return len(wholes) - len(set(wholes))


def joined(ranges):
    """Ranges that do not overlap, by looking at each day."""
    days = sorted(
        {
            date.fromordinal(n)
            for start, end in ranges
            for n in range(start.toordinal(), end.toordinal())
        }
    )
    return [(day, date.fromordinal(day.toordinal() + 1)) for day in days]


def describe(invoice):
    """An invoice as plain values, to compare what was shown with what was done."""
    return (
        invoice.due,
        invoice.kind,
        [
            (
                piece.charge.key,
                piece.due,
                piece.part,
                piece.amount,
                piece.adjusts and piece.adjusts.key,
            )
            for piece in invoice.pieces
        ],
    )
