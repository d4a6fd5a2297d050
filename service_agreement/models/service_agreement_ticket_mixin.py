from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import sql

from . import instant

# Reopened later than this after it was closed, a ticket's promise stays closed.
REOPEN_WITHIN = timedelta(days=7)
# What people say in public. Acknowledgements, out-of-office notices and tracking
# have other types.
SPOKEN_TYPES = ("comment", "email", "email_outgoing")


class TicketStatus(NamedTuple):
    """What a ticket's clocks want to know of it."""

    closed: str | bool
    waiting: bool
    priority: str
    # The ticket that goes on instead of this one.
    merged: models.BaseModel
    # Whom it is for: what is promised is looked for again when this changes.
    covered: tuple


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
    """

    _name = "service.agreement.ticket.mixin"
    _description = "Service Ticket"
    _inherit = ["mail.thread"]

    agreement_id = fields.Many2one(
        "service.agreement",
        string="Service Agreement",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The agreement that covers this ticket.",
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
    sla_deadline = fields.Datetime(
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
        index="btree_not_null",
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
    agreement_missing = fields.Boolean(
        compute="_compute_agreement_missing",
        help="The customer is known, and no agreement of his covers the ticket.",
    )

    def _auto_init(self):
        """Nothing that existed before this addon has a clock: spare an installation
        on a large database to find that out record by record."""
        if self._auto and sql.table_exists(self.env.cr, self._table):
            for name in ("sla_phase", "sla_deadline", "sla_risk_at"):
                if not sql.column_exists(self.env.cr, self._table, name):
                    column_type = self._fields[name].column_type[1]
                    sql.create_column(self.env.cr, self._table, name, column_type)
        return super()._auto_init()

    @api.depends(
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

    @api.depends("sla_phase", "sla_deadline", "sla_risk_at")
    def _compute_sla_state(self):
        now = instant.now(self.env)
        for ticket in self:
            ticket.sla_state = ticket._get_sla_state(now)

    def _get_sla_state(self, now):
        self.ensure_one()
        if self.sla_phase != "running":
            return self.sla_phase
        if self.sla_deadline and self.sla_deadline < now:
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
        late = Domain("sla_deadline", "<", now)
        in_time = Domain("sla_deadline", "=", False) | Domain("sla_deadline", ">=", now)
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

    @api.depends("sla_clock_ids.state", "sla_clock_ids.deadline")
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

    @api.constrains("agreement_id")
    def _check_agreement(self):
        """No customer reads another one's tickets on the page of his agreement."""
        for ticket in self.sudo().filtered("agreement_id"):
            agreement = ticket.agreement_id
            if not ticket._ticket_suits():
                raise ValidationError(
                    self.env._(
                        "Agreement %(agreement)s does not cover %(customer)s. Choose"
                        " one of the ticket's customer, or correct the customer first.",
                        agreement=agreement.display_name,
                        customer=ticket._ticket_customer().display_name,
                    )
                )
            if agreement.company_id != ticket._ticket_company():
                raise ValidationError(
                    self.env._(
                        "Agreement %(agreement)s is of %(other)s, and the ticket is"
                        " served by %(company)s. Choose an agreement of that company.",
                        agreement=agreement.display_name,
                        other=agreement.company_id.name,
                        company=ticket._ticket_company().name,
                    )
                )

    # Questions a ticket model answers

    def _ticket_opened_at(self):
        """:return: naive UTC datetime from which the promise counts"""
        return self.create_date

    def _ticket_in_scope(self):
        """:return: bool, whether this record is a ticket at all"""
        return True

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

    def _ticket_merged_into(self):
        """:return: the ticket that goes on instead of this one, empty if none does"""
        return self.browse()

    def _ticket_reference(self):
        """:return: str, by which the customer knows it"""
        return f"#{self.id}"

    @api.model
    def _ticket_customer_domain(self, customers):
        """:return: Domain of the tickets of these customers, res.partner"""
        return Domain("partner_id.commercial_partner_id", "in", customers.ids)

    @api.model
    def _ticket_watched_fields(self):
        """:return: list of the fields that the questions above are answered from"""
        return []

    @api.model
    def _ticket_scope_fields(self):
        """:return: list of the fields that `_ticket_in_scope` is answered from"""
        return []

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets._ticket_open()
        return tickets

    def write(self, vals):
        watched = {*self._ticket_watched_fields(), "agreement_id"}
        if watched.isdisjoint(vals):
            return super().write(vals)
        before = self._ticket_statuses()
        result = super().write(vals)
        self._ticket_follow(before)
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
            )
        ]
        result = super().unlink()
        for records in orphans:
            records.unlink()
        return result

    def _message_post_after_hook(self, message, msg_vals):
        if self.sudo()._ticket_is_answer(message):
            self._ticket_record("answered", author=message.author_id)
        return super()._message_post_after_hook(message, msg_vals)

    # Actions

    def action_ticket_apply_promise(self):
        """Promise again, by the agreement as it is now, from the original opening.

        What was kept or missed stays so. Logged, for it changes what the customer
        was told.
        """
        self.check_access("write")
        if not self.env.user.has_group("service_agreement.group_user"):
            raise AccessError(
                self.env._("Only who makes agreements may promise something new.")
            )
        for ticket in self.sudo():
            facts = ticket._ticket_facts_opened()
            if not _has(facts[ticket.id], "opened"):
                raise UserError(
                    self.env._(
                        "%(ticket)s was closed before it was a ticket: there is nothing"
                        " left to promise. Reopen it first.",
                        ticket=ticket.display_name,
                    )
                )
            if not (ticket.agreement_id and ticket._ticket_suits()):
                ticket._ticket_write({"agreement_id": ticket._ticket_match().id})
            ticket._ticket_start_promises(facts)
            ticket._message_log(body=ticket._ticket_promise_text())

    def action_view_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()

    # Entry points

    @api.model
    def _get_ticket_models(self):
        """:return: list of the names of all models that are tickets"""
        children = self.env["service.agreement.ticket.mixin"]._inherit_children
        return [name for name in children if not self.env[name]._abstract]

    def _ticket_open(self):
        """Make tickets of those of ``self``, new records, that are some.

        Never refuses a ticket; without agreement it only notes when it was opened.
        """
        if tickets := self.sudo().filtered(lambda t: t._ticket_in_scope()):
            tickets._ticket_promise(tickets._ticket_record_opening(), new=True)

    def _ticket_join(self, at=None):
        """Make tickets of records that were none, or give those a promise that could
        have none before.

        :param datetime at: when they became tickets, where that is not the creation
        """
        tickets = self.sudo().filtered(
            lambda t: (
                t._ticket_in_scope()
                and not t.sla_promise_id
                and not t._ticket_is_closed()
            )
        )
        if tickets:
            tickets._ticket_promise(tickets._ticket_facts_opened(at))

    def _ticket_promise(self, facts, new=False):
        """Find who promised what.

        :param dict facts: by ticket id
        :param bool new: there are no clocks yet
        """
        for agreement, covered in _invert(self._ticket_matches()).items():
            self.browse(covered)._ticket_write({"agreement_id": agreement.id})
        self.filtered("agreement_id")._ticket_start_promises(facts, new)

    def _ticket_record(self, kind, at=None, author=None, note=None):
        """Add a fact to tickets, and set their clocks by it.

        :param str kind: of service.agreement.ticket.fact
        :param datetime at: naive UTC; now if empty
        :param res.partner author: who did it; the user if empty
        """
        self.sudo()._ticket_facts_opened()
        self._ticket_add_facts([(t, kind, at) for t in self], author, note)

    # Facts

    def _ticket_now(self):
        return instant.now(self.env)

    def _ticket_add_facts(self, facts, author=None, note=None):
        """:param facts: list of (ticket, kind, datetime or None)"""
        author = author or self.env.user.partner_id
        values = {
            "res_model": self._name,
            "author_id": author.id,
            "note": note,
        }
        return (
            self.env["service.agreement.ticket.fact"]
            .sudo()
            .create(
                [
                    {
                        **values,
                        "res_id": ticket.id,
                        "kind": kind,
                        "at": (at or self._ticket_now()).replace(microsecond=0),
                        "company_id": ticket.sudo()._ticket_company().id,
                    }
                    for ticket, kind, at in facts
                ]
            )
        )

    def _ticket_facts(self):
        """:return: dict of list of (datetime, kind) by ticket id"""
        return self.env["service.agreement.ticket.fact"]._get_by_ticket(
            self._name, self.ids
        )

    def _ticket_facts_opened(self, at=None, before=None):
        """Facts as `_ticket_facts` gives them, after seeing to it that tickets which
        are open have an opening: some became tickets without anybody noticing.

        :param datetime at: when it was opened, where that is not the creation
        :param dict before: TicketStatus by ticket, where that was another one then
        """
        facts = self._ticket_facts()
        before = before or self._ticket_statuses()
        unopened = self.filtered(
            lambda t: not before[t].closed and not _has(facts[t.id], "opened")
        )
        if not unopened:
            return facts
        unopened._ticket_record_opening(at, before)
        if not at:
            unopened._ticket_recall_answers(facts)
        return self._ticket_facts()

    def _ticket_recall_answers(self, facts):
        """What was answered before it was a ticket needs no other answer.

        :param dict facts: by ticket id, before the opening was recorded
        """
        tickets = {t.id: t for t in self if not _has(facts[t.id], "answered")}
        messages = self.env["mail.message"].search(
            [
                ("model", "=", self._name),
                ("res_id", "in", list(tickets)),
                ("message_type", "in", SPOKEN_TYPES),
                # What is being said now, is recorded by who called.
                ("date", "<", self._ticket_now()),
            ],
            order="date, id",
        )
        for message in messages:
            ticket = tickets.get(message.res_id)
            if ticket and ticket._ticket_is_answer(message):
                del tickets[ticket.id]
                author = message.author_id
                self._ticket_add_facts([(ticket, "answered", message.date)], author)

    def _ticket_record_opening(self, at=None, before=None):
        """The first facts of new tickets: a state they are born in is one, too.

        :return: dict of the facts added, by ticket id
        """
        before = before or {}
        opening = {
            ticket: ticket._ticket_prepare_opening(
                at or ticket._ticket_opened_at(),
                before.get(ticket) or ticket._ticket_status(),
            )
            for ticket in self
        }
        self._ticket_add_facts(
            [
                (ticket, kind, at)
                for ticket, facts in opening.items()
                for at, kind in facts
            ]
        )
        return {ticket.id: facts for ticket, facts in opening.items()}

    def _ticket_prepare_opening(self, at, status):
        at = at.replace(microsecond=0)
        kinds = ["opened", status.waiting and "waiting", status.closed]
        return [(at, kind) for kind in kinds if kind]

    def _ticket_status(self):
        """A record that is no ticket, or no longer, counts as a cancelled one."""
        in_scope = self._ticket_in_scope()
        merged = self._ticket_merged_into()
        ended = merged or not in_scope
        return TicketStatus(
            closed="cancelled" if ended else self._ticket_is_closed(),
            merged=merged,
            waiting=self._ticket_is_waiting(),
            priority=self._ticket_priority(),
            covered=(in_scope, self._ticket_customer().id, self.agreement_id.id),
        )

    def _ticket_statuses(self):
        return {ticket: ticket._ticket_status() for ticket in self.sudo()}

    def _ticket_follow(self, before):
        """Turn what a write changed into facts.

        :param dict before: TicketStatus by ticket
        """
        tickets = self.sudo()
        after = tickets._ticket_statuses()
        tickets.filtered(lambda t: before[t] != after[t])._ticket_facts_opened(
            before=before
        )
        facts = []
        for ticket in tickets:
            kinds = _transitions(before[ticket], after[ticket])
            if "reopened" in kinds and not ticket._ticket_may_reopen():
                kinds = ()
            facts += [(ticket, kind, None) for kind in kinds]
        tickets._ticket_add_facts(facts)
        tickets.filtered(
            lambda t: before[t].priority != after[t].priority
        )._ticket_reprioritise()
        for ticket in tickets.filtered(lambda t: after[t].merged - before[t].merged):
            ticket._ticket_hand_over(after[ticket].merged)
        arrived = tickets.filtered(lambda t: before[t].closed and not after[t].closed)
        arrived._ticket_join(at=self._ticket_now())
        changed = tickets.filtered(lambda t: before[t].covered != after[t].covered)
        changed._ticket_change_customer()
        (changed - arrived)._ticket_join()

    def _ticket_hand_over(self, other):
        """Merged into ``other``, which counts from the earlier opening of the two.

        Not where one of its promises is decided, which would be judged again, nor
        from another customer: he was promised nothing of it.
        """
        opened_at = _opened_at(self._ticket_facts()[self.id])
        customer = self._ticket_customer().commercial_partner_id
        if not opened_at or other._ticket_customer().commercial_partner_id != customer:
            return
        facts = other._ticket_facts_opened()
        clocks = other._ticket_clocks()
        now = self._ticket_now()
        if any(c._get_status(now) in ("met", "missed", "cancelled") for c in clocks):
            return
        if opened_at < (_opened_at(facts[other.id]) or now):
            note = self.env._("Opening of %s", self.display_name)
            other._ticket_record("opened", at=opened_at, note=note)

    def _ticket_change_customer(self):
        """The promise was another customer's: take it back and look for his own.

        What was kept or missed stays, with its agreement: it was so.
        """
        clocks = self._ticket_clocks_by_ticket()
        for ticket in self:
            mine = clocks.get(ticket, self._ticket_no_clock())
            if not ticket._ticket_is_others(mine):
                continue
            mine.unlink()
            ticket._ticket_write(ticket._ticket_prepare_no_promise())
            ticket._ticket_promise(ticket._ticket_facts_opened(), new=True)
            ticket._message_log(
                body=self.env._(
                    "The customer was corrected. %(promise)s",
                    promise=ticket._ticket_promise_text(),
                )
            )

    def _ticket_is_others(self, clocks):
        """Whether all that was promised so far was promised to somebody else, and
        nothing of it is decided."""
        customer = self._ticket_customer().commercial_partner_id
        if not customer or not self.agreement_id or self._ticket_status().closed:
            return False
        if any(c._get_status(self._ticket_now()) in ("met", "missed") for c in clocks):
            return False
        return not self._ticket_suits() or bool(clocks.partner_id - customer)

    def _ticket_prepare_no_promise(self):
        values = {"agreement_tier_id": False, "sla_promise_id": False}
        return values if self._ticket_suits() else {**values, "agreement_id": False}

    def _ticket_may_reopen(self):
        """Whether the old promise goes on; if not, says so on the ticket."""
        closed_at = _closed_at(self._ticket_facts()[self.id])
        if not closed_at:
            return False
        if self._ticket_now() - closed_at <= REOPEN_WITHIN:
            return True
        self._message_log(
            body=self.env._(
                "Reopened more than %(days)s days after it was closed: the promise of"
                " this ticket stays closed. Open a new ticket for a new promise.",
                days=REOPEN_WITHIN.days,
            )
        )
        return False

    def _ticket_is_answer(self, message):
        """Whether a message answers the customer: public, by one of us, by hand.

        Not the message that opened the ticket, not a note, not what Odoo or a mail
        program sends by itself, not what the customer says.
        """
        return bool(
            message.message_type in SPOKEN_TYPES
            and message.subtype_id
            and not message.subtype_id.internal
            and not message.is_internal
            and message.subtype_id != self._creation_subtype()
            and not self.env.context.get("service_agreement_automatic_mail")
            and message.author_id != self._ticket_customer()
            and any(user._is_internal() for user in message.author_id.user_ids)
            and self._ticket_in_scope()
        )

    # Promise

    def _ticket_suits(self):
        """:return: bool, whether the agreement is this customer's, if he is known"""
        customer = self._ticket_customer().commercial_partner_id
        return not customer or self.agreement_id.commercial_partner_id == customer

    def _ticket_matches(self):
        """:return: dict of the agreements found, by ticket that has none"""
        cache, found = {}, {}
        for ticket in self.filtered(lambda t: not t.agreement_id):
            key = (ticket._ticket_customer(), ticket._ticket_company())
            if key not in cache:
                cache[key] = ticket._ticket_match()
            if cache[key]:
                found[ticket] = cache[key]
        return found

    def _ticket_match(self):
        company = self._ticket_company()
        day = company._service_day(self._ticket_opened_at())
        return self.env["service.agreement"]._match(
            self._ticket_customer(), day, company
        )

    def _ticket_start_promises(self, facts, new=False):
        """Freeze what is promised and set the clocks, from the opening on.

        :param dict facts: by ticket id
        :param bool new: there are no clocks yet
        """
        promises = self._ticket_freeze()
        clocks = {} if new else self._ticket_clocks().grouped("res_id")
        no_clock = self._ticket_no_clock()
        values = []
        for ticket, promise in promises.items():
            values += ticket._ticket_prepare_clocks(
                promise, facts[ticket.id], clocks.get(ticket.id, no_clock)
            )
        for (promise, agreement), covered in _invert(
            {t: (promise, t.agreement_id) for t, promise in promises.items()}
        ).items():
            self.browse(covered)._ticket_write(
                {
                    "agreement_tier_id": agreement.tier_id.id,
                    "sla_promise_id": promise.id,
                }
            )
        no_clock.create(values)

    def _ticket_freeze(self):
        """:return: dict of service.agreement.sla.promise by ticket

        Hours that nobody can count in are reported on the tickets: somebody has to
        see them, and the customer's request is not theirs to refuse.
        """
        promises = {}
        for key, tickets in self.grouped(lambda t: t._ticket_freeze_key()).items():
            try:
                promise = self.env["service.agreement.sla.promise"]._freeze(*key)
            except (UserError, ValueError) as error:
                tickets._ticket_report(error)
                continue
            promises.update(dict.fromkeys(tickets, promise))
        return promises

    def _ticket_freeze_key(self):
        """:return: (agreement, name of the customer's time zone, day of the opening)"""
        customer = self._ticket_customer()
        tz = customer.tz or customer.commercial_partner_id.tz or False
        day = self._ticket_company()._service_day(self._ticket_opened_at())
        return self.agreement_id, tz, day.replace(month=1, day=1)

    def _ticket_report(self, error):
        for ticket in self:
            ticket._message_log(
                body=ticket.env._(
                    "No deadline could be set by agreement %(agreement)s: %(error)s",
                    agreement=ticket.agreement_id.display_name,
                    error=str(error),
                )
            )

    def _ticket_prepare_clocks(self, promise, facts, clocks):
        """Values of the clocks that are missing; those that still run are set anew."""
        by_metric = clocks.grouped("metric")
        lines = promise._get_targets(self._ticket_priority())
        values = []
        for line in lines:
            if clock := by_metric.get(line["metric"]):
                self._ticket_retarget(clock, line, facts)
            else:
                values.append(self._ticket_prepare_clock(line, facts))
        return values

    def _ticket_prepare_clock(self, line, facts):
        clock_model = self._ticket_no_clock()
        calendar = self.env["service.agreement.sla.calendar"].sudo()
        calendar = calendar.browse(line["calendar"] or [])
        return {
            "res_model": self._name,
            "res_id": self.id,
            "metric": line["metric"],
            "priority": line["priority"],
            "minutes": line["minutes"],
            "pausable": line["pausable"],
            "sla_calendar_id": calendar.id,
            "agreement_id": self.agreement_id.id,
            "tier_id": self.agreement_id.tier_id.id,
            "partner_id": self._ticket_customer().commercial_partner_id.id,
            "company_id": self._ticket_company().id,
            **clock_model._prepare_reading(line, calendar, facts),
        }

    def _ticket_retarget(self, clock, line, facts):
        """A clock that is kept or missed never changes again."""
        now = self._ticket_now()
        if clock._get_status(now) not in ("running", "at_risk", "paused"):
            return
        raised = clock.priority != line["priority"]
        clock.write(self._ticket_prepare_clock(line, facts))
        clock.reprioritised = raised and clock._get_status(now) == "missed"

    def _ticket_reprioritise(self):
        """Another priority is another target, from the same start, same pauses."""
        facts = self._ticket_facts()
        for ticket, clocks in self._ticket_clocks_by_ticket().items():
            promise = ticket.sla_promise_id
            values = ticket._ticket_prepare_clocks(promise, facts[ticket.id], clocks)
            self._ticket_no_clock().create(values)

    def _ticket_no_clock(self):
        return self.env["service.agreement.sla.clock"].sudo()

    def _ticket_clocks(self):
        return self._ticket_no_clock().search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )

    def _ticket_clocks_by_ticket(self):
        clocks = self._ticket_clocks().grouped("res_id")
        return {t: clocks[t.id] for t in self if t.id in clocks}

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
            clock._get_portal_row() for clock in clocks if clock.state != "cancelled"
        ]

    def _ticket_promise_text(self):
        if not self.agreement_id:
            return self.env._("No agreement of this customer is in force.")
        return self.env._(
            "The promise of agreement %(agreement)s (%(tier)s) was applied.",
            agreement=self.agreement_id.display_name,
            tier=self.agreement_tier_id.name or self.agreement_id.tier_id.name,
        )


def _invert(values):
    """:return: dict of lists of ids by value, of a dict of values by record"""
    ids = {}
    for record, value in values.items():
        ids.setdefault(value, []).append(record.id)
    return ids


def _has(facts, kind):
    return any(known == kind for _at, known in facts)


def _opened_at(facts):
    return next((at for at, kind in facts if kind == "opened"), None)


def _closed_at(facts):
    """:return: since when the promise has been closed, or None

    A reopening that came too late is no fact: closed again, it is still as old.
    """
    closed_at = None
    for at, kind in facts:
        if kind in ("opened", "reopened"):
            closed_at = None
        elif kind in ("solved", "cancelled"):
            closed_at = closed_at or at
    return closed_at


def _transitions(before, after):
    """:return: list of the kinds of facts that lead from one TicketStatus to another"""
    if after.closed:
        return [after.closed] if after.closed != before.closed else []
    kinds = ["reopened"] if before.closed else []
    if before.closed or before.waiting != after.waiting:
        kinds.append("waiting" if after.waiting else "resumed")
    return kinds


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
        "sla_deadline": min(deadlines, default=False),
        "sla_risk_at": min(risks, default=False),
    }


def _describe(clock):
    """:return: dict that the widget sla_promises draws"""
    to_string = fields.Datetime.to_string
    return {
        "metric": clock.metric,
        "label": dict(clock._fields["metric"]._description_selection(clock.env))[
            clock.metric
        ],
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
