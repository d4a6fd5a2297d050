"""Ends that a customer decides himself; see ``self_service.py``."""

from functools import cached_property

from odoo import fields

from ..tools.form_values import to_text
from .self_service import SelfService, to_plain
from .service_agreement_customer_step import LEAVING_REASONS

# A last day further ahead is a plan, not a notice.
MONTHS_AHEAD = 12
WORDS_MAX = 2000


class EndService(SelfService):
    """An end on a day, with its settlement."""

    @property
    def last_day(self):
        """date, the last one in force"""
        raise NotImplementedError

    @cached_property
    def ending(self):
        return self.agreement._plan_end(self.last_day, "cancelled")

    @cached_property
    def settlement(self):
        """dict: ``documents`` that follow the end, each with its title, lines and
        totals; their ``total`` with taxes; ``usual``, how much is billed before
        """
        agreement, since = self.agreement, self.ending.settle_on
        invoices = agreement._preview_end(self.ending)
        documents = agreement._describe_invoices(
            [invoice for invoice in invoices if invoice.due >= since]
        )
        usual = agreement._describe_usual([i for i in invoices if i.due < since])
        return {
            "documents": [to_plain(document) for document in documents],
            "total": agreement.currency_id.round(
                sum(document["total"] for document in documents)
            ),
            "usual": usual and to_plain(usual),
        }

    def get_preview(self):
        return {
            "last_day": self.format_date(self.last_day),
            "settlement": self.settlement,
        }

    def get_sentences(self):
        sentences = [
            self.env._("Last day: %(date)s.", date=self.preview["last_day"]),
        ]
        if usual := self.settlement["usual"]:
            sentences.append(
                self.env._(
                    "Until then you are billed as usual, %(amount)s with taxes.",
                    amount=self.format_amount(usual["total"]),
                )
            )
        return [*sentences, self._get_settlement_sentence()]

    def _get_settlement_sentence(self):
        total = self.settlement["total"]
        if not self.settlement["documents"] or self.is_zero(total):
            return self.env._("Afterwards nothing is left to pay or to pay back.")
        if total < 0:
            return self.env._(
                "You get back %(amount)s, taxes included.",
                amount=self.format_amount(-total),
            )
        return self.env._(
            "At the end %(amount)s is left to pay, taxes included.",
            amount=self.format_amount(total),
        )


class DeclineRenewal(EndService):
    """It ends with its term; until the day of notice that can be taken back."""

    kind = "decline_renewal"
    switch = "portal_may_decline_renewal"
    icon = "fa-calendar-times-o"

    @property
    def title(self):
        return self.env._("Do not renew")

    @property
    def hint(self):
        return self.env._(
            "It ends with %(end)s. Possible until %(until)s.",
            end=self.format_date(self.last_day),
            until=self.format_date(self.agreement.decline_until),
        )

    def why_not(self):
        agreement = self.agreement
        if why_not := agreement._why_not_decline():
            return why_not
        if self.today > agreement.decline_until:
            return self.env._(
                "The renewal could be declined until %(date)s.",
                date=self.format_date(agreement.decline_until),
            )
        return None

    @property
    def last_day(self):
        return self.agreement.date_end

    def get_preview(self):
        until = self.agreement.decline_until
        return {**super().get_preview(), "until": self.format_date(until)}

    def get_sentences(self):
        return [
            *super().get_sentences(),
            self.env._(
                "Until %(date)s you can take this back.", date=self.preview["until"]
            ),
        ]

    def do(self, step):
        self.agreement.action_decline_renewal()


class Keep(SelfService):
    """The customer declined the renewal and changed his mind in time."""

    kind = "keep"
    switch = "portal_may_decline_renewal"
    icon = "fa-undo"

    @property
    def title(self):
        return self.env._("Keep it after all")

    @property
    def hint(self):
        return self.env._(
            "Take back that it is not renewed. Possible until %(until)s.",
            until=self.format_date(self.until),
        )

    def why_not(self):
        agreement = self.agreement
        if not agreement._get_declined_step():
            return self.env._("There is no declined renewal to take back.")
        if why_not := agreement._why_not_take_back_end():
            return why_not
        if self.today > self.until:
            return self.env._(
                "This could be taken back until %(date)s.",
                date=self.format_date(self.until),
            )
        return None

    @property
    def until(self):
        """date, the last on which the renewal could be declined"""
        agreement = self.agreement
        return fields.Date.subtract(agreement.date_end, days=agreement.notice_days)

    def get_preview(self):
        agreement = self.agreement
        return {
            "renews_on": self.format_date(fields.Date.add(agreement.date_end, days=1)),
            "until": self.format_date(self.until),
            "price": agreement.amount_total,
            "period": agreement.plan_id.period_label,
        }

    def get_sentences(self):
        return [
            self.env._(
                "It is renewed on %(date)s, as it was: %(price)s per %(period)s, taxes"
                " included.",
                date=self.preview["renews_on"],
                price=self.format_amount(self.preview["price"]),
                period=self.preview["period"],
            )
        ]

    def do(self, step):
        self.agreement.action_take_back_end()


class Cancel(EndService):
    """An end before its term, or of what has none, by the notice that was agreed."""

    kind = "cancel"
    switch = "portal_may_cancel"
    icon = "fa-times-circle-o"

    @property
    def title(self):
        return self.env._("Cancel")

    @property
    def hint(self):
        return self.env._(
            "Notice is %(days)s days. You see before what is settled.",
            days=self.agreement.notice_days,
        )

    def read_choice(self, choice):
        return {
            "last_day": fields.Date.to_string(self._read_day(choice.get("last_day")))
        }

    def read_words(self, choice):
        reason = to_text(choice.get("reason"))
        return {
            "reason": reason if reason in dict(LEAVING_REASONS) else False,
            "words": to_text(choice.get("words"))[:WORDS_MAX],
        }

    def _read_day(self, text):
        """:return: date, the day that is asked for, or the earliest possible one"""
        try:
            day = fields.Date.to_date(to_text(text)) or self.earliest
        except ValueError:
            day = self.earliest
        return min(max(day, self.earliest), self.latest)

    @cached_property
    def earliest(self):
        """date, the first last day that keeps the notice"""
        agreement = self.agreement
        first = max(self.today, agreement.date_start)
        return fields.Date.add(first, days=agreement.notice_days)

    @cached_property
    def latest(self):
        """date, the last one that can be asked for: not beyond the present term"""
        ahead = fields.Date.add(self.earliest, months=MONTHS_AHEAD)
        last_day = self.agreement.date_end or ahead
        return max(self.earliest, min(ahead, last_day))

    def why_not(self):
        agreement = self.agreement
        if agreement.state not in ("active", "suspended"):
            return self.env._("This agreement is not in force.")
        if why_not := agreement._why_not_end():
            return why_not
        decided = agreement._get_last_day()
        if decided and decided <= self.earliest:
            return self.env._(
                "It ends on %(date)s by itself.", date=self.format_date(decided)
            )
        if self._is_term_dodged():
            return self.env._(
                "The notice for this term is over: it is renewed on %(date)s. Please"
                " ask us.",
                date=self.format_date(fields.Date.add(agreement.date_end, days=1)),
            )
        return None

    def _is_term_dodged(self):
        """Whether the notice ends in a term that is not open yet: what an early end of
        that one costs is not known to this one.
        """
        agreement = self.agreement
        costs = agreement.termination_fee_percent or agreement.clawback_discount
        return bool(
            costs and agreement._renews() and self.earliest > agreement.date_end
        )

    @property
    def last_day(self):
        agreement = self.agreement
        asked = fields.Date.to_date(self.choice["last_day"])
        return agreement._get_policy_end(asked, agreement.end_policy)

    def get_preview(self):
        asked = fields.Date.to_date(self.choice["last_day"])
        return {
            **super().get_preview(),
            "asked": self.format_date(asked),
            "is_moved": self.last_day != asked,
        }

    @property
    def reasons(self):
        """list of (reason, label) to choose from"""
        steps = self.env["service.agreement.customer.step"]
        return steps._fields["reason"]._description_selection(self.env)

    def why_not_confirm(self):
        if not self.said["reason"]:
            return self.env._("Please tell us why: one tap is enough.")
        return None

    def do(self, step):
        self.agreement._end(
            self.last_day, "cancelled", step._get_reason_text() or False
        )
