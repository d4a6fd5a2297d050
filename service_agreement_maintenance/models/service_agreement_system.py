from odoo import models

from odoo.addons.service_agreement.models.service_agreement_visit import OPEN


class ServiceAgreementSystem(models.Model):
    _inherit = "service.agreement.system"

    def _find_agreement(self):
        """Sudo: a technician reads which tier it is, not the agreement.

        :return: service.agreement that covers the system today, one that names it
            before one of all that the customer has; empty if none does, and of no
            system
        """
        agreements = self.env["service.agreement"].sudo()
        if not self:
            return agreements
        agreements = agreements.search(
            [
                ("company_id", "=", self.company_id.id),
                ("commercial_partner_id", "=", self.commercial_partner_id.id),
            ]
        )._in_force_on(self.company_id._service_today())
        covered = agreements._get_covered_systems()
        ranked = agreements.filtered(lambda a: self in covered[a]).sorted(
            lambda a: (self not in a.system_ids, -a.tier_id.rank, a.date_start, a.id)
        )
        return ranked[:1]

    def _find_next_visit(self):
        """Sudo: visits are read by who plans and makes them, their day by everybody.

        :return: service.agreement.visit, the nearest that is still to be made; empty if
            none is, and of no system
        """
        visits = self.env["service.agreement.visit"].sudo()
        return visits.search(
            [
                ("agreement_id", "in", self._find_agreement().ids),
                ("system_id", "in", (False, self.id)),
                ("site_id", "in", (False, self.site_id.id)),
                ("state", "in", OPEN),
            ],
            order="date, id",
            limit=1,
        )
