from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import email_normalize

CALLERS_MAX = 50
LENGTH_MAX = 100


class ServiceAgreement(models.Model):
    """Who may call: the customer keeps the list, and staff see it on his tickets."""

    _inherit = "service.agreement"

    caller_ids = fields.Many2many(
        "res.partner",
        "service_agreement_caller_rel",
        string="May Call",
        copy=False,
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
        help="Who may ask for service. The customer keeps this list in the portal. "
        "Empty: whoever works for him.",
    )

    def _get_portal_contacts(self):
        """:return: res.partner, people of the customer's who are not on the list"""
        self.ensure_one()
        people = self.env["res.partner"].search_fetch(
            Domain("commercial_partner_id", "=", self.commercial_partner_id.id)
            & Domain("is_company", "=", False)
            & Domain("type", "=", "contact")
            & Domain("name", "!=", False),
            order="name, id",
        )
        return people - self.caller_ids

    def _add_caller(self, values, author):
        """Put somebody on the list: a contact of the customer's, or a new one.

        :param dict values: partner_id, or name, phone and email; plain text
        :param res.partner author: who says so
        :raise UserError: says what is missing
        """
        self._lock_and_wait()
        person = values.get("partner_id") and self._get_portal_contacts().filtered(
            lambda contact: contact.id == values["partner_id"]
        )
        if not person:
            self._check_new_caller(values)
            person = self._find_contact(values) or self._make_contact(values)
        if person in self.caller_ids:
            return
        if len(self.caller_ids) >= CALLERS_MAX:
            raise UserError(
                self.env._("There are %s people on the list already.", CALLERS_MAX)
            )
        self.caller_ids = [Command.link(person.id)]
        self._note_caller(
            self._in_responsible_lang().env._("%s may call.", _describe(person)), author
        )

    def _remove_caller(self, partner_id, author):
        """Take somebody off the list, if he is on it; the contact stays."""
        self._lock_and_wait()
        person = self.caller_ids.filtered(lambda caller: caller.id == partner_id)
        if not person:
            return
        self.caller_ids = [Command.unlink(person.id)]
        self._note_caller(
            self._in_responsible_lang().env._(
                "%s may not call any more.", _describe(person)
            ),
            author,
        )

    def _note_caller(self, body, author):
        self.message_post(body=body, author_id=author.id, message_type="notification")

    def _check_new_caller(self, values):
        if not values["name"]:
            raise UserError(self.env._("Please tell us the name."))
        if not (values["phone"] or values["email"]):
            raise UserError(
                self.env._("Please tell us a phone number or a mail address.")
            )
        if values["email"] and not email_normalize(values["email"]):
            raise UserError(self.env._("Please look at the mail address again."))

    def _find_contact(self, values):
        """:return: res.partner of the customer's with the same name, and the same mail
        address or phone number, or none: whoever is added twice is one person
        """
        name = values["name"].casefold()
        email = email_normalize(values["email"])
        people = self._get_portal_contacts() | self.caller_ids
        return people.filtered(
            lambda person: (
                person.name.casefold() == name
                and (
                    (email and person.email_normalized == email)
                    or (values["phone"] and person.phone == values["phone"])
                )
            )
        )[:1]

    def _make_contact(self, values):
        return self.env["res.partner"].create(
            {
                "name": values["name"][:LENGTH_MAX],
                "phone": values["phone"][:LENGTH_MAX],
                "email": values["email"][:LENGTH_MAX],
                "parent_id": self.commercial_partner_id.id,
                "type": "contact",
                "lang": self._get_lang(),
            }
        )


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    caller_hint = fields.Char(
        compute="_compute_caller_hint",
        compute_sudo=True,
        groups="base.group_user",
        export_string_translation=False,
    )

    @api.depends(lambda self: ["agreement_id", *self._ticket_customer_fields()])
    def _compute_caller_hint(self):
        for ticket in self:
            ticket.caller_hint = ticket._get_caller_hint()

    def _get_caller_hint(self):
        """:return: str, that who asks is not on the list of who may; or False.

        The customer himself may always call; of a company nobody knows who it was.
        """
        self.ensure_one()
        agreement, person = self.agreement_id, self._ticket_customer()
        callers = agreement.caller_ids
        if not callers or not person or person.is_company:
            return False
        if person in callers or person == agreement.partner_id:
            return False
        return self.env._(
            "%(person)s is not on the list of who may call: %(callers)s.",
            person=person.name,
            callers=", ".join(callers.mapped("name")),
        )


def _describe(person):
    """:return: "Ann Miller (555-0100, ann@example.com)" """
    known = ", ".join(filter(None, (person.phone, person.email)))
    return f"{person.name} ({known})" if known else person.name
