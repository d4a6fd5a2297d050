from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .service_agreement_proposal import DECLINE_REASONS

STATES = [
    ("never", "Never Offered"),
    ("offered", "Offered"),
    ("declined", "Declined in Writing"),
    ("covered", "Covered"),
]
# How long a look back what was given away is summed up.
MONTHS_LEAKED = 12


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
            "commercial_partner_id",
            "company_id",
            "date_end",
            "proposed_on",
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
        "proposal without an answer, open or expired. Declined: his last word. Never "
        "offered: none of these, or not since his last agreement ended.",
    )
    active_on = fields.Date(
        string="Last Seen",
        readonly=True,
        help="The last day on which something happened.",
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
        return self._get_query()

    @api.model
    def _get_query(self, customers=None):
        """
        :param customers: res.partner, commercial entities; None: all
        :return: SQL of the register, or of their rows, for which it is fast
        """
        # Sudo: every company has its own today and its own settings.
        companies = self.env["res.company"].sudo().search([])
        return SQL(
            """
            WITH RECURSIVE setting (company_id, today, tz, active_since, leaked_since)
                    AS (VALUES %(settings)s),
                 work AS (%(work)s),
                 agreement AS (%(agreements)s),
                 covering AS (%(covering)s),
                 offer AS (%(offers)s),
                 decline AS (%(declines)s),
                 happening AS (%(happenings)s),
                 revenue AS (%(revenue)s),
                 client AS (
                SELECT happening.company_id, happening.partner_id, partner.user_id,
                       happening.day AS active_on,
                       EXISTS (
                           SELECT 1 FROM covering
                            WHERE covering.company_id = happening.company_id
                              AND covering.partner_id = happening.partner_id
                       ) AS is_covered,
                       GREATEST(offer.offered_at, agreement.proposed_at) AS offered_at,
                       offer.is_open OR agreement.proposed_at IS NOT NULL AS is_open,
                       decline.declined_at, decline.reason, agreement.ended_on,
                       offer.proposal_id AS offer_id, decline.proposal_id AS decline_id,
                       setting.tz
                  FROM happening
                  JOIN setting ON setting.company_id = happening.company_id
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
                 WHERE partner.active
                   AND partner.id NOT IN (SELECT partner_id FROM res_company)
                 ),
                 judged AS (SELECT client.*, %(state)s AS state FROM client)
            SELECT judged.partner_id * %(stride)s + judged.company_id AS id,
                   judged.company_id, judged.partner_id, judged.user_id, judged.state,
                   judged.active_on, judged.ended_on,
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
            settings=SQL(", ").join(c._get_register_setting() for c in companies),
            work=self._get_work_sql(customers),
            agreements=self._get_agreements_sql(customers),
            covering=self._get_covering_sql(),
            offers=self._get_offers_sql(customers),
            declines=self._get_declines_sql(customers),
            happenings=self._get_happenings_sql(customers),
            revenue=self._get_revenue_sql(customers),
            state=self._get_state_sql(),
            stride=max(companies.ids) + 1,
            offered_on=_to_day(SQL("offered_at"), SQL("tz")),
            declined_on=_to_day(SQL("declined_at"), SQL("tz")),
        )

    @api.model
    def _get_state_sql(self):
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
            offered_on=_to_day(SQL("offered_at"), SQL("tz")),
            declined_on=_to_day(SQL("declined_at"), SQL("tz")),
        )

    # What happened

    @api.model
    def _get_happenings_sql(self, customers):
        """:return: SQL of company_id, partner_id and the last day, of the clients"""
        return SQL(
            """
            SELECT company_id, partner_id, MAX(day) AS day
              FROM (%s) AS happened
          GROUP BY company_id, partner_id
            """,
            SQL(" UNION ALL ").join(self._get_happenings(customers)),
        )

    @api.model
    def _get_happenings(self, customers):
        """Hook for bridges that know of more.

        :return: list of SQL of company_id, partner_id (commercial) and day, not before
            ``setting.active_since``
        """
        return [
            SQL(
                "SELECT company_id, partner_id, day FROM work "
                "JOIN setting USING (company_id) WHERE day >= active_since"
            ),
            SQL(
                "SELECT company_id, partner_id, day FROM agreement "
                "JOIN setting USING (company_id) WHERE day >= active_since"
            ),
            self._get_invoiced_sql(customers),
            self._get_proposed_sql(customers),
            self._get_tickets_sql(customers),
            self._get_delivered_sql(customers),
        ]

    @api.model
    def _get_invoiced_sql(self, customers):
        return SQL(
            """
            SELECT move.company_id, move.commercial_partner_id AS partner_id,
                   MAX(move.invoice_date) AS day
              FROM account_move move
              JOIN setting ON setting.company_id = move.company_id
             WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
               AND move.invoice_date >= setting.active_since
               AND %s
          GROUP BY move.company_id, move.commercial_partner_id
            """,
            _among(SQL("move.commercial_partner_id"), customers),
        )

    @api.model
    def _get_proposed_sql(self, customers):
        return SQL(
            """
            SELECT proposal.company_id, proposal.commercial_partner_id AS partner_id,
                   MAX(%(day)s) AS day
              FROM service_agreement_proposal proposal
              JOIN setting ON setting.company_id = proposal.company_id
             WHERE proposal.sent_on IS NOT NULL AND proposal.state != 'withdrawn'
               AND %(day)s >= setting.active_since
               AND %(among)s
          GROUP BY proposal.company_id, proposal.commercial_partner_id
            """,
            day=_to_day(SQL("proposal.sent_on"), SQL("setting.tz")),
            among=_among(SQL("proposal.commercial_partner_id"), customers),
        )

    @api.model
    def _get_tickets_sql(self, customers):
        """Where a ticket belongs to no company, it is of whoever wrote it down."""
        return SQL(
            """
            SELECT COALESCE(task.company_id, project.company_id, agreement.company_id,
                            author.company_id) AS company_id,
                   person.commercial_partner_id AS partner_id,
                   MAX(task.create_date)::date AS day
              FROM project_task task
              JOIN project_project project ON project.id = task.project_id
              JOIN res_partner person ON person.id = task.partner_id
         LEFT JOIN service_agreement agreement ON agreement.id = task.agreement_id
         LEFT JOIN res_users author ON author.id = task.create_uid
              JOIN setting
                ON setting.company_id = COALESCE(task.company_id, project.company_id,
                       agreement.company_id, author.company_id)
             WHERE project.is_service_desk AND task.active
               AND task.create_date >= setting.active_since
               AND %s
          GROUP BY 1, 2
            """,
            _among(SQL("person.commercial_partner_id"), customers),
        )

    @api.model
    def _get_delivered_sql(self, customers):
        return SQL(
            """
            SELECT COALESCE(project.company_id, author.company_id) AS company_id,
                   person.commercial_partner_id AS partner_id,
                   MAX(project.delivered_on) AS day
              FROM project_project project
              JOIN res_partner person ON person.id = project.partner_id
         LEFT JOIN res_users author ON author.id = project.create_uid
              JOIN setting
                ON setting.company_id = COALESCE(project.company_id, author.company_id)
             WHERE project.delivered_on >= setting.active_since
               AND %s
          GROUP BY 1, 2
            """,
            _among(SQL("person.commercial_partner_id"), customers),
        )

    # What is known of a client

    @api.model
    def _get_work_sql(self, customers):
        """:return: SQL of company_id, partner_id, the last day and what leaked"""
        return SQL(
            """
            SELECT draw.company_id, draw.partner_id, MAX(draw.date) AS day,
                   SUM(draw.worth) FILTER (
                       WHERE draw.date > setting.leaked_since
                         AND draw.outcome != 'covered'
                         AND COALESCE(draw.answer, 'given') = 'given') AS leaked
              FROM service_agreement_allowance_draw draw
              JOIN setting ON setting.company_id = draw.company_id
             WHERE draw.date >= LEAST(setting.active_since, setting.leaked_since)
               AND draw.partner_id IS NOT NULL
               AND %s
          GROUP BY draw.company_id, draw.partner_id
            """,
            _among(SQL("draw.partner_id"), customers),
        )

    @api.model
    def _get_agreements_sql(self, customers):
        """:return: SQL of company_id, partner_id, the last day on which there was one,
        when the last one ended, and since when one waits to be signed
        """
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id,
                   MAX(CASE agreement.state WHEN 'ended' THEN date_end
                                            ELSE setting.today END) AS day,
                   MAX(date_end) FILTER (WHERE agreement.state = 'ended') AS ended_on,
                   MAX(COALESCE(proposed_on, create_date))
                       FILTER (WHERE agreement.state = 'proposed') AS proposed_at
              FROM service_agreement agreement
              JOIN setting USING (company_id)
             WHERE agreement.state != 'draft'
               AND %s
          GROUP BY company_id, commercial_partner_id
            """,
            _among(SQL("commercial_partner_id"), customers),
        )

    @api.model
    def _get_covering_sql(self):
        """:return: SQL of company_id and partner_id that an agreement covers: its own
        customer, and where it says so the companies below him
        """
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id,
                   COALESCE(covers_children, FALSE) AS covers_children
              FROM service_agreement agreement
              JOIN setting USING (company_id)
         LEFT JOIN LATERAL (
                SELECT coverage.covers_children
                  FROM service_agreement_coverage coverage
                 WHERE coverage.agreement_id = agreement.id
                   AND coverage.is_void IS NOT TRUE
                   AND COALESCE(coverage.date_start, '-infinity') <= setting.today
                   AND NOT EXISTS (SELECT 1 FROM service_agreement_site_rel
                                    WHERE service_agreement_id = agreement.id)
                   AND NOT EXISTS (
                           SELECT 1 FROM service_agreement_service_agreement_system_rel
                            WHERE service_agreement_id = agreement.id)
              ORDER BY coverage.date_start DESC NULLS LAST
                 LIMIT 1
                   ) AS held ON TRUE
             WHERE state IN ('active', 'suspended')
             UNION
            SELECT covering.company_id, child.id, TRUE
              FROM covering
              JOIN res_partner parent
                ON parent.commercial_partner_id = covering.partner_id
              JOIN res_partner child
                ON child.parent_id = parent.id
               AND child.commercial_partner_id = child.id
             WHERE covering.covers_children
            """
        )

    @api.model
    def _get_offers_sql(self, customers):
        """:return: SQL of company_id, partner_id and his last unanswered proposal; also
        one whose next version is still being written
        """
        return SQL(
            """
            SELECT DISTINCT ON (proposal.company_id, proposal.commercial_partner_id)
                   proposal.company_id, proposal.commercial_partner_id AS partner_id,
                   proposal.id AS proposal_id, proposal.sent_on AS offered_at,
                   proposal.state = 'sent'
                       AND proposal.validity_date >= setting.today AS is_open
              FROM service_agreement_proposal proposal
              JOIN setting ON setting.company_id = proposal.company_id
         LEFT JOIN service_agreement_proposal newer ON newer.replaces_id = proposal.id
             WHERE (proposal.state = 'sent'
                    OR proposal.state = 'replaced' AND newer.state = 'draft')
               AND %s
          ORDER BY proposal.company_id, proposal.commercial_partner_id,
                   proposal.sent_on DESC, proposal.id DESC
            """,
            _among(SQL("proposal.commercial_partner_id"), customers),
        )

    @api.model
    def _get_declines_sql(self, customers):
        """:return: SQL of company_id, partner_id, and when and why he last said no"""
        return SQL(
            """
            SELECT DISTINCT ON (company_id, commercial_partner_id)
                   company_id, commercial_partner_id AS partner_id,
                   id AS proposal_id, declined_on AS declined_at,
                   decline_reason AS reason
              FROM service_agreement_proposal
             WHERE state = 'declined'
               AND %s
          ORDER BY company_id, commercial_partner_id, declined_on DESC, id DESC
            """,
            _among(SQL("commercial_partner_id"), customers),
        )

    @api.model
    def _get_revenue_sql(self, customers):
        """:return: SQL of company_id, partner_id and his monthly recurring revenue"""
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id,
                   SUM(amount_company) AS mrr
              FROM service_agreement_movement
             WHERE %s
          GROUP BY company_id, commercial_partner_id
            """,
            _among(SQL("commercial_partner_id"), customers),
        )

    # Actions

    def action_view_leaked(self):
        """What was given away, piece by piece."""
        self.ensure_one()
        since = self.company_id._get_leaked_since()
        return self.env["service.agreement.allowance.draw"]._get_evidence_action(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "=", self.partner_id.id),
                ("date", ">", since),
                ("outcome", "!=", "covered"),
                ("answer", "in", [False, "given"]),
            ]
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

    service_active_months = fields.Integer(
        string="Active Clients (months)",
        default=24,
        help="Who had an invoice, a ticket, service work, a delivered project or a "
        "proposal in so many months, or has an agreement, is in the register.",
    )

    _service_active_months_positive = models.Constraint(
        "CHECK(service_active_months > 0)", "Look back one month or more."
    )

    def _get_register_setting(self):
        """:return: SQL, a row of the setting of the register"""
        self.ensure_one()
        today = self._service_today()
        return SQL(
            "(%s, %s::date, %s, %s::date, %s::date)",
            self.id,
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


def _among(column, customers):
    """:return: SQL, whether a column is one of these, or TRUE for all"""
    if customers is None:
        return SQL("TRUE")
    return SQL("%s IN %s", column, tuple(customers.ids) or (None,))


def _to_day(instant, tz):
    """:return: SQL of the date on a wall in that time zone"""
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", instant, tz)
