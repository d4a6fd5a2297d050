from odoo import api, fields, models
from odoo.tools import format_date


class ServiceAgreement(models.Model):
    """Invoices to come, as people read them before they confirm what causes them."""

    _inherit = "service.agreement"

    next_invoice_preview = fields.Html(
        string="Invoice to Come",
        compute="_compute_next_invoice_preview",
        compute_sudo=True,
        sanitize=False,
        export_string_translation=False,
        groups="service_agreement.group_user",
    )

    def _compute_next_invoice_preview(self):
        for agreement in self:
            agreement.next_invoice_preview = (
                agreement._is_agreed()
                and agreement.next_invoice_date
                and agreement._render_invoices(agreement._get_next_invoices(1))
            )

    def _render_invoices(self, invoices, **values):
        """
        :param invoices: list of tools.charges.Invoice of this agreement
        :param values: see the template; "since": invoices before that day are summed up
        :return: Markup, a table of what is printed on them
        """
        self.ensure_one()
        since = values.pop("since", None)
        usual = [i for i in invoices if since and i.due < since]
        documents = self._describe_invoices([i for i in invoices if i not in usual])
        return self.env["ir.qweb"]._render(
            "service_agreement.upcoming_invoices",
            {
                "currency": self.currency_id,
                "usual": self._describe_usual(usual),
                "documents": documents,
                "untaxed": sum(document["untaxed"] for document in documents),
                "total": sum(document["total"] for document in documents),
                **values,
            },
        )

    def _describe_usual(self, invoices):
        """:return: dict of what comes before the invoices that matter, or None"""
        if not invoices:
            return None
        documents = self._describe_invoices(invoices)
        return {
            "count": len(documents),
            "first": documents[0]["due"],
            "last": documents[-1]["due"],
            "untaxed": sum(document["untaxed"] for document in documents),
            "total": sum(document["total"] for document in documents),
        }

    def _describe_invoices(self, invoices):
        """:return: list of dict: "due", "kind", "title", "lines", "untaxed", "total";
        amounts of a credit note are below 0
        """
        self.ensure_one()
        return [self._describe_invoice(invoice) for invoice in invoices]

    def _describe_invoice(self, invoice):
        pieces = self._prepare_due_pieces(invoice)
        base_lines = self._get_piece_base_lines(pieces, invoice.kind)
        totals = self._get_tax_totals(base_lines)
        sign = -1 if invoice.kind == "credit" else 1
        return {
            "due": invoice.due,
            "kind": invoice.kind,
            "title": self._get_invoice_title(invoice),
            "lines": [
                self._describe_line(due, sign * get_untaxed(base_line))
                for due, base_line in zip(pieces, base_lines, strict=True)
            ],
            "untaxed": sign * self.currency_id.round(totals["base_amount_currency"]),
            "total": sign * self.currency_id.round(totals["total_amount_currency"]),
        }

    def _get_invoice_title(self, invoice):
        day = format_date(self.env, self._get_expected_date(invoice))
        if invoice.kind == "credit":
            return self.env._("Credit note on %(date)s", date=day)
        if invoice.kind == "forfeit":
            return self.env._("Not paid back")
        return self.env._("Invoice on %(date)s", date=day)

    def _get_expected_date(self, invoice):
        """:return: date of the run that makes it: today for what is due already"""
        return max(invoice.due, self.company_id._service_today())

    @api.model
    def _describe_line(self, due, amount):
        name, _newline, detail = due.line._get_invoice_line_name(due.piece).partition(
            "\n"
        )
        return {
            "name": name,
            "detail": detail,
            "amount": amount,
            "is_credit": amount < 0,
        }

    @api.model
    def _get_piece_base_lines(self, pieces, kind):
        """What the invoice of ``pieces`` is made of, rounded as the company wants it.

        :param pieces: list of ``DuePiece`` of one invoice
        :return: list of dict, what ``account.tax`` computes taxes from
        """
        Tax, company = self.env["account.tax"], pieces[0].agreement.company_id
        sign, exact = -1 if kind == "credit" else 1, self._is_in_cents(pieces)
        base_lines = [
            {
                **due.line._prepare_piece_base_line(due.piece, sign, exact),
                "is_refund": kind == "credit",
            }
            for due in pieces
        ]
        Tax._add_tax_details_in_base_lines(base_lines, company)
        Tax._round_base_lines_tax_details(base_lines, company)
        return base_lines

    def _get_tax_totals(self, base_lines):
        return self.env["account.tax"]._get_tax_totals_summary(
            base_lines=base_lines,
            currency=self.currency_id,
            company=self.company_id,
        )


def get_untaxed(base_line):
    """:return: float; ``base_line`` as of ``_get_piece_base_lines``"""
    details = base_line["tax_details"]
    return details["total_excluded_currency"] + details["delta_total_excluded_currency"]
