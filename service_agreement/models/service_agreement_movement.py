from odoo import api, fields, models

MOVEMENT_KINDS = [
    ("new", "New"),
    ("expansion", "Expansion"),
    ("contraction", "Contraction"),
    ("churn", "Churn"),
    ("reactivation", "Reactivation"),
]


class ServiceAgreementMovement(models.Model):
    """A dated change of monthly recurring revenue (SEMANTICS §7).

    Facts: written by ``service.agreement._record_movements`` alone, never changed or
    deleted. Those of an agreement add up to its ``mrr``, those of a customer or a
    company to theirs. The kind is the customer's point of view, see
    ``tools/recurring_revenue.py``.
    """

    _name = "service.agreement.movement"
    _description = "Movement of Recurring Revenue"
    _order = "date desc, id desc"
    _rec_name = "agreement_id"
    _check_company_auto = True

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    number = fields.Integer(
        required=True,
        readonly=True,
        aggregator=None,
        help="Which one of its agreement it is, counted from 1.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    commercial_partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    date = fields.Date(
        required=True,
        readonly=True,
        index=True,
        help="Since when the monthly revenue is different.",
    )
    kind = fields.Selection(MOVEMENT_KINDS, required=True, readonly=True)
    amount = fields.Monetary(
        string="Per Month (Agreement's Currency)",
        required=True,
        readonly=True,
        help="What the monthly revenue changed by, before taxes.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, readonly=True, ondelete="restrict"
    )
    amount_company = fields.Monetary(
        string="Monthly Revenue",
        currency_field="company_currency_id",
        required=True,
        readonly=True,
        help="In the company's currency. What is gained is converted at the rate of "
        "the date; what is lost leaves at the rates at which it was gained, so that an "
        "agreement that ended adds up to zero.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",
        store=True,
        precompute=True,
    )
    tier_id = fields.Many2one(
        "service.agreement.tier", required=True, readonly=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "service.agreement.plan", required=True, readonly=True, ondelete="restrict"
    )
    user_id = fields.Many2one("res.users", string="Responsible", readonly=True)

    # Two transactions that record the same change: the second is refused.
    _agreement_number_uniq = models.UniqueIndex(
        "(agreement_id, number)", "This movement is already recorded."
    )

    @api.depends("agreement_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for movement in self:
            movement.display_name = (
                f"{movement.agreement_id.name}: {kinds[movement.kind]}"
            )

    @api.model
    def _get_list_action(self, domain):
        """:return: action that shows the movements of ``domain``, the list first"""
        return dict(
            self.env["ir.actions.act_window"]._for_xml_id(
                "service_agreement.action_service_agreement_movement"
            ),
            views=[(False, "list"), (False, "graph"), (False, "pivot")],
            domain=domain,
        )

    def action_open_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()
