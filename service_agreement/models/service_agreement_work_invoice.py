"""Invoices of work that no agreement has to do with, when a month is settled."""

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    def action_create_invoices(self):
        """Make draft invoices of what is to be billed of these parts of work."""
        moves = self._create_invoices()
        if not moves:
            raise UserError(
                self.env._(
                    "Nothing of this is left for an invoice of its own. Work with an "
                    "agreement goes on the agreement's next invoice; other work must "
                    "be answered with “Billed”."
                )
            )
        return self.env["service.agreement"]._get_invoices_action(moves)

    def _create_invoices(self):
        """Draft invoices of the work that is to be billed and has no agreement, one for
        each customer; once, whatever two people do.

        What is free is on them where the customer is shown it, and never by itself.

        :return: account.move, new drafts
        :raise AccessError: who calls neither bills nor manages agreements
        """
        self._ensure_may_invoice()
        # Sudo: the right was checked; a manager need not keep the books.
        draws = self.sudo().try_lock_for_update().filtered(lambda d: d._is_to_invoice())
        moves = self.env["account.move"].sudo()
        for _key, own in draws.grouped(lambda d: d._get_invoice_key()).items():
            if "bill" in own.mapped("answer"):
                moves |= own._create_invoice()
        return moves.with_env(self.env)

    def _ensure_may_invoice(self):
        self.check_access("read")
        may = ("account.group_account_invoice", "service_agreement.group_manager")
        if not any(self.env.user.has_group(group) for group in may) and not self.env.su:
            raise AccessError(
                self.env._("Only who bills, or a service manager, makes invoices.")
            )

    def _is_to_invoice(self):
        self.ensure_one()
        return bool(
            not self.agreement_id
            and not self.is_invoiced
            and self.partner_id
            and self._is_charged()
        )

    def _get_invoice_key(self):
        """:return: tuple; work with equal keys is on one invoice"""
        self.ensure_one()
        return self.company_id, self.partner_id, self.currency_id

    def _create_invoice(self):
        """:return: account.move of these parts, of one key"""
        groups = self._group_by_ticket()
        company = self.company_id
        values = self._prepare_invoice_values(groups)
        move = self.env["account.move"].with_company(company).create(values)
        lines = move.invoice_line_ids.filtered(lambda ln: ln.display_type == "product")
        lines = lines.sorted(lambda line: (line.sequence, line.id))
        parts = [draws for same in groups.values() for draws in same]
        for line, draws in zip(lines, parts, strict=True):
            draws.move_line_id = line
        return move

    def _group_by_ticket(self):
        """:return: {ticket: list of parts that are one line each}, by day"""
        groups = {}
        for (work, _agreement, _key), draws in self._group_charges().items():
            groups.setdefault(work.task_id, []).append(draws)
        return groups

    def _prepare_invoice_values(self, groups):
        """
        :param dict groups: as of :meth:`_group_by_ticket`
        :return: values of the ``account.move``; pure
        """
        customer, company = self.partner_id, self.company_id
        addresses = customer.address_get(["invoice", "delivery"])
        site = customer.browse(addresses["delivery"])
        positions = self.env["account.fiscal.position"].with_company(company)
        position = positions._get_fiscal_position(customer, site)
        lines = []
        for ticket, parts in groups.items():
            if ticket:
                lines.append(Command.create(self._prepare_ticket_section(ticket)))
            lines += [
                Command.create(draws._prepare_invoice_line(position)) for draws in parts
            ]
        return {
            "move_type": "out_invoice",
            "company_id": company.id,
            "partner_id": addresses["invoice"],
            "partner_shipping_id": site.id,
            "currency_id": self.currency_id.id,
            "fiscal_position_id": position.id,
            "invoice_line_ids": lines,
        }

    @api.model
    def _prepare_ticket_section(self, ticket):
        return {
            "display_type": "line_section",
            "name": f"{ticket._ticket_reference()} {ticket.name}",
        }

    def _prepare_invoice_line(self, position):
        """:return: values of the ``account.move.line`` of these parts, of one key"""
        first = self[0]
        product = first.company_id._get_work_product(first.unit)
        if not product:
            raise UserError(
                self.env._(
                    "Choose in the settings by which product hours and trips are "
                    "billed."
                )
            )
        taxes = product.taxes_id._filter_taxes_by_company(first.company_id)
        taxes = position.map_tax(taxes)
        lang = first.partner_id.lang or self.env.lang
        return {
            **self._prepare_work_values(first.currency_id, taxes, lang),
            "product_id": product.id,
            "tax_ids": [Command.set(taxes.ids)],
            "is_service_work": True,
            "service_work_id": first.line_id.id,
        }
