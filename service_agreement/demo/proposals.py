"""Offers of the last weeks: waiting, signed, declined, expired, replaced."""

from datetime import timedelta
from typing import NamedTuple

from odoo.fields import Command

from ..models.service_proposal_quote import ProposalMenu
from .agreements import draw_signature

TIERS = ("essential", "silver", "gold", "platinum")
PLANS = ("plan_monthly", "plan_yearly")


class Offer(NamedTuple):
    """A proposal as the story goes; days are counted back from today.

    ``opened`` is on which days, ``answered`` how it ended: (days ago, what, words).
    """

    customer: str
    recommended: str
    sent: int
    valid: int = 30
    opened: tuple = ()
    answered: tuple = ()
    owner: str = "cora"
    tiers: tuple = TIERS[1:]
    label: str = ""
    quantity: int = 1
    words: str = ""
    at_once: bool = False  # it starts when it is accepted


OFFERS = [
    Offer(
        "tran_linh",
        "gold",
        9,
        opened=(9, 6, 2),
        words="When the screen in the living room stayed dark last week, it took us two"
        " days to find the time. With Gold you would not have waited.",
        at_once=True,
    ),
    Offer("cedar", "silver", 26, opened=(25,), tiers=TIERS[:3]),
    Offer(
        "pinecrest_norwalk",
        "gold",
        12,
        opened=(12, 7, 6),
        answered=(6, "accept", "Amir Haddad"),
        owner="olivia",
        label="practices",
    ),
    Offer(
        "halvorsen",
        "silver",
        24,
        opened=(22, 20),
        answered=(20, "provider", "Erik Halvorsen", "Our electrician looks after it."),
    ),
    Offer("eastmere", "silver", 44, opened=(43,)),
    Offer(
        "tallow",
        "silver",
        15,
        opened=(14,),
        answered=(3, "replace", "Ask for five rooms instead of three"),
        label="meeting rooms",
        quantity=3,
    ),
    Offer("osteria", "gold", 0, tiers=TIERS[:3]),
]


class Proposals:
    """Plans every step of every offer on the timeline."""

    def __init__(self, timeline):
        self.timeline = timeline
        self.made = timeline.env["service.agreement.proposal"]

    def plan(self):
        for offer in OFFERS:
            self._at(offer.sent, 10, self._make, offer)

    def _at(self, days_ago, hour, step, *args):
        day = self.timeline.today - timedelta(days=days_ago)
        instant = self.timeline.instant(day, hour, 17)
        self.timeline.at(min(instant, self.timeline.now), step, *args)

    def _make(self, offer):
        owner = self.timeline.named(f"user_{offer.owner}")
        proposal = self.made.with_user(owner).create(self._prepare_values(offer))
        proposal = proposal.with_env(self.timeline.env)
        self.made |= proposal
        self.timeline.name(f"proposal_{offer.customer}", proposal)
        if not offer.sent:
            return
        proposal._send()
        for days_ago in offer.opened:
            self._at(days_ago, 19, self._open, proposal)
        if offer.answered:
            days_ago, *answer = offer.answered
            self._at(days_ago, 20, self._answer, proposal, *answer)

    def _prepare_values(self, offer):
        line = self.timeline
        plans = [line.env.ref(f"service_agreement.{plan}").id for plan in PLANS]
        sent = line.env.cr.now().date()
        next_month = line.day(-1, 1)
        return {
            "company_id": line.company.id,
            "partner_id": line.named(f"partner_{offer.customer}").id,
            "user_id": line.named(f"user_{offer.owner}").id,
            "recommended_tier_id": line.named(f"tier_{offer.recommended}").id,
            "plan_ids": [Command.set(plans)],
            "validity_date": sent + timedelta(days=offer.valid),
            "date_start": not offer.at_once and next_month,
            "quantity": offer.quantity,
            "quantity_label": offer.label,
            "introduction": offer.words and f"<p>{offer.words}</p>",
            "option_ids": [
                Command.create(
                    {"tier_id": line.named(f"tier_{tier}").id, "sequence": number}
                )
                for number, tier in enumerate(offer.tiers, 1)
            ],
            "extra_ids": [Command.create(self._prepare_setup())],
        }

    def _prepare_setup(self):
        product = self.timeline.env.ref("service_agreement.product_service_setup")
        return {
            "product_id": product.id,
            "name": "Entry inspection, documentation and setup",
            "price_unit": 290.0,
        }

    def _open(self, proposal):
        proposal._note_opening(self.timeline.env["res.partner"])

    def _answer(self, proposal, what, words, note=""):
        if what == "accept":
            menu = ProposalMenu(proposal)
            quote = menu.quote(menu.choose())
            proposal._accept(quote, words, draw_signature(words))
        elif what == "replace":
            newer = self.made.browse(proposal.action_new_version()["res_id"])
            newer.write({"quantity": 5})
            newer._message_log(body=words)
            self.made |= newer
        else:
            proposal._decline(what, note, words)

    def leave_on_the_desk(self):
        """The to-dos of what expired; and nobody is written to about all this."""
        for proposal in self.made.filtered("is_expired"):
            proposal._schedule_expired()
        self.timeline.env["mail.mail"].search(
            [("model", "=", self.made._name), ("res_id", "in", self.made.ids)]
        ).unlink()
