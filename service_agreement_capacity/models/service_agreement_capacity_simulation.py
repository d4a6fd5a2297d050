"""How a capacity check is worked out: what comes in, who is there, what is kept."""

from collections import Counter

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..tools.demand import Demand, Effort, Prospect
from ..tools.extra_hands import fewest
from ..tools.forecast import Forecast
from ..tools.hands import seconds, times, together
from ..tools.week_clock import WeekClock
from .capacity_covers import CapacityCovers
from .capacity_history import SECONDS_PER_HOUR, CapacityHistory
from .capacity_staff import CapacityStaff

# More extra people of a kind are not looked for.
MOST_EXTRA = 12
# Tickets of all repetitions together: what takes a minute and fits into memory. Of that
# many, few repetitions say as much as many do of a few.
MOST_TICKETS, FEWEST_DRAWS = 200_000, 2
# How much of the work it is to draw what may come, and to work through it once.
DRAWING, WORKING = 70, 15


class ServiceAgreementCapacityRun(models.Model):
    _inherit = "service.agreement.capacity.run"

    def _simulate(self, tell):
        """:return: values of the answer"""
        clock = WeekClock(self.date_start, self.company_id._service_tz().key)
        demand, history = self._get_demand(clock)
        staff = CapacityStaff(self, clock)
        draws = self._get_draws(demand)
        tell_draw = _scale(tell, 0, DRAWING, draws)
        forecast = Forecast(demand, self.seed, draws, tell_draw)
        if not forecast.promised:
            raise UserError(self._describe_nothing())
        tell_work = _scale(tell, DRAWING, DRAWING + WORKING, draws)
        outcome = forecast.with_hands(staff.hands, tell_work)
        return {
            **self._prepare_answer(forecast, outcome),
            **self._prepare_load(forecast, staff, clock),
            "ticket_count": len(history.tickets),
            "choice_ids": self._prepare_choices(forecast, staff),
        }

    def _get_draws(self, demand):
        """:return: int, how many repetitions are made"""
        affordable = int(MOST_TICKETS / max(demand.expected, 1))
        return min(self.draws, max(affordable, FEWEST_DRAWS))

    def _describe_nothing(self):
        return self.env._(
            "No ticket of these months would be promised anything, so there is nothing "
            "to check. Look back further, or suppose agreements to be sold."
        )

    def _get_demand(self, clock):
        """:return: (Demand, CapacityHistory)"""
        covers = CapacityCovers(self.company_id, self.date_start)
        history = CapacityHistory(self, clock, covers)
        demand = Demand(
            clock,
            self.weeks,
            history.tickets,
            history.weeks,
            self._get_effort(history),
            self._get_prospects(history, covers),
            max(1 + self.growth / 100, 0),
        )
        return demand, history

    def _get_effort(self, history):
        usual = {None: [round(self.usual_hours * SECONDS_PER_HOUR)], **history.usual}
        return Effort(
            self.answer_minutes * 60,
            self.travel_minutes * 60,
            usual,
            self.share / 100,
        )

    def _get_prospects(self, history, covers):
        """What a customer calls about already comes anyway: what he would call beyond
        that, as others with his tier do, comes with the agreement.

        :return: list of Prospect
        """
        prospects, numbers = [], Counter()
        for sale in self.sale_ids:
            own = history.by_customer[sale.partner_id.id] / history.weeks
            rate = max(history.get_rate(sale.tier_id) - own, 0.0)
            for _number in range(sale.number):
                # Tells them apart, and is the same in another check.
                key = sale._get_key()
                numbers[key] += 1
                prospects.append(
                    Prospect(
                        f"{key} {numbers[key]}",
                        sale.chance / 100,
                        sale._get_cover(covers),
                        sale.partner_id.id or None,
                        rate,
                        history.get_pool(sale.tier_id),
                    )
                )
        return prospects

    # The answer

    def _prepare_answer(self, forecast, outcome):
        company = self.company_id
        promised, kept = (sum(f.values()) for f in (forecast.promised, outcome.kept))
        return {
            "aim": company.capacity_aim,
            "draws_made": forecast.draws,
            "promised": promised / forecast.draws,
            "kept": kept / promised,
            "credit": float(outcome.credit),
            "target_ids": self.target_ids._prepare_all(self, forecast, outcome),
            "hour_ids": self.hour_ids._prepare_all(self, forecast, outcome),
        }

    def _prepare_load(self, forecast, staff, clock):
        """Hours of work and of people; of people only those they have for tickets."""
        there = seconds(staff.hands, 0, clock.second(self.weeks, 0))
        in_weeks = self.weeks * SECONDS_PER_HOUR
        return {
            "hours_needed": forecast.work / in_weeks,
            "hours_there": there * self.share / 100 / in_weeks,
        }

    def _prepare_choices(self, forecast, staff):
        """The fewest people more that would do, in these hours and on call."""
        office = staff.of_calendar(self.calendar_id) if self.calendar_id else []
        on_call = staff.of_calendar(self.env["resource.calendar"])
        aim = self.company_id.capacity_aim / 100

        def is_enough(more, more_on_call):
            extra = times(office, more), times(on_call, more_on_call)
            return forecast.meets(together(staff.hands, *extra), aim)

        return [
            Command.create({"number": number, "number_on_call": number_on_call})
            for number, number_on_call in fewest(is_enough, MOST_EXTRA)
        ]


def _scale(tell, first, last, total):
    """:return: function that tells percents, called with a number up to ``total``"""
    return lambda number: tell(first + (last - first) * number // total)
