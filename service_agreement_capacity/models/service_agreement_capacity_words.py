"""What a capacity check found, in words and as a map of the week."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import formatLang

from .service_agreement_capacity_result import PARTS, WEEKDAYS
from .service_agreement_capacity_simulation import MOST_EXTRA

# Of the worst parts of the week; more than that nobody reads.
WORST = 5
# Of those that are as good.
CHOICES = 3
# The colours of shares that are kept, from below: see static/src/scss.
STEPS = (0.5, 0.8, 0.95)


class ServiceAgreementCapacityRun(models.Model):
    _inherit = "service.agreement.capacity.run"

    summary = fields.Text(compute="_compute_words")
    worst_hours = fields.Text(string="When It Fails", compute="_compute_words")
    extra_people = fields.Text(string="Whom It Takes", compute="_compute_words")
    hour_map = fields.Html(
        string="Hours of the Week",
        compute="_compute_hour_map",
        sanitize=False,
        help="How much is kept of what comes in, by the hour in which it comes.",
    )

    @api.depends("state", "target_ids", "hour_ids", "choice_ids")
    @api.depends_context("lang")
    def _compute_words(self):
        for run in self:
            is_done = run.state == "done"
            run.summary = is_done and run._describe_promises()
            run.worst_hours = is_done and "\n".join(run._describe_worst_hours())
            run.extra_people = is_done and "\n".join(run._describe_people())

    # How much is kept

    def _describe_promises(self):
        self.ensure_one()
        short = self.target_ids.filtered("is_below_aim")
        aim = format_share(self.env, self.aim / 100)
        if not short:
            return self.env._(
                "Yes: each promise would be kept at least %(aim)s of the time.", aim=aim
            )
        return self.env._(
            "Not yet: %(short)s of %(all)s promises would be kept less than %(aim)s of"
            " the time.",
            short=len(short),
            all=len(self.target_ids),
            aim=aim,
        )

    # When it fails

    def _describe_worst_hours(self):
        """:return: list of str, "Saturday evening: 22 %", the worst first"""
        self.ensure_one()
        days, parts = self._get_labels(WEEKDAYS), self._get_labels(PARTS)
        return [
            self.env._(
                "%(day)s %(part)s: %(share)s",
                day=days[weekday],
                part=parts[part],
                share=format_share(self.env, share),
            )
            for share, weekday, part in self._find_worst_hours()
        ]

    def _find_worst_hours(self):
        """:return: list of (share kept, weekday, part), of those below the aim in which
        something is promised at all: once in these weeks, on average
        """
        parts = self.hour_ids.grouped(lambda hour: (hour.weekday, hour.part))
        shares = []
        for (weekday, part), hours in parts.items():
            promised = sum(hours.mapped("promised"))
            share = sum(hours.mapped("kept")) / promised
            if promised >= 1 and share < self.aim / 100:
                shares.append((share, weekday, part))
        return sorted(shares)[:WORST]

    def _get_labels(self, selection):
        """:return: dict of str by value, of a selection of the hours"""
        name = "weekday" if selection is WEEKDAYS else "part"
        return dict(self.hour_ids._fields[name]._description_selection(self.env))

    # Whom it takes

    def _describe_people(self):
        """:return: list of str, one for each choice, and what no choice would help"""
        self.ensure_one()
        first, *others = self.choice_ids[:CHOICES] or [None]
        lines = [self._describe_choice(first) if first else self._describe_none()]
        lines += [self.env._("Or: %s", self._describe_choice(each)) for each in others]
        return lines + self._describe_hopeless()

    def _describe_none(self):
        return self.env._(
            "Not even %(number)s people more in working hours, and as many on call,"
            " would keep all of them.",
            number=MOST_EXTRA,
        )

    def _describe_choice(self, choice):
        hours = self.calendar_id.name
        if not choice.total:
            return self.env._("Nobody more than there is.")
        if not choice.number_on_call:
            return self.env._(
                "%(number)s more in the hours “%(hours)s”.",
                number=choice.number,
                hours=hours,
            )
        if not choice.number:
            return self.env._(
                "%(number)s more on call, day and night.", number=choice.number_on_call
            )
        return self.env._(
            "%(number)s more in the hours “%(hours)s” and %(on_call)s on call, day and"
            " night.",
            number=choice.number,
            hours=hours,
            on_call=choice.number_on_call,
        )

    def _describe_hopeless(self):
        aim = self.aim / 100
        hopeless = self.target_ids.filtered(
            lambda t: t.is_below_aim and t.possible < aim
        )
        return [
            self.env._(
                "No number of people keeps “%(promise)s” so often: in %(share)s of"
                " cases the work alone takes longer than was promised.",
                promise=target.display_name,
                share=format_share(self.env, 1 - target.possible),
            )
            for target in hopeless
        ]

    # The map

    @api.depends("state", "hour_ids")
    @api.depends_context("lang")
    def _compute_hour_map(self):
        for run in self:
            run.hour_map = run.state == "done" and self.env["ir.qweb"]._render(
                "service_agreement_capacity.hour_map", run._get_hour_map()
            )

    def _get_hour_map(self):
        """:return: dict of what the template draws: names of days, and rows of hours"""
        self.ensure_one()
        counts = defaultdict(lambda: [0.0, 0.0])
        for each in self.hour_ids:
            total = counts[each.hour, each.weekday]
            total[0] += each.kept
            total[1] += each.promised
        days = self._get_labels(WEEKDAYS)
        hours = sorted({hour for hour, _weekday in counts})
        span = range(hours[0], hours[-1] + 1) if hours else ()
        return {
            "days": [name[:3] for name in days.values()],
            "rows": [
                (hour, [self._get_cell(counts.get((hour, day))) for day in days])
                for hour in span
            ],
        }

    def _get_cell(self, total):
        """:return: dict of the text and the step of an hour; None: nothing promised"""
        if not total:
            return None
        share = total[0] / total[1]
        return {
            "text": format_share(self.env, share),
            "step": sum(share >= step for step in STEPS),
            "title": self.env._(
                "%(kept)s of %(promised)s promises kept",
                kept=formatLang(self.env, total[0], digits=1),
                promised=formatLang(self.env, total[1], digits=1),
            ),
        }


class ServiceAgreementCapacityTarget(models.Model):
    _inherit = "service.agreement.capacity.target"

    @api.depends("tier_id", "metric", "priority")
    @api.depends_context("lang")
    def _compute_display_name(self):
        metrics, priorities = (
            dict(self._fields[name]._description_selection(self.env))
            for name in ("metric", "priority")
        )
        for target in self:
            target.display_name = self.env._(
                "%(tier)s, %(promise)s, %(priority)s",
                tier=target.tier_id.name,
                promise=metrics[target.metric],
                priority=priorities[target.priority],
            )


def format_share(env, share):
    """:return: str, "95 %"; what is not quite all is never "100 %" """
    percent = 100 * share
    whole = round(percent)
    digits = 0 if 1 <= percent <= 99 or whole == percent else 1
    if digits:
        percent = min(max(percent, 0.1), 99.9)
    return env._("%(number)s %%", number=formatLang(env, percent, digits=digits))
