from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

# More at once is a mistake of the unit of measure, not a delivery.
MAX_DEVICES = 200


class ServiceAgreementDeviceAdd(models.TransientModel):
    """Make devices of what was invoiced to the customer and is in no system yet."""

    _name = "service.agreement.device.add"
    _description = "Add Devices from Invoices"

    system_id = fields.Many2one(
        "service.agreement.system", required=True, readonly=True, ondelete="cascade"
    )
    warranty_months = fields.Integer(
        string="Warranty (months)",
        default=24,
        help="Counted from the invoice. 0: none is noted.",
    )
    line_ids = fields.One2many(
        "service.agreement.device.add.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("system_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = [
                Command.clear(),
                *(
                    Command.create(wizard._prepare_line_values(line, left))
                    for line, left in wizard._get_left_over()
                ),
            ]

    def _get_left_over(self):
        """:return: list of (account.move.line, int: how many are in no system yet)

        Sudo: a coordinator reads what was delivered, not the books.
        """
        self.ensure_one()
        system = self.system_id
        system.check_access("read")
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                Domain("move_id.move_type", "=", "out_invoice")
                & Domain("parent_state", "=", "posted")
                & Domain("company_id", "=", system.company_id.id)
                & Domain("partner_id", "child_of", system.commercial_partner_id.id)
                & Domain("product_id.type", "=", "consu")
                & Domain("quantity", ">", 0),
                order="date desc, id",
            )
        )
        made = dict(
            self.env["service.agreement.device"]
            .sudo()
            .with_context(active_test=False)
            ._read_group(
                [("move_line_id", "in", lines.ids)], ["move_line_id"], ["__count"]
            )
        )
        left = [(line, int(line.quantity) - made.get(line, 0)) for line in lines]
        return [(line, count) for line, count in left if count > 0]

    def _prepare_line_values(self, line, left):
        return {
            "move_line_id": line.id,
            "invoice": line.move_id.name,
            "date": line.move_id.invoice_date,
            "product_id": line.product_id.id,
            "quantity": left,
        }

    def action_confirm(self):
        """Add what was ticked; what is ticked again later is what is left of it."""
        self.ensure_one()
        chosen = self.line_ids.filtered("is_chosen")
        if not chosen:
            raise UserError(self.env._("Tick what belongs to this system."))
        left = {line.id: count for line, count in self._get_left_over()}
        values = [each for line in chosen for each in line._prepare_devices(left)]
        # Sudo for the link to the invoice only; the system decides who may add to it.
        self.system_id.check_access("write")
        self.env["service.agreement.device"].sudo().create(values)
        return {"type": "ir.actions.act_window_close"}


class ServiceAgreementDeviceAddLine(models.TransientModel):
    _name = "service.agreement.device.add.line"
    _description = "Delivered Device to Add"

    wizard_id = fields.Many2one(
        "service.agreement.device.add", required=True, ondelete="cascade", index=True
    )
    is_chosen = fields.Boolean(string="Add")
    # An id, and no link: who adds devices need not read the books.
    move_line_id = fields.Integer(readonly=True)
    invoice = fields.Char(readonly=True)
    date = fields.Date(readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    quantity = fields.Integer()

    def _prepare_devices(self, left):
        """
        :param dict left: how many of each invoice line are in no system yet
        :return: list of values of service.agreement.device, one for each piece
        :raise UserError: more than were delivered
        """
        self.ensure_one()
        limit = min(left.get(self.move_line_id, 0), MAX_DEVICES)
        if not 0 < self.quantity <= limit:
            raise UserError(
                self.env._(
                    "Of %(product)s, between 1 and %(limit)s can be added.",
                    product=self.product_id.display_name,
                    limit=limit,
                )
            )
        return [self._prepare_device_values()] * self.quantity

    def _prepare_device_values(self):
        # Sudo, and not what the form sent: see `_get_left_over`, which was asked.
        line = self.env["account.move.line"].sudo().browse(self.move_line_id)
        delivered, months = line.move_id.invoice_date, self.wizard_id.warranty_months
        return {
            "system_id": self.wizard_id.system_id.id,
            "name": line.product_id.name,
            "product_id": line.product_id.id,
            "move_line_id": line.id,
            "installed_on": delivered,
            "warranty_until": months > 0
            and fields.Date.subtract(fields.Date.add(delivered, months=months), days=1),
        }
