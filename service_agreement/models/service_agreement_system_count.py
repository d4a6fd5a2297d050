from odoo import api, fields, models

TO_DO = "service_agreement.mail_activity_type_systems_differ"


class ServiceAgreement(models.Model):
    """Sites and systems: what the price is for, and what is there."""

    _inherit = "service.agreement"

    # Facts of the customer, not of the deal: they change while it is in force, and the
    # chatter says who changed them.
    site_ids = fields.Many2many(tracking=True)
    system_ids = fields.Many2many(tracking=True)
    system_quantity = fields.Integer(tracking=True)
    system_count = fields.Integer(
        string="Systems",
        compute="_compute_system_count",
        help="Those named here that are still the customer's; or else all of his.",
    )

    @api.depends(
        "commercial_partner_id",
        "system_ids.active",
        "system_ids.commercial_partner_id",
    )
    def _compute_system_count(self):
        found = self.env["service.agreement.system"].search_fetch(
            [
                ("commercial_partner_id", "child_of", self.commercial_partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ],
            ["commercial_partner_id", "company_id"],
        )
        for agreement in self:
            named = agreement.system_ids._origin
            systems = found & named if named else found
            own = systems.filtered(lambda s, a=agreement: a._may_cover(s))
            agreement.system_count = len(own)

    def _may_cover(self, system):
        """:return: bool, whether the system is the customer's, or of a company below
        him that is covered, too
        """
        self.ensure_one()
        if system.company_id != self.company_id:
            return False
        owner, customer = system.commercial_partner_id, self.commercial_partner_id
        if owner == customer._origin:
            return True
        held = self._get_coverage_today()
        return held.covers_children and customer._origin in owner._get_parents()

    def write(self, vals):
        result = super().write(vals)
        if not {"site_ids", "system_ids"}.isdisjoint(vals):
            for agreement in self.filtered("activated_on"):
                agreement._after_coverage(agreement.date_start)
        if not {"system_ids", "system_quantity", "state"}.isdisjoint(vals):
            self._refresh_system_to_do()
        return result

    def _systems_differ(self):
        """:return: bool, whether there are more or fewer systems than were agreed"""
        self.ensure_one()
        return (
            self.state in ("active", "suspended")
            and bool(self.system_quantity)
            and self.system_count != self.system_quantity
        )

    def _refresh_system_to_do(self):
        """One to-do while the numbers differ, none once they are equal again."""
        # Archived, moved: not all of it is in what the count depends on.
        self.invalidate_recordset(["system_count"])
        for agreement in self:
            open_to_dos = agreement.activity_search([TO_DO])
            if not agreement._systems_differ():
                open_to_dos.unlink()
            elif not open_to_dos:
                agreement._schedule_system_to_do()

    def _schedule_system_to_do(self):
        self.ensure_one()
        self.activity_schedule(
            TO_DO,
            user_id=self.user_id.id,
            note=self.env._(
                "%(agreed)s systems are agreed, %(found)s are there. Change the "
                "agreement, or its systems.",
                agreed=self.system_quantity,
                found=self.system_count,
            ),
        )

    @api.model
    def _cron_lifecycle(self):
        """EXTENDS: systems that came or went by themselves are noticed, too."""
        result = super()._cron_lifecycle()
        self.search(
            [
                ("system_quantity", ">", 0),
                ("state", "in", ("active", "suspended")),
            ]
        )._refresh_system_to_do()
        return result

    def action_view_systems(self):
        """The systems that are named; or else all of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_system"
        )
        owner = [("commercial_partner_id", "=", self.commercial_partner_id.id)]
        named = [("id", "in", self.system_ids.ids)]
        action["domain"] = named if self.system_ids else owner
        action["context"] = {"default_partner_id": self.partner_id.id}
        return action


class ServiceAgreementSystem(models.Model):
    _inherit = "service.agreement.system"

    @api.model_create_multi
    def create(self, vals_list):
        systems = super().create(vals_list)
        systems._refresh_to_dos(systems.commercial_partner_id)
        return systems

    def write(self, vals):
        before = self.commercial_partner_id
        result = super().write(vals)
        if not {"partner_id", "active"}.isdisjoint(vals):
            self._refresh_to_dos(before | self.commercial_partner_id)
        return result

    def unlink(self):
        customers = self.commercial_partner_id
        result = super().unlink()
        self._refresh_to_dos(customers)
        return result

    @api.model
    def _refresh_to_dos(self, customers):
        """Count the systems of agreements with these customers, and those above them.

        Sudo: a to-do for who keeps the agreement, whoever adds or moves a system.
        """
        tree = customers.browse().union(*(each._get_parents() for each in customers))
        self.env["service.agreement"].sudo().search(
            [
                ("commercial_partner_id", "in", tree.ids),
                ("system_quantity", ">", 0),
                ("state", "in", ("active", "suspended")),
            ]
        )._refresh_system_to_do()


class ResPartner(models.Model):
    _inherit = "res.partner"

    service_system_count = fields.Integer(
        string="Systems", compute="_compute_service_system_count"
    )

    def _get_parents(self):
        """:return: this partner and all above it"""
        self.ensure_one()
        parents = self
        while above := parents[-1:].parent_id - parents:
            parents += above
        return parents

    def _compute_service_system_count(self):
        customers = self.commercial_partner_id._origin
        counts = dict(
            self.env["service.agreement.system"]._read_group(
                [("commercial_partner_id", "in", customers.ids)],
                ["commercial_partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            customer = partner.commercial_partner_id._origin
            partner.service_system_count = counts.get(customer, 0)

    def action_view_service_systems(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_system"
        )
        customer = self.commercial_partner_id
        action["domain"] = [("commercial_partner_id", "=", customer.id)]
        action["context"] = {"default_partner_id": self.id}
        return action
