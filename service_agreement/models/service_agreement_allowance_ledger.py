from datetime import date, timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.billing_period import Recurrence
from ..tools.ledger import KINDS, PAID, Ledger, Lot, LotKey, Terms
from ..tools.ranges import gaps

DAY = timedelta(days=1)
FIGURES = (
    "granted",
    "adjusted",
    "rolled_in",
    "drawn",
    "forfeited",
    "rolled_out",
    "balance",
)
# What a period is divided into; money by its currency.
STEPS = {"hours": Decimal("0.01"), "visits": Decimal(1), "incidents": Decimal(1)}


def exact(quantity):
    """:return: Decimal of a float of four digits"""
    return Decimal(str(round(quantity, 4)))


class ServiceAgreementAllowance(models.Model):
    """From records to ledgers, and back.

    How to use::

        ledgers = allowances._get_ledgers(until, redecided=lines)
        list(ledgers[allowance].take(day, units))
        lots = allowances._store_ledgers(ledgers, today)    # by lot key

    All in a few queries for any number of allowances.
    """

    _inherit = "service.agreement.allowance"

    lot_ids = fields.One2many(
        "service.agreement.allowance.lot", "allowance_id", string="Ledger"
    )
    anchor_date = fields.Date(
        string="Periods Counted From",
        compute="_compute_anchor_date",
        store=True,
        precompute=True,
        copy=False,
        export_string_translation=False,
    )

    @api.depends(
        "coverage_id.agreement_id.anchor_date", "coverage_id.agreement_id.date_start"
    )
    def _compute_anchor_date(self):
        """Another billing plan counts anew; what was granted by then stays granted."""
        for allowance in self:
            agreement = allowance.coverage_id.agreement_id
            if not (allowance.anchor_date and agreement.activated_on):
                allowance.anchor_date = agreement.anchor_date or agreement.date_start

    def _get_ledgers(self, until, redecided=None, settled=False):
        """
        :param date until: periods that start later are not reckoned with
        :param redecided: account.analytic.line whose draws are about to be decided
            again; those of all other lines are drawn for good
        :param bool settled: also what is closed and over is drawn from again, to be
            looked at; such ledgers are never stored
        :return: dict of tools.ledger.Ledger by allowance: of ``self`` and whatever else
            their agreements have or had, and those that replaced them; unlimited ones
            have none
        """
        # Sudo: whose work it is may not read agreements.
        agreements = self.sudo().agreement_id._with_replaced()
        allowances = agreements.coverage_ids.allowance_ids.filtered(
            lambda allowance: allowance.kind != "unlimited"
        )
        # Grouped, they are read together; one by one, they would be queried so.
        by_coverage = allowances.grouped("coverage_id")
        facts = allowances._get_ledger_facts(redecided, settled)
        ledgers = {}
        for agreement in agreements.sorted(lambda a: (a.date_start, a.id)):
            previous = self.browse()
            replaced = agreement._get_replaced_allowances()
            replaced = replaced.filtered(lambda each: each in ledgers)
            for coverage in agreement._get_coverages_in_order():
                own = by_coverage.get(coverage, self.browse())
                successors = own._match_previous(previous)
                heirs = own._match_previous(replaced)
                for allowance in own:
                    before = [ledgers[each] for each in successors.get(allowance, ())]
                    ended = [ledgers[each] for each in heirs.get(allowance, ())]
                    ledgers[allowance] = allowance._make_ledger(
                        until, facts, before, ended
                    )
                # What nothing of these terms continues may be continued by later ones.
                continued = self.union(*successors.values())
                previous = own | (previous - continued)
                replaced -= self.union(*heirs.values())
        return ledgers

    def _match_previous(self, previous):
        """What is left under old terms is drawn under the new ones: by the allowance of
        the same unit that is most like it.

        :return: dict of allowances of ``previous`` by allowance of ``self``
        """
        matched = {}
        for old in previous:
            alike = self.filtered(lambda new, old=old: new._counts_like(old))
            if alike:
                found = min(alike, key=lambda new, old=old: new._get_difference(old))
                matched[found] = matched.get(found, self.browse()) | old
        return matched

    def _counts_like(self, old):
        """Whether so much of one is as much of the other."""
        self.ensure_one()
        same = self.unit != "amount" or self.currency_id == old.currency_id
        return self.unit == old.unit and same

    def _get_difference(self, old):
        """:return: sortable; the smaller, the more ``self`` is the same as ``old``"""
        return (
            self.kind != old.kind,
            self.work_type_ids != old.work_type_ids,
            self.sequence,
            self.id,
        )

    def _make_ledger(self, until, facts, before, replaced):
        """
        :param list before: ledgers that this one continues
        :param list replaced: ledgers whose agreement this one's replaces
        """
        self.ensure_one()
        agreement = self.agreement_id
        closed = agreement.company_id.service_closed_until or date.min
        known = facts["known"].get(self, [])
        return Ledger(
            self.id,
            self._get_ledger_terms(),
            self.coverage_id._get_granting_spans(),
            until=until,
            known=known,
            fixed={lot.key for lot in known if lot.start <= closed},
            final=facts["final"].get(self),
            last_day=agreement._get_last_day() or None,
            suspended=agreement._get_suspended_spans(),
            before=before,
            replaced=replaced,
            first_day=agreement.date_start,
        )

    def _get_ledger_terms(self, anchor=None):
        """
        :param date anchor: from which periods are counted; default as agreed
        :return: tools.ledger.Terms
        """
        self.ensure_one()
        if self.kind != "included":
            return Terms()
        anchor = anchor or self.anchor_date
        owner = self.agreement_id or self.tier_id
        return Terms(
            quantity=exact(self.quantity),
            recurrence=Recurrence(anchor, "month", self.interval_months),
            proration=owner.proration_method,
            step=STEPS.get(self.unit) or exact(self.currency_id.rounding),
            rollover_cap=exact(self.rollover_cap),
            rollover_months=self.rollover_months,
            overrun=self.when_used_up == "overrun",
        )

    # What is on record

    def _get_ledger_facts(self, redecided=None, settled=False):
        """:return: dict of "known": lists of tools.ledger.Lot by allowance, and of
        "final": the last period that is closed and over, by allowance
        :param bool settled: none is final
        """
        Lots = self.env["service.agreement.allowance.lot"].sudo()
        own = Domain("allowance_id", "in", self.ids)
        final = Domain.FALSE if settled else self._get_final_domain()
        last = Lots._read_group(
            own & final & Domain("kind", "=", "granted"),
            ["allowance_id"],
            ["period_start:max"],
        )
        lots = Lots.search_fetch(own & ~final)
        drawn = lots._get_drawn(redecided)
        known = {
            allowance: [lot._to_ledger(drawn.get(lot, 0.0)) for lot in found]
            for allowance, found in lots.grouped("allowance_id").items()
        }
        return {"known": known, "final": dict(last)}

    def _get_final_domain(self):
        """:return: Domain of the lots that are over since before the closed day: never
        written again; not of what was bought of an agreement that was replaced, which
        another one goes on with
        """
        companies = self.agreement_id.company_id
        moving = Domain("kind", "in", PAID)
        moving &= Domain("agreement_id.replaced_by_ids", "!=", False)
        return ~moving & Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("date_end", "<=", company.service_closed_until)
            & Domain("balance", "=", 0)
            for company in companies
            if company.service_closed_until
        )

    # Back on record

    def _store_ledgers(self, ledgers, today):
        """Write what has changed since.

        :param dict ledgers: of tools.ledger.Ledger by allowance, of one company
        :param date today: the company's; what will only happen later is not written
        :return: dict of service.agreement.allowance.lot by tools.ledger.LotKey: of
            every lot that is not final
        """
        allowances = self.sudo().browse().union(*ledgers)
        found = {}
        for ledger in ledgers.values():
            ledger.advance(today)
            lots = (lot for lot in ledger.lots if lot.is_on_record(today))
            found.update((lot.key, lot.as_of(today)) for lot in lots)
        Lots = self.env["service.agreement.allowance.lot"].sudo()
        stored = Lots.search(
            Domain("allowance_id", "in", allowances.ids)
            & ~allowances._get_final_domain()
        )
        by_key = {lot._get_key(): lot for lot in stored}
        obsolete = stored.filtered(
            lambda lot: lot.kind != "bought" and lot._get_key() not in found
        )
        obsolete._withdraw()
        self._create_lots(found, by_key)
        for key, lot in found.items():
            by_key[key]._store(lot)
        return by_key

    def _create_lots(self, found, by_key):
        """Add what is missing in ``by_key``; carried over after what it comes from."""
        Lots = self.env["service.agreement.allowance.lot"].sudo()
        for kind in reversed(KINDS):
            missing = [lot for lot in found.values() if lot.key.kind == kind]
            missing = sorted(
                (lot for lot in missing if lot.key not in by_key), key=Lot.rank
            )
            created = Lots.create([self._prepare_lot(lot, by_key) for lot in missing])
            by_key.update(zip((lot.key for lot in missing), created, strict=True))

    @api.model
    def _prepare_lot(self, lot, by_key):
        allowance = self.sudo().browse(lot.key.ledger)
        return {
            "agreement_id": allowance.agreement_id.id,
            "allowance_id": allowance.id,
            "kind": lot.key.kind,
            **self._prepare_origin(lot, by_key),
            **self.env["service.agreement.allowance.lot"]._prepare_figures(lot),
        }

    @api.model
    def _prepare_origin(self, lot, by_key):
        """:return: dict of values that say where a lot comes from"""
        if lot.key.kind == "moved":
            # Billed and paid by what it was bought by.
            bought = self.env["service.agreement.allowance.lot"].browse(lot.key.since)
            return {
                "origin_id": bought.id,
                "date_expiry": lot.expiry,
                "agreement_line_id": bought.sudo().agreement_line_id.id,
            }
        origin = by_key.get(lot.key._replace(kind="granted"))
        is_rolled = origin and lot.key.kind == "rolled"
        return {
            "period_start": lot.key.since,
            "origin_id": origin.id if is_rolled else False,
        }


class ServiceAgreementAllowanceLot(models.Model):
    _inherit = "service.agreement.allowance.lot"

    def _get_key(self):
        """:return: tools.ledger.LotKey"""
        self.ensure_one()
        sources = {"bought": self.id, "moved": self.origin_id.id}
        since = sources.get(self.kind, self.period_start)
        return LotKey(self.allowance_id.id, self.kind, since)

    def _get_drawn(self, redecided=None):
        """
        :param redecided: account.analytic.line whose draws do not count
        :return: dict of units drawn by lot
        """
        domain = Domain("lot_id", "in", self.ids)
        if redecided:
            domain &= Domain("line_id", "not in", redecided.ids)
        Draws = self.env["service.agreement.allowance.draw"].sudo()
        return dict(Draws._read_group(domain, ["lot_id"], ["units:sum"]))

    def _to_ledger(self, drawn):
        """:return: tools.ledger.Lot of which so much was drawn for good"""
        self.ensure_one()
        return Lot(
            self._get_key(),
            self.date_start,
            (self.date_expiry if self.kind in PAID else self.date_end) or None,
            granted=exact(self.granted),
            adjusted=exact(self.adjusted),
            rolled_in=exact(self.rolled_in),
            drawn=exact(drawn),
            usable_from=(self.paid_on or date.min) if self.is_paid else None,
        )

    @api.model
    def _prepare_figures(self, lot):
        """:return: dict of what the ledger says of a tools.ledger.Lot"""
        return {
            "date_start": lot.start,
            "date_end": lot.end or False,
            **{name: float(getattr(lot, name)) for name in FIGURES},
        }

    def _store(self, lot):
        """Write what is different in the ledger's ``lot``."""
        self.ensure_one()
        values = {
            name: value
            for name, value in self._prepare_figures(lot).items()
            if (round(self[name], 4) if name in FIGURES else self[name]) != value
        }
        if values:
            self.write(values)

    def _withdraw(self):
        """No longer granted. What is still drawn from is emptied, and goes later."""
        drawn = self._get_drawn()
        kept = self.filtered(lambda lot: lot in drawn)
        kept.write(dict.fromkeys(FIGURES, 0.0))
        gone = (self - kept).grouped("kind")
        # What was carried over before what it came from.
        for kind in KINDS:
            gone.get(kind, self.browse()).unlink()


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _get_granting_spans(self):
        """:return: list of half-open pairs of days in which its allowances are granted:
        in force, not suspended, not replaced by other terms
        """
        self.ensure_one()
        agreement = self.agreement_id
        if self.is_void or not agreement.activated_on:
            return []
        start = max(self.date_start or agreement.date_start, agreement.date_start)
        last_day = agreement._get_last_day()
        later = (agreement._get_held_coverages() - self).mapped("date_start")
        later = [day for day in later if day and day > start]
        if last_day:
            later.append(last_day + DAY)
        end = min(later, default=None)
        if end and end <= start:
            return []
        return gaps(start, end, agreement._get_suspended_spans())


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _get_coverages_in_order(self):
        """:return: what is or was covered; what took a place follows what it took"""
        self.ensure_one()
        return self.coverage_ids.sorted(
            lambda each: (each.date_start or date.min, not each.is_void, each.id)
        )

    def _with_replaced(self):
        """:return: with those that they replaced, and by which they were replaced"""
        found = self
        while more := (found.replaces_id | found.replaced_by_ids) - found:
            found |= more
        return found

    def _get_replaced_allowances(self):
        """:return: service.agreement.allowance of what it replaces, whose bought hours
        go on with it
        """
        self.ensure_one()
        replaced = self.replaces_id
        if not self.activated_on or replaced.company_id != self.company_id:
            replaced = replaced.browse()
        return replaced.coverage_ids.allowance_ids

    def _get_suspended_spans(self):
        """:return: list of half-open pairs of days"""
        self.ensure_one()
        suspensions = self.waiver_ids.filtered(lambda each: each.kind == "suspension")
        return [
            (each.date_start, each._get_end() or date.max)
            for each in suspensions.sorted("date_start")
        ]
