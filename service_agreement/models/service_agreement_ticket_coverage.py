from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from .service_book import get_companies


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What a ticket says of the work on it, and who was chosen to pay for it.

    Its promise is another question. Work on a ticket takes over what is said here,
    see `account.analytic.line`.
    """

    _inherit = "service.agreement.ticket.mixin"

    work_type_id = fields.Many2one(
        "service.agreement.work.type", string="Work", index="btree_not_null"
    )
    system_id = fields.Many2one(
        "service.agreement.system",
        compute="_compute_system_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        help="The customer's, that it is about.",
    )
    device_id = fields.Many2one(
        "service.agreement.device",
        compute="_compute_device_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    exclusion_id = fields.Many2one(
        "service.agreement.exclusion",
        string="Not Covered Because",
        index="btree_not_null",
        help="Empty: nothing speaks against the agreement paying for it.",
    )
    payer_id = fields.Many2one(
        "service.agreement",
        string="Paid By (chosen)",
        copy=False,
        index="btree_not_null",
        help="Chosen by a person for all the work on this ticket. Empty: the rules of"
        " the agreements decide.",
    )
    payer_chosen_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        index="btree_not_null",
        export_string_translation=False,
    )

    @api.depends(lambda self: self._ticket_customer_fields())
    def _compute_system_id(self):
        """Another customer has other systems."""
        for ticket in self:
            if not ticket._ticket_owns(ticket.system_id):
                ticket.system_id = False

    @api.depends("system_id")
    def _compute_device_id(self):
        for ticket in self:
            if ticket.device_id.system_id != ticket.system_id:
                ticket.device_id = False

    @api.constrains("system_id", "device_id")
    def _check_system(self):
        for ticket in self.sudo():
            device, system = ticket.device_id, ticket.system_id
            if not ticket._ticket_owns(system):
                raise ValidationError(
                    self.env._(
                        "%(system)s is not %(customer)s's. Choose one of the customer's"
                        " systems, or correct the customer first.",
                        system=system.display_name,
                        customer=ticket._ticket_customer().display_name,
                    )
                )
            if device and device.system_id != system:
                raise ValidationError(
                    self.env._(
                        "%(device)s is part of %(system)s. Choose that system, or"
                        " another device.",
                        device=device.display_name,
                        system=device.system_id.display_name,
                    )
                )

    @api.constrains("payer_id")
    def _check_payer(self):
        for ticket in self.sudo().filtered("payer_id"):
            if problem := ticket._ticket_why_not_payer():
                raise ValidationError(problem)

    # Questions a ticket model answers

    @api.model
    def _ticket_customer_fields(self):
        """:return: list of the fields that `_ticket_customer` is answered from"""
        return []

    # CRUD

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if not self._ticket_may_choose():
            values.pop("payer_id", None)
        return values

    @api.model
    def _refuse_facts(self, vals):
        result = super()._refuse_facts(vals)
        if "payer_id" in vals and not self._ticket_may_choose():
            raise AccessError(
                self.env._(
                    "Only who makes agreements may choose who pays for a ticket."
                )
            )
        return result

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        # Sudo: who opens one in the portal may not know who pays.
        tickets.sudo().filtered("payer_id")._ticket_note_payer()
        return tickets

    def write(self, vals):
        if {"payer_id", *self._ticket_customer_fields()}.isdisjoint(vals):
            return super().write(vals)
        before = {ticket: ticket.payer_id for ticket in self.sudo()}
        result = super().write(vals)
        if "payer_id" not in vals:
            self.sudo()._ticket_drop_payer()
        changed = self.sudo().filtered(lambda t: t.payer_id != before[t])
        changed._ticket_note_payer()
        return result

    # Who pays

    def action_ticket_clear_payer(self):
        """Let the agreements' rules decide again."""
        self._ticket_check_may_work()
        self.write({"payer_id": False})

    def _ticket_drop_payer(self):
        """Nobody pays for another customer: the choice was for the one before."""
        others = self.filtered(lambda t: t.payer_id and t._ticket_why_not_payer())
        others._ticket_write({"payer_id": False})

    def _ticket_note_payer(self):
        """Write down who chose, and say so in the ticket's messages.

        Sudo: who chose is a fact, nobody's to set.
        """
        author = self.env.user.partner_id
        for ticket in self.sudo():
            chosen_by = self.env.uid if ticket.payer_id else False
            ticket._ticket_write({"payer_chosen_by_id": chosen_by})
            ticket._message_log(author_id=author.id, body=ticket._ticket_payer_text())

    def _ticket_payer_text(self):
        if not self.payer_id:
            return self.env._("Who pays is decided by the agreements again.")
        return self.env._(
            "Agreement %(agreement)s was chosen to pay for the work.",
            agreement=self.payer_id.display_name,
        )

    def _ticket_why_not_payer(self):
        """:return: str, why the agreement chosen may not pay; else None"""
        agreement, customer = self.payer_id, self._ticket_customer()
        company = self._ticket_own_company()
        if agreement.commercial_partner_id not in self._ticket_customers():
            return self.env._(
                "Agreement %(agreement)s is not %(customer)s's. Choose one of the"
                " customer, or correct the customer first.",
                agreement=agreement.display_name,
                customer=customer.display_name or self.env._("this customer"),
            )
        if company and agreement.company_id != company:
            return self.env._(
                "Agreement %(agreement)s is of %(other)s, and the ticket is served by"
                " %(company)s. Choose an agreement of that company.",
                agreement=agreement.display_name,
                other=agreement.company_id.name,
                company=company.name,
            )
        if not agreement.activated_on:
            return self.env._(
                "Agreement %(agreement)s has not begun: it cannot pay for work yet.",
                agreement=agreement.display_name,
            )
        return None

    def _ticket_customers(self):
        """:return: res.partner, the customer's company and those above it"""
        return get_companies(self.sudo()._ticket_customer())

    def _ticket_owns(self, system):
        """:return: bool, whether a system is the customer's, or there is none"""
        owner = system.sudo().commercial_partner_id
        return not system or owner in self._ticket_customers()
