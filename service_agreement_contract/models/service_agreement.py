from odoo import api, fields, models

from .service_agreement_period import create_trigger


class ServiceAgreement(models.Model):
    """Which contract of OCA's bills an agreement, or billed it."""

    _inherit = "service.agreement"

    contract_id = fields.Many2one(
        "contract.contract",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="It bills this agreement, and decides who the customer is, what it costs "
        "and when it ends.",
    )
    contract_name = fields.Char(
        compute="_compute_contract_name",
        compute_sudo=True,
        help="For the customer, who may not be able to open the contract.",
    )
    contract_moved_on = fields.Date(
        string="Billed Here Since",
        readonly=True,
        copy=False,
        help="When its billing moved over from the contract.",
    )
    is_billed_by_contract = fields.Boolean(
        compute="_compute_is_billed_by_contract", search="_search_billed_by_contract"
    )
    contract_next_date = fields.Date(
        string="Next Invoice of the Contract", compute="_compute_contract_next"
    )
    contract_next_amount = fields.Monetary(
        string="Amount of the Contract's Next Invoice",
        compute="_compute_contract_next",
        help="Before taxes, with what else goes on it: work that is not covered, and "
        "credits.",
    )

    # Two agreements of one contract would promise the same twice.
    _contract_uniq = models.UniqueIndex(
        "(contract_id) WHERE contract_id IS NOT NULL AND state <> 'ended'",
        "This contract has a service agreement already.",
    )
    _moved_from_contract = models.Constraint(
        "CHECK(contract_moved_on IS NULL OR contract_id IS NOT NULL)",
        "What was never billed by a contract cannot move over from one.",
    )

    def init(self):
        result = super().init()
        create_trigger(self.env.cr, self._table)
        return result

    @api.model
    def _get_facts(self):
        return (*super()._get_facts(), "contract_id", "contract_moved_on")

    @api.depends("contract_id.name", "contract_id.code")
    def _compute_contract_name(self):
        for agreement in self:
            contract = agreement.contract_id
            agreement.contract_name = contract.code or contract.name

    @api.depends("contract_id", "contract_moved_on")
    def _compute_is_billed_by_contract(self):
        for agreement in self:
            agreement.is_billed_by_contract = bool(
                agreement.contract_id and not agreement.contract_moved_on
            )

    def _search_billed_by_contract(self, operator, value):
        if operator != "in":
            return NotImplemented
        billed = fields.Domain("contract_id", "!=", False)
        billed &= fields.Domain("contract_moved_on", "=", False)
        return billed if True in value else ~billed

    @api.depends(
        "contract_id.recurring_next_date",
        "contract_moved_on",
        "line_ids.price_subtotal",
    )
    def _compute_contract_next(self):
        # Sudo: who reads the agreement, the customer too, need not read contracts.
        billed = self.sudo().filtered("is_billed_by_contract")
        riders = billed._get_riders()
        for agreement in self:
            follower = agreement.sudo() & billed
            day = follower.contract_id.contract_line_ids._get_next_invoice_day()
            agreement.contract_next_date = day
            agreement.contract_next_amount = follower._get_contract_amount(
                day, riders.get(agreement.sudo(), ())
            )

    def _get_contract_amount(self, day, riders):
        """
        :param date day: of the contract's next invoice, or False
        :param riders: list of DuePiece
        :return: float, before taxes; a line of OCA's costs the same for any period
        """
        due = self.line_ids.filtered(
            lambda ln: day and ln.contract_line_id._get_next_invoice_day() == day
        )
        beside = [due.line._get_untaxed_amount(due.piece) for due in riders]
        return sum(due.mapped("price_subtotal")) + sum(beside)

    def _prepare_amount_base_line(self, line):
        """EXTENDS: lines of a contract have rhythms of their own; the amounts are
        those of the first one's.
        """
        base_line = super()._prepare_amount_base_line(line)
        if self.contract_id and line.plan_id and self.plan_id:
            share = line.plan_id._per_month(1.0) / self.plan_id._per_month(1.0)
            base_line["quantity"] *= share
        return base_line

    def action_view_contract(self):
        self.ensure_one()
        contract = self.contract_id
        return {
            "name": contract.display_name,
            "type": "ir.actions.act_window",
            "res_model": contract._name,
            "res_id": contract.id,
            "views": [(contract.get_formview_id(), "form")],
        }
