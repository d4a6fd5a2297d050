from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class ServiceAgreementSystem(models.Model):
    """Something that works as a whole at a customer's: a theatre, a network."""

    _name = "service.agreement.system"
    _description = "Customer System"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, sequence, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, tracking=True
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    site_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        tracking=True,
        domain="[('id', 'child_of', commercial_partner_id)]",
        help="Where it stands. Empty: at the customer's own address.",
    )
    device_ids = fields.One2many("service.agreement.device", "system_id")
    device_count = fields.Integer(compute="_compute_device_count")
    inspected_on = fields.Date(
        string="Entry Inspection",
        tracking=True,
        help="When it was looked at before it was covered; defects found then are not.",
    )
    note = fields.Html(groups="base.group_user")
    agreement_ids = fields.Many2many(
        "service.agreement",
        "service_agreement_service_agreement_system_rel",
        "service_agreement_system_id",
        "service_agreement_id",
        string="Agreements",
        groups="service_agreement.group_user",
        help="Those that name it. Agreements that name no system cover it, too.",
    )
    defect_count = fields.Integer(
        string="Known Defects", compute="_compute_defect_count"
    )
    ticket_count = fields.Integer(
        compute="_compute_ticket_count", groups="project.group_project_user"
    )

    @api.constrains("partner_id", "site_id")
    def _check_site(self):
        for system in self.filtered("site_id"):
            if system.commercial_partner_id not in system.site_id._get_parents():
                raise ValidationError(
                    system.env._(
                        "%(site)s is no address of %(customer)s: choose one of theirs, "
                        "or leave the site empty.",
                        site=system.site_id.display_name,
                        customer=system.commercial_partner_id.display_name,
                    )
                )

    def _compute_defect_count(self):
        counts = dict(
            self.env["service.agreement.device"]._read_group(
                Domain("system_id", "in", self.ids)
                & self.env["service.agreement.device"]._get_defect_domain(),
                ["system_id"],
                ["__count"],
            )
        )
        for system in self:
            system.defect_count = counts.get(system, 0)

    def _compute_ticket_count(self):
        counts = dict(
            self.env["project.task"]._read_group(
                [("system_id", "in", self.ids)], ["system_id"], ["__count"]
            )
        )
        for system in self:
            system.ticket_count = counts.get(system, 0)

    def _compute_device_count(self):
        counts = dict(
            self.env["service.agreement.device"]._read_group(
                [("system_id", "in", self.ids)], ["system_id"], ["__count"]
            )
        )
        for system in self:
            system.device_count = counts.get(system, 0)

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Systems and Their Devices"),
                "template": "/service_agreement/static/csv/systems.csv",
            }
        ]

    def write(self, vals):
        """A house that is sold: the system goes to who owns it now, its site is his."""
        if "partner_id" in vals and "site_id" not in vals:
            owner = self.env["res.partner"].browse(vals["partner_id"])
            moved = self.filtered(
                lambda s: (
                    s.commercial_partner_id != owner.commercial_partner_id and s.site_id
                )
            )
            moved.site_id = False
        return super().write(vals)

    def action_view_devices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_device"
        )
        action["domain"] = [("system_id", "=", self.id)]
        action["context"] = {"default_system_id": self.id}
        return action

    def action_view_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_desk_ticket"
        )
        action["domain"] = [("system_id", "=", self.id)]
        action["context"] = {
            "default_partner_id": self.partner_id.id,
            "default_system_id": self.id,
            "default_project_id": self.company_id.service_desk_project_id.id,
        }
        return action

    def action_add_devices(self):
        """Open the wizard that makes devices of what was invoiced."""
        self.ensure_one()
        return {
            "name": self.env._("Add Devices from Invoices"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.device.add",
            "view_mode": "form",
            "target": "new",
            "context": {"default_system_id": self.id},
        }


class ServiceAgreementDevice(models.Model):
    """A thing with a serial number, and what it is excluded by."""

    _name = "service.agreement.device"
    _description = "Device of a Customer System"
    _order = "system_id, sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    system_id = fields.Many2one(
        "service.agreement.system", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="system_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    product_id = fields.Many2one("product.product", index="btree_not_null")
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoiced With",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    serial = fields.Char(string="Serial Number", index="btree_not_null", copy=False)
    installed_on = fields.Date()
    warranty_until = fields.Date(help="Last day of the manufacturer's warranty.")
    is_monitored = fields.Boolean(string="Monitored")
    known_defect = fields.Char(
        help="Found at the entry inspection; not covered until it is repaired."
    )
    defect_until = fields.Date(
        string="Defect Repaired On", help="From this day on the device is covered."
    )
    has_defect = fields.Boolean(
        string="Defect",
        compute="_compute_has_defect",
        search="_search_has_defect",
        help="A known defect that is not repaired today.",
    )
    is_in_warranty = fields.Boolean(
        string="In Warranty", compute="_compute_is_in_warranty"
    )

    @api.depends("known_defect", "defect_until")
    def _compute_has_defect(self):
        for device in self:
            today = (device.company_id or self.env.company)._service_today()
            repaired = device.defect_until and device.defect_until <= today
            device.has_defect = device.known_defect and not repaired

    def _search_has_defect(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self._get_defect_domain()
        return domain if True in value else ~domain

    @api.model
    def _get_defect_domain(self):
        today = self.env.company._service_today()
        return Domain("known_defect", "not in", (False, "")) & (
            Domain("defect_until", "=", False) | Domain("defect_until", ">", today)
        )

    @api.depends("warranty_until")
    def _compute_is_in_warranty(self):
        for device in self:
            today = (device.company_id or self.env.company)._service_today()
            device.is_in_warranty = (
                device.warranty_until and device.warranty_until >= today
            )

    @api.depends("name", "serial")
    def _compute_display_name(self):
        for device in self:
            serial = device.serial
            device.display_name = f"{device.name} ({serial})" if serial else device.name

    def action_repair(self):
        """The defect of the entry inspection is repaired: from today it is covered."""
        self.check_access("write")
        for device in self.filtered("has_defect"):
            device.defect_until = device.company_id._service_today()
            device.system_id.message_post(
                body=self.env._(
                    "%(device)s is repaired and covered from today: %(defect)s",
                    device=device.display_name,
                    defect=device.known_defect,
                )
            )
