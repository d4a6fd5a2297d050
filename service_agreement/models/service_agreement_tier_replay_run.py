"""How a replay is worked through: who is looked at, batch by batch, to the prices."""

import logging
from collections import defaultdict
from decimal import Decimal

from psycopg2 import OperationalError

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.tier_price import BANDS, break_even, curve, get_band, get_steps, price_for
from .instant import now
from .service_agreement_tier_replay import PERCENTS
from .service_replay import SoldTier

_logger = logging.getLogger(__name__)


class ServiceAgreementTierReplay(models.Model):
    _inherit = "service.agreement.tier.replay"

    # Clients that are read and worked out together, with one commit.
    _batch_size = 250

    # Who is looked at

    def _get_customers(self):
        """:return: res.partner, those that the tier would be agreed with"""
        self.ensure_one()
        # Sudo: of who may look at margins, and nothing else of these is shown.
        register = self.env["service.agreement.register"].sudo()
        register = register.with_company(self.company_id)
        known = self._get_known_since()
        # Not who only came afterwards.
        partners = register._search_active(self.company_id, self.date_start).filtered(
            lambda each: each.id not in known or known[each.id] <= self.date_end
        )
        if self.mode == "in_force":
            partners &= self._get_on_tier(self.tier_id)
        if self.scope == "tier":
            partners &= self._get_on_tier(self.scope_tier_id)
        if self.scope == "domain":
            chosen = self.env["res.partner"].search(self._get_filter())
            partners &= chosen.commercial_partner_id.sudo()
        if self.mode == "in_force":
            return partners
        sold = SoldTier(self.company_id, self.tier_id)
        # As a dictionary: adding one by one to records takes ever longer.
        return partners.browse({sold.get_customer(each).id: 1 for each in partners})

    def _get_on_tier(self, tier):
        """:return: res.partner whose agreements had the tier in these months"""
        coverages = self.env["service.agreement.coverage"].sudo()
        found = coverages.search(
            Domain("tier_id", "=", tier.id)
            & Domain("is_void", "=", False)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("agreement_id.activated_on", "!=", False)
            & Domain("agreement_id.date_start", "<=", self.date_end)
            & (
                Domain("agreement_id.date_end", "=", False)
                | Domain("agreement_id.date_end", ">=", self.date_start)
            )
        )
        return found.agreement_id.commercial_partner_id

    # Start

    def _start(self, customers):
        """Give each customer a line; as superuser."""
        self.ensure_one()
        self.write({**self._prepare_start_values(), "customer_count": len(customers)})
        known = self._get_known_since()
        self.env["service.agreement.tier.replay.line"]._insert(
            [self._prepare_line(each, known.get(each.id)) for each in customers]
        )

    def _prepare_line(self, customer, known):
        """
        :param date known: since when the customer is one; None: before these months
        """
        # Of a company that came after those below it these are what is looked at.
        is_later = not known or known > self.date_end
        since = self.date_start if is_later else max(self.date_start, known)
        return {
            "replay_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": customer.id,
            "user_id": customer.user_id.id,
            "date_start": since.replace(day=1),
            "is_done": False,
        }

    def _get_known_since(self):
        """:return: {partner id: date}, of who first called or came in these months or
        afterwards
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner.commercial_partner_id,
                       MIN(LEAST(partner.create_date::date, work.first, deal.first))
                  FROM res_partner partner
             LEFT JOIN (
                    SELECT partner_id, MIN(date) AS first
                      FROM account_analytic_line
                     WHERE is_service_work AND company_id = %(company)s
                  GROUP BY partner_id
                       ) work ON work.partner_id = partner.id
             LEFT JOIN (
                    SELECT partner_id, MIN(date_start) AS first
                      FROM service_agreement
                     WHERE activated_on IS NOT NULL AND company_id = %(company)s
                  GROUP BY partner_id
                       ) deal ON deal.partner_id = partner.id
              GROUP BY partner.commercial_partner_id
                HAVING MIN(LEAST(partner.create_date::date, work.first, deal.first))
                       >= %(first)s
                """,
                company=self.company_id.id,
                first=self.date_start,
            )
        )
        return dict(rows)

    def _get_average_cost(self):
        """:return: float, of an hour of service work in these months"""
        work = self.env["account.analytic.line"].sudo()
        domain = self._get_work_domain() & Domain("amount", "<", 0)
        [(hours, amount)] = work._read_group(
            domain, [], ["unit_amount:sum", "amount:sum"]
        )
        return self.currency_id.round(-amount / hours) if hours else 0.0

    # The work

    def _go_on(self):
        """Work through it now if one batch is enough, else in the background."""
        self.ensure_one()
        if len(self._get_left(self._batch_size + 1)) > self._batch_size:
            cron = self.env.ref("service_agreement.ir_cron_tier_replay")
            # Sudo: a scheduled action is the administrator's.
            cron.sudo()._trigger()
            return
        replay = self.sudo()
        if left := replay._get_left(self._batch_size):
            replay._work_out(left, replay._get_sold())
        replay._finish()

    @api.model
    def _cron_go_on(self):
        """Work through what was started, one replay after the other."""
        replays = self.search([("state", "=", "running")], order="id")
        waiting = sum(r.customer_count - r.done_count for r in replays)
        for replay in replays:
            waiting -= replay.customer_count - replay.done_count
            if not replay._work_or_stop(waiting):
                return

    def _work_or_stop(self, waiting):
        """The same as `_work`; what cannot be worked out keeps no other waiting."""
        try:
            return self._work(waiting)
        except OperationalError:
            raise  # The database's, not of this replay: it is tried again.
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, UserError):
                _logger.exception("%s was stopped", self)
            if self.exists().state == "running":
                problem = self._describe_failure(error)
                self.write({"state": "stopped", "problem": problem})
            return bool(self.env["ir.cron"]._commit_progress(remaining=waiting))

    def _work(self, waiting):
        """Batch by batch, until nobody is left or somebody stops it.

        :param int waiting: clients of the replays that come next
        :return: bool, whether the scheduled action may go on
        """
        self.ensure_one()
        commit_progress = self.env["ir.cron"]._commit_progress
        sold = self._get_sold()
        while left := self._get_left(self._batch_size):
            if self.state != "running":
                return True
            self._work_out(left, sold)
            remaining = self.customer_count - self.done_count
            # All that was read of a batch; the next one needs none of it.
            self.env.flush_all()
            self.env.invalidate_all()
            if not commit_progress(len(left), remaining=remaining + waiting):
                return False
        self._finish()
        return bool(commit_progress(remaining=waiting))

    def _get_sold(self):
        return SoldTier(self.company_id, self.tier_id)

    def _get_left(self, limit):
        lines = self.env["service.agreement.tier.replay.line"]
        domain = [("replay_id", "=", self.id), ("is_done", "=", False)]
        return lines.search(domain, limit=limit, order="partner_id")

    def _work_out(self, lines, sold):
        """Fill in what became of these clients."""
        self.ensure_one()
        replay = self.with_company(self.company_id)
        if self.mode == "in_force":
            tallies = replay._tally_in_force(lines)
        else:
            tallies = replay._tally_as_if(lines, sold)
        sizes = self._get_sizes(lines.partner_id)
        lines._fill(
            [
                replay._prepare_found(tallies[customer], sizes.get(customer, 0))
                for customer in (line.partner_id for line in lines)
            ]
        )
        lines._apply_price(self)

    def _prepare_found(self, tally, size):
        """:return: dict of values of a line"""
        visits = tally.visits * (self.hour_cost or self.average_cost)
        cost = self.currency_id.round(tally.total("cost") + visits)
        billed = self.currency_id.round(tally.total("billed") + tally.bought)
        return {
            "is_done": True,
            "months": tally.months,
            "size": size,
            "band": get_band(size, self.medium_from, self.large_from),
            "hours": tally.total("hours") + tally.visits,
            "hours_inside": tally.total("inside"),
            "hours_outside": tally.total("outside"),
            "hours_without_cost": tally.without_cost,
            "cost_work": tally.total("cost"),
            "visit_hours": tally.visits,
            "cost_visits": visits,
            "work_billed": tally.total("billed"),
            "bought": tally.bought,
            "worth": tally.worth,
            "fee_in_force": tally.total("fee"),
            "by_month": tally.to_json(),
            "cost": cost,
            "break_even": float(self._get_break_even(cost, billed, tally.months)),
        }

    def _get_break_even(self, cost, billed, months):
        """:return: Decimal, see tools.tier_price.break_even; 0 of no months"""
        if not months:
            return Decimal(0)
        amounts = [Decimal(str(round(each, 6))) for each in (cost, billed, months)]
        margin = Decimal(str(self.margin_wanted))
        cent = Decimal(str(self.currency_id.rounding))
        return break_even(*amounts, margin, cent)

    def _finish(self):
        """Everybody was looked at: draw the curve, say the prices."""
        self.ensure_one()
        self.write(
            {
                "state": "done",
                "date_finished": now(self.env),
                **self._prepare_prices(),
            }
        )

    def _prepare_prices(self):
        """:return: dict of the prices at which so many customers are profitable"""
        by_band = self._read_break_even()
        found = [price for prices in by_band.values() for price in prices]
        self._draw_curve({"all": found, **by_band})
        if not found:
            return {}
        return {f"price_{each}": float(price_for(found, each)) for each in PERCENTS}

    def _read_break_even(self):
        """:return: dict of lists of Decimal by band; of who was a client at all"""
        lines = self.env["service.agreement.tier.replay.line"].search_fetch(
            [("replay_id", "=", self.id), ("months", ">", 0)], ["band", "break_even"]
        )
        found = defaultdict(list)
        for line in lines:
            found[line.band].append(Decimal(str(line.break_even)))
        return {band: found[band] for band in BANDS if found[band]}

    def _draw_curve(self, by_band):
        """All of them along the same prices, or their lines would not compare."""
        points = self.env["service.agreement.tier.replay.point"]
        self.point_ids.unlink()
        steps = get_steps(max(by_band["all"], default=Decimal(0)))
        points.create(
            [
                {
                    "replay_id": self.id,
                    "company_id": self.company_id.id,
                    "band": band,
                    "price": price,
                    "share": round(100 * float(share), 1),
                }
                for band, prices in by_band.items()
                for price, share in curve(prices, steps)
            ]
        )
