from datetime import date
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .service_agreement_allowance_draw import LEAKED
from .service_agreement_proposal import DECLINE_REASONS

STATES = [
    ("never", "Not Offered"),
    ("offered", "Offered"),
    ("declined", "Declined in Writing"),
    ("covered", "Covered"),
]
# Of whom something happened with: not archived, and no company of our own.
IS_CLIENT = SQL(
    "partner.active AND partner.id NOT IN (SELECT partner_id FROM res_company)"
)
# How long a look back what was given away is summed up.
MONTHS_LEAKED = 12


class Scope(NamedTuple):
    """Which rows of the register are asked for.

    :param tuple companies: ids, of those with the same dates
    :param date active_since: first day of which what happened makes an active client
    :param date leaked_since: after which what was given away is summed up
    :param customers: res.partner, commercial entities; None: all
    """

    companies: tuple
    today: date
    tz: str
    active_since: date
    leaked_since: date
    customers: models.Model | None

    def among(self, column):
        """:return: SQL, whether a column is one of the customers, or TRUE for all"""
        if self.customers is None:
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", column, self.customers.ids)

    def to_day(self, instant):
        """:return: SQL of the date of an instant, on the companies' wall"""
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", instant, self.tz)


class ServiceAgreementRegister(models.Model):
    """All active clients of a company, each of them exactly one of `STATES`.

    An active client is a commercial partner, not archived and none of our own
    companies, with whom something happened in the last months (a setting): an invoice,
    a ticket, service work, a delivered project, a proposal, or an agreement in force or
    offered. Of what companies do, each sees its own.

    In which state a client is, his last word says, see ``_get_state_sql``.
    """

    _name = "service.agreement.register"
    _description = "Register of Clients"
    _auto = False
    _order = "leaked desc, mrr desc, id"
    _rec_name = "partner_id"
    # What has to be written down before this is read.
    _depends = {
        "res.company": ["partner_id", "service_active_months"],
        "res.partner": [
            "active",
            "commercial_partner_id",
            "parent_id",
            "user_id",
        ],
        "account.move": [
            "commercial_partner_id",
            "company_id",
            "invoice_date",
            "move_type",
            "state",
        ],
        "project.project": [
            "company_id",
            "delivered_on",
            "is_service_desk",
            "partner_id",
        ],
        "project.task": ["agreement_id", "company_id", "partner_id", "project_id"],
        "service.agreement": [
            "activated_on",
            "commercial_partner_id",
            "company_id",
            "date_end",
            "proposed_on",
            "signed_on",
            "site_ids",
            "state",
            "system_ids",
        ],
        "service.agreement.coverage": [
            "agreement_id",
            "covers_children",
            "date_start",
            "is_void",
        ],
        "service.agreement.movement": [
            "amount_company",
            "commercial_partner_id",
            "company_id",
        ],
        "service.agreement.proposal": [
            "commercial_partner_id",
            "company_id",
            "decline_reason",
            "declined_on",
            "replaces_id",
            "sent_on",
            "state",
            "validity_date",
        ],
        "service.agreement.allowance.draw": [
            "answer",
            "company_id",
            "date",
            "outcome",
            "partner_id",
            "worth",
        ],
    }

    partner_id = fields.Many2one("res.partner", string="Client", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    state = fields.Selection(
        STATES,
        readonly=True,
        group_expand=True,
        help="Covered: an agreement in force, suspended or about to start. Offered: a "
        "proposal without an answer, open or expired. Declined: his last word. Not "
        "offered: none of these ever, or not since his last agreement ended.",
    )
    offered_on = fields.Date(readonly=True)
    is_open = fields.Boolean(
        string="Can Still Be Accepted", readonly=True, help="Of what is offered."
    )
    declined_on = fields.Date(readonly=True)
    decline_reason = fields.Selection(DECLINE_REASONS, string="Why Not", readonly=True)
    ended_on = fields.Date(
        string="Agreement Ended",
        readonly=True,
        help="The last day of his last agreement.",
    )
    proposal_id = fields.Many2one(
        "service.agreement.proposal",
        readonly=True,
        help="That he was offered, or declined.",
    )
    leaked = fields.Monetary(
        string="Given Away",
        readonly=True,
        help="In the last 12 months, at list rates: neither covered nor billed, no "
        "warranty and no agreed goodwill.",
    )
    mrr = fields.Monetary(
        string="Per Month", readonly=True, help="Recurring revenue, before taxes."
    )

    @property
    def _table_query(self):
        ids = self.env.context.get("register_customers")
        if not isinstance(ids, (list, tuple)):
            return self._get_query()
        ids = [each for each in ids if isinstance(each, int)]
        return self._get_query(self.env["res.partner"].browse(ids))

    def _with_customers(self, customers):
        """
        :param customers: res.partner, commercial entities
        :return: the register, of them alone: it takes no longer for thousands of others
        """
        return self.with_context(register_customers=customers.ids)

    @api.model
    def _get_query(self, customers=None):
        """
        :param customers: res.partner, commercial entities; None: all
        :return: SQL of the register, or of their rows, for which it is fast
        """
        # Sudo: every company has its own today and its own settings.
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        stride = max(companies.ids) + 1
        parts = [
            self._get_scope_query(Scope(tuple(same.ids), *dates, customers), stride)
            for dates, same in companies.grouped(
                lambda company: company._get_register_dates()
            ).items()
        ]
        return SQL(" UNION ALL ").join(SQL("(%s)", part) for part in parts)

    @api.model
    def _get_scope_query(self, scope, stride):
        """
        :param int stride: more than any company's id
        :return: SQL of the rows of a `Scope`
        """
        return SQL(
            """
            WITH RECURSIVE work AS (%(work)s),
                 agreement AS (%(agreements)s),
                 covering AS (%(covering)s),
                 offer AS (%(offers)s),
                 decline AS (%(declines)s),
                 happening AS (%(happenings)s),
                 revenue AS (%(revenue)s),
                 client AS (%(clients)s),
                 judged AS (SELECT client.*, %(state)s AS state FROM client)
            SELECT judged.partner_id * %(stride)s + judged.company_id AS id,
                   judged.company_id, judged.partner_id, judged.user_id, judged.state,
                   judged.ended_on,
                   CASE state WHEN 'offered' THEN %(offered_on)s END AS offered_on,
                   state = 'offered' AND is_open AS is_open,
                   CASE state WHEN 'declined' THEN %(declined_on)s END AS declined_on,
                   CASE state WHEN 'declined' THEN reason END AS decline_reason,
                   CASE state WHEN 'offered' THEN offer_id
                              WHEN 'declined' THEN decline_id END AS proposal_id,
                   COALESCE(work.leaked, 0) AS leaked,
                   COALESCE(revenue.mrr, 0) AS mrr
              FROM judged
         LEFT JOIN work
                ON work.company_id = judged.company_id
               AND work.partner_id = judged.partner_id
         LEFT JOIN revenue
                ON revenue.company_id = judged.company_id
               AND revenue.partner_id = judged.partner_id
            """,
            work=self._get_work_sql(scope),
            agreements=self._get_agreements_sql(scope),
            covering=self._get_covering_sql(scope),
            offers=self._get_offers_sql(scope),
            declines=self._get_declines_sql(scope),
            happenings=SQL(" UNION ").join(self._get_happenings(scope)),
            revenue=self._get_revenue_sql(scope),
            clients=self._get_clients_sql(),
            state=self._get_state_sql(scope),
            stride=stride,
            offered_on=scope.to_day(SQL("offered_at")),
            declined_on=scope.to_day(SQL("declined_at")),
        )

    @api.model
    def _get_clients_sql(self):
        """:return: SQL of the active clients and what their state follows from"""
        return SQL(
            """
               SELECT happening.company_id, happening.partner_id, partner.user_id,
                      agreement.ended_on,
                      EXISTS (
                          SELECT 1 FROM covering
                           WHERE covering.company_id = happening.company_id
                             AND covering.partner_id = happening.partner_id
                      ) AS is_covered,
                      GREATEST(offer.offered_at, agreement.proposed_at) AS offered_at,
                      COALESCE(offer.is_open, FALSE)
                          OR agreement.proposed_at IS NOT NULL AS is_open,
                      decline.declined_at, decline.reason,
                      offer.proposal_id AS offer_id, decline.proposal_id AS decline_id
                 FROM happening
                 JOIN res_partner partner ON partner.id = happening.partner_id
            LEFT JOIN agreement
                   ON agreement.company_id = happening.company_id
                  AND agreement.partner_id = happening.partner_id
            LEFT JOIN offer
                   ON offer.company_id = happening.company_id
                  AND offer.partner_id = happening.partner_id
            LEFT JOIN decline
                   ON decline.company_id = happening.company_id
                  AND decline.partner_id = happening.partner_id
                WHERE %s
            """,
            IS_CLIENT,
        )

    @api.model
    def _get_state_sql(self, scope):
        """In force goes before all; then the last word counts. What was said before the
        last agreement ended counts no more, but for what is still open.

        :return: SQL of a client's state
        """
        return SQL(
            """
            CASE WHEN is_covered THEN 'covered'
                 WHEN declined_at >= COALESCE(offered_at, '-infinity')
                      AND %(declined_on)s >= COALESCE(ended_on, '-infinity')
                     THEN 'declined'
                 WHEN offered_at IS NOT NULL
                      AND (is_open
                           OR %(offered_on)s >= COALESCE(ended_on, '-infinity'))
                     THEN 'offered'
                 ELSE 'never' END
            """,
            offered_on=scope.to_day(SQL("offered_at")),
            declined_on=scope.to_day(SQL("declined_at")),
        )

    @api.model
    def _search_active(self, company, since):
        """
        :param date since: from which on something happened, in place of the setting
        :return: res.partner, the active clients of a company, by their ids
        """
        dates = company._get_register_dates()
        scope = Scope((company.id,), *dates, None)._replace(active_since=since)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH work AS (%(work)s),
                     agreement AS (%(agreements)s),
                     happening AS (%(happenings)s)
                SELECT DISTINCT partner.id
                  FROM happening
                  JOIN res_partner partner ON partner.id = happening.partner_id
                 WHERE %(is_client)s
              ORDER BY partner.id
                """,
                work=self._get_work_sql(scope),
                agreements=self._get_agreements_sql(scope),
                happenings=SQL(" UNION ").join(self._get_happenings(scope)),
                is_client=IS_CLIENT,
            )
        )
        return self.env["res.partner"].browse(partner for (partner,) in rows)

    # What happened

    @api.model
    def _get_happenings(self, scope):
        """Hook for bridges that know of more.

        What was covered is not asked for: then there was an agreement, which is.

        :return: list of SQL of company_id and partner_id (commercial) with whom
            something happened, each perhaps more than once
        """
        return [
            SQL(
                "SELECT company_id, partner_id FROM work WHERE last_day >= %s",
                scope.active_since,
            ),
            SQL(
                "SELECT company_id, partner_id FROM agreement WHERE last_day >= %s",
                scope.active_since,
            ),
            self._get_invoiced_sql(scope),
            self._get_proposed_sql(scope),
            self._get_tickets_sql(scope),
            self._get_delivered_sql(scope),
        ]

    @api.model
    def _get_invoiced_sql(self, scope):
        """One invoice each is looked up, instead of reading all that there are."""
        return SQL(
            """
            SELECT company.id AS company_id, partner.id AS partner_id
              FROM res_partner partner
              JOIN res_company company ON company.id IN %(companies)s
        CROSS JOIN LATERAL (
                SELECT 1
                  FROM account_move move
                 WHERE move.company_id = company.id
                   AND move.commercial_partner_id = partner.id
                   AND move.invoice_date >= %(since)s
                   AND move.move_type = 'out_invoice' AND move.state = 'posted'
                 LIMIT 1
                   ) AS invoiced
             WHERE partner.active AND %(among)s
            """,
            since=scope.active_since,
            companies=scope.companies,
            among=scope.among(SQL("partner.id")),
        )

    @api.model
    def _get_proposed_sql(self, scope):
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id
              FROM service_agreement_proposal
             WHERE state != 'withdrawn' AND %(day)s >= %(since)s
               AND company_id IN %(companies)s AND %(among)s
            """,
            day=scope.to_day(SQL("sent_on")),
            since=scope.active_since,
            companies=scope.companies,
            among=scope.among(SQL("commercial_partner_id")),
        )

    @api.model
    def _get_tickets_sql(self, scope):
        """Where a ticket belongs to no company, it is of whoever wrote it down."""
        return SQL(
            """
            SELECT COALESCE(ticket.company_id, author.company_id) AS company_id,
                   person.commercial_partner_id AS partner_id
              FROM (
                SELECT DISTINCT COALESCE(task.company_id, project.company_id)
                                    AS company_id,
                       task.create_uid, task.partner_id
                  FROM project_task task
                  JOIN project_project project ON project.id = task.project_id
                 WHERE project.is_service_desk AND task.active
                   AND task.create_date >= %(since)s
                   ) AS ticket
              JOIN res_partner person ON person.id = ticket.partner_id
         LEFT JOIN res_users author ON author.id = ticket.create_uid
             WHERE COALESCE(ticket.company_id, author.company_id) IN %(companies)s
               AND %(among)s
            """,
            since=scope.active_since,
            companies=scope.companies,
            among=scope.among(SQL("person.commercial_partner_id")),
        )

    @api.model
    def _get_delivered_sql(self, scope):
        return SQL(
            """
            SELECT COALESCE(project.company_id, author.company_id) AS company_id,
                   person.commercial_partner_id AS partner_id
              FROM project_project project
              JOIN res_partner person ON person.id = project.partner_id
         LEFT JOIN res_users author ON author.id = project.create_uid
             WHERE project.delivered_on >= %(since)s
               AND COALESCE(project.company_id, author.company_id) IN %(companies)s
               AND %(among)s
            """,
            since=scope.active_since,
            companies=scope.companies,
            among=scope.among(SQL("person.commercial_partner_id")),
        )

    # What is known of a client

    @api.model
    def _get_work_sql(self, scope):
        """:return: SQL of company_id, partner_id, the last day of work that nothing
        covered, and what leaked
        """
        return SQL(
            """
            SELECT company_id, partner_id, MAX(date) AS last_day,
                   SUM(worth) FILTER (WHERE date > %(since)s AND %(leaked)s) AS leaked
              FROM service_agreement_allowance_draw
             WHERE outcome != 'covered' AND partner_id IS NOT NULL
               AND company_id IN %(companies)s AND %(among)s
          GROUP BY company_id, partner_id
            """,
            since=scope.leaked_since,
            leaked=LEAKED,
            companies=scope.companies,
            among=scope.among(SQL("partner_id")),
        )

    @api.model
    def _get_agreements_sql(self, scope):
        """What never came into force was an offer: its term did not end.

        :return: SQL of company_id, partner_id, the last day on which there was one,
            when the last one ended, and since when one waits to be signed
        """
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id,
                   MAX(CASE WHEN state != 'ended' THEN %(today)s
                            WHEN activated_on IS NOT NULL THEN date_end
                            ELSE %(proposed_on)s END) AS last_day,
                   MAX(date_end) FILTER (
                       WHERE state = 'ended' AND activated_on IS NOT NULL) AS ended_on,
                   MAX(COALESCE(proposed_on, create_date))
                       FILTER (WHERE state = 'proposed' AND signed_on IS NULL)
                       AS proposed_at
              FROM service_agreement
             WHERE state != 'draft'
               AND company_id IN %(companies)s AND %(among)s
          GROUP BY company_id, commercial_partner_id
            """,
            today=scope.today,
            proposed_on=scope.to_day(SQL("COALESCE(proposed_on, create_date)")),
            companies=scope.companies,
            among=scope.among(SQL("commercial_partner_id")),
        )

    @api.model
    def _get_covering_sql(self, scope):
        """Also for one customer of all: those above him may cover him. What is signed
        is about to start.

        :return: SQL of company_id and partner_id that an agreement covers: its own
            customer, and where it says so the companies below him
        """
        return SQL(
            """
            SELECT agreement.company_id, agreement.commercial_partner_id AS partner_id,
                   wide.agreement_id IS NOT NULL AS covers_children
              FROM service_agreement agreement
         LEFT JOIN (%(wide)s) AS wide ON wide.agreement_id = agreement.id
             WHERE (agreement.state IN ('active', 'suspended')
                    OR agreement.state = 'proposed' AND agreement.signed_on IS NOT NULL)
               AND agreement.company_id IN %(companies)s
             UNION
            SELECT covering.company_id, child.id, TRUE
              FROM covering
              JOIN res_partner parent
                ON parent.commercial_partner_id = covering.partner_id
              JOIN res_partner child
                ON child.parent_id = parent.id
               AND child.commercial_partner_id = child.id
             WHERE covering.covers_children
            """,
            wide=self._get_wide_sql(scope),
            companies=scope.companies,
        )

    @api.model
    def _get_wide_sql(self, scope):
        """:return: SQL of agreement_id that cover companies below today: those of a
        site or a system cover nothing else
        """
        return SQL(
            """
            SELECT held.agreement_id
              FROM service_agreement_coverage held
             WHERE held.covers_children AND held.is_void IS NOT TRUE
               AND COALESCE(held.date_start, '-infinity') <= %(today)s
               AND NOT EXISTS (
                       SELECT 1 FROM service_agreement_coverage later
                        WHERE later.agreement_id = held.agreement_id
                          AND later.is_void IS NOT TRUE
                          AND later.date_start <= %(today)s
                          AND later.date_start > COALESCE(held.date_start, '-infinity'))
               AND held.agreement_id NOT IN (
                       SELECT service_agreement_id FROM service_agreement_site_rel
                        UNION ALL
                       SELECT service_agreement_id
                         FROM service_agreement_service_agreement_system_rel)
            """,
            today=scope.today,
        )

    @api.model
    def _get_offers_sql(self, scope):
        """:return: SQL of company_id, partner_id and the last offer that he has not
        answered, see `_get_offers`
        """
        return SQL(
            """
            SELECT DISTINCT ON (company_id, partner_id) *
              FROM (%s) AS made
          ORDER BY company_id, partner_id, offered_at DESC,
                   proposal_id DESC NULLS LAST
            """,
            SQL(" UNION ALL ").join(self._get_offers(scope)),
        )

    @api.model
    def _get_offers(self, scope):
        """Hook for bridges that make offers of another kind.

        :return: list of SQL of company_id, partner_id (commercial), proposal_id (NULL:
            it is none), offered_at and is_open, of what was not answered; also of a
            proposal whose next version is still being written
        """
        return [
            SQL(
                """
                SELECT proposal.company_id,
                       proposal.commercial_partner_id AS partner_id,
                       proposal.id AS proposal_id, proposal.sent_on AS offered_at,
                       proposal.state = 'sent'
                           AND proposal.validity_date >= %(today)s AS is_open
                  FROM service_agreement_proposal proposal
             LEFT JOIN service_agreement_proposal newer
                    ON newer.replaces_id = proposal.id
                 WHERE (proposal.state = 'sent'
                        OR proposal.state = 'replaced' AND newer.state = 'draft')
                   AND proposal.company_id IN %(companies)s AND %(among)s
                """,
                today=scope.today,
                companies=scope.companies,
                among=scope.among(SQL("proposal.commercial_partner_id")),
            )
        ]

    @api.model
    def _get_declines_sql(self, scope):
        """:return: SQL of company_id, partner_id, and when and why he last said no"""
        return SQL(
            """
            SELECT DISTINCT ON (company_id, commercial_partner_id)
                   company_id, commercial_partner_id AS partner_id,
                   id AS proposal_id, declined_on AS declined_at,
                   decline_reason AS reason
              FROM service_agreement_proposal
             WHERE state = 'declined'
               AND company_id IN %(companies)s AND %(among)s
          ORDER BY company_id, commercial_partner_id, declined_on DESC, id DESC
            """,
            companies=scope.companies,
            among=scope.among(SQL("commercial_partner_id")),
        )

    @api.model
    def _get_revenue_sql(self, scope):
        """:return: SQL of company_id, partner_id and his monthly recurring revenue"""
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id,
                   SUM(amount_company) AS mrr
              FROM service_agreement_movement
             WHERE company_id IN %(companies)s AND %(among)s
          GROUP BY company_id, commercial_partner_id
            """,
            companies=scope.companies,
            among=scope.among(SQL("commercial_partner_id")),
        )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    proposed_on = fields.Datetime(
        readonly=True, copy=False, help="When the customer was first shown it."
    )

    def _prepare_propose_values(self):
        return {
            **super()._prepare_propose_values(),
            "proposed_on": self.env.cr.now(),
        }


class ResCompany(models.Model):
    _inherit = "res.company"

    service_ask_again_months = fields.Integer(
        string="Ask Again After (months)",
        default=12,
        help="How long a written no is left alone.",
    )
    service_active_months = fields.Integer(
        string="Active Clients (months)",
        default=24,
        help="Who had an invoice, a ticket, service work, a delivered project or a "
        "proposal in so many months, or has an agreement, is in the register.",
    )

    _service_register_months = models.Constraint(
        "CHECK(service_active_months > 0 AND service_ask_again_months >= 0)",
        "Look back one month or more, and ask again after 0 months or more.",
    )

    def _get_register_dates(self):
        """:return: what a `Scope` says of days: today, time zone, and since when"""
        self.ensure_one()
        today = self._service_today()
        return (
            today,
            self._service_tz().key,
            today - relativedelta(months=self.service_active_months),
            self._get_leaked_since(),
        )

    def _get_leaked_since(self):
        """:return: date, after which what was given away is summed up"""
        self.ensure_one()
        return self._service_today() - relativedelta(months=MONTHS_LEAKED)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_active_months = fields.Integer(
        related="company_id.service_active_months", readonly=False
    )
    service_ask_again_months = fields.Integer(
        related="company_id.service_ask_again_months", readonly=False
    )


# The register is read from indexes alone, where these tables are large.


class AccountMove(models.Model):
    _inherit = "account.move"

    _service_invoiced_idx = models.Index(
        "(company_id, commercial_partner_id, invoice_date) "
        "WHERE move_type = 'out_invoice' AND state = 'posted'"
    )


class ProjectTask(models.Model):
    _inherit = "project.task"

    _service_client_idx = models.Index(
        "(project_id, create_date) INCLUDE (partner_id, company_id, create_uid) "
        "WHERE active"
    )


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    _not_covered_idx = models.Index(
        "(company_id, partner_id, date) INCLUDE (answer, worth) "
        "WHERE outcome != 'covered'"
    )
