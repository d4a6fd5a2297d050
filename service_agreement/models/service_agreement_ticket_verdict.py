from dataclasses import replace

from odoo import api, fields, models
from odoo.fields import Domain

from .coverage_words import CoverageStory, CoverageWords
from .service_book import NEW
from .service_preview import ServicePreview

COVERAGE_STATES = [
    ("covered", "Covered"),
    ("partly", "Partly covered"),
    ("used_up", "Used up"),
    ("uncovered", "Not covered"),
    ("no_agreement", "No agreement"),
]
# What the question is about: the next hour of work.
ASKED_HOURS = 1.0


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Who pays for the next hour of work on a ticket, before it is done.

    What was done is decided by the engine, see ``account_analytic_line_coverage.py``.
    """

    _inherit = "service.agreement.ticket.mixin"

    coverage_summary = fields.Json(
        string="Who Pays",
        compute="_compute_coverage_summary",
        export_string_translation=False,
        help="In words, as service_coverage.js draws it.",
    )
    coverage_state = fields.Selection(
        COVERAGE_STATES,
        string="Coverage",
        compute="_compute_coverage_state",
        search="_search_coverage_state",
        help="Of an hour of work today. Empty: the customer is not known.",
    )

    @api.depends(lambda self: self._ticket_decisive_fields())
    def _compute_coverage_summary(self):
        previews = self._ticket_preview_work()
        words = CoverageWords(self.env)
        for ticket in self:
            preview = previews.get(ticket)
            ticket.coverage_summary = preview and ticket._ticket_tell(words, *preview)

    @api.depends(lambda self: self._ticket_decisive_fields())
    def _compute_coverage_state(self):
        previews = self._ticket_preview_work()
        for ticket in self:
            _book, previewed = previews.get(ticket, (None, None))
            ticket.coverage_state = (
                previewed
                and CoverageStory(CoverageWords(self.env), previewed.payments).state
            )

    @api.model
    def _search_coverage_state(self, operator, value):
        """Of what is still open: nobody asks who pays for what is over.

        Sudo: who may read the ticket may know whether it is covered; the tickets that
        are found are read with the user's own rights.
        """
        if operator != "in":
            return NotImplemented
        tickets = self.sudo().search(self._ticket_open_domain())
        states = set(value)
        found = tickets.filtered(lambda ticket: ticket.coverage_state in states)
        return Domain("id", "in", found.ids)

    # Questions a ticket model answers

    @api.model
    def _ticket_open_domain(self):
        """:return: Domain of the records that are tickets and not closed, or nearly"""
        return Domain.TRUE

    def _ticket_job(self):
        """:return: int, by which its work is known to the engine, or None"""
        return None

    @api.model
    def _ticket_decisive_fields(self):
        """:return: list of the fields by which it is decided who pays"""
        return [
            "work_type_id",
            "system_id",
            "device_id",
            "exclusion_id",
            "payer_id",
            *self._ticket_customer_fields(),
            *self._ticket_scope_fields(),
        ]

    # Entry points

    @api.readonly
    def get_service_coverage(self, changes):
        """What the form shows of a ticket that is open, with what was changed there.

        :param dict changes: values that are not saved yet; a new ticket has no others
        :return: dict, see `coverage_summary`; False: nothing is known yet
        """
        self._ticket_check_may_read()
        known = [name for name in self._ticket_decisive_fields() if "." not in name]
        values = {name: changes[name] for name in known if name in changes}
        if not self and not values:
            return False
        ticket = self.new(values, origin=self) if values or not self else self
        for name in values:
            if self._fields[name].relational:
                ticket[name]._origin.check_access("read")
        return ticket.coverage_summary

    # Asked of the engine

    def _ticket_preview_work(self):
        """Ask who would pay for the next hour, of each ticket by itself.

        Sudo: shown to technicians, who may not read agreements.

        :return: dict of (ServicePreview, Previewed) by ticket; of those with a customer
        """
        tickets = self.sudo().filtered(
            lambda t: t._ticket_in_scope() and t._ticket_customer()
        )
        previews = {}
        for company, group in tickets.grouped(lambda t: t._ticket_company()).items():
            customers = group.env["res.partner"].union(
                *(ticket._ticket_customer()._origin for ticket in group)
            )
            book = ServicePreview(company, customers)
            book.read_at_once()
            facts = [ticket._ticket_get_work_facts(book) for ticket in group]
            asked = zip(group, book.decide_each(facts), strict=True)
            previews.update((ticket, (book, each)) for ticket, each in asked)
        return previews

    def _ticket_get_work_facts(self, book):
        """:return: service_book.WorkFacts of an hour of work today"""
        company = book.company
        line = self.env["account.analytic.line"].new(
            {
                "date": company._service_today(),
                "unit_amount": ASKED_HOURS,
                "company_id": company.id,
                "partner_id": self._ticket_customer()._origin.id,
                "service_work_type_id": self.work_type_id._origin.id,
                "service_system_id": self.system_id._origin.id,
                "service_device_id": self.device_id._origin.id,
                "service_exclusion_id": self.exclusion_id._origin.id,
                "service_choice_id": self.payer_id._origin.id,
                "service_trips": int(self.work_type_id.is_on_site),
                "employee_id": self._ticket_assignees()._origin.employee_id[:1].id,
            }
        )
        facts = line._get_facts_of_work(book, {})
        return replace(facts, id=NEW, job=self._ticket_job())

    # In words

    def _ticket_tell(self, words, book, previewed):
        """:return: dict, see `coverage_summary`"""
        explanation = book.explain(previewed.decision)
        story = CoverageStory(words, previewed.payments, explanation)
        notes = [
            story.tell_obstacle(),
            story.tell_parts() if story.state == "partly" else "",
            words.tell_left(book, previewed)
            if story.state == "covered"
            else words.tell_price(book, previewed),
            *words.list_flags(
                {"flags": [flag for flag in explanation["flags"] if flag != "chosen"]}
            ),
        ]
        return story.tell(
            notes=[note for note in notes if note],
            choice=self._ticket_tell_choice(),
        )

    def _ticket_tell_choice(self):
        """:return: str, "Chosen by Cora Bright"; False: nobody chose"""
        if not self.payer_id:
            return False
        chosen_by = self.sudo().payer_chosen_by_id or self.env.user
        return self.env._("Chosen by %(user)s", user=chosen_by.name)
