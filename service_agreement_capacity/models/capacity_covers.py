"""What customers are promised, as the simulation reads it."""

from decimal import Decimal

from odoo.addons.service_agreement.tools.sla_credit import credit, room_left

from ..tools.demand import Cover, Promise

SECONDS_PER_DAY = 86_400
# On average, leap years included.
DAYS = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}


class CapacityCovers:
    """
    :param res.company company: who promises; as superuser
    :param date day: on which promises, hours and fees are read
    """

    def __init__(self, company, day):
        self.env, self._company, self._day = company.env, company, day
        self._known = {}

    def of_agreement(self, agreement):
        """:return: Cover; of one agreement always the same one, for its cap"""
        if agreement not in self._known:
            fee = Decimal(0)
            if agreement.sla_credit_percent:
                fee = sum(agreement._get_fees_on(self._day).values(), fee)
            self._known[agreement] = self._make(
                agreement.tier_id,
                agreement.target_ids,
                agreement._get_site().tz,
                **self._get_credit(agreement, fee),
                period=self._get_period(agreement.plan_id),
            )
        return self._known[agreement]

    def of_tier(self, tier, partner, quantity=1):
        """What a tier would promise; each time it is somebody else's.

        :param res.partner partner: empty, where nobody knows who
        """
        fee = Decimal(str(tier.list_price * quantity))
        return self._make(
            tier, tier.target_ids, partner.tz, **self._get_credit(tier, fee)
        )

    def _make(self, tier, targets, tz, **values):
        return Cover(tier.id, self._get_promises(targets, tz or False), **values)

    def _get_promises(self, targets, tz):
        """:return: dict of Promise by (urgency, metric)"""
        promised = self.env["service.agreement.sla.promise"]._preview_targets(
            targets, self._company, tz, self._day.year
        )
        return {
            (int(priority), metric): Promise(
                int(target.duration.total_seconds()), target.calendar
            )
            for (priority, metric), target in promised.items()
        }

    def _get_credit(self, terms, fee):
        """As credits for missed promises are worked out, in the company's currency.

        :param terms: an agreement or a tier
        :param Decimal fee: of a period, in its currency
        :return: dict, what one miss gives back, and at most all of a period
        """
        rounding = Decimal(str(terms.currency_id.rounding))
        percent, cap = (
            Decimal(str(value))
            for value in (terms.sla_credit_percent, terms.sla_credit_cap)
        )
        room = room_left(fee, cap, rounding=rounding)
        amount = credit(fee, percent, room, rounding)
        return {
            "credit": self._convert(amount, terms.currency_id),
            "cap": self._convert(room, terms.currency_id),
        }

    def _convert(self, amount, currency):
        company = self._company
        converted = currency._convert(
            float(amount), company.currency_id, company, self._day
        )
        return Decimal(str(converted))

    def _get_period(self, plan):
        """:return: int, seconds of a billing period"""
        return round(DAYS[plan.unit] * plan.interval * SECONDS_PER_DAY)
