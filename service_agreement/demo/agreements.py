"""What was agreed with whom, and how it went on."""

import base64
import io
import math
import random
from datetime import timedelta
from typing import NamedTuple

from PIL import Image, ImageDraw

from odoo.fields import Command

SETUP_FEES = {"essential": 0, "silver": 150, "gold": 290, "platinum": 650}
VALID_DAYS = 30
# What is charged by the piece and stands in the record of the customer's systems.
COUNTED = {"meeting rooms", "floors", "practices", "smart classrooms"}


class Deal(NamedTuple):
    """An agreement as the story goes; days are counted back from today.

    ``start`` is (months ago, day of the month), ``stage`` how far it came. An offer
    that nobody signed has ``offered`` days ago instead of a past start.
    """

    customer: str
    tier: str
    plan: str
    start: tuple
    signer: str = ""
    stage: str = "active"
    owner: str = "cora"
    quantity: int = 1
    unit: str = ""
    discount: float = 0
    extra: tuple = ()
    setup: bool = False
    reference: str = ""
    offered: int = 0
    suspended: int = 0
    ended: tuple = ()
    renews: bool = True
    key: str = ""
    replaces: str = ""


MOVED = ((4, 8), "cancelled", "We sold the house and move to Portland in spring.")
UPGRADED = ((5, 1), "replaced", "Moved up to Gold after the kitchen was added.")
DEALS = [
    Deal("whitfield", "gold", "monthly", (13, 12), "Carla Whitfield", setup=True),
    Deal("okafor", "silver", "monthly", (14, 31), "Ngozi Okafor", setup=True),
    Deal("lindqvist", "platinum", "yearly", (14, 24), "Per Lindqvist", owner="olivia"),
    Deal("marchetti", "silver", "quarterly", (12, 15), "Sofia Marchetti"),
    Deal(
        "delacroix",
        "platinum",
        "quarterly",
        (11, 1),
        "Luc Delacroix",
        owner="olivia",
        setup=True,
    ),
    Deal(
        "hargrove",
        "platinum",
        "monthly",
        (10, 30),
        "Edith Hargrove",
        owner="olivia",
        extra=(("Guest house: rack and network", 1, 119),),
        setup=True,
    ),
    Deal("ito", "gold", "first", (9, 17), "Maya Ito-Brennan"),
    Deal("sandoval", "essential", "monthly", (13, 8), "Rafael Sandoval", ended=MOVED),
    Deal("pemberton", "gold", "yearly", (8, 20), "Grace Pemberton", setup=True),
    Deal(
        "kestrel",
        "gold",
        "quarterly",
        (9, 29),
        "Diego Vasquez",
        owner="olivia",
        extra=(("Remote watch while the house is empty", 1, 85.5),),
    ),
    Deal("novak", "silver", "monthly", (12, 3), "Petra Novak", suspended=19),
    Deal("abernathy", "essential", "monthly", (6, 10), "June Abernathy"),
    Deal("chaudhry", "silver", "quarterly", (14, 21), "Imran Chaudhry", renews=False),
    Deal(
        "rosenthal",
        "silver",
        "monthly",
        (13, 1),
        "Miriam Rosenthal",
        ended=UPGRADED,
        key="rosenthal_silver",
    ),
    Deal(
        "rosenthal",
        "gold",
        "monthly",
        (5, 1),
        "Miriam Rosenthal",
        replaces="rosenthal_silver",
    ),
    Deal(
        "fenwick",
        "silver",
        "quarterly",
        (14, 28),
        "Helen Ashdown",
        owner="olivia",
        quantity=4,
        unit="meeting rooms",
        discount=10,
        reference="PO 20417",
    ),
    Deal(
        "corvane",
        "platinum",
        "quarterly",
        (12, 9),
        "Marcus Thiel",
        owner="olivia",
        quantity=2,
        unit="floors",
        reference="CC-8812",
    ),
    Deal(
        "corvane_chicago", "gold", "monthly", (6, 16), "Dana Kowalski", owner="olivia"
    ),
    Deal("meridell", "silver", "yearly", (10, 14), "Joanna Meridell"),
    Deal(
        "pinecrest",
        "gold",
        "first",
        (13, 1),
        "Amir Haddad",
        owner="olivia",
        quantity=3,
        unit="practices",
        discount=5,
        setup=True,
    ),
    Deal("chapel", "essential", "yearly", (9, 6), "Ruth Ellery", discount=20),
    Deal("synagogue", "silver", "yearly", (11, 25), "Daniel Katz", discount=15),
    Deal("lantern", "silver", "monthly", (8, 4), "Gino Castellano", setup=True),
    Deal("dockhand", "silver", "monthly", (5, 21), "Owen Maddox"),
    Deal(
        "elmhollow",
        "gold",
        "yearly",
        (12, 2),
        "Theresa Quinlan",
        owner="olivia",
        quantity=6,
        unit="smart classrooms",
        discount=12.5,
        reference="EA-2291",
        extra=(("Auditorium: sound, lighting and streaming", 1, 3600),),
    ),
    Deal(
        "gannet",
        "platinum",
        "monthly",
        (11, 18),
        "Theo Lindgren",
        owner="olivia",
        extra=(("Ballroom: stage sound and projection", 1, 310),),
        reference="GH-0456",
        setup=True,
    ),
    Deal("ironquay", "silver", "monthly", (4, 11), "Kim Adeyemi"),
    Deal(
        "saltmarsh",
        "gold",
        "quarterly",
        (-1, 1),
        "Victor Boyle",
        owner="olivia",
        offered=12,
        quantity=2,
        unit="branches",
        setup=True,
    ),
    Deal("whitfield_lake", "silver", "monthly", (-1, 1), stage="proposed", offered=3),
    Deal(
        "playhouse",
        "gold",
        "first",
        (-1, 1),
        stage="proposed",
        owner="olivia",
        offered=1,
        setup=True,
    ),
    Deal("tallow", "silver", "quarterly", (0, 15), stage="proposed", offered=41),
    Deal("eastmere", "silver", "yearly", (-1, 1), stage="proposed", offered=17),
    Deal("osteria", "gold", "monthly", (-1, 15), stage="draft", offered=2),
    Deal(
        "pinecrest_danbury",
        "silver",
        "monthly",
        (-1, 1),
        stage="draft",
        owner="olivia",
        offered=5,
    ),
]


class Agreements:
    """Plans every step of every deal on the timeline."""

    def __init__(self, timeline):
        self.timeline = timeline
        self.random = random.Random(19)

    def plan(self):
        for deal in DEALS:
            self._plan_deal(deal)
        self.timeline.every_day(5, self._renew_or_end)

    def _plan_deal(self, deal):
        line, start = self.timeline, self.timeline.day(*deal.start)
        offered = start - timedelta(days=self.random.randint(9, 16))
        if deal.offered:
            offered = line.today - timedelta(days=deal.offered)
        line.at(
            line.instant(offered, 10, self.random.randint(0, 59)),
            self._draft,
            deal,
            start,
        )

    def _draft(self, deal, start):
        line = self.timeline
        agreement = (
            line.env["service.agreement"]
            .with_user(line.named(f"user_{deal.owner}"))
            .create(self._prepare_values(deal, start))
        )
        self._adjust_lines(agreement, deal)
        agreement = agreement.with_env(line.env)
        if deal.replaces:
            agreement.replaces_id = line.named(f"agreement_{deal.replaces}")
        line.name(f"agreement_{deal.key or deal.customer}", agreement)
        if deal.stage != "draft":
            offered = line.env.cr.now() + timedelta(hours=self.random.randint(1, 5))
            line.at(min(offered, line.now), self._propose, deal, agreement)

    def _prepare_values(self, deal, start):
        line = self.timeline
        plan = (
            line.named("plan_first")
            if deal.plan == "first"
            else line.env.ref(f"service_agreement.plan_{deal.plan}")
        )
        return {
            "partner_id": line.named(f"partner_{deal.customer}").id,
            "company_id": line.company.id,
            "tier_id": line.named(f"tier_{deal.tier}").id,
            "plan_id": plan.id,
            "user_id": line.named(f"user_{deal.owner}").id,
            "date_start": start,
            "client_order_ref": deal.reference,
            "system_quantity": deal.quantity if deal.unit in COUNTED else 0,
            "validity_date": line.env.cr.now().date() + timedelta(days=VALID_DAYS),
            **({} if deal.renews else {"auto_renew": False}),
        }

    def _adjust_lines(self, agreement, deal):
        regular = agreement.line_ids
        values = {"quantity": deal.quantity, "discount": deal.discount}
        if deal.unit:
            values["name"] = f"{regular.name}, {deal.unit}"
        regular.write(values)
        lines = [
            Command.create(
                {
                    "product_id": regular.product_id.id,
                    "name": name,
                    "quantity": quantity,
                    "price_unit": price,
                    "sequence": 20,
                }
            )
            for name, quantity, price in deal.extra
        ]
        if deal.setup:
            lines.append(Command.create(self._prepare_setup_line(deal)))
        if lines:
            agreement.line_ids = lines

    def _prepare_setup_line(self, deal):
        product = self.timeline.env.ref("service_agreement.product_service_setup")
        return {
            "product_id": product.id,
            "name": "Entry inspection, documentation and setup",
            "charge": "one_off",
            "quantity": 1,
            "price_unit": SETUP_FEES[deal.tier],
            "sequence": 30,
        }

    def _propose(self, deal, agreement):
        owner = self.timeline.named(f"user_{deal.owner}")
        agreement.with_user(owner)._propose()
        if not deal.signer:
            return
        start = self.timeline.instant(agreement.date_start, 9)
        days = timedelta(
            days=self.random.randint(2, 7), minutes=self.random.randint(0, 500)
        )
        signed = min(self.timeline.env.cr.now() + days, start)
        self.timeline.at(signed, self._sign, deal, agreement)

    def _sign(self, deal, agreement):
        agreement._accept(deal.signer, draw_signature(deal.signer))
        # Signing asks Python what time it is.
        agreement.signed_on = self.timeline.env.cr.now()
        contact = agreement.commercial_partner_id.child_ids.filtered(
            lambda c: c.name == deal.signer
        )
        agreement._message_log(
            body=f"Signed by {deal.signer}", author_id=contact[:1].id
        )
        self._plan_what_follows(deal, agreement)

    def _plan_what_follows(self, deal, agreement):
        line = self.timeline
        if deal.suspended:
            day = line.today - timedelta(days=deal.suspended)
            line.at(line.instant(day, 11), self._suspend, agreement)
        if deal.ended:
            (months, day), reason, note = deal.ended
            last = line.day(months, day) - timedelta(days=1)
            said = line.instant(last - timedelta(days=12), 14)
            line.at(said, agreement._end, last, reason, note)

    def _suspend(self, agreement):
        agreement.action_suspend()
        agreement._message_log(
            body="The house is empty during the renovation; back in spring."
        )

    def _renew_or_end(self, day):
        """What the daily scheduled action does, which would commit."""
        past = self.timeline.env["service.agreement"].search(
            [
                ("company_id", "=", self.timeline.company.id),
                ("state", "in", ("active", "suspended")),
                ("date_end", "<", day),
            ]
        )
        past._renew_or_expire(day)
        lines = self.timeline.env["service.agreement.line"]
        lines.with_company(self.timeline.company)._refresh_revenue()
        past._record_missing_movements()


def draw_signature(name):
    """:return: base64 of a PNG: a scrawl that is the same for the same name"""
    pen = random.Random(name)
    image = Image.new("RGBA", (480, 160), (255, 255, 255, 0))
    swings = [(pen.uniform(12, 42), pen.uniform(0.5, 1.9)) for _ in range(3)]
    points = []
    for step in range(240):
        turn = step / 12
        height = sum(size * math.sin(speed * turn) for size, speed in swings)
        fade = 0.35 + 0.65 * math.sin(math.pi * step / 240)
        loop = 14 * math.sin(2.3 * turn)
        points.append((40 + 1.65 * step + loop, 80 - fade * height * 0.75))
    ImageDraw.Draw(image).line(points, fill=(24, 42, 96, 255), width=3, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue())
