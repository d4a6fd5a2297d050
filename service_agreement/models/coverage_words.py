"""Who pays, in words that a customer understands, in the reader's language."""

from odoo.tools import format_amount, format_date, formatLang
from odoo.tools.misc import get_lang


class CoverageWords:
    """
    :param env: the reader's; agreements are named for him, who may not read them
    """

    def __init__(self, env):
        self.env = env

    # Who

    def name_agreement(self, agreement):
        """:return: str, "Gold (SA-0003)" """
        agreement = agreement.with_env(self.env).sudo()
        return self.env._(
            "%(tier)s (%(agreement)s)",
            tier=agreement.tier_id.name,
            agreement=agreement.name,
        )

    def name_candidate(self, agreement, allowance):
        """:return: str, "Gold (SA-0003): 2 hours a month" """
        name = self.name_agreement(agreement)
        if not allowance:
            return name
        return self.env._(
            "%(agreement)s: %(allowance)s",
            agreement=name,
            allowance=allowance.with_env(self.env).sudo().name,
        )

    # Why

    def tell_reason(self, code, met, detail, day):
        """
        :param str code: of tools.coverage.Reason
        :param detail: of the same: the level of "place", the id of what failed
        :return: str, a sentence
        """
        tell = getattr(self, f"_tell_{code}")
        return tell(met, detail, format_date(self.env, day))

    def _tell_in_force(self, met, _detail, day):
        if met:
            return self.env._("In force on %(day)s", day=day)
        return self.env._("Not in force on %(day)s", day=day)

    def _tell_place(self, met, level, _day):
        if not met:
            return self.env._("Made for other places or systems")
        texts = {
            "device": self.env._("Covers this device"),
            "system": self.env._("Covers this system"),
            "site": self.env._("Covers this address"),
            "contact": self.env._("Made with this contact"),
            "company": self.env._("Covers this customer"),
            "parent": self.env._("The parent company's, which covers this one too"),
        }
        return texts[level]

    def _tell_work_kind(self, met, kind, _day):
        types = self.env["service.agreement.work.type"].sudo().browse(kind or ())
        if met:
            return self.env._("Pays for such work")
        if not types:
            return self.env._("Pays for some work only: say what is done")
        return self.env._("Does not pay for %(work)s", work=types.name)

    def _tell_exclusion(self, met, exclusion, _day):
        if met:
            return self.env._("Nothing speaks against it")
        found = self.env["service.agreement.exclusion"].sudo().browse(exclusion)
        return self.env._("Leaves out: %(exclusion)s", exclusion=found.name)

    def _tell_hours(self, met, _detail, _day):
        if met:
            return self.env._("Within its hours")
        return self.env._("Out of its hours")

    def _tell_allowance(self, _met, _detail, _day):
        return self.env._("Includes no work: what is done is billed at its rates")

    # How much

    def measure(self, quantity, unit, currency=None):
        """
        :param str unit: of an allowance, or of a draw
        :return: str, "1.5 h", "2 visits", "$ 300.00"
        """
        if unit == "amount":
            return self.money(quantity, currency)
        number, one = self._number(quantity), quantity == 1
        texts = {
            "hour": self.env._("%(number)s h", number=number),
            "hours": self.env._("%(number)s h", number=number),
            "visits": self.env._("1 visit")
            if one
            else self.env._("%(number)s visits", number=number),
            "incidents": self.env._("1 incident")
            if one
            else self.env._("%(number)s incidents", number=number),
            "trip": self.env._("1 trip")
            if one
            else self.env._("%(number)s trips", number=number),
        }
        return texts[unit]

    def money(self, amount, currency):
        return format_amount(self.env, float(amount), currency)

    def _number(self, quantity):
        """:return: str, "1.5", "2": no zeros that say nothing"""
        text = formatLang(self.env, float(quantity), digits=2)
        point = get_lang(self.env).decimal_point
        return text.rstrip("0").rstrip(point) if point in text else text
