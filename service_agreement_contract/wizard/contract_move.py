from odoo import api, fields, models
from odoo.exceptions import UserError


class ServiceAgreementContractMove(models.TransientModel):
    """Moves the billing of chosen contracts over to their service agreements."""

    _name = "service.agreement.contract.move"
    _description = "Move the Billing of Contracts to Service Agreements"

    contract_ids = fields.Many2many(
        "contract.contract",
        string="Contracts",
        required=True,
        default=lambda self: self._default_contract_ids(),
    )
    date_from = fields.Date(
        string="On or After",
        required=True,
        default=lambda self: self.env.company._service_today(),
        help="The agreement bills from the first period that begins on this day or "
        "later, and is not invoiced yet. What begins before, the contract bills.",
    )
    preview = fields.Html(
        compute="_compute_preview", sanitize=False, export_string_translation=False
    )
    movable_count = fields.Integer(compute="_compute_preview")

    @api.model
    def _default_contract_ids(self):
        if self.env.context.get("active_model") != "contract.contract":
            return self.env["contract.contract"]
        return self.env["contract.contract"].browse(self.env.context["active_ids"])

    @api.depends("contract_ids", "date_from")
    def _compute_preview(self):
        for wizard in self:
            moves = wizard._plan_moves() if wizard.date_from else []
            wizard.movable_count = len([m for m in moves if not m.reasons])
            wizard.preview = self.env["ir.qweb"]._render(
                "service_agreement_contract.move_preview",
                {"contracts": [wizard._describe(move) for move in moves]},
            )

    def _plan_moves(self):
        """:return: list of Move, one for each contract. Sudo: what is promised, for
        who keeps contracts; rights on the contracts are asked for.
        """
        contracts = self.contract_ids._origin
        contracts.check_access("read")
        return [contract._plan_move(self.date_from) for contract in contracts.sudo()]

    @api.model
    def _describe(self, move):
        """:return: dict of what the preview prints of a Move"""
        agreement = move.contract.service_agreement_id
        charges = agreement.line_ids.grouped("contract_line_id")
        return {
            "name": move.contract.display_name,
            "customer": move.contract.partner_id.display_name,
            "agreement": agreement.name,
            "reasons": move.reasons,
            "notes": move.notes,
            "lines": [
                self._describe_line(line, boundary, charges[line])
                for line, boundary in move.boundaries.items()
            ],
        }

    @api.model
    def _describe_line(self, line, boundary, charge):
        is_over = line._is_over_by(boundary.first)
        starts_new = boundary.first <= line.date_start
        return {
            "name": charge.name,
            "last_day": not starts_new and fields.Date.subtract(boundary.first, days=1),
            "pending": boundary.pending,
            "before": line._format_per_period(line.price_subtotal),
            "first_day": not is_over and boundary.first,
            "first_due": not is_over and charge._get_first_due(boundary.first),
            "after": not is_over and line._format_per_period(charge._get_full_price()),
        }

    def action_move(self):
        """Move those that can be moved; the others stay as they are."""
        self.ensure_one()
        movable = [m.contract.id for m in self._plan_moves() if not m.reasons]
        if not movable:
            raise UserError(
                self.env._(
                    "None of these contracts can be moved: see why beside each of them."
                )
            )
        contracts = self.env["contract.contract"].browse(movable)
        contracts._move_to_agreement(self.date_from)
        return contracts._get_agreements_action()
