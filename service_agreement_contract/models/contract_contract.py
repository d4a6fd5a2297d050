from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from .service_agreement_contract import ByContract, Later

# What an agreement follows, apart from the lines.
FOLLOWED = {
    "active",
    "company_id",
    "contract_line_fixed_ids",
    "contract_line_ids",
    "contract_type",
    "currency_id",
    "date_end",
    "date_start",
    "fiscal_position_id",
    "invoice_partner_id",
    "journal_id",
    "line_recurrence",
    "manual_currency_id",
    "partner_id",
    "payment_term_id",
    "pricelist_id",
    "recurring_interval",
    "recurring_invoicing_type",
    "recurring_next_date",
    "recurring_rule_type",
    "service_tier_id",
}


class ContractContract(models.Model):
    """A contract with a tier is the billing side of a service agreement.

    How it works: the tier is chosen here, and makes the agreement, which follows the
    contract from then on: its customer, its lines, its end. The contract decides and
    bills; the agreement promises. Whoever may change contracts changes both.
    """

    _inherit = "contract.contract"

    service_tier_id = fields.Many2one(
        compute="_compute_service_tier_id",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        tracking=True,
    )
    service_date_start = fields.Date(
        string="Promised From",
        copy=False,
        help="First day of the promise. Empty: the day on which the tier is chosen, "
        "or the start of the contract where that lies ahead.",
    )
    service_agreement_ids = fields.One2many(
        "service.agreement", "contract_id", string="Service Agreements"
    )
    service_agreement_id = fields.Many2one(
        "service.agreement",
        compute="_compute_service_agreement_id",
        compute_sudo=True,
        store=True,
        index="btree_not_null",
        help="The agreement that this contract bills, or billed last.",
    )
    service_agreement_state = fields.Selection(
        related="service_agreement_id.state", string="Promise"
    )
    service_moved_on = fields.Date(
        related="service_agreement_id.contract_moved_on",
        string="Billed by the Agreement From",
    )
    service_ticket_count = fields.Integer(
        related="service_agreement_id.ticket_count", string="Tickets"
    )

    @api.depends("contract_template_id")
    def _compute_service_tier_id(self):
        for contract in self:
            contract.service_tier_id = (
                contract.service_tier_id
                or contract.contract_template_id.service_tier_id
            )

    @api.depends("service_agreement_ids.state")
    def _compute_service_agreement_id(self):
        for contract in self:
            agreements = contract.service_agreement_ids.sorted("id", reverse=True)
            running = agreements.filtered(lambda a: a.state != "ended")
            contract.service_agreement_id = (running or agreements)[:1]

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        contracts._keep_agreements()
        return contracts

    def write(self, vals):
        if "service_tier_id" in vals:
            self._ensure_not_moved(vals["service_tier_id"])
        # Lines that go and others that come in one write are one change.
        later = self.with_context(agreements_kept=Later())
        result = super(ContractContract, later).write(vals)
        if not FOLLOWED.isdisjoint(vals):
            self._keep_agreements()
        return result

    def _ensure_not_moved(self, tier_id):
        """:raise UserError: the agreement bills by itself, and decides for itself"""
        for contract in self.filtered("service_moved_on"):
            if contract.service_tier_id.id != (tier_id or False):
                raise UserError(
                    self.env._(
                        "%(contract)s is billed by %(agreement)s: change the tier "
                        "there.",
                        contract=contract.display_name,
                        agreement=contract.service_agreement_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_without_agreement(self):
        # Sudo: an agreement counts, whoever may read it.
        for contract in self.sudo().filtered("service_agreement_ids"):
            raise UserError(
                self.env._(
                    "%(contract)s billed %(agreement)s, which stays on record. "
                    "Archive the contract instead of deleting it.",
                    contract=contract.display_name,
                    agreement=contract.service_agreement_id.name,
                )
            )

    # The agreement

    def _keep_agreements(self):
        """Make, or bring up to date, the agreements of the contracts with a tier.

        Sudo: the promise follows the contract, and who changes contracts need not be
        able to write agreements.
        """
        if isinstance(self.env.context.get("agreements_kept"), Later):
            return
        contracts = self.sudo().with_context(by_contract=ByContract())
        # Not filtered, for then each would be read alone.
        for contract in contracts:
            if contract.service_tier_id or contract.service_agreement_id:
                contract.with_company(contract.company_id)._keep_agreement()

    def _keep_agreement_or_tell(self):
        """One that cannot be followed stops no other: its owner gets one to-do."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._keep_agreements()
        except UserError as error:
            summary = self.env._("The service agreement does not follow the contract")
            if summary in self.activity_ids.mapped("summary"):
                return
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary,
                note=plaintext2html(str(error)),
                user_id=(self.user_id or self.env.user).id,
            )

    def _keep_agreement(self):
        self.ensure_one()
        agreement = self.service_agreement_id
        if not agreement or agreement.state == "ended":
            self._make_agreement()
        elif agreement.contract_moved_on:
            return
        elif self.service_tier_id:
            agreement._follow_contract()
        else:
            agreement._end(self._get_service_today(-1), "cancelled")

    def _get_service_today(self, days=0):
        """:return: date, today in the company's calendar, or so many days later"""
        return fields.Date.add(self.company_id._service_today(), days=days)

    def _get_last_day(self):
        """Lines that are cancelled, notes and sections do not keep it going, though
        OCA takes it for endless with one of them.

        :return: date, the last one that is billed, or False
        """
        self.ensure_one()
        lines = self.contract_line_ids.filtered(lambda ln: ln._is_chargeable())
        ends = lines.mapped("date_end")
        last = max(ends) if ends and all(ends) else False
        if self.contract_line_ids and not lines:
            last = self._get_service_today(-1)
        return min(filter(None, (last, self.date_end)), default=False)

    def _is_over(self):
        self.ensure_one()
        last_day = self._get_last_day()
        return bool(last_day and last_day < self._get_service_today())

    def _make_agreement(self):
        """Promise what the tier says, once there is a line to be billed."""
        self.ensure_one()
        if not (self.service_tier_id and self.active) or self._is_over():
            return
        start = self._get_promise_start()
        lines = self.contract_line_ids._get_billed_after(start)
        if not lines:
            return
        values = self._prepare_agreement_values(start, lines)
        # The database allows one that is not ended: it must know which are.
        self.service_agreement_ids.flush_recordset(["state"])
        self.env["service.agreement"].create(values).action_activate()

    def _get_promise_start(self):
        """:return: date; after a contract ran out and goes on, the day after"""
        self.ensure_one()
        today, asked = self._get_service_today(), self.service_date_start
        before = self._get_former_agreement()
        after = before and fields.Date.add(before.date_end, days=1)
        if before.end_reason == "expired":
            return after
        if asked and (not after or asked >= after):
            return asked
        starts = self.contract_line_ids.filtered("date_start").mapped("date_start")
        return max([today, min(starts, default=today)])

    def _get_former_agreement(self):
        """:return: service.agreement that ended last, none that never came in force"""
        self.ensure_one()
        ended = self.service_agreement_ids.filtered(
            lambda a: a.state == "ended" and a.activated_on
        )
        return ended.sorted("id")[-1:]

    def _prepare_agreement_values(self, start, lines):
        """
        :param date start: first day of the promise
        :param lines: contract.line that are billed then or later
        :return: values of the ``service.agreement``; nothing of its own term, fees and
            increases holds where a contract bills
        """
        self.ensure_one()
        lines_values = [line._prepare_agreement_line_values() for line in lines]
        before = self._get_former_agreement()
        return {
            **self._prepare_agreement_terms(),
            "contract_id": self.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "pricelist_id": self.pricelist_id.id,
            "tier_id": self.service_tier_id.id,
            "plan_id": lines_values[0]["plan_id"],
            "date_start": start,
            "date_end": self._get_last_day(),
            "client_order_ref": self.code,
            "user_id": self.user_id.id,
            "replaces_id": before.id if before.end_reason == "expired" else False,
            "term_months": 0,
            "auto_renew": False,
            "termination_fee_percent": 0.0,
            "clawback_discount": False,
            "escalation_percent": 0.0,
            "line_ids": [fields.Command.create(values) for values in lines_values],
        }

    def _prepare_agreement_terms(self):
        """:return: values of the ``service.agreement`` that follow the contract"""
        self.ensure_one()
        journal = self.journal_id.filtered(lambda j: j.type == "sale")
        return {
            "partner_id": self.partner_id.id,
            "partner_invoice_id": (self.invoice_partner_id or self.partner_id).id,
            "payment_term_id": self.payment_term_id.id,
            "fiscal_position_id": self.fiscal_position_id.id,
            "journal_id": journal.id,
        }

    # Buttons

    def action_view_service_agreement(self):
        self.ensure_one()
        return self.service_agreement_id._get_form_action()

    def action_view_service_tickets(self):
        self.ensure_one()
        return self.service_agreement_id.action_view_tickets()

    def _get_agreements_action(self):
        """:return: action that shows the agreements of these contracts"""
        agreements = self.sudo().service_agreement_id
        if len(agreements) == 1:
            return agreements._get_form_action()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        return dict(action, domain=[("id", "in", agreements.ids)], context={})
