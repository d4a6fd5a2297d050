"""What was decided of a piece of work, in words that a customer understands.

The facts are kept as plain values (``ServiceBook.explain``) and put into words when
they are read, in the language of who reads them.
"""

from datetime import date

from odoo.tools import format_amount, format_date, formatLang

from .reading import find_existing

# Of hours: less than a second or two, and nothing in money.
UNSEEN = 0.0005


def format_number(env, value):
    """:return: str, "10", "2.5": at most two digits after the point, as many as say
    something, in the language of ``env``
    """
    number = round(float(value), 2)
    digits = len(f"{number:.2f}".rstrip("0").partition(".")[2])
    return formatLang(env, number, digits=digits)


class ServiceWords:
    """
    :param env: of who reads; records are read as superuser, for he need not see
        agreements to be told who pays for his work
    """

    def __init__(self, env):
        self.env = env(su=True)
        # Of what is told of: records, or none where they are gone, by model and id.
        self._found = {}

    # Why

    def list_rows(self, explanation, every=False):
        """
        :param explanation: dict of ``ServiceBook.explain``, or nothing
        :param bool every: all that an agreement includes, one by one
        :return: list of dict of agreement (id), name, won and text, best first
        """
        days = (explanation or {}).get("days", [])
        told = [day["rows"] if every else _choose(day["rows"]) for day in days]
        self._find_together([row for each in told for row in each])
        rows = {}
        for day, chosen in zip(days, told, strict=True):
            for row in chosen:
                text = self._get_row_text(row, day)
                rows.setdefault(
                    text,
                    {
                        "agreement": row["agreement"],
                        "name": self._get_name(row),
                        "won": row["won"],
                        "text": text,
                    },
                )
        return list(rows.values())

    def list_flags(self, explanation):
        """:return: list of str, what is to be known beside"""
        texts = {
            "warranty": self.env._("The device is under the manufacturer's warranty."),
            "defect": self.env._(
                "The device had a defect before it was covered, and it is not yet "
                "repaired."
            ),
            "chosen": self.env._("Who pays was chosen by a person."),
            "choice_idle": self.env._(
                "The agreement that was chosen does not pay for this: it is not in "
                "force on that day, or is another customer's."
            ),
        }
        return [texts[flag] for flag in (explanation or {}).get("flags", [])]

    def _get_row_text(self, row, day):
        """:return: "Gold covers the theatre, but not on Saturdays." """
        failed = dict(map(tuple, row["failed"]))
        if "in_force" in failed:
            return self._get_not_in_force(row, date.fromisoformat(day["day"]))
        if "place" in failed:
            return self.env._(
                "%(agreement)s does not cover %(place)s.",
                agreement=self._get_name(row),
                place=self._get_place(day["place"]),
            )
        covers = self._get_covers(row, day["place"])
        if "allowance" in failed:
            return self.env._(
                "%(covers)s, but includes no work: it is billed at the agreed rates.",
                covers=covers,
            )
        if not failed:
            return self.env._("%(covers)s.", covers=covers)
        reasons = [self._get_reason(*reason, day) for reason in row["failed"]]
        return self.env._(
            "%(covers)s, but not %(reasons)s.",
            covers=covers,
            reasons=self.env._(", nor ").join(reasons),
        )

    def _find_together(self, rows):
        for model, key in (
            ("service.agreement.coverage", "coverage"),
            ("service.agreement", "agreement"),
        ):
            ids = {row[key] for row in rows} - {None, False}
            there = find_existing(self.env[model].browse(ids))
            for each in ids:
                record = there.browse(each if each in there._ids else ())
                self._found[model, each] = record.with_prefetch(there._ids)

    def _find(self, model, record_id):
        """:return: the record, or none: what once was told outlives it"""
        key = model, record_id
        if key not in self._found:
            self._found[key] = find_existing(self.env[model].browse(record_id or ()))
        return self._found[key]

    def _get_name(self, row):
        """:return: str, as the customer knows it: "Gold" """
        coverage = self._find("service.agreement.coverage", row["coverage"])
        agreement = self._find("service.agreement", row["agreement"])
        tier = coverage.tier_id or agreement.tier_id
        return tier.name or self.env._("An agreement")

    def _get_not_in_force(self, row, day):
        agreement = self._find("service.agreement", row["agreement"])
        name, last_day = self._get_name(row), agreement and agreement._get_last_day()
        if agreement.date_start and day < agreement.date_start:
            return self.env._(
                "%(agreement)s starts only on %(day)s.",
                agreement=name,
                day=format_date(self.env, agreement.date_start),
            )
        if last_day and last_day < day:
            return self.env._(
                "%(agreement)s ended on %(day)s.",
                agreement=name,
                day=format_date(self.env, last_day),
            )
        return self.env._(
            "%(agreement)s is not in force on %(day)s.",
            agreement=name,
            day=format_date(self.env, day),
        )

    def _get_covers(self, row, place):
        """:return: "Gold covers the theatre" """
        if row["level"] == "parent":
            return self.env._(
                "%(agreement)s covers %(customer)s as a subsidiary, too",
                agreement=self._get_name(row),
                customer=self._get_place({"company": place.get("company")}),
            )
        return self.env._(
            "%(agreement)s covers %(place)s",
            agreement=self._get_name(row),
            place=self._get_place(place, row["level"]),
        )

    def _get_place(self, place, level=None):
        """:return: name of the system, or else of the site, or else of the customer"""
        names = {
            "system": ("service.agreement.system", "system"),
            "device": ("service.agreement.system", "system"),
            "site": ("res.partner", "site"),
            "contact": ("res.partner", "company"),
            "company": ("res.partner", "company"),
        }
        for each in [level] if level else ("system", "site", "company"):
            model, key = names[each]
            if record := self._find(model, place.get(key)):
                return record.name or record.display_name
        return self.env._("this")

    def _get_reason(self, code, detail, day):
        """:return: what comes after "but not": "on Saturdays" """
        if code == "hours":
            return self._get_hours_reason(detail, day)
        models = {
            "work_kind": "service.agreement.work.type",
            "exclusion": "service.agreement.exclusion",
        }
        name = self.env[models[code]].browse(detail or []).exists().name
        if name:
            return self.env._("for “%(what)s”", what=name)
        return self.env._("for work of which nobody has said what kind it is")

    def _get_hours_reason(self, detail, day):
        on = date.fromisoformat(day["day"])
        if detail == "weekday":
            weekdays = (
                self.env._("on Mondays"),
                self.env._("on Tuesdays"),
                self.env._("on Wednesdays"),
                self.env._("on Thursdays"),
                self.env._("on Fridays"),
                self.env._("on Saturdays"),
                self.env._("on Sundays"),
            )
            return weekdays[on.weekday()]
        if detail == "date":
            return self.env._("on %(day)s", day=format_date(self.env, on))
        return self.env._("at this time of day")

    # What

    def describe_part(self, part):
        """
        :param dict part: of `_preview_service_work`
        :return: "1.5 h after hours: 375.00" """
        texts = {
            "covered": self.env._("%(quantity)s covered by %(agreement)s"),
            "overage": self.env._(
                "%(quantity)s more than what %(agreement)s has left: %(amount)s"
            ),
            "after_hours": self.env._(
                "%(quantity)s out of the hours of %(agreement)s: %(amount)s"
            ),
            "uncovered": self.env._("%(quantity)s not covered: %(amount)s"),
        }
        return texts[part["outcome"]] % {
            "quantity": self.format_quantity(part["quantity"], part["unit"]),
            "agreement": part["name"],
            "amount": format_amount(self.env, part["amount"], part["currency"]),
        }

    def join(self, texts):
        """:return: "1 h covered by Gold; after this, 1.5 h left this month." """
        return self.env._("%(sentence)s.", sentence=self.env._("; ").join(texts))

    def describe_balance(self, allowance, left):
        """:return: "1.5 h left this month" """
        values = {
            "left": self.format_quantity(
                left, allowance.unit, allowance.agreement_id.currency_id
            )
        }
        if allowance.kind == "prepaid":
            return self.env._("%(left)s left of what was bought", **values)
        if allowance.interval_months == 1:
            return self.env._("%(left)s left this month", **values)
        if allowance.interval_months == 3:
            return self.env._("%(left)s left this quarter", **values)
        if allowance.interval_months == 12:
            return self.env._("%(left)s left this year", **values)
        return self.env._("%(left)s left in this period", **values)

    def format_quantity(self, quantity, unit, currency=None):
        """:return: "1.5 h", "2 visits" """
        if unit == "amount":
            return format_amount(self.env, float(quantity), currency)
        if unit in ("hour", "hours"):
            return self._format_hours(float(quantity))
        number = format_number(self.env, quantity)
        texts = {
            "trip": (self.env._("1 trip"), self.env._("%(number)s trips")),
            "visits": (self.env._("1 visit"), self.env._("%(number)s visits")),
            "incidents": (self.env._("1 incident"), self.env._("%(number)s incidents")),
        }
        one, many = texts[unit]
        return one if quantity == 1 else many % {"number": number}

    def _format_hours(self, hours):
        """:return: "1.5 h"; "1 h 20 min" where two digits would not say what is paid"""
        if abs(hours - round(hours, 2)) < UNSEEN:
            number = format_number(self.env, hours)
            return self.env._("%(number)s h", number=number)
        whole, minutes = divmod(round(hours * 60), 60)
        if not whole:
            return self.env._("%(minutes)s min", minutes=minutes)
        return self.env._("%(hours)s h %(minutes)s min", hours=whole, minutes=minutes)


def _choose(rows):
    """:return: of each agreement the row that says most: it pays, or what it lacks"""
    best = {}
    for row in rows:
        best.setdefault(row["agreement"], row)
        if len(row["failed"]) < len(best[row["agreement"]]["failed"]):
            best[row["agreement"]] = row
    return list(best.values())
