from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class MaintenanceEquipment(models.Model):
    """The equipment that is a customer's device, see `service.agreement.device`."""

    _inherit = "maintenance.equipment"

    service_device_ids = fields.One2many(
        "service.agreement.device",
        "equipment_id",
        string="Devices",
        context={"active_test": False},
        help="Of a customer: one, or none.",
    )
    service_device_id = fields.Many2one(
        "service.agreement.device",
        string="Device",
        compute="_compute_service_device_id",
        search="_search_service_device_id",
    )
    service_partner_id = fields.Many2one(
        related="service_device_id.partner_id", string="Customer"
    )
    service_system_id = fields.Many2one(
        related="service_device_id.system_id", string="System"
    )
    service_agreement_id = fields.Many2one(
        "service.agreement",
        string="Agreement",
        compute="_compute_service_agreement",
        compute_sudo=True,
        groups="service_agreement.group_user",
        help="In force today.",
    )
    service_tier_id = fields.Many2one(
        "service.agreement.tier",
        compute="_compute_service_agreement",
        compute_sudo=True,
    )
    service_visit_on = fields.Date(
        string="Next Visit",
        compute="_compute_service_visit_on",
        help="The next preventive visit of the agreement to the system.",
    )
    service_ticket_count = fields.Integer(
        related="service_device_id.ticket_count",
        string="Service Tickets",
        groups="project.group_project_user",
    )
    service_fault_count = fields.Integer(related="service_device_id.fault_count")
    service_fault_text = fields.Char(related="service_device_id.product_fault_text")

    @api.depends("service_device_ids")
    def _compute_service_device_id(self):
        for equipment in self:
            equipment.service_device_id = equipment.service_device_ids[:1]

    @api.model
    def _search_service_device_id(self, operator, value):
        return Domain("service_device_ids", operator, value)

    def _group_by_system(self):
        """:return: dict of the equipment by service.agreement.system, may be empty"""
        return self.grouped(lambda each: each.sudo().service_device_id.system_id)

    @api.depends("service_device_ids.system_id")
    def _compute_service_agreement(self):
        for system, equipment in self._group_by_system().items():
            agreement = system._find_agreement()
            equipment.service_agreement_id = agreement
            equipment.service_tier_id = agreement.tier_id

    @api.depends("service_device_ids.system_id")
    def _compute_service_visit_on(self):
        for system, equipment in self._group_by_system().items():
            equipment.service_visit_on = system._find_next_visit().date

    @api.constrains(
        *("name", "active", "serial_no", "model", "warranty_date"),
        *("scrap_date", "effective_date"),
    )
    def _check_said_by_device(self):
        """Sudo: the rule holds, whether or not one may read the device."""
        for equipment in self.sudo().filtered("service_device_id"):
            device = equipment.service_device_id
            said = device._prepare_equipment_values()
            if wrong := [name for name in said if equipment[name] != said[name]]:
                labels = (self._fields[n]._description_string(self.env) for n in wrong)
                raise ValidationError(
                    self.env._(
                        "%(fields)s of %(equipment)s: as its device says. Change it"
                        " there.",
                        fields=", ".join(labels),
                        equipment=equipment.display_name,
                    )
                )

    def _take(self, values):
        """
        :param dict values: what the device says; what is the same is not written
        """
        self.ensure_one()
        values = {name: value for name, value in values.items() if self[name] != value}
        if not values:
            return
        self.write(values)
        if "name" in values:
            # Of devices there is one name, in whatever language.
            for code, _name in self.env["res.lang"].get_installed():
                self.with_context(lang=code).name = values["name"]

    def action_view_service_tickets(self):
        self.ensure_one()
        return self.service_device_id.action_view_tickets()
