from datetime import date
from itertools import islice, takewhile
from typing import NamedTuple

from odoo import api, fields, models

from ..tools.charges import Invoice, Piece, schedule

# Far enough for whoever asks "what comes next"; also of who pays once a year.
PREVIEWED_INVOICES = 12


class DuePiece(NamedTuple):
    """What the billing run puts on one line of an invoice."""

    agreement: models.Model
    due: fields.Date
    kind: str
    line: models.Model
    piece: Piece


class ServiceAgreement(models.Model):
    """From records to the invoices that follow.

    Nothing here decides an amount or a date: ``tools/charges.py`` does, from what these
    methods hand it. The billing run, the next invoice's date, and every preview read
    the same :meth:`_get_schedules`.
    """

    _inherit = "service.agreement"

    waiver_ids = fields.One2many(
        "service.agreement.waiver",
        "agreement_id",
        string="Days Not Charged",
        readonly=True,
    )
    next_invoice_date = fields.Date(
        string="Next Invoice",
        compute="_compute_next_invoice_date",
        store=True,
        index="btree_not_null",
    )

    _due_idx = models.Index(
        "(company_id, next_invoice_date) WHERE next_invoice_date IS NOT NULL"
    )

    @api.depends(
        "state",
        "activated_on",
        "date_start",
        "date_end",
        "auto_renew",
        "term_months",
        "end_reason",
        "settle_on",
        "credit_policy",
        "proration_method",
        "line_ids.charge",
        "line_ids.quantity",
        "line_ids.price_unit",
        "line_ids.discount",
        "line_ids.tax_ids",
        "line_ids.date_start",
        "line_ids.date_end",
        "line_ids.superseded_on",
        "line_ids.bill_from",
        "line_ids.adjust_on",
        "line_ids.settled_until",
        "line_ids.anchor_date",
        "line_ids.is_arrears",
        "line_ids.plan_id.unit",
        "line_ids.plan_id.interval",
        "waiver_ids.date_start",
        "waiver_ids.date_end",
        "period_ids.charged",
        "period_ids.is_stale",
        "period_ids.is_billed_again",
    )
    def _compute_next_invoice_date(self):
        schedules = self._get_schedules()
        for agreement in self:
            upcoming = next(schedules[agreement], None)
            agreement.next_invoice_date = upcoming.due if upcoming else False

    # Charges

    def _get_charges(self, since=None):
        """What is charged, as far as it still matters to invoices to come.

        :param date since: billed days from then on matter too, for previews
        :return: {service.agreement: list of tools.charges.Charge}; keys are lines
        """
        lines = self._get_charge_lines().filtered(lambda line: line._is_billable())
        waivers = self._get_waivers(lines)
        thresholds = {line._origin.id: line._get_threshold() for line in lines}
        if since:
            thresholds = {n: day and min(day, since) for n, day in thresholds.items()}
        billed = self.env["service.agreement.period"]._get_relevant(thresholds)
        charges = {agreement: [] for agreement in self}
        for line in lines:
            charges[line.agreement_id].append(
                line._to_charge(billed.get(line._origin.id, []), waivers[line])
            )
        return charges

    def _get_charge_lines(self):
        """:return: service.agreement.line, all that may be on invoices to come"""
        return self.line_ids

    @api.model
    def _get_waivers(self, lines, **facts):
        """
        :param lines: service.agreement.line, whose days they are
        :param facts: "last_day" to reckon with instead of the agreement's, for previews
        :return: {service.agreement.line: list of tools.charges.Waiver}
        """
        waivers = {line: [] for line in lines}
        by_agreement = lines.grouped("agreement_id")
        for waiver in lines.agreement_id.sudo().waiver_ids:
            for line in waiver.line_id or by_agreement[waiver.agreement_id]:
                if line in waivers:
                    waivers[line].append(waiver._to_waiver(**facts))
        return waivers

    def _get_credit_policy(self):
        """What becomes of a credit; a settlement at the end is always paid out."""
        self.ensure_one()
        if self.end_reason or self._is_billed_beyond_end():
            return "credit_note"
        return self.credit_policy

    def _is_billed_beyond_end(self):
        """Whether days after the last one were billed: they are no change's credit."""
        self.ensure_one()
        last_day = self._get_last_day()
        billed = [line.settled_until for line in self.line_ids if line.settled_until]
        return bool(last_day and billed) and max(billed) > fields.Date.add(
            last_day, days=1
        )

    # Invoices to come

    def _get_schedules(self):
        """:return: {service.agreement: iterator of tools.charges.Invoice, by due date,
        without end where the agreement is}
        """
        charges = self._get_charges()
        return {
            agreement: schedule(charges[agreement], agreement._get_credit_policy())
            for agreement in self
        }

    def _get_next_invoices(self, count=PREVIEWED_INVOICES):
        """:return: list of the next ``count`` tools.charges.Invoice"""
        self.ensure_one()
        return list(islice(self._get_schedules()[self], count))

    def _get_due_pieces(self, until):
        """:return: list of :class:`DuePiece` due by the date ``until``, by due date;
        those of one agreement, due date and kind make one invoice
        """
        pieces = []
        for agreement, invoices in self._get_schedules().items():
            for invoice in takewhile(lambda i: i.due <= until, invoices):
                pieces += agreement._prepare_due_pieces(invoice)
        return sorted(pieces, key=lambda due: (due.due, due.agreement.id))

    def _prepare_due_pieces(self, invoice: Invoice):
        """:return: list of :class:`DuePiece`, in the order they are printed"""
        self.ensure_one()
        ordered = sorted(
            invoice.pieces,
            key=lambda piece: (
                piece.charge.key.sequence,
                piece.part.start if piece.charge.rides_until else date.min,
                (piece.charge.key.origin_id or piece.charge.key).id,
                not piece.adjusts,
                piece.part.start,
                piece.charge.key.id,
            ),
        )
        return [
            DuePiece(self, invoice.due, invoice.kind, piece.charge.key, piece)
            for piece in ordered
        ]
