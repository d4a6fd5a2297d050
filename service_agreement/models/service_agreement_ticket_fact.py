from collections import defaultdict
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.sla_history import Happening
from . import ticket_notes
from .service_agreement_sla_target import PRIORITIES
from .sql_values import sql_arrays

FACT_KINDS = [
    ("opened", "Opened"),
    ("waiting", "Waiting for the customer"),
    ("resumed", "Back to work"),
    ("asked", "The customer wrote"),
    ("answered", "Answered"),
    ("arrived", "Arrived on site"),
    ("solved", "Solved"),
    ("reopened", "Reopened"),
    ("cancelled", "Cancelled"),
    ("merged", "Merged"),
    ("priority", "Another priority"),
    ("agreement", "Promise applied"),
]


# The columns of what happened.
INSERTED = (
    "res_model",
    "res_id",
    "kind",
    "at",
    "author_id",
    "note",
    "priority",
    "agreement_id",
    "tier_id",
    "sla_promise_id",
    "company_id",
)


# What a person who writes one down has to say.
NEEDED = ("res_model", "res_id", "kind", "at")


class ServiceAgreementTicketFact(models.Model):
    """What happened to a ticket, and when.

    Facts are only ever added: every clock is derived from them and can be derived
    again (SEMANTICS §4). Nobody may change one; one that nobody wrote down may be
    added by hand.

    An opening and a priority say which priority the ticket has from then on; an
    opening and an agreement applied, what is promised from then on.
    """

    _name = "service.agreement.ticket.fact"
    _description = "Ticket Fact"
    _inherit = ["service.agreement.ticket.record"]
    _order = "at, id"
    _rec_name = "kind"

    kind = fields.Selection(FACT_KINDS, required=True)
    at = fields.Datetime(string="When", required=True)
    author_id = fields.Many2one(
        "res.partner", ondelete="set null", index="btree_not_null"
    )
    note = fields.Char()
    priority = fields.Selection(PRIORITIES)
    agreement_id = fields.Many2one(
        "service.agreement", ondelete="restrict", index="btree_not_null"
    )
    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="restrict", index="btree_not_null"
    )
    sla_promise_id = fields.Many2one(
        "service.agreement.sla.promise",
        string="Frozen Promise",
        ondelete="restrict",
        index="btree_not_null",
    )
    company_id = fields.Many2one("res.company", index="btree_not_null")

    _ticket_idx = models.Index("(res_model, res_id, at)")
    _at_idx = models.Index("(res_model, at)")

    @api.model_create_multi
    def create(self, vals_list):
        """Clocks follow their facts, whoever writes one down."""
        if not self.env.su:
            self.browse().check_access("create")
            vals_list = [self._prepare_by_hand(vals) for vals in vals_list]
        ticket_notes.write_down(self.env)
        facts = super().create(vals_list)
        facts.sudo()._read_clocks()
        return facts

    @api.model
    def _insert(self, tickets, vals_list):
        """Create facts in one statement, past the ORM: of ten thousand tickets that
        are promised something new, it takes as long as all the rest.

        Nothing is computed from these fields but the clocks, which whoever calls this
        reads again, and nothing else holds them: caches were emptied when they were
        noted. A ticket that a savepoint took away since has no history.

        :param tickets: of the model that the facts are of, empty
        :param vals_list: list of dict, values of stored columns
        :return: list of the ids of the tickets that are there
        """
        names = [*INSERTED, "create_uid", "write_uid"]
        by_whom = {"create_uid": self.env.uid, "write_uid": self.env.uid}
        columns = [
            [{**by_whom, **vals}.get(name) or None for vals in vals_list]
            for name in names
        ]
        types = (self._fields[name].column_type[0] for name in names)
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO %(table)s (%(names)s, create_date, write_date)
                     SELECT %(chosen)s, %(now)s, %(now)s
                       FROM unnest(%(columns)s) WITH ORDINALITY
                         AS fact(%(names)s, number)
                       JOIN %(tickets)s ticket ON ticket.id = fact.res_id
                   ORDER BY fact.number
                  RETURNING res_id
                """,
                table=SQL.identifier(self._table),
                names=SQL(", ").join(map(SQL.identifier, names)),
                chosen=SQL(", ").join(SQL.identifier("fact", n) for n in names),
                now=self.env.cr.now(),
                columns=sql_arrays(types, columns),
                tickets=SQL.identifier(tickets._table),
            )
        )
        return list({res_id for (res_id,) in rows})

    @api.model
    def _prepare_by_hand(self, vals):
        """
        :return: dict of the values of a fact that a person writes down: the author is
            who does it, and nothing is promised by it
        :raise UserError: for what cannot have happened
        """
        self._check_columns_by_hand(vals)
        ticket = self.env[vals["res_model"]].browse(vals["res_id"])
        ticket._ticket_check_may_work()
        at = fields.Datetime.to_datetime(vals["at"])
        if problem := ticket.sudo()._ticket_why_not_fact(vals["kind"], at):
            raise UserError(problem)
        fact = ticket.sudo()._ticket_prepare_fact(
            vals["kind"], at, note=vals.get("note"), author=self.env.user.partner_id
        )
        return {**dict.fromkeys(INSERTED, False), **fact}

    @api.model
    def _check_columns_by_hand(self, vals):
        """:raise UserError: if something is missing, or not for a person to say"""
        if missing := [name for name in NEEDED if not vals.get(name)]:
            labels = self._get_labels(missing)
            raise UserError(self.env._("Say first: %(fields)s.", fields=labels))
        if refused := vals.keys() - {*NEEDED, "note", "company_id"}:
            labels = self._get_labels(sorted(refused))
            raise UserError(
                self.env._("%(fields)s cannot be set by hand.", fields=labels)
            )
        tickets = self.env["service.agreement.ticket.mixin"]
        if vals["res_model"] not in tickets._get_ticket_models():
            raise UserError(self.env._("Facts are noted on tickets only."))

    @api.model
    def _get_labels(self, names):
        return ", ".join(self._fields[n]._description_string(self.env) for n in names)

    def _read_clocks(self):
        for res_model, facts in self.grouped("res_model").items():
            tickets = self.env[res_model].browse({fact.res_id for fact in facts})
            tickets._ticket_read_clocks()

    @api.model
    def _get_by_ticket(self, res_model, res_ids):
        """:return: dict of the facts in order, by ticket id"""
        facts = self.sudo().search_fetch(
            [("res_model", "=", res_model), ("res_id", "in", list(res_ids))],
            [
                "res_id",
                "at",
                "kind",
                "priority",
                "agreement_id",
                "tier_id",
                "sla_promise_id",
            ],
        )
        by_ticket = defaultdict(self.browse)
        by_ticket.update(facts.grouped("res_id"))
        return by_ticket

    @api.model
    def _get_happenings_by_ticket(self, res_model, res_ids):
        """What `_get_happenings` says, without making records of so many.

        :return: dict of list of Happening, by ticket id
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT res_id, at AT TIME ZONE 'UTC', kind, priority,
                       sla_promise_id, agreement_id, tier_id
                  FROM service_agreement_ticket_fact
                 WHERE res_model = %s AND res_id = ANY(%s)
              ORDER BY at, id
                """,
                res_model,
                list(res_ids),
            )
        )
        by_ticket = defaultdict(list)
        for res_id, at, kind, priority, *source in rows:
            source = _get_source(kind, *(each or False for each in source))
            by_ticket[res_id].append(Happening(at, kind, priority, source))
        return by_ticket

    def _get_happenings(self):
        """:return: list of Happening, as `tools.sla_history` reads them"""
        return [
            Happening(
                fact.at.replace(tzinfo=timezone.utc),
                fact.kind,
                fact.priority or None,
                fact._get_source(),
            )
            for fact in self
        ]

    def _get_source(self):
        """:return: ids of (promise, agreement, tier) that hold from this fact on; None
        where it changes nothing
        """
        return _get_source(
            self.kind, self.sla_promise_id.id, self.agreement_id.id, self.tier_id.id
        )

    # What tickets ask of their facts

    def _get_opened_at(self):
        return next((fact.at for fact in self if fact.kind == "opened"), None)

    def _get_closed_at(self):
        """:return: since when the promise has been closed, or None

        A reopening that came too late is no fact: closed again, it is still as old.
        """
        closed_at = None
        for fact in self:
            if fact.kind in ("opened", "reopened"):
                closed_at = None
            elif fact.kind in ("solved", "cancelled", "merged"):
                closed_at = closed_at or fact.at
        return closed_at

    def _has_arrived(self):
        """:return: bool, whether a technician was there"""
        return any(fact.kind == "arrived" for fact in self)


def _get_source(kind, promise_id, agreement_id, tier_id):
    if kind != "agreement" and not agreement_id:
        return None
    return promise_id, agreement_id, tier_id
