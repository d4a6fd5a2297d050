from odoo import api, models
from odoo.tools import frozendict


class AccountMove(models.Model):
    """Making and posting many invoices of agreements at a time.

    The result is what core makes of the same values by hand; only the way is shorter:

    - The amounts of the product lines are given. Core's synchronisation makes the tax
      and receivable lines of a batch in one call, but writes those amounts line by
      line, and that was half of the time. It still checks them, and corrects what some
      other module wants otherwise.
    - The last number of the sequence is looked up once per batch, not per invoice.
    - "Invoice created" is not logged: who made it and when stands on the invoice.
      (Of what is created and posted in one transaction, core logs nothing else.)
    """

    _inherit = "account.move"

    # Creation

    @api.model
    def _create_agreement_invoices(self, values_list):
        """Create draft invoices, many at a time.

        :param list values_list: values of ``account.move`` with ``invoice_line_ids``
        :return: account.move, in the order of ``values_list``
        """
        untold = self._without_log(self._get_companies_of(values_list))
        drafts = {}
        moves = untold.create(
            [self._with_line_amounts(values, drafts) for values in values_list]
        )
        # Computed here: elsewhere, amounts that appear would be logged as changes.
        untold.env.flush_all()
        return moves.with_env(self.env)

    @api.model
    def _get_companies_of(self, values_list):
        company_ids = {values.get("company_id") for values in values_list}
        return self.env["res.company"].browse(filter(None, company_ids)) or (
            self.env.company
        )

    @api.model
    def _with_line_amounts(self, values, drafts):
        """:return: a copy of ``values`` that knows its journal and lines' amounts"""
        lines = [dict(line) for _command, _id, line in values["invoice_line_ids"]]
        draft = self._get_draft_of_kind(values, drafts)
        if all("tax_ids" in line and "price_unit" in line for line in lines):
            for line, amounts in zip(lines, draft._get_amounts_of(lines), strict=True):
                line.update(amounts)
        return {
            **values,
            "journal_id": draft.journal_id.id,
            "invoice_line_ids": [(0, 0, line) for line in lines],
        }

    @api.model
    def _get_draft_of_kind(self, values, drafts):
        """:return: an unsaved invoice with the journal, sign and rate that core, or
        whoever extends it, computes for such values; one per kind, kept in ``drafts``
        """
        kind = frozendict(
            (name, values.get(name))
            for name in (
                "move_type",
                "company_id",
                "journal_id",
                "currency_id",
                "invoice_date",
            )
        )
        if kind not in drafts:
            drafts[kind] = self.new(
                {name: value for name, value in kind.items() if value}
            )
        return drafts[kind]

    def _get_amounts_of(self, lines):
        """Amounts of the product lines of one invoice, before taxes.

        :param list lines: values of ``account.move.line``
        :return: list of dict(amount_currency, balance)
        """
        Tax = self.env["account.tax"]
        company = self.company_id or self.env.company
        base_lines = [self._prepare_base_line_of(line) for line in lines]
        Tax._add_tax_details_in_base_lines(base_lines, company)
        Tax._round_base_lines_tax_details(base_lines, company)
        return [self._get_amounts_of_base_line(base_line) for base_line in base_lines]

    def _prepare_base_line_of(self, line):
        tax_ids = (
            self.env["account.move.line"]
            ._fields["tax_ids"]
            .convert_to_cache(line["tax_ids"], self.env["account.move.line"])
        )
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {},
            product_id=self.env["product.product"].browse(line.get("product_id")),
            tax_ids=self.env["account.tax"].browse(tax_ids),
            price_unit=line["price_unit"],
            quantity=line.get("quantity", 1.0),
            discount=line.get("discount", 0.0),
            currency_id=self.currency_id,
            rate=self.invoice_currency_rate,
            sign=self.direction_sign,
        )

    @api.model
    def _get_amounts_of_base_line(self, base_line):
        details, sign = base_line["tax_details"], base_line["sign"]
        return {
            name: sign * (details[total] + details[f"delta_{total}"])
            for name, total in (
                ("amount_currency", "total_excluded_currency"),
                ("balance", "total_excluded"),
            )
        }

    # Posting

    def _post_agreement_invoices(self):
        """Post the drafts in one batch.

        :raise UserError: Odoo's reason why one of them cannot be posted
        """
        posting = self._without_log(self.company_id)
        posting = posting.with_context(sequence_formats_of_batch={})
        posting._post(soft=False)
        posting.env.flush_all()

    def _without_log(self, companies):
        """Without messages; followers are made as ever.

        An audit trail is made of those very messages: its companies keep them.
        """
        if any(companies.sudo().mapped("restrictive_audit_trail")):
            return self
        return self.with_context(mail_create_nolog=True, mail_notrack=True)

    def _get_next_sequence_format(self):
        """EXTENDS 'account': look once per batch for what a sequence looks like.

        Core counts on in memory after the first number of a transaction and ignores
        the number found, so only the format matters. Whatever tells sequences apart
        (journal, refunds, a localisation's document type) is in core's own domain.
        """
        formats = self.env.context.get("sequence_formats_of_batch")
        if formats is None:
            return super()._get_next_sequence_format()
        where, params = self._get_last_sequence_domain(relaxed=True)
        key = (where, frozendict(params), self.company_id, self.date)
        if key not in formats:
            formats[key] = super()._get_next_sequence_format()
        format_string, format_values = formats[key]
        return format_string, dict(format_values)
