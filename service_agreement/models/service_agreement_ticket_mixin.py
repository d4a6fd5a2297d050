from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import sql

from . import instant

# What is computed and stored, and is empty on all that is no ticket.
STORED = ("sla_phase", "sla_due_at", "sla_risk_at", "system_id", "device_id")


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Makes any record with a chatter a ticket: agreement, promise, clocks, facts.

    How to use: inherit it together with the model and answer its questions, the
    methods from `_ticket_opened_at` to `_ticket_watched_fields`::

        class HelpdeskTicket(models.Model):
            _name = "helpdesk.ticket"
            _inherit = ["helpdesk.ticket", "service.agreement.ticket.mixin"]

            def _ticket_customer(self):
                return self.partner_id

    How it works: creating a record, writing one of the watched fields and posting a
    message add dated facts, and clocks are read from the facts. Everything here runs
    as superuser: tickets are opened by technicians, portal users and the mail
    gateway, none of whom may read agreements, nor forge a fact.

    The rooms of the house: here the fields, the questions and the entry points;
    `_ticket_diary` turns what happens into facts, `_ticket_message` what is said,
    `_ticket_promise` decides what is promised, `_ticket_reading` sets the clocks by
    the facts, `_ticket_explanation` puts their arithmetic in words.
    """

    _name = "service.agreement.ticket.mixin"
    _description = "Service Ticket"
    _inherit = ["mail.thread", "service.agreement.guard"]

    _facts = (
        "agreement_tier_id",
        "sla_promise_id",
        "sla_phase",
        "sla_due_at",
        "sla_risk_at",
        "follows_id",
        "payer_chosen_by_id",
        "approval_state",
    )

    agreement_id = fields.Many2one(
        "service.agreement",
        string="Service Agreement",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The agreement that covers this ticket. Changed, what is still to be kept"
        " is promised by the new one.",
    )
    available_agreement_ids = fields.Many2many(
        "service.agreement",
        compute="_compute_available_agreement_ids",
        groups="service_agreement.group_user",
        export_string_translation=False,
        help="The customer's, in force on the day the ticket was opened.",
    )
    agreement_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Service Tier",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="As it was when the ticket was opened.",
    )
    sla_promise_id = fields.Many2one(
        "service.agreement.sla.promise",
        string="Frozen Promise",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        groups="service_agreement.group_user",
        export_string_translation=False,
    )
    sla_clock_ids = fields.One2many(
        "service.agreement.sla.clock",
        "res_id",
        string="Promises",
        readonly=True,
        groups="service_agreement.group_user",
    )
    ticket_fact_ids = fields.One2many(
        "service.agreement.ticket.fact",
        "res_id",
        string="Facts",
        readonly=True,
        groups="service_agreement.group_user",
    )
    sla_phase = fields.Selection(
        [
            ("running", "Running"),
            ("paused", "Paused"),
            ("kept", "Kept"),
            ("missed", "Missed"),
        ],
        string="Promise as of the Last Fact",
        compute="_compute_sla",
        store=True,
        index="btree_not_null",
        export_string_translation=False,
    )
    sla_due_at = fields.Datetime(
        string="Next Deadline",
        compute="_compute_sla",
        store=True,
        index="btree_not_null",
        help="The earliest deadline of a promise that is still to be kept.",
    )
    sla_risk_at = fields.Datetime(
        string="At Risk From",
        compute="_compute_sla",
        store=True,
    )
    sla_state = fields.Selection(
        [
            ("running", "On time"),
            ("at_risk", "At risk"),
            ("missed", "Missed"),
            ("paused", "Paused"),
            ("kept", "Kept"),
        ],
        string="Promise",
        compute="_compute_sla_state",
        search="_search_sla_state",
        help="Right at any instant. Empty: nothing was promised.",
    )
    sla_summary = fields.Json(
        compute="_compute_sla_summary", export_string_translation=False
    )
    is_ticket = fields.Boolean(compute="_compute_is_ticket")
    request_key = fields.Char(
        copy=False,
        readonly=True,
        index=False,
        export_string_translation=False,
        groups="base.group_system",
        help="Of the portal form it was sent with: sent twice, it is one ticket.",
    )
    agreement_missing = fields.Boolean(
        compute="_compute_agreement_missing",
        help="The customer is known, and no agreement covers the ticket.",
    )

    _request_key_uniq = models.UniqueIndex(
        "(request_key) WHERE request_key IS NOT NULL"
    )
    # What breaks next, among all that was ever asked.
    _sla_running_idx = models.Index("(sla_due_at) WHERE sla_phase = 'running'")

    def _auto_init(self):
        """Nothing that existed before this addon has a clock: spare an installation
        on a large database to find that out record by record."""
        if self._auto and sql.table_exists(self.env.cr, self._table):
            for name in STORED:
                if not sql.column_exists(self.env.cr, self._table, name):
                    column_type = self._fields[name].column_type[1]
                    sql.create_column(self.env.cr, self._table, name, column_type)
        return super()._auto_init()

    @api.depends(
        "ticket_fact_ids",
        "sla_clock_ids.state",
        "sla_clock_ids.deadline",
        "sla_clock_ids.risk_at",
        "sla_clock_ids.stopped_at",
    )
    def _compute_sla(self):
        clocks = self.env["service.agreement.sla.clock"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        clocks_by_ticket = clocks.grouped("res_id")
        for ticket in self:
            ticket.update(_summarise(clocks_by_ticket.get(ticket._origin.id, ())))

    @api.depends("sla_phase", "sla_due_at", "sla_risk_at")
    def _compute_sla_state(self):
        now = instant.now(self.env)
        for ticket in self:
            ticket.sla_state = ticket._get_sla_state(now)

    def _get_sla_state(self, now):
        self.ensure_one()
        if self.sla_phase != "running":
            return self.sla_phase
        if self.sla_due_at and self.sla_due_at < now:
            return "missed"
        return "at_risk" if self.sla_risk_at and self.sla_risk_at <= now else "running"

    @api.model
    def _search_sla_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._get_sla_state_domains(instant.now(self.env))
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.model
    def _get_sla_state_domains(self, now):
        """:return: dict of Domain by state, of the ticket's own stored columns"""
        running = Domain("sla_phase", "=", "running")
        late = Domain("sla_due_at", "<", now)
        in_time = Domain("sla_due_at", "=", False) | Domain("sla_due_at", ">=", now)
        risky = Domain("sla_risk_at", "<=", now)
        safe = Domain("sla_risk_at", "=", False) | Domain("sla_risk_at", ">", now)
        return {
            "running": running & in_time & safe,
            "at_risk": running & in_time & risky,
            "missed": Domain("sla_phase", "=", "missed") | running & late,
            "paused": Domain("sla_phase", "=", "paused"),
            "kept": Domain("sla_phase", "=", "kept"),
            False: Domain("sla_phase", "=", False),
        }

    @api.depends("ticket_fact_ids", "sla_clock_ids.state", "sla_clock_ids.deadline")
    def _compute_sla_summary(self):
        """What the form shows of the clocks to people who may not read them."""
        clocks = self.env["service.agreement.sla.clock"].sudo()
        clocks = clocks.search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)],
            order="started_at, id",
        )
        clocks_by_ticket = clocks.grouped("res_id")
        for ticket in self:
            ticket.sla_summary = [
                _describe(clock)
                for clock in clocks_by_ticket.get(ticket._origin.id, ())
            ]

    @api.depends(lambda self: self._ticket_scope_fields())
    def _compute_is_ticket(self):
        for ticket in self:
            ticket.is_ticket = ticket.sudo()._ticket_in_scope()

    @api.depends(lambda self: ["agreement_id", *self._ticket_watched_fields()])
    def _compute_agreement_missing(self):
        for record in self:
            ticket = record.sudo()
            record.agreement_missing = bool(
                ticket._ticket_customer()
                and not (ticket.agreement_id and ticket._ticket_suits())
                and ticket._ticket_in_scope()
                and not ticket._ticket_is_closed()
            )

    @api.depends(lambda self: self._ticket_watched_fields())
    def _compute_available_agreement_ids(self):
        agreements = self.env["service.agreement"]
        for ticket in self:
            domain = ticket.sudo()._ticket_agreement_domain()
            ticket.available_agreement_ids = agreements.search(domain)

    @api.constrains("agreement_id")
    def _check_agreement(self):
        """No customer reads another one's tickets on the page of an agreement.

        What `_ticket_match` found needs no check: only superuser code may say so.
        """
        if self.env.su and self.env.context.get("service_agreement_found"):
            return
        for ticket in self.sudo().filtered("agreement_id"):
            if problem := ticket._ticket_why_not_agreement():
                raise ValidationError(problem)

    # Questions a ticket model answers

    def _ticket_opened_at(self):
        """:return: naive UTC datetime from which the promise counts"""
        return self.create_date

    def _ticket_in_scope(self):
        """:return: bool, whether this record is a ticket at all"""
        return True

    def _ticket_is_planned(self):
        """:return: bool, whether we planned it, as a preventive visit is, instead of
        the customer asking for it: nothing is promised on it
        """
        return False

    def _ticket_is_waiting(self):
        """:return: bool, whether we wait for the customer"""
        return False

    def _ticket_is_closed(self):
        """:return: "solved", "cancelled" or False"""
        return False

    def _ticket_priority(self):
        """:return: str, a value of service.agreement.sla.target, priority"""
        return "0"

    def _ticket_customer(self):
        """:return: res.partner, may be empty"""
        return self.env["res.partner"]

    def _ticket_company(self):
        """:return: res.company that serves"""
        return self.env.company

    def _ticket_own_company(self):
        """:return: res.company that serves, whoever asks; empty where it is the one
        whose agreement covers the ticket
        """
        return self._ticket_company()

    def _ticket_merged_into(self):
        """:return: the ticket that goes on instead of this one, empty if none does"""
        return self.browse()

    def _ticket_reference(self):
        """:return: str, by which the customer knows it"""
        return f"#{self.id}"

    def _ticket_prepare_resume(self):
        """:return: dict of values that put a waiting or solved ticket back to work;
        empty if there is no stage for it
        """
        return {}

    def _ticket_prepare_solve(self):
        """:return: dict of values that solve a ticket; empty if there is no stage for
        it
        """
        return {}

    def _ticket_prepare_cancel(self):
        """:return: dict of values that cancel a ticket; empty if there is no stage for
        it
        """
        return {}

    def _ticket_prepare_follow_up(self, text):
        """:param Markup text: what the customer wrote, or empty
        :return: dict of values of a new ticket that goes on with this one, which was
            closed long ago; empty if this model knows no such thing
        """
        return {}

    @api.model
    def _ticket_prepare_request(self, agreement, partner):
        """:return: dict of values of a ticket that ``partner`` opens in the portal:
        on which desk it arrives, and what this model wants to know
        """
        return {}

    @api.model
    def _ticket_customer_domain(self, customers):
        """:return: Domain of the tickets of these customers, res.partner"""
        return Domain("partner_id.commercial_partner_id", "in", customers.ids)

    @api.model
    def _ticket_planned_domain(self):
        """:return: Domain of the tickets that are planned, see `_ticket_is_planned`"""
        return Domain.FALSE

    @api.model
    def _ticket_watched_fields(self):
        """:return: list of the fields that the questions above are answered from"""
        return []

    @api.model
    def _ticket_scope_fields(self):
        """:return: list of the fields that `_ticket_in_scope` is answered from"""
        return []

    # CRUD

    @api.model
    def default_get(self, fields):
        """What a context or one's own defaults propose is no fact, either."""
        values = super().default_get(fields)
        if self.env.su:
            return values
        refused = () if self._ticket_may_choose() else ("agreement_id",)
        for name in (*self._get_facts(), *refused):
            values.pop(name, None)
        return values

    @api.model
    def _refuse_facts(self, vals):
        result = super()._refuse_facts(vals)
        if "agreement_id" in vals and not self._ticket_may_choose():
            raise AccessError(
                self.env._("Only who makes agreements may choose that of a ticket.")
            )
        return result

    @api.model
    def _ticket_may_choose(self):
        """:return: bool, whether the user may say which agreement covers a ticket"""
        return self.env.su or self.env.user.has_group("service_agreement.group_user")

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets._ticket_open()
        return tickets

    def write(self, vals):
        watched = {*self._ticket_watched_fields(), "active", "agreement_id"}
        if watched.isdisjoint(vals):
            return super().write(vals)
        chosen = self.filtered(
            lambda t: (
                "agreement_id" in vals
                and t.agreement_id.id != (vals["agreement_id"] or False)
            )
        )
        with self._ticket_following():
            result = super().write(vals)
        if chosen:
            chosen._ticket_change_agreement()
        return result

    def unlink(self):
        """Clocks and facts have no foreign key to go by."""
        orphans = [
            self.env[model]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
            for model in (
                "service.agreement.sla.clock",
                "service.agreement.ticket.fact",
                "service.agreement.approval",
            )
        ]
        result = super().unlink()
        for records in orphans:
            records.unlink()
        return result

    # Entry points

    @api.model
    def _get_ticket_models(self):
        """:return: list of the names of all models that are tickets"""
        children = self.env["service.agreement.ticket.mixin"]._inherit_children
        return [name for name in children if not self.env[name]._abstract]

    def action_view_agreement(self):
        self.ensure_one()
        self._ticket_check_may_read()
        return self.agreement_id.get_formview_action()

    def _ticket_open(self):
        """Make tickets of those of ``self``, new records, that are some.

        Never refuses a ticket; without agreement it only notes when it was opened.
        """
        if tickets := self.sudo().filtered(lambda t: t._ticket_in_scope()):
            statuses = tickets._ticket_statuses()
            promises = tickets._ticket_find_promises(statuses)
            tickets._ticket_note_opening(statuses, promises=promises)

    def _ticket_join(self, at=None):
        """Make tickets of records that were none, or give those a promise that could
        have none before.

        :param datetime at: when they became tickets, where that is not the creation
        """
        tickets = self.sudo().filtered(
            lambda t: (
                t._ticket_in_scope()
                and not t.sla_promise_id
                and not t._ticket_status().closed
            )
        )
        if tickets:
            tickets._ticket_promise(at)

    def _ticket_record(self, kind, at=None, author=None, note=None):
        """Add a fact to tickets, and set their clocks by it.

        :param str kind: of service.agreement.ticket.fact
        :param datetime at: naive UTC; now if empty
        :param res.partner author: who did it; the user if empty
        """
        self.sudo()._ticket_note(kind, at=at, author=author, note=note)

    def _ticket_now(self):
        return instant.now(self.env)

    def _ticket_write(self, values):
        """Past all overrides: nobody tracks these fields or reacts to them, and a
        ticket is opened often."""
        models.BaseModel.write(self, values)

    def _ticket_portal_promises(self):
        """What the customer reads of what he was promised on this ticket.

        Sudo: read for him, he may not read clocks himself.

        :return: list of dict: promise, text, colour
        """
        clocks = self.sudo()._ticket_clocks().sorted("started_at")
        return [
            clock._get_portal_row()
            for clock in clocks._filter_telling()
            if clock.state != "cancelled"
        ]


def _summarise(clocks):
    """:return: dict of what a ticket stores of its clocks"""
    states = {clock.state for clock in clocks}
    if "met" in states:
        states.add("kept")
    phases = ("missed", "running", "paused", "kept")
    deadlines = [c.deadline for c in clocks if c._is_open() and c.deadline]
    risks = [c.risk_at for c in clocks if c.risk_at]
    return {
        "sla_phase": next((phase for phase in phases if phase in states), False),
        "sla_due_at": min(deadlines, default=False),
        "sla_risk_at": min(risks, default=False),
    }


def _describe(clock):
    """:return: dict that the widget sla_promises draws"""
    to_string = fields.Datetime.to_string
    return {
        "metric": clock.metric,
        "number": clock.number,
        "label": clock._get_metric_text(),
        "state": clock.state,
        "open": clock._is_open(),
        "deadline": to_string(clock.deadline),
        "risk_at": to_string(clock.risk_at),
        "stopped_at": to_string(clock.stopped_at),
        "duration": clock._get_duration_text(),
        "remaining": clock.remaining_seconds,
        "late": clock.late_seconds,
        "reprioritised": clock.reprioritised,
    }
