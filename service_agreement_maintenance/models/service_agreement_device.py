from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, sql

from ..tools.faults import Observed, days_between

# What an equipment says of its device.
KEPT = {
    "name",
    "active",
    "serial",
    "product_id",
    "installed_on",
    "warranty_until",
    "removed_on",
    "equipment_id",
}


class ServiceAgreementDevice(models.Model):
    """A device is an equipment, too: one, which says what the device says.

    The device is where its name, serial number, warranty and days are kept, for they
    decide who pays; on the equipment they are read (see `maintenance.equipment`).
    """

    _inherit = "service.agreement.device"

    removed_on = fields.Date(
        compute="_compute_removed_on",
        store=True,
        readonly=False,
        copy=False,
        help="The last day it was there. From then on its faults are not counted.",
    )
    equipment_id = fields.Many2one(
        "maintenance.equipment",
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="base.group_user",
        help="Under which maintenance is planned and requested.",
    )
    equipment_category_id = fields.Many2one(
        related="equipment_id.category_id", groups="base.group_user"
    )
    ticket_count = fields.Integer(
        compute="_compute_ticket_count", groups="project.group_project_user"
    )
    request_count = fields.Integer(
        related="equipment_id.maintenance_count",
        string="Maintenance Requests",
        groups="base.group_user",
    )
    fault_count = fields.Integer(
        string="Faults",
        compute="_compute_fault_count",
        groups="base.group_user",
        help="Tickets and corrective maintenance requests, while we looked after it.",
    )
    product_fault_text = fields.Char(
        string="Time Between Faults of This Product",
        compute="_compute_product_fault_text",
        groups="base.group_user",
        help="The mean of all devices of this product that the company looks after, at"
        " all customers.",
    )

    _equipment_uniq = models.UniqueIndex(
        "(equipment_id) WHERE equipment_id IS NOT NULL",
        "This equipment is another device already.",
    )

    def _auto_init(self):
        """What is archived when this addon arrives, was removed when it was last
        touched, not today."""
        is_new = not sql.column_exists(self.env.cr, self._table, "removed_on")
        if is_new:
            sql.create_column(self.env.cr, self._table, "removed_on", "date")
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE service_agreement_device SET removed_on = write_date::date
                     WHERE NOT active
                    """
                )
            )
        return super()._auto_init()

    @api.depends("active")
    def _compute_removed_on(self):
        for device in self:
            today = (device.company_id or self.env.company)._service_today()
            device.removed_on = not device.active and (device.removed_on or today)

    def _compute_ticket_count(self):
        counts = dict(
            self.env["project.task"]._read_group(
                [("device_id", "in", self.ids)], ["device_id"], ["__count"]
            )
        )
        for device in self:
            device.ticket_count = counts.get(device, 0)

    def _compute_fault_count(self):
        observed = self.env["service.agreement.fault"]._observe(
            Domain("device_id", "in", self.ids), "device_id"
        )
        for device in self:
            device.fault_count = observed.get(device._origin, Observed()).faults

    @api.depends("product_id")
    @api.depends_context("lang")
    def _compute_product_fault_text(self):
        self.product_fault_text = False
        for company, devices in (
            self.filtered("product_id").grouped("company_id").items()
        ):
            observed = self.env["service.agreement.fault"]._observe(
                Domain("company_id", "=", company.id)
                & Domain("product_id", "in", devices.product_id.ids),
                "product_id",
            )
            for device in devices:
                device.product_fault_text = self._describe_faults(
                    observed.get(device.product_id, Observed())
                )

    @api.model
    def _describe_faults(self, observed):
        """:return: str, "812 days (faults: 4)", or that it is too early to tell"""
        days = days_between(observed)
        if days is None:
            return self.env._(
                "Too little data (faults: %(count)s)", count=observed.faults
            )
        return self.env._(
            "%(days)s days (faults: %(count)s)",
            days=round(days),
            count=observed.faults,
        )

    @api.constrains("equipment_id", "system_id")
    def _check_equipment_company(self):
        for device in self.sudo().filtered("equipment_id.company_id"):
            if device.equipment_id.company_id != device.company_id:
                raise ValidationError(
                    self.env._(
                        "%(equipment)s is of another company than %(device)s. Choose"
                        " one of %(company)s.",
                        equipment=device.equipment_id.display_name,
                        device=device.display_name,
                        company=device.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_link(vals_list)
        devices = super().create(vals_list)
        devices._update_equipment()
        return devices

    def write(self, vals):
        self._check_may_link([vals])
        result = super().write(vals)
        if not KEPT.isdisjoint(vals):
            self._update_equipment()
        return result

    @api.model
    def _check_may_link(self, vals_list):
        """An equipment that is linked says what the device says: who links one by hand
        changes it."""
        linked = {vals.get("equipment_id") for vals in vals_list} - {None, False}
        if linked:
            self.env["maintenance.equipment"].browse(linked).check_access("write")

    # The equipment

    def action_make_equipment(self):
        """Give each device its equipment: the one with its serial number, or a new one.

        :return: dict, an action that tells how many, and which not
        """
        self.check_access("write")
        result = self._make_equipment()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if result["taken"] else "success",
                "sticky": bool(result["taken"]),
                "message": self._describe_made(**result),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _make_equipment(self):
        """
        Sudo: who keeps the devices is no manager of equipment; nothing is made but what
        the device says, and what is found is the same thing, by its serial number.

        :return: dict of devices: made, found, and taken, those whose serial number is
            of an equipment that is something else already
        """
        result = dict.fromkeys(("made", "found", "taken"), self.browse())
        for device in self.filtered(lambda each: not each.equipment_id):
            mine = device.sudo()
            known = mine._find_equipment()
            if known and not mine._suits(known):
                result["taken"] |= device
                continue
            result["found" if known else "made"] |= device
            mine._complete_from(known)
            mine.equipment_id = known or mine._create_equipment()
        return result

    def _find_equipment(self):
        """:return: maintenance.equipment with the serial number of the device"""
        self.ensure_one()
        equipment = self.env["maintenance.equipment"].with_context(active_test=False)
        serial = (self.serial or "").strip()
        if not serial:
            return equipment
        return equipment.search([("serial_no", "=", serial)], limit=1)

    def _suits(self, equipment):
        """:return: bool, whether it can be the equipment of this device"""
        is_ours = equipment.company_id in (self.company_id, self.env["res.company"])
        return is_ours and not equipment.service_device_ids

    def _complete_from(self, equipment):
        """What only the equipment knew is not lost."""
        if equipment.warranty_date and not self.warranty_until:
            self.warranty_until = equipment.warranty_date

    def _create_equipment(self):
        values = {
            **self._prepare_equipment_values(),
            "company_id": self.company_id.id,
            "category_id": self._find_equipment_category().id,
        }
        equipment = self.env["maintenance.equipment"]
        # EXTENDS 'hr_maintenance': it is no employee's.
        if "equipment_assign_to" in equipment._fields:
            values["equipment_assign_to"] = "other"
        return equipment.create(values)

    def _find_equipment_category(self):
        """:return: maintenance.equipment.category as of other devices of the product,
        or else with the name of the product's category
        """
        if not self.product_id:
            return self.env["maintenance.equipment.category"]
        same = self.search(
            [
                ("product_id", "=", self.product_id.id),
                ("company_id", "=", self.company_id.id),
                ("equipment_id.category_id", "!=", False),
            ],
            order="id desc",
            limit=1,
        )
        return same.equipment_category_id or self.env[
            "maintenance.equipment.category"
        ].search(
            [
                ("name", "=", self.product_id.categ_id.name),
                ("company_id", "in", (False, self.company_id.id)),
            ],
            limit=1,
        )

    def _prepare_equipment_values(self):
        """:return: dict of what the equipment says, because the device does"""
        self.ensure_one()
        values = {
            "name": self.name,
            "active": self.active,
            "serial_no": (self.serial or "").strip() or False,
            "warranty_date": self.warranty_until,
            "scrap_date": self.removed_on,
        }
        if self.product_id:
            values["model"] = self.product_id.name
        # An equipment always has this day; it keeps its own where we know none.
        if self.installed_on:
            values["effective_date"] = self.installed_on
        return values

    def _update_equipment(self):
        """Sudo: who keeps the devices is no manager of equipment."""
        for device in self.sudo().filtered("equipment_id"):
            device.equipment_id._take(device._prepare_equipment_values())

    @api.model
    def _describe_made(self, made, found, taken):
        sentences = []
        if made:
            sentences.append(self.env._("%(count)s made.", count=len(made)))
        if found:
            sentences.append(
                self.env._("%(count)s found by serial number.", count=len(found))
            )
        if taken:
            names = ", ".join(taken.mapped("display_name"))
            sentences.append(
                self.env._(
                    "Another equipment has the serial number of %(names)s. Correct one"
                    " of the two, or link them by hand.",
                    names=names,
                )
            )
        return " ".join(sentences) or self.env._("They all have their equipment.")

    # What lies behind

    def action_view_equipment(self):
        self.ensure_one()
        return self.equipment_id.get_formview_action()

    def action_view_requests(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "maintenance.hr_equipment_request_action"
        )
        return dict(
            action,
            domain=[("equipment_id", "=", self.equipment_id.id)],
            context={"default_equipment_id": self.equipment_id.id},
        )

    def action_view_tickets(self):
        self.ensure_one()
        action = self.system_id.action_view_tickets()
        action["domain"] = [("device_id", "=", self.id)]
        action["context"]["default_device_id"] = self.id
        return action
