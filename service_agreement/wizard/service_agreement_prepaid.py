from odoo import api, fields, models


class ServiceAgreementPrepaid(models.TransientModel):
    """Sell hours, visits or money in advance, on an agreement that is in force."""

    _name = "service.agreement.prepaid"
    _description = "Add Prepaid Hours"

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    available_ids = fields.Many2many(
        "service.agreement.allowance", compute="_compute_available_ids"
    )
    allowance_id = fields.Many2one(
        "service.agreement.allowance",
        string="For",
        compute="_compute_allowance_id",
        store=True,
        readonly=False,
        required=True,
        domain="[('id', 'in', available_ids)]",
        ondelete="cascade",
    )
    unit = fields.Selection(related="allowance_id.unit")
    paid_only = fields.Boolean(related="allowance_id.paid_only")
    count = fields.Integer(string="How Many", default=1)
    quantity = fields.Float(
        string="Each",
        digits=(16, 4),
        compute="_compute_quantity",
        store=True,
        readonly=False,
    )
    price = fields.Monetary(
        string="Price of Each",
        compute="_compute_price",
        store=True,
        readonly=False,
        help="Before taxes. 0: it is not billed.",
    )
    day = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._service_today(),
        help="First day on which it may be used. The charge falls due on it.",
    )
    afterwards = fields.Monetary(
        string="Billed Afterwards",
        compute="_compute_afterwards",
        help="What the same costs by the agreed rates, or by the list, when it is "
        "worked first and billed then. 0: not known.",
    )
    expiry = fields.Date(string="Last Day", compute="_compute_summary")
    summary = fields.Char(compute="_compute_summary")

    @api.depends("agreement_id")
    def _compute_available_ids(self):
        for wizard in self:
            wizard.available_ids = wizard.agreement_id._get_prepaid_allowances()

    @api.depends("available_ids")
    def _compute_allowance_id(self):
        for wizard in self:
            wizard.allowance_id = wizard.available_ids[:1]

    @api.depends("allowance_id")
    def _compute_quantity(self):
        for wizard in self:
            wizard.quantity = wizard.allowance_id.quantity

    @api.depends("allowance_id", "quantity", "day")
    def _compute_afterwards(self):
        for wizard in self:
            allowance, day = wizard.allowance_id, wizard.day
            known = allowance and day
            wizard.afterwards = (
                allowance._get_price_afterwards(wizard.quantity, day) if known else 0.0
            )

    @api.depends("allowance_id", "quantity", "afterwards")
    def _compute_price(self):
        for wizard in self:
            allowance = wizard.allowance_id
            agreed = allowance and allowance._get_price_agreed(wizard.quantity)
            wizard.price = agreed or wizard.afterwards

    @api.depends("allowance_id", "count", "quantity", "price", "day")
    def _compute_summary(self):
        for wizard in self:
            allowance, day = wizard.allowance_id, wizard.day
            wizard.expiry = allowance and day and allowance._get_expiry(day)
            wizard.summary = (
                allowance
                and day
                and allowance.with_context(
                    lang=wizard.agreement_id._get_lang()
                )._get_bought_text(wizard.count * wizard.quantity, day)
            )

    def action_confirm(self):
        self.ensure_one()
        self.agreement_id._add_prepaid(
            self.allowance_id,
            self.count * self.quantity,
            self.count * self.price,
            self.day,
        )
        return {"type": "ir.actions.act_window_close"}
