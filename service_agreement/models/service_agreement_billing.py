import logging
from itertools import chain

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, plaintext2html, unique

from ..tools.charges import differences
from .service_agreement_preview import get_untaxed

_logger = logging.getLogger(__name__)

# Ours alone: whatever else people plan to do for an agreement stays theirs.
ISSUE_ACTIVITY = "service_agreement.mail_activity_billing_issue"


class ServiceAgreement(models.Model):
    """The billing run (SEMANTICS §1).

    Bills every period due of every agreement in force, oldest first, each once:
    find by index, lock, check again, invoices of a batch in one call, periods, post.
    An agreement that cannot be billed is set aside with the reason and a to-do; all
    the others are billed.
    """

    _inherit = "service.agreement"

    # Agreements per invoice batch: what one lock, one call and one commit cover.
    _batch_size = 100

    @api.model
    def _cron_bill(self):
        """Start a run in every company where something is due, and work through it."""
        runs = self.env["service.agreement.billing.run"]
        runs._start_scheduled()
        runs._cron_go_on()

    @api.model
    def _get_due_domain(self, until):
        """:return: Domain of the agreements of the current company due by ``until``"""
        return Domain("company_id", "=", self.env.company.id) & Domain(
            "next_invoice_date", "<=", until
        )

    @api.model
    def _iter_batches(self, until, within=None):
        """Find what is due, batch by batch, oldest first; nothing is locked yet.

        Goes by position and not by what is still due: who was set aside, or is locked
        by another run, stays due, and once is enough.

        Yields (agreements, Domain of what is left).
        """
        domain = left = self._get_due_domain(until) & (within or Domain.TRUE)
        while batch := self.search(
            left, order="next_invoice_date, id", limit=self._batch_size
        ):
            day, last_id = batch[-1].next_invoice_date, batch[-1].id
            left = domain & (
                Domain("next_invoice_date", ">", day)
                | (Domain("next_invoice_date", "=", day) & Domain("id", ">", last_id))
            )
            batch = batch._extend_batch(left)
            yield batch, left

    def _run_batch(self, run):
        """Bill a batch of a run now; a bridge lets a worker do it later.

        :param run: the ``service.agreement.billing.run``
        """
        run._bill_batch(self)

    def _bill_batch(self, domain, today, until=None):
        """Bill what can be locked, is still due and can be billed.

        :param Domain domain: what is due
        :param date today: the date of the run, which may be the invoices' date
        :param date until: nothing due later is billed; default ``today``
        :return: (invoices, agreements set aside)
        """
        agreements = self.try_lock_for_update().filtered_domain(domain)
        obstacles = agreements._get_obstacles(today)
        for agreement, reason in obstacles.items():
            agreement.sudo()._set_aside(reason)
        refused = self.browse().union(*obstacles)
        moves, failed = (agreements - refused)._bill_or_set_aside(until or today, today)
        return moves, refused | failed

    def _bill_or_set_aside(self, until, today):
        """Bill in one call; one by one where Odoo refuses.

        Only business errors set an agreement aside: a serialization failure is not
        the customer's error and fails the job, which is then run again.

        :return: (invoices, agreements set aside)
        """
        if not self:
            return self.env["account.move"], self
        try:
            with self.env.cr.savepoint():
                return self._create_due_invoices(until, today), self.browse()
        except UserError as error:
            if len(self) == 1:
                self.sudo()._set_aside(str(error))
                return self.env["account.move"], self
        results = [
            part._bill_or_set_aside(until, today) for part in self._split_batch()
        ]
        moves = self.env["account.move"].union(*(moves for moves, _failed in results))
        return moves, self.browse().union(*(failed for _moves, failed in results))

    @api.model
    def _get_billing_run(self):
        """:return: the run that bills now; empty for an invoice outside of any run"""
        return self.env["service.agreement.billing.run"].browse(
            self.env.context.get("agreement_billing_run_id")
        )

    def _create_due_invoices(self, until=None, today=None):
        """Create and post the invoices of all periods due by ``until``.

        :param date until: default ``today``
        :param date today: the run's date; default each company's date
        :return: account.move
        :raise UserError: Odoo's reason why an invoice cannot be made
        """
        moves = self.env["account.move"]
        for company, agreements in self.grouped("company_id").items():
            run_date = today or company._service_today()
            agreements = agreements.with_company(company)
            pieces = agreements._get_due_pieces(until or run_date)
            idle = agreements - agreements.browse().union(
                *(p.agreement for p in pieces)
            )
            # Due no longer: the books were changed by hand meanwhile.
            idle.sudo()._compute_next_invoice_date()
            moves |= agreements._bill_pieces(pieces, run_date)
        return moves

    def _bill_pieces(self, pieces, today):
        """The invoices; then the periods, then posting and sending."""
        forfeited = [piece for piece in pieces if piece.kind == "forfeit"]
        self._record_forfeits(forfeited)
        pieces = [piece for piece in pieces if piece.kind != "forfeit"]
        if not pieces:
            return self.env["account.move"]
        invoices = self._group_pieces(pieces)
        moves = self.env["account.move"]._create_agreement_invoices(
            [self._prepare_invoice_values(group, today) for group in invoices]
        )
        # Taxes rounded by line may leave cents below zero where credits eat up what
        # is charged: a credit note says the same with a sign that can be posted.
        moves.filtered(
            lambda move: move.move_type == "out_invoice" and move.amount_total < 0
        ).action_switch_move_type()
        self._record_periods(moves, invoices)
        self._after_invoices_created(moves)
        self._issue_invoices(moves, invoices)
        return moves

    @api.model
    def _record_periods(self, moves, invoices):
        """Write what was billed; the unique index refuses a period billed before.

        Sudo: nobody edits periods by hand, and who bills is an accountant, who may
        read agreements and not change them.
        """
        values_list = []
        for move, pieces in zip(moves, invoices, strict=True):
            move_lines = self._get_billing_lines(move)
            sign = -1 if move.move_type == "out_refund" else 1
            for due, move_line in zip(pieces, move_lines, strict=True):
                values = due.line._prepare_period_values(due.piece)
                values["move_line_id"] = move_line.id
                values["amount"] = sign * move_line.price_subtotal
                values_list.append(values)
        self._write_periods(values_list, [due for group in invoices for due in group])
        moves.invoice_line_ids.agreement_id.sudo()._clear_billing_issue()

    @api.model
    def _get_billing_lines(self, move):
        """Hook for bridges, where an invoice has lines of others, too.

        :return: account.move.line that bill agreements, in the order of their pieces
        """
        lines = move.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        return lines.sorted(lambda line: (line.sequence, line.id))

    @api.model
    def _record_forfeits(self, pieces):
        """A credit that the customer does not get stays on record all the same."""
        values_list = [
            {
                **due.line._prepare_period_values(due.piece),
                "kind": "forfeited",
                "amount": due.line._get_untaxed_amount(due.piece),
            }
            for due in pieces
        ]
        self._write_periods(values_list, pieces)

    @api.model
    def _write_periods(self, values_list, pieces):
        Period = self.env["service.agreement.period"].sudo()
        Period.create(Period._number_corrections(values_list))
        for due in pieces:
            if not due.piece.adjusts:
                due.line._settle(due.piece.part.end)
        lines = self.env["service.agreement.line"].union(*(due.line for due in pieces))
        lines.agreement_id._forget_settled_corrections()

    def _forget_settled_corrections(self):
        """What was looked at again and is right now need not be looked at any more."""
        dated = self.line_ids.filtered("adjust_on")
        stale = self.env["service.agreement.period"].search(
            [("agreement_id", "in", self.ids), ("is_stale", "=", True)]
        )
        if not (dated or stale):
            return
        charges = self._get_charges().values()
        wrong = [
            piece
            for group in charges
            for charge in group
            for piece in differences(charge)
        ]
        open_ids = {piece.adjusts.key for piece in wrong}
        open_lines = dated.browse().union(*(piece.charge.key for piece in wrong))
        stale.filtered(lambda period: period.id not in open_ids).sudo().is_stale = False
        (dated - open_lines).sudo().adjust_on = False

    def _get_due_amounts(self, until):
        """What ``_create_due_invoices`` would bill; writes nothing.

        :return: [(agreement, due date, float before taxes)], one for each invoice,
            oldest first; negative for a credit note
        """
        pieces = self._get_due_pieces(until)
        invoices = self._group_pieces([p for p in pieces if p.kind != "forfeit"])
        amounts = []
        for group in invoices:
            agreement, due, kind = group[0][:3]
            base_lines = self._get_piece_base_lines(group, kind)
            total = sum(map(get_untaxed, base_lines)) * (-1 if kind == "credit" else 1)
            amounts.append((agreement, due, agreement.currency_id.round(total)))
        return amounts

    @api.model
    def _after_invoices_created(self, moves):
        """Hook for bridges: these drafts bill agreements and will be posted."""

    # What cannot be billed

    def _get_obstacles(self, today):
        """What is known to be in the way, before Odoo is asked for an invoice.

        :param date today: the date of the run
        :return: {agreement: the reason}, of those that cannot be billed
        """
        obstacles = {}
        for company, agreements in self.grouped("company_id").items():
            agreements = agreements.with_company(company)
            if reason := agreements._why_company_not_billable(today):
                obstacles.update(dict.fromkeys(agreements, reason))
                continue
            obstacles.update(agreements._get_own_obstacles(today))
        return obstacles

    def _get_own_obstacles(self, today):
        """What of these, of one company, keeps them from being billed.

        :return: {agreement: the reason}
        """
        unrated = self._get_unrated_currencies(today)
        none = self.env["service.agreement.line"]
        lines = self._get_charge_lines().grouped("agreement_id")
        sales = {
            agreement: [
                (product, agreement.invoice_journal_id)
                for product in lines.get(agreement, none)._get_products_to_bill()
            ]
            for agreement in self
        }
        unsold = {
            sale: self._why_product_not_billable(*sale)
            for sale in unique(chain.from_iterable(sales.values()))
        }
        obstacles = {}
        for agreement in self:
            reasons = chain(
                [agreement._why_not_billable(today, unrated)],
                map(unsold.get, sales[agreement]),
            )
            if reason := next(filter(None, reasons), None):
                obstacles[agreement] = reason
        return obstacles

    @api.model
    def _why_company_not_billable(self, today):
        """:return: why the current company cannot invoice on ``today``, or None"""
        # Sudo: a manager who suspends an agreement need not see the books.
        company = self.env.company.sudo()
        if not company.active:
            return self.env._("The company %s is archived.", company.name)
        # Locks go by the type of a journal, which is the same for all of them.
        journal = self.sudo().invoice_journal_id[:1]
        if locks := company._get_violated_lock_dates(today, True, journal):
            return self.env._(
                "The books of %(company)s are closed on %(date)s: %(locks)s. Invoices "
                "follow once they are open again.",
                company=company.name,
                date=format_date(self.env, today),
                locks=company._format_lock_dates(locks),
            )
        return None

    def _get_unrated_currencies(self, today):
        """Odoo takes 1.0 for a currency that has no rate, without a word.

        :return: the foreign ``res.currency`` without a rate on ``today``
        """
        company = self.env.company
        foreign = self.currency_id - company.currency_id
        if not foreign:
            return foreign
        groups = (
            self.env["res.currency.rate"]
            .sudo()
            ._read_group(
                [
                    ("currency_id", "in", foreign.ids),
                    ("company_id", "in", (False, company.root_id.id)),
                    ("name", "<=", today),
                ],
                ["currency_id"],
            )
        )
        return foreign - foreign.browse(currency.id for (currency,) in groups)

    def _why_not_billable(self, today, unrated):
        """:param unrated: currencies without a rate
        :return: the first reason why no invoice can be made, or None
        """
        self.ensure_one()
        partners = self.partner_id | self.partner_invoice_id
        if archived := partners.filtered(lambda partner: not partner.active)[:1]:
            return self.env._("The customer %s is archived.", archived.display_name)
        if self.currency_id in unrated:
            return self.env._(
                "There is no exchange rate of %(currency)s on %(date)s. Enter one.",
                currency=self.currency_id.name,
                date=format_date(self.env, today),
            )
        return None if self.invoice_journal_id else self._describe_no_journal()

    @api.model
    def _why_product_not_billable(self, product, journal):
        """:return: why ``product`` cannot be invoiced in ``journal``, or None"""
        if not product.active:
            return self.env._(
                "The product %s is archived. Restore it, or charge another one.",
                product.display_name,
            )
        accounts = product.sudo().product_tmpl_id.get_product_accounts()
        if accounts["income"] or journal.sudo().default_account_id:
            return None
        return self.env._(
            "There is no income account for %s. Set one on the product, on its "
            "category or on the sales journal.",
            product.display_name,
        )

    def _set_aside(self, reason):
        """Keep the reason where people look, and give its owner one to-do."""
        self.ensure_one()
        _logger.info("Agreement %s was not billed: %s", self.name, reason)
        if not self.billing_issue:
            self.activity_schedule(
                ISSUE_ACTIVITY,
                summary=self.env._("The invoice could not be made"),
                note=plaintext2html(reason),
                user_id=(self.user_id or self.env.user).id,
            )
        self.billing_issue = reason
        if run := self._get_billing_run():
            run._record_failure(self, reason)

    def _clear_billing_issue(self):
        """It was billed: the reason and our own to-do are done with, and no other."""
        cleared = self.filtered("billing_issue")
        if not cleared:
            return
        cleared.billing_issue = False
        cleared.activity_feedback([ISSUE_ACTIVITY])
        self.env["service.agreement.billing.failure"]._resolve(cleared)

    # Buttons

    def _why_not_bill(self):
        self.ensure_one()
        if not self.next_invoice_date:
            return self.env._("%s has nothing left to bill.", self.name)
        today = self.company_id._service_today()
        if reason := self._get_obstacles(today).get(self):
            return reason
        ahead = self.env["service.agreement.period"].search(
            Domain("agreement_id", "=", self.id)
            & (
                Domain("date_start", ">", today)
                | (
                    Domain("line_id.is_arrears", "=", True)
                    & Domain("date_end", ">", today)
                )
            ),
            limit=1,
        )
        if self.next_invoice_date > today and ahead:
            return self.env._(
                "%(agreement)s is already billed one period ahead: %(invoice)s.",
                agreement=self.name,
                invoice=ahead.move_id.name,
            )
        return None

    def action_bill_now(self):
        """Bill all that is due, or else the next period ahead of its date, once.

        Of a customer who gets several agreements on one invoice, those chosen here
        share theirs, and the others are left to the run.
        """
        self._ensure_can(type(self)._why_not_bill, operation="read")
        self.lock_for_update()
        moves = self.env["account.move"]
        for until, agreements in self.grouped(type(self)._get_bill_now_day).items():
            moves |= agreements._create_due_invoices(until)
        return self._get_invoices_action(moves)

    def _get_bill_now_day(self):
        """:return: date up to which "Bill Now" bills this agreement"""
        self.ensure_one()
        return max(self.company_id._service_today(), self.next_invoice_date)

    def action_bill_again(self):
        """Try those that were set aside again, as a run of their own."""
        self.check_access("read")
        runs = self.env["service.agreement.billing.run"]
        return runs._bill_agreements(self)

    @api.model
    def _get_invoices_action(self, moves):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        if len(moves) == 1:
            return dict(
                action,
                view_mode="form",
                views=[(False, "form")],
                res_id=moves.id,
            )
        return dict(action, domain=[("id", "in", moves.ids)], context={"create": False})
