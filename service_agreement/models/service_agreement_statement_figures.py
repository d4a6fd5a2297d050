"""From records to the figures of value statements, many at once.

Each reader takes the statements of a batch and returns ``{statement: values}``; what is
read is found by one search for all of them and shared out here, by agreement and day.
"""

from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from odoo import models
from odoo.fields import Datetime, Domain

from ..tools.statement import left_to_use, plan_saving, share
from .service_agreement_visit import OPEN
from .service_agreement_work_charge import FREE

DAY = timedelta(days=1)


class ServiceAgreementStatement(models.Model):
    _inherit = "service.agreement.statement"

    def _read_figures(self):
        """:return: dict of values by statement, of all figures and ``details``"""
        figures = {each: {"details": {}} for each in self}
        for read in self._get_readers():
            for statement, values in read().items():
                details = values.pop("details", {})
                figures[statement]["details"].update(details)
                figures[statement].update(values)
        return figures

    def _get_readers(self):
        """Hook for bridges.

        :return: list of methods that return dict of values by statement
        """
        return [
            self._read_work,
            self._read_promises,
            self._read_visits,
            self._read_systems,
            self._read_fees,
            self._read_credits,
            self._read_invoices,
        ]

    # Whose, and in which days

    def _get_days_domain(self, name):
        """:return: Domain of a day within the days of any of these"""
        return Domain(name, ">=", min(self.mapped("date_start"))) & Domain(
            name, "<=", max(self.mapped("date_end"))
        )

    def _share_out(self, records, get_agreement, get_day):
        """:return: dict of recordsets by statement; other days are left out"""
        by_agreement = records.grouped(get_agreement)
        none = records.browse()
        return {
            each: by_agreement.get(each.agreement_id, none)
            .filtered(lambda r, s=each: s.date_start <= get_day(r) <= s.date_end)
            .with_prefetch(records.ids)
            for each in self
        }

    def _in_lang(self):
        """:return: the same statement in the customer's language"""
        self.ensure_one()
        return self.with_context(lang=self.agreement_id._get_lang())

    # Work

    def _read_work(self):
        draws = self.env["service.agreement.allowance.draw"].search(
            self._get_work_domain() & self._get_days_domain("date")
        )
        by_statement = self._share_out(
            draws,
            lambda draw: draw.agreement_id or draw.task_id.agreement_id,
            lambda draw: draw.date,
        )
        had = self._read_allowances(by_statement)
        return {
            each: {
                **each._sum_work(own),
                "details": {"allowances": had[each]},
            }
            for each, own in by_statement.items()
        }

    def _get_work_domain(self):
        """What an agreement paid for or gave its rates to, and what was given for
        nothing on its tickets.
        """
        agreements = self.agreement_id
        given = (
            Domain("agreement_id", "=", False)
            & Domain("answer", "in", FREE)
            & Domain("task_id.agreement_id", "in", agreements.ids)
            & Domain("partner_id", "in", agreements.commercial_partner_id.ids)
        )
        return Domain("agreement_id", "in", agreements.ids) | given

    def _sum_work(self, draws):
        """:param draws: service.agreement.allowance.draw of these days"""
        self.ensure_one()

        def hours(parts):
            return round(sum(d.quantity for d in parts if d.unit == "hour"), 4)

        def money(name, parts):
            amounts = (self._in_currency(draw, draw[name]) for draw in parts)
            return self.currency_id.round(sum(amounts))

        by_answer = draws.grouped(lambda draw: draw._get_kind())
        none = draws.browse()
        covered, billed = by_answer.get("covered", none), by_answer.get("bill", none)
        free = by_answer.get("given", none) | by_answer.get("goodwill", none)
        warranty = by_answer.get("warranty", none)
        return {
            "hours": hours(draws),
            "hours_covered": hours(covered),
            "hours_open": hours(by_answer.get("open", none)),
            "hours_billed": hours(billed),
            "hours_free": hours(free),
            "hours_warranty": hours(warranty),
            "amount_covered": money("list_amount", covered),
            "amount_work_list": money("list_amount", billed),
            "amount_work": money("amount", billed),
            "amount_free": money("list_amount", free),
        }

    def _in_currency(self, draw, amount):
        """:return: float, in the statement's currency, at the rate of the day"""
        if draw.currency_id == self.currency_id:
            return amount
        return draw.currency_id._convert(
            amount, self.currency_id, self.company_id, draw.date
        )

    def _read_allowances(self, draws):
        """What of the included hours, visits … was used.

        :param dict draws: service.agreement.allowance.draw by statement
        :return: dict of list of dict by statement: name, unit, had and used (float, of
            that unit); had is None where it is unlimited
        """
        lots = self.env["service.agreement.allowance.lot"].search(
            Domain("agreement_id", "in", self.agreement_id.ids)
            & Domain("date_start", "<=", max(self.mapped("date_end")))
            & (
                Domain("date_end", "=", False)
                | Domain("date_end", ">=", min(self.mapped("date_start")))
            ),
            order="date_start, id",
        )
        by_agreement = lots.grouped("agreement_id")
        drawn = self._read_drawn(lots)
        return {
            each: each._list_allowances(
                by_agreement.get(each.agreement_id, lots.browse()), drawn, draws[each]
            )
            for each in self
        }

    def _read_drawn(self, lots):
        """:return: dict of list of (day, units) by id of lot"""
        rows = self.env["service.agreement.allowance.draw"]._read_group(
            Domain("lot_id", "in", lots.ids)
            & Domain("date", "<=", max(self.mapped("date_end"))),
            ["lot_id", "date:day"],
            ["units:sum"],
        )
        drawn = defaultdict(list)
        for lot, day, units in rows:
            drawn[lot.id].append((day, units))
        return drawn

    def _list_allowances(self, lots, drawn, draws):
        self.ensure_one()
        lots = lots.with_context(lang=self.agreement_id._get_lang())
        groups = {}
        # A list, as they are read together: what is filtered is read apart.
        for lot in lots:
            if self._is_valid(lot):
                key = (lot.allowance_id.name, lot.unit)
                groups.setdefault(key, []).append(lot)
        rows = [
            {"name": name, "unit": unit, **self._sum_lots(same, drawn)}
            for (name, unit), same in groups.items()
        ]
        rows = [row for row in rows if row["had"] or row["used"]]
        return rows + self._list_unlimited(draws)

    def _is_valid(self, lot):
        """:return: bool, whether something of it could be used in these days"""
        return lot.date_start <= self.date_end and (
            not lot.date_end or lot.date_end >= self.date_start
        )

    def _sum_lots(self, lots, drawn):
        """
        :param list lots: service.agreement.allowance.lot, of one unit
        :return: dict of had and used, in that unit
        """
        before, used = {}, 0.0
        for lot in lots:
            taken = drawn[lot.id]
            before[lot.id] = sum(n for day, n in taken if day < self.date_start)
            used += sum(
                n for day, n in taken if self.date_start <= day <= self.date_end
            )
        entered = (
            (lot.id, lot.origin_id.id, lot.granted + lot.adjusted + lot.rolled_in)
            for lot in lots
        )
        had = left_to_use(entered, before)
        return {"had": round(had, 4), "used": round(used, 4)}

    def _list_unlimited(self, draws):
        """Covered without being counted: a row of its own."""
        free = draws.filtered(lambda d: d._get_kind() == "covered" and not d.lot_id)
        used = sum(d.quantity for d in free if d.unit == "hour")
        if not used:
            return []
        name = self._in_lang().env._("Work without a limit")
        return [{"name": name, "unit": "hours", "had": None, "used": round(used, 4)}]

    # Promises

    def _read_promises(self):
        """Those that were due in these days; what is not decided is in none."""
        rows = self.env["service.agreement.sla.report"].search(
            Domain("agreement_id", "in", self.agreement_id.ids)
            & Domain("status", "in", ("met", "missed"))
            & self._get_due_domain()
        )
        by_statement = self._share_out(
            rows,
            lambda row: row.agreement_id,
            lambda row: row.company_id._service_day(row._get_due()),
        )
        return {
            each: each._sum_promises(
                own.filtered(
                    lambda row, s=each: row.partner_id == s.commercial_partner_id
                )
            )
            for each, own in by_statement.items()
        }

    def _get_due_domain(self):
        """A day more on either side: whose day it is, is seen afterwards."""
        first = datetime.combine(min(self.mapped("date_start")) - DAY, time())
        last = datetime.combine(max(self.mapped("date_end")) + 2 * DAY, time())
        due = Domain("deadline", ">=", first) & Domain("deadline", "<", last)
        # Kept while the customer was waited for, it has no deadline any more.
        done = Domain("stopped_at", ">=", first) & Domain("stopped_at", "<", last)
        return due | (Domain("deadline", "=", False) & done)

    def _sum_promises(self, rows):
        """:param rows: service.agreement.sla.report, decided"""
        self.ensure_one()
        metrics = [name for name, _label in rows._fields["metric"].selection]
        by_metric = rows.grouped("metric")
        missed = rows.filtered(lambda row: row.status == "missed")
        return {
            "promise_kept_count": len(rows - missed),
            "promise_missed_count": len(missed),
            "details": {
                "promises": [
                    {
                        "metric": metric,
                        "kept": len(by_metric[metric] - missed),
                        "missed": len(by_metric[metric] & missed),
                    }
                    for metric in metrics
                    if metric in by_metric
                ],
                "misses": [self._describe_miss(row) for row in missed],
            },
        }

    def _describe_miss(self, row):
        """:return: dict of reference, metric, due and done (ISO, UTC; done: or None)"""
        ticket = self.env[row.res_model].browse(row.res_id)
        return {
            "reference": ticket._ticket_reference(),
            "metric": row.metric,
            "due": Datetime.to_string(row._get_due()),
            "done": Datetime.to_string(row.stopped_at) or None,
        }

    # Visits and systems

    def _read_visits(self):
        owed = Domain("state", "in", ("done", *OPEN)) & self._get_days_domain("date")
        visits = self.env["service.agreement.visit"].search(
            Domain("agreement_id", "in", self.agreement_id.ids)
            & (owed | self._get_days_domain("done_on")),
            order="done_on, date, id",
        )
        by_agreement = visits.grouped("agreement_id")
        return {
            each: each._sum_visits(by_agreement.get(each.agreement_id, visits.browse()))
            for each in self
        }

    def _sum_visits(self, visits):
        self.ensure_one()
        made = visits.filtered(
            lambda v: v.done_on and self.date_start <= v.done_on <= self.date_end
        )
        owed = visits.filtered(
            lambda v: (
                self.date_start <= v.date <= self.date_end
                and (v.state in OPEN or (v.done_on and v.done_on > self.date_end))
            )
        )
        return {
            "visit_count": len(made),
            "visit_open_count": len(owed),
            "details": {
                "visits": [
                    {
                        "id": visit.id,
                        "name": visit.name,
                        "date": str(visit.done_on),
                        "place": visit._get_place_text() or "",
                    }
                    for visit in made
                ]
            },
        }

    def _read_systems(self):
        systems = self.agreement_id._get_covered_systems()
        return {
            each: {
                "system_count": len(systems[each.agreement_id]),
                "details": {"systems": systems[each.agreement_id].mapped("name")},
            }
            for each in self
        }

    # Money

    def _read_fees(self):
        """What was billed for these days, by what the posted invoices say."""
        agreements = self.agreement_id
        periods = self.env["service.agreement.period"].search(
            Domain("agreement_id", "in", agreements.ids)
            & Domain("date_start", "<=", max(self.mapped("date_end")))
            & Domain("date_end", ">", min(self.mapped("date_start")))
            & Domain("move_line_id.parent_state", "in", ("draft", "posted"))
            & Domain("line_id.work_line_id", "=", False)
            & Domain("line_id.sla_credit_id", "=", False)
        )
        net = periods.move_line_id._get_net_of_credits()
        by_agreement = periods.grouped("agreement_id")
        return {
            each: each._sum_fees(
                by_agreement.get(each.agreement_id, periods.browse()), net
            )
            for each in self
        }

    def _sum_fees(self, periods, net):
        self.ensure_one()
        # A list, as they are read together: what is filtered is read apart.
        posted, drafts = [], []
        for period in periods:
            if period.date_start <= self.date_end and period.date_end > self.date_start:
                is_draft = period.move_line_id.parent_state == "draft"
                (drafts if is_draft else posted).append(period)
        sums = self._sum_periods(posted, net)
        return {**sums, "is_billed": not drafts and self._is_billed(sums["amount_fee"])}

    def _is_billed(self, fee):
        """:return: bool, whether nothing of these days is left to be billed, nor was
        billed by somebody else
        """
        agreement, last = self.agreement_id, self.date_end
        due = agreement.next_invoice_date
        if (due and due <= last) or any(
            line._is_left_to_bill(last) for line in agreement.line_ids
        ):
            return False
        return not self.currency_id.is_zero(fee) or not agreement.amount_untaxed

    def _sum_periods(self, periods, net):
        fee = extra = saving = Fraction(0)
        for period in periods:
            amount = period._get_billed_part(net)
            if period.line_id.charge == "one_off":
                if self.date_start <= period.date_start <= self.date_end:
                    extra += amount
                continue
            days = (period.date_start, period.date_end, self.date_start, self.date_end)
            mine = share(amount, *days)
            fee += mine
            percent = Fraction(Decimal(str(period.line_id.plan_discount)))
            saving += plan_saving(mine, percent)
        return {
            "amount_fee": self.currency_id.round(float(fee)),
            "amount_extra": self.currency_id.round(float(extra)),
            "amount_plan_discount": self.currency_id.round(float(saving)),
        }

    def _read_credits(self):
        """Granted for promises that were due in these days."""
        given = self.env["service.agreement.sla.credit"].search(
            Domain("agreement_id", "in", self.agreement_id.ids)
            & Domain("decision", "=", "granted")
            & self._get_days_domain("date")
        )
        by_statement = self._share_out(
            given, lambda each: each.agreement_id, lambda each: each.date
        )
        return {
            each: {"amount_credit": sum(own.mapped("amount"))}
            for each, own in by_statement.items()
        }

    def _read_invoices(self):
        """The agreement's part of invoices and credit notes with a date in these days;
        the customer's own, another payer's are not his to read.
        """
        agreements = self.agreement_id
        lines = self.env["account.move.line"].search(
            Domain("parent_state", "=", "posted")
            & self._get_days_domain("move_id.invoice_date")
            & (
                Domain("agreement_id", "in", agreements.ids)
                | Domain(
                    "agreement_reversed_line_id.agreement_id", "in", agreements.ids
                )
            ),
            order="date, move_id, id",
        )
        by_statement = self._share_out(
            lines,
            lambda ln: ln.agreement_id or ln.agreement_reversed_line_id.agreement_id,
            lambda ln: ln.move_id.invoice_date,
        )
        return {
            each: each._list_invoices(own.move_id, own)
            for each, own in by_statement.items()
        }

    def _list_invoices(self, moves, lines):
        self.ensure_one()
        own = moves.filtered(
            lambda move: move.commercial_partner_id == self.commercial_partner_id
        )
        by_move = lines.grouped("move_id")
        rows = [
            {
                "id": move.id,
                "name": move.name,
                "date": str(move.invoice_date),
                "amount": self.currency_id.round(
                    sum(line._get_signed_subtotal() for line in by_move[move])
                ),
            }
            for move in own
        ]
        return {
            "amount_invoiced": sum(row["amount"] for row in rows),
            "details": {"invoices": rows},
        }


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def _get_kind(self):
        """:return: str, what became of this part; "open": nobody has said so yet"""
        self.ensure_one()
        return "covered" if self.outcome == "covered" else self.answer or "open"


class ServiceAgreementSlaReport(models.Model):
    _inherit = "service.agreement.sla.report"

    def _get_due(self):
        """:return: naive UTC datetime of a decided promise: when it was due, or kept"""
        self.ensure_one()
        return self.deadline or self.stopped_at


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    def _is_left_to_bill(self, last):
        """:return: bool, whether days up to ``last`` are due only after they are over,
        and not billed yet
        """
        self.ensure_one()
        return bool(
            self.is_arrears
            and self.charge == "recurring"
            and (not self.date_start or self.date_start <= last)
            and (not self.superseded_on or self.superseded_on > last)
            and (not self.settled_until or self.settled_until <= last)
        )


class ServiceAgreementPeriod(models.Model):
    _inherit = "service.agreement.period"

    def _get_billed_part(self, net):
        """
        :param dict net: of what is left of each invoice line, before taxes
        :return: Fraction, this period's part of it
        """
        self.ensure_one()
        line = self.move_line_id
        whole = sum(line.agreement_period_ids.mapped("amount"))
        if not whole:
            return Fraction(0)
        return net[line] * Fraction(Decimal(str(self.amount / whole)))


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_signed_subtotal(self):
        """:return: float, before taxes; credit notes below 0"""
        self.ensure_one()
        sign = -1 if self.move_type == "out_refund" else 1
        return sign * self.price_subtotal

    def _get_net_of_credits(self):
        """:return: dict of Fraction by line, before taxes: what an invoice charges and
        no posted credit note of accounting's own making takes back
        """
        copies = self.search(
            [
                ("agreement_reversed_line_id", "in", self.ids),
                ("parent_state", "=", "posted"),
            ]
        )
        by_line = copies.grouped("agreement_reversed_line_id")
        return {
            line: sum(
                (
                    Fraction(Decimal(str(each._get_signed_subtotal())))
                    for each in (line, *by_line.get(line, ()))
                ),
                Fraction(0),
            )
            for line in self
        }
