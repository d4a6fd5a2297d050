from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

FACT_KINDS = [
    ("opened", "Opened"),
    ("waiting", "Waiting for the customer"),
    ("resumed", "Back to work"),
    ("answered", "Answered"),
    ("solved", "Solved"),
    ("reopened", "Reopened"),
    ("cancelled", "Cancelled"),
]


class ServiceAgreementTicketFact(models.Model):
    """What happened to a ticket, and when.

    Facts are only ever added: every clock is derived from them and can be derived
    again (SEMANTICS §4). Nobody may change one; a manager may add one that nobody
    wrote down.
    """

    _name = "service.agreement.ticket.fact"
    _description = "Ticket Fact"
    _order = "at, id"
    _rec_name = "kind"

    res_model = fields.Char(string="Ticket Model", required=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", required=True, index=True
    )
    kind = fields.Selection(FACT_KINDS, required=True)
    at = fields.Datetime(string="When", required=True)
    author_id = fields.Many2one(
        "res.partner", ondelete="set null", index="btree_not_null"
    )
    note = fields.Char()
    company_id = fields.Many2one("res.company", required=True, index=True)

    _ticket_idx = models.Index("(res_model, res_id, at)")

    @api.model_create_multi
    def create(self, vals_list):
        """Clocks follow their facts, whoever writes one down."""
        facts = super().create(vals_list)
        facts.sudo()._get_clocks()._refresh()
        return facts

    def _get_clocks(self):
        domains = [
            Domain("res_model", "=", res_model)
            & Domain("res_id", "in", facts.mapped("res_id"))
            for res_model, facts in self.grouped("res_model").items()
        ]
        return self.env["service.agreement.sla.clock"].search(Domain.OR(domains))

    @api.model
    def _get_by_ticket(self, res_model, res_ids):
        """:return: dict of list of (naive datetime, kind) in order, by ticket id"""
        facts = defaultdict(list)
        for fact in self.sudo().search_fetch(
            [("res_model", "=", res_model), ("res_id", "in", list(res_ids))],
            ["res_id", "at", "kind"],
        ):
            facts[fact.res_id].append((fact.at, fact.kind))
        return facts
