from odoo import models

from .reading import read_lines


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _read_for_portal(self, user):
        """Read together what a page of the portal shows; met one by one, it would be
        queried so.

        Sudo: read for whoever the page is opened for.

        :param res.users user: who looks at it
        """
        self.ensure_one()
        agreement = self.sudo()
        users = user.sudo() | agreement.user_id
        users.fetch()
        people = users.partner_id | agreement.partner_id
        people |= agreement.commercial_partner_id | agreement.company_id.partner_id
        people.fetch()

    def _read_for_portal_in_force(self):
        """Read together what is shown only of what was in force once."""
        self.ensure_one()
        agreement = self.sudo()
        for name in ("line_ids", "target_ids", "statement_ids"):
            read_lines(agreement, name)
        read_lines(read_lines(agreement, "coverage_ids"), "allowance_ids")
