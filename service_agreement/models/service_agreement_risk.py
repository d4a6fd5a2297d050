from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .instant import now
from .service_agreement_allowance_draw import LEAKED

# Of so many days it is told what went wrong.
DAYS = 90


class ServiceAgreementRisk(models.Model):
    """Agreements in force that may not stay, and why.

    At risk is who has at least one reason to leave: in the last 90 days a promise was
    missed, he declined a proposal, or what he got for nothing was worth more than he
    pays in a month; or one of his invoices is overdue today.
    """

    _name = "service.agreement.risk"
    _description = "Agreements at Risk"
    _auto = False
    _order = "mrr desc, id"
    _rec_name = "agreement_id"
    # What has to be written down before this is read.
    _depends = {
        "service.agreement": [
            "commercial_partner_id",
            "company_id",
            "date_end",
            "state",
            "tier_id",
            "user_id",
        ],
        "service.agreement.movement": [
            "agreement_id",
            "amount_company",
            "commercial_partner_id",
            "company_id",
        ],
        "service.agreement.sla.clock": ["agreement_id", "deadline", "state"],
        "service.agreement.proposal": [
            "commercial_partner_id",
            "company_id",
            "declined_on",
            "state",
        ],
        "service.agreement.allowance.draw": [
            "answer",
            "company_id",
            "date",
            "outcome",
            "partner_id",
            "worth",
        ],
        "account.move": ["invoice_date_due", "move_type", "payment_state", "state"],
        "account.move.line": ["agreement_id", "move_id"],
        "res.company": ["currency_id"],
    }

    agreement_id = fields.Many2one("service.agreement", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", string="Responsible", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    date_end = fields.Date(string="Last Day", readonly=True)
    mrr = fields.Monetary(
        string="Monthly Revenue", readonly=True, help="In the company's currency."
    )
    missed = fields.Integer(
        string="Promises Missed", readonly=True, help="In the last 90 days."
    )
    overdue = fields.Integer(string="Invoices Overdue", readonly=True, help="Today.")
    leaked = fields.Monetary(
        string="Given Away",
        readonly=True,
        aggregator=None,
        help="To the customer in the last 90 days, if it is worth more than he pays in "
        "a month. Neither covered nor billed, no warranty and no agreed goodwill.",
    )
    declined = fields.Integer(
        string="Proposals Declined",
        readonly=True,
        aggregator=None,
        help="By the customer, in the last 90 days.",
    )

    @property
    def _table_query(self):
        today = self.env.company._service_today()
        return SQL(
            """
            WITH paid AS (
                SELECT company_id, commercial_partner_id AS partner_id, agreement_id,
                       SUM(amount_company) AS mrr
                  FROM service_agreement_movement
              GROUP BY company_id, commercial_partner_id, agreement_id
                 ),
                 partner_paid AS (
                SELECT company_id, partner_id, SUM(mrr) AS mrr
                  FROM paid
              GROUP BY company_id, partner_id
                 ),
                 missed AS (%(missed)s),
                 overdue AS (%(overdue)s),
                 leaked AS (%(leaked)s),
                 declined AS (%(declined)s)
            SELECT agreement.id, agreement.id AS agreement_id,
                   agreement.commercial_partner_id AS partner_id,
                   agreement.company_id, company.currency_id, agreement.user_id,
                   agreement.tier_id, agreement.date_end,
                   COALESCE(paid.mrr, 0) AS mrr,
                   COALESCE(missed.number, 0) AS missed,
                   COALESCE(overdue.number, 0) AS overdue,
                   CASE WHEN leaked.amount > COALESCE(partner_paid.mrr, 0)
                        THEN leaked.amount ELSE 0 END AS leaked,
                   COALESCE(declined.number, 0) AS declined
              FROM service_agreement agreement
              JOIN res_company company ON company.id = agreement.company_id
         LEFT JOIN paid
                ON paid.agreement_id = agreement.id
               AND paid.partner_id = agreement.commercial_partner_id
         LEFT JOIN partner_paid
                ON partner_paid.company_id = agreement.company_id
               AND partner_paid.partner_id = agreement.commercial_partner_id
         LEFT JOIN missed ON missed.agreement_id = agreement.id
         LEFT JOIN overdue ON overdue.agreement_id = agreement.id
         LEFT JOIN leaked
                ON leaked.company_id = agreement.company_id
               AND leaked.partner_id = agreement.commercial_partner_id
         LEFT JOIN declined
                ON declined.company_id = agreement.company_id
               AND declined.partner_id = agreement.commercial_partner_id
             WHERE agreement.state IN ('active', 'suspended')
               AND (missed.number > 0 OR overdue.number > 0 OR declined.number > 0
                    OR leaked.amount > COALESCE(partner_paid.mrr, 0))
            """,
            missed=self._get_missed_query(now(self.env)),
            overdue=self._get_overdue_query(today),
            leaked=self._get_leaked_query(today - timedelta(days=DAYS)),
            declined=self._get_declined_query(now(self.env) - timedelta(days=DAYS)),
        )

    def _get_missed_query(self, instant):
        """What is late right now is missed, too, though nobody wrote it down."""
        return SQL(
            """
            SELECT agreement_id, COUNT(*) AS number
              FROM service_agreement_sla_clock
             WHERE state IN ('missed', 'running') AND agreement_id IS NOT NULL
               AND deadline >= %s AND deadline < %s
          GROUP BY agreement_id
            """,
            instant - timedelta(days=DAYS),
            instant,
        )

    def _get_overdue_query(self, today):
        return SQL(
            """
            SELECT line.agreement_id, COUNT(DISTINCT move.id) AS number
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
             WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
               AND move.payment_state IN ('not_paid', 'partial')
               AND move.invoice_date_due < %s
               AND line.agreement_id IS NOT NULL
          GROUP BY line.agreement_id
            """,
            today,
        )

    def _get_leaked_query(self, since):
        return SQL(
            """
            SELECT company_id, partner_id, SUM(worth) AS amount
              FROM service_agreement_allowance_draw
             WHERE date >= %s AND %s
          GROUP BY company_id, partner_id
            """,
            since,
            LEAKED,
        )

    def _get_declined_query(self, since):
        return SQL(
            """
            SELECT company_id, commercial_partner_id AS partner_id, COUNT(*) AS number
              FROM service_agreement_proposal
             WHERE state = 'declined' AND declined_on >= %s
          GROUP BY company_id, commercial_partner_id
            """,
            since,
        )

    def action_open_agreement(self):
        self.ensure_one()
        return self.agreement_id.get_formview_action()
