from operator import attrgetter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import groupby, unique

from .res_company import INVOICE_MODES

# What agreements of a customer must share to stand on one invoice.
INVOICE_KEYS = (
    "company_id",
    "partner_shipping_id",
    "currency_id",
    "fiscal_position_id",
    "payment_term_id",
    "invoice_journal_id",
)


class ServiceAgreement(models.Model):
    """How an agreement is invoiced: on which terms, to whom, and what happens then.

    Terms are copied from the customer as ``sale`` does. Those that make the price
    (pricelist, currency, fiscal position) follow the customer in a draft only; an
    agreement that was offered keeps them.
    """

    _inherit = "service.agreement"

    partner_shipping_id = fields.Many2one(
        "res.partner",
        string="Service Address",
        compute="_compute_partner_shipping_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
        help="Where the service is rendered: decides which taxes apply.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        compute="_compute_pricelist_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        tracking=True,
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
        help="Prices are taken from it while the agreement is a draft. A later change "
        "of the pricelist changes no agreement.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        compute="_compute_fiscal_position_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        help="Adapts taxes and accounts. The default comes from the customer and the "
        "service address.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        string="Payment Terms",
        compute="_compute_payment_term_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Invoicing Journal",
        compute="_compute_journal_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="Empty: the first sales journal.",
    )
    invoice_journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_invoice_journal_id",
        compute_sudo=True,
        help="The journal that invoices are made in, chosen here or not.",
    )
    invoice_mode = fields.Selection(
        INVOICE_MODES,
        string="Invoices Are",
        help="What happens to an invoice of this agreement once it is made. Empty: "
        "what the settings say.",
    )

    # Terms of the customer

    @api.depends("partner_id")
    def _compute_partner_shipping_id(self):
        for agreement in self:
            addresses = agreement.partner_id.address_get(["delivery"])
            agreement.partner_shipping_id = (
                agreement.partner_id and addresses["delivery"]
            )

    @api.depends("partner_id", "company_id")
    def _compute_pricelist_id(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            partner = agreement.partner_id.with_company(agreement.company_id)
            agreement.pricelist_id = partner.property_product_pricelist

    @api.depends("company_id", "pricelist_id")
    def _compute_currency_id(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            agreement.currency_id = (
                agreement.pricelist_id.currency_id or agreement.company_id.currency_id
            )

    @api.depends("partner_id", "partner_shipping_id", "company_id")
    def _compute_fiscal_position_id(self):
        found = {}
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            key = agreement.company_id, agreement.partner_id, agreement._get_site()
            if key not in found:
                found[key] = agreement._find_fiscal_position()
            agreement.fiscal_position_id = found[key]

    def _find_fiscal_position(self):
        """:return: account.fiscal.position that fits customer and service address"""
        self.ensure_one()
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        if not self.partner_id:
            return positions
        return positions._get_fiscal_position(self.partner_id, self._get_site())

    def _get_site(self):
        """:return: res.partner, where the service is rendered"""
        self.ensure_one()
        return self.partner_shipping_id or self.partner_id

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for agreement in self:
            partner = agreement.partner_id.with_company(agreement.company_id)
            agreement.payment_term_id = partner.property_payment_term_id

    @api.depends("company_id")
    def _compute_journal_id(self):
        """Another company has other journals: back to its default."""
        for agreement in self:
            if agreement.journal_id.company_id not in agreement.company_id.parent_ids:
                agreement.journal_id = False

    @api.depends("journal_id", "company_id", "currency_id")
    def _compute_invoice_journal_id(self):
        """One search per company and currency, not per agreement."""
        found = {}
        for agreement in self:
            key = agreement.company_id, agreement.currency_id
            if not agreement.journal_id and key not in found:
                found[key] = self._find_journal(*key)
            agreement.invoice_journal_id = agreement.journal_id or found[key]

    @api.model
    def _find_journal(self, company, currency):
        """:return: account.journal as Odoo chooses it: one of the foreign currency
        first, then by sequence; empty if the company has none
        """
        journals = self.env["account.journal"]
        sales = Domain(journals._check_company_domain(company)) & Domain(
            "type", "=", "sale"
        )
        if currency != company.currency_id:
            foreign = Domain("currency_id", "=", currency.id)
            journals = journals.search(sales & foreign, limit=1)
        return journals or journals.search(sales, limit=1)

    def _get_invoice_partner(self):
        """:return: res.partner, who gets the invoices"""
        self.ensure_one()
        return self.partner_invoice_id or self.partner_id

    def _get_invoice_mode(self):
        """:return: "draft", "post" or "send\""""
        self.ensure_one()
        return self.invoice_mode or self.company_id.agreement_invoice_mode or "post"

    # Prices

    def _get_tier_price(self, tier, plan, quantity=1.0, date=None):
        """:return: float, what this customer pays for a period of ``plan`` at ``tier``;
        see ``_get_listed_price``
        """
        return self._get_listed_price(
            tier.product_id, quantity, date, service_tier=tier, service_plan=plan
        )

    def _get_listed_price(self, product, quantity, date=None, **offer):
        """What pricelist and fiscal position make of a price of the catalogue.

        :param date date: of the pricelist and the rates; default the start
        :param offer: ``service_tier`` and ``service_plan`` where a tier gives the price
        :return: float, per unit, in this agreement's currency
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        product = product.with_company(company)
        price = self.pricelist_id.with_company(company)._get_product_price(
            product,
            quantity,
            currency=self.currency_id or company.currency_id,
            date=date or self.date_start or fields.Date.context_today(self),
            **offer,
        )
        return product._get_tax_included_unit_price_from_price(
            price,
            product.taxes_id._filter_taxes_by_company(company),
            fiscal_position=self.fiscal_position_id,
        )

    # Several agreements on one invoice

    def _is_invoiced_together(self):
        self.ensure_one()
        customer = self.commercial_partner_id.with_company(self.company_id)
        return customer.agreement_invoice_together

    def _get_invoice_key(self):
        """:return: tuple; agreements with equal keys share an invoice"""
        self.ensure_one()
        if not self._is_invoiced_together():
            return (self.id,)
        return (
            self._get_invoice_partner(),
            self._get_invoice_mode(),
            *(self[name] for name in INVOICE_KEYS),
        )

    @api.model
    def _group_pieces(self, pieces):
        """
        :param pieces: list of ``DuePiece``
        :return: list of lists of pieces, each to become one invoice: of one due date
            and kind, and of one agreement or of several of a customer who wants them
            together; the lines of the invoice have the order of the pieces
        """
        invoices = {}
        for piece in pieces:
            key = (piece.due, piece.kind, *piece.agreement._get_invoice_key())
            by_agreement = invoices.setdefault(key, {})
            by_agreement.setdefault(piece.agreement, []).append(piece)
        return [
            [piece for own in by_agreement.values() for piece in own]
            for by_agreement in invoices.values()
        ]

    def _extend_batch(self, domain):
        """Add what belongs on the same invoices as these.

        :param Domain domain: what may be added
        """
        together = self.filtered(lambda a: a._is_invoiced_together())
        if not together:
            return self
        customers = together.commercial_partner_id.ids
        return self | self.search(
            domain & Domain("commercial_partner_id", "in", customers),
            order="next_invoice_date, id",
        )

    def _split_batch(self):
        """What to try apart after these failed as one.

        :return: list of service.agreement; who shares invoices is separated last
        """
        parts = self.grouped(
            lambda a: a.commercial_partner_id if a._is_invoiced_together() else a
        )
        return list(self) if len(parts) == 1 else list(parts.values())

    # The invoice

    def _prepare_invoice_values(self, pieces, today):
        """:return: values of the ``account.move`` that bills ``pieces``, a list of
        ``_group_pieces``; pure

        What Odoo would compute from the customer one by one is given.
        """
        agreement, due, kind = pieces[0][:3]
        agreements = agreement.union(*(piece.agreement for piece in pieces))
        return {
            "move_type": "out_refund" if kind == "credit" else "out_invoice",
            "company_id": agreement.company_id.id,
            "journal_id": agreement._get_invoice_journal().id,
            "partner_id": agreement._get_invoice_partner().id,
            "partner_shipping_id": agreement._get_site().id,
            "currency_id": agreement.currency_id.id,
            "fiscal_position_id": agreement.fiscal_position_id.id,
            "invoice_payment_term_id": agreement.payment_term_id.id,
            "invoice_date": agreement._get_invoice_date(due, today),
            "invoice_origin": ", ".join(agreements.mapped("name")),
            "agreement_billing_run_id": self._get_billing_run().id,
            "invoice_user_id": agreement.user_id.id,
            "ref": agreements._get_invoice_reference(),
            "invoice_line_ids": self._prepare_invoice_lines(pieces),
        }

    def _get_invoice_journal(self):
        """
        :return: account.journal
        :raise UserError: the company has no sales journal
        """
        self.ensure_one()
        if not self.invoice_journal_id:
            raise UserError(self._describe_no_journal())
        return self.invoice_journal_id

    def _describe_no_journal(self):
        """:return: str, what to do where there is no journal to make invoices in"""
        self.ensure_one()
        return self.env._(
            "%(company)s has no sales journal to make invoices in. Create one in the "
            "accounting settings.",
            company=self.company_id.display_name,
        )

    def _get_invoice_reference(self):
        """:return: str, the customer's purchase numbers, each once; or False"""
        references = unique(filter(None, self.mapped("client_order_ref")))
        return ", ".join(references)[:2000] or False

    @api.model
    def _prepare_invoice_lines(self, pieces):
        """:return: list of Command; with a section for each of several agreements"""
        by_agreement = list(groupby(pieces, attrgetter("agreement")))
        commands = []
        for agreement, own in by_agreement:
            if len(by_agreement) > 1:
                section = agreement._prepare_invoice_section_values()
                commands.append(Command.create(section))
            exact = self._is_in_cents(pieces)
            commands += [
                Command.create(self._prepare_piece_values(due, exact)) for due in own
            ]
        return commands

    @api.model
    def _is_in_cents(self, pieces):
        """Whether each line of the invoice of ``pieces`` is in whole cents.

        Odoo adds up prices before it rounds: lines of fractions of a cent would be less
        than the credits that were set off against them in whole cents.
        """
        return any(due.piece.amount < 0 for due in pieces)

    def _prepare_invoice_section_values(self):
        """:return: values of the ``account.move.line`` that names this agreement"""
        self.ensure_one()
        tier = self.tier_id.with_context(lang=self._get_lang())
        parts = (self.name, tier.name, self.client_order_ref)
        return {
            "display_type": "line_section",
            "name": " – ".join(filter(None, parts)),
        }

    @api.model
    def _prepare_piece_values(self, due, exact=False):
        """
        :param bool exact: in whole cents
        :return: values of the ``account.move.line`` that bills the ``DuePiece``
        """
        sign = -1 if due.kind == "credit" else 1
        return {
            **due.line._prepare_invoice_line_values(due.piece, sign, exact),
            **due.line._prepare_analytic_values(),
        }

    def _get_invoice_date(self, due, today):
        """The due date or the run's date, as the company wants it (SEMANTICS §1).

        By default the run's date where the due date lies in a past or locked month.

        :param date due: when the period falls due
        :param date today: the run's date
        """
        self.ensure_one()
        choice = self.company_id.agreement_invoice_date or "auto"
        if choice != "auto":
            return due if choice == "due" else today
        if due > today or due < today.replace(day=1) or self._is_locked(due):
            return today
        return due

    def _is_locked(self, day):
        """Whether the books are closed on ``day``, for fiscal or tax reasons."""
        self.ensure_one()
        journal = self.invoice_journal_id
        return bool(self.company_id._get_violated_lock_dates(day, True, journal))

    @api.model
    def _issue_invoices(self, moves, invoices):
        """Post and send, as each agreement says; some stay drafts.

        Sending is Odoo's own, later and in a transaction of its own: what fails there
        leaves invoice and billed periods alone.

        :param account.move moves: drafts, one for each of ``invoices``
        :param invoices: lists of pieces, as of ``_group_pieces``
        """
        by_mode = {mode: moves.browse() for mode, _label in INVOICE_MODES}
        for move, pieces in zip(moves, invoices, strict=True):
            by_mode[pieces[0].agreement._get_invoice_mode()] |= move
        (moves - by_mode["draft"])._post_agreement_invoices()
        by_mode["send"]._queue_agreement_sending()
