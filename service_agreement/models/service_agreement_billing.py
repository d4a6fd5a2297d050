import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools.charges import differences

_logger = logging.getLogger(__name__)


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
        """Bill what is due in every company, by that company's date."""
        companies = self._get_serving_companies()
        for number, company in enumerate(companies, 1):
            agreements = self.with_company(company)
            for _moves, _failed, left in agreements._bill_batches(
                company._service_today()
            ):
                remaining = self.search_count(left)
                remaining += self._count_due(companies[number:])
                if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                    return

    @api.model
    def _count_due(self, companies):
        return sum(
            self.search_count(
                self.with_company(company)._get_due_domain(company._service_today())
            )
            for company in companies
        )

    @api.model
    def _get_due_domain(self, today):
        """:return: Domain of the agreements of the current company due by ``today``"""
        return Domain("company_id", "=", self.env.company.id) & Domain(
            "next_invoice_date", "<=", today
        )

    @api.model
    def _bill_due(self, today, within=None):
        """Bill all that is due in the current company, in one transaction.

        :param date today: the company's date; nothing due later is billed
        :param Domain within: only these agreements
        :return: (invoices created, agreements set aside)
        """
        moves, failed = self.env["account.move"], self.browse()
        for batch_moves, batch_failed, _left in self._bill_batches(today, within):
            moves |= batch_moves
            failed |= batch_failed
        return moves, failed

    @api.model
    def _bill_batches(self, today, within=None):
        """Bill batch by batch; the caller commits in between, or does not.

        Yields (invoices, agreements set aside, Domain of what is left).
        """
        domain = self._get_due_domain(today) & (within or Domain.TRUE)
        left = domain
        while batch := self.search(
            left, order="next_invoice_date, id", limit=self._batch_size
        ):
            batch = batch._extend_batch(left)
            # Set aside or locked by another run: once is enough.
            left &= Domain("id", "not in", batch.ids)
            yield (*batch._bill_batch(domain, today), left)

    def _bill_batch(self, domain, today):
        """Bill what can be locked and is still due; one by one if the batch fails.

        Only business errors set an agreement aside: a serialization failure is not
        the customer's error and fails the job, which is then run again.

        :return: (invoices, agreements set aside)
        """
        agreements = self.try_lock_for_update().filtered_domain(domain)
        try:
            with self.env.cr.savepoint():
                return agreements._create_due_invoices(today, today), self.browse()
        except UserError as error:
            if len(agreements) == 1:
                agreements.sudo()._set_aside(error)
                return self.env["account.move"], agreements
        moves, failed = self.env["account.move"], self.browse()
        for agreement in agreements._split_batch():
            one_moves, one_failed = agreement._bill_batch(domain, today)
            moves |= one_moves
            failed |= one_failed
        return moves, failed

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
        moves = self.env["account.move"].create(
            [self._prepare_invoice_values(group, today) for group in invoices]
        )
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
            move_lines = move.invoice_line_ids.filtered(
                lambda line: line.display_type == "product"
            ).sorted(lambda line: (line.sequence, line.id))
            sign = -1 if move.move_type == "out_refund" else 1
            for due, move_line in zip(pieces, move_lines, strict=True):
                values = due.line._prepare_period_values(due.piece)
                values["move_line_id"] = move_line.id
                values["amount"] = sign * move_line.price_subtotal
                values_list.append(values)
        self._write_periods(values_list, [due for group in invoices for due in group])
        moves.invoice_line_ids.agreement_id.sudo()._clear_billing_issue()

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
            [("line_id", "in", self.line_ids.ids), ("is_stale", "=", True)]
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

    @api.model
    def _after_invoices_created(self, moves):
        """Hook for bridges: these drafts bill agreements and will be posted."""

    # Set aside

    def _set_aside(self, error):
        """Keep the reason where people look, and give its owner one to-do."""
        self.ensure_one()
        reason = str(error)
        _logger.info("Agreement %s was not billed: %s", self.name, reason)
        if not self.billing_issue:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The invoice could not be made"),
                note=reason,
                user_id=(self.user_id or self.env.user).id,
            )
        self.billing_issue = reason

    def _clear_billing_issue(self):
        cleared = self.filtered("billing_issue")
        if not cleared:
            return
        cleared.billing_issue = False
        cleared.activity_feedback(["mail.mail_activity_data_todo"])

    # Buttons

    def _why_not_bill(self):
        self.ensure_one()
        if not self.next_invoice_date:
            return self.env._("%s has nothing left to bill.", self.name)
        today = self.company_id._service_today()
        ahead = self.env["service.agreement.period"].search(
            [("agreement_id", "=", self.id), ("date_start", ">", today)], limit=1
        )
        if self.next_invoice_date > today and ahead:
            return self.env._(
                "%(agreement)s is already billed one period ahead: %(invoice)s.",
                agreement=self.name,
                invoice=ahead.move_id.name,
            )
        return None

    def action_bill_now(self):
        """Bill all that is due, or else the next period ahead of its date, once."""
        self._ensure_can(type(self)._why_not_bill, operation="read")
        self.lock_for_update()
        moves = self.env["account.move"]
        for agreement in self:
            today = agreement.company_id._service_today()
            until = max(today, agreement.next_invoice_date)
            moves |= agreement._create_due_invoices(until, today)
        return self._get_invoices_action(moves)

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
