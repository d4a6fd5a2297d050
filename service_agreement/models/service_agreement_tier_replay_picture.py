"""What the form of a replay shows at a glance: the curve, and the sizes of systems."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount

from .service_agreement_tier_replay import PERCENTS

# Of the drawing, in its own units: it is as wide as there is room.
WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 60, 620, 26, 205
SUMMED = ("hours", "cost", "revenue", "margin")


class ServiceAgreementTierReplay(models.Model):
    _inherit = "service.agreement.tier.replay"

    picture = fields.Html(string="Result", compute="_compute_picture", sanitize=False)

    @api.depends("state", "price")
    @api.depends_context("lang")
    def _compute_picture(self):
        # Of what is stored: a price that is being typed is not tried out yet.
        rows = self._origin._get_size_rows()
        for replay in self:
            saved = replay._origin
            replay.picture = replay.state == "done" and self.env["ir.qweb"]._render(
                "service_agreement.tier_replay_picture",
                {"curve": saved._get_curve(), "bands": rows[saved]},
            )

    # Sizes

    def _get_size_rows(self):
        """:return: {replay: list of dict of texts}, one for each size that there is"""
        lines = self.env["service.agreement.tier.replay.line"]
        groups = lines._read_group(
            [("replay_id", "in", self.ids), ("is_done", "=", True)],
            ["replay_id", "band"],
            [
                "__count",
                "profitable_count:sum",
                "break_even:max",
                *(f"{name}:sum" for name in SUMMED),
            ],
        )
        rows = {replay: [] for replay in self}
        for replay, *figures in groups:
            rows[replay].append(replay._prepare_size_row(*figures))
        return rows

    def _prepare_size_row(self, band, count, paying, highest, *sums):
        """:return: dict of texts"""
        self.ensure_one()
        names = self.env["service.agreement.tier.replay.line"]._fields["band"]
        hours, cost, revenue, margin = sums
        return {
            "name": dict(names._description_selection(self.env))[band],
            "count": count,
            "paying": round(100 * paying / count),
            "loss": self.currency_id.compare_amounts(margin, 0) < 0,
            "cost": self._format(cost),
            "revenue": self._format(revenue),
            "margin": self._format(margin),
            "effective": self._format(revenue / hours) if hours else "",
            "contribution": self._format(margin / hours) if hours else "",
            "highest": self._format(highest),
        }

    def _format(self, amount, trailing_zeroes=True):
        return format_amount(
            self.env, amount, self.currency_id, trailing_zeroes=trailing_zeroes
        )

    # Curve

    def _get_curve(self):
        """:return: dict of places and texts of a drawing; None: there is nothing"""
        self.ensure_one()
        points = self.point_ids.filtered(lambda point: point.band == "all")
        if len(points) < 2 or self.mode != "tier":
            return None
        highest = points[-1].price
        marks = [self._get_mark(highest, percent) for percent in PERCENTS]
        marks = list(filter(None, marks))
        drawn = [_place(point.price, highest, point.share) for point in points]
        drawn = sorted([*drawn, *((mark["x"], mark["y"]) for mark in marks)])
        return {
            "box": f"0 0 {WIDTH} {HEIGHT}",
            "left": LEFT,
            "right": RIGHT,
            "bottom": BOTTOM,
            "label": self._describe_curve(),
            "points": " ".join(f"{x},{y}" for x, y in drawn),
            "rows": [
                {"y": _place(0, 1, share)[1], "text": f"{share} %"}
                for share in (0, 25, 50, 75, 100)
            ],
            "columns": [self._get_column(highest, n) for n in range(5)],
            "marks": marks,
        }

    def _get_column(self, highest, number):
        price = highest * number / 4
        return {
            "x": _place(price, highest, 0)[0],
            "anchor": "end" if number == 4 else "middle",
            "text": self._format(round(price), trailing_zeroes=False),
        }

    def _get_mark(self, highest, percent):
        """:return: dict of where the price is at which so many are profitable; None:
        there are no clients any more
        """
        price = self[f"price_{percent}"]
        lines = self.env["service.agreement.tier.replay.line"]
        clients = Domain("replay_id", "=", self.id) & Domain("months", ">", 0)
        if not (total := lines.search_count(clients)):
            return None
        paying = lines.search_count(clients & Domain("break_even", "<=", price))
        share = 100 * paying / total
        x, y = _place(price, highest, share)
        return {"x": x, "y": y, "text": f"{percent} %"}

    def _describe_curve(self):
        return self.env._(
            "Half of the clients are profitable from %(half)s a month, 80 %% from "
            "%(most)s, 95 %% from %(nearly_all)s.",
            half=self._format(self.price_50),
            most=self._format(self.price_80),
            nearly_all=self._format(self.price_95),
        )


def _place(price, highest, share):
    """:return: (x, y) of a price and a share in percent"""
    x = LEFT + (RIGHT - LEFT) * price / highest
    return round(x, 1), round(BOTTOM - (BOTTOM - TOP) * share / 100, 1)
