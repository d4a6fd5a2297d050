from odoo import fields, models
from odoo.tools import SQL

# Days after delivery in which a project is still followed by its agreement.
DAYS = 90


class ServiceAgreementAttach(models.Model):
    """Delivered projects, and whether an agreement followed them (SEMANTICS §7).

    One row for each project of a customer that was delivered: with an agreement that
    started from that day on and within 90 days, without one, or still in time. One that
    the customer had before does not count: it was not sold with this project.

    A project of no company is of the one its agreement is of, or of whoever made it.
    """

    _name = "service.agreement.attach"
    _inherit = "service.agreement.ratio"
    _description = "Agreements after Projects"
    _auto = False
    _order = "delivered_on desc, id desc"
    _rec_name = "project_id"
    _ratios = {"rate": ("attached", "delivered")}
    # What has to be written down before this is read.
    _depends = {
        "project.project": ["company_id", "delivered_on", "is_template", "partner_id"],
        "res.users": ["company_id"],
        "res.partner": ["commercial_partner_id", "user_id"],
        "service.agreement": [
            "activated_on",
            "commercial_partner_id",
            "company_id",
            "date_start",
        ],
    }

    project_id = fields.Many2one("project.project", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    delivered_on = fields.Date(readonly=True)
    agreement_id = fields.Many2one("service.agreement", readonly=True)
    started_on = fields.Date(string="Agreement Started", readonly=True)
    days = fields.Integer(
        string="Days to Agreement",
        readonly=True,
        aggregator="avg",
        help="From delivery to the start of the agreement.",
    )
    status = fields.Selection(
        [
            ("attached", "With agreement"),
            ("open", "Still in time"),
            ("missed", "Without agreement"),
        ],
        readonly=True,
        help="Still in time: delivered less than 90 days ago.",
    )
    delivered = fields.Integer(string="Projects Delivered", readonly=True)
    attached = fields.Integer(string="With Agreement", readonly=True)
    rate = fields.Float(
        string="Attach Rate",
        readonly=True,
        aggregator="avg",
        help="With an agreement within 90 days, of all that were delivered.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT project.id, project.id AS project_id, customer.id AS partner_id,
                   COALESCE(project.company_id, first.company_id, author.company_id)
                       AS company_id,
                   customer.user_id, project.delivered_on,
                   first.id AS agreement_id, first.date_start AS started_on,
                   first.date_start - project.delivered_on AS days,
                   CASE WHEN first.id IS NOT NULL THEN 'attached'
                        WHEN project.delivered_on + %(days)s >= %(today)s THEN 'open'
                        ELSE 'missed'
                   END AS status,
                   1 AS delivered, (first.id IS NOT NULL)::int AS attached,
                   (first.id IS NOT NULL)::int::float8 AS rate
              FROM project_project project
              JOIN res_partner contact ON contact.id = project.partner_id
              JOIN res_partner customer ON customer.id = contact.commercial_partner_id
         LEFT JOIN res_users author ON author.id = project.create_uid
         LEFT JOIN LATERAL (
                SELECT agreement.id, agreement.company_id, agreement.date_start
                  FROM service_agreement agreement
                 WHERE agreement.commercial_partner_id = customer.id
                   AND agreement.activated_on IS NOT NULL
                   AND agreement.date_start BETWEEN project.delivered_on
                                                AND project.delivered_on + %(days)s
                   AND agreement.company_id
                       = COALESCE(project.company_id, agreement.company_id)
              ORDER BY agreement.date_start, agreement.id
                 LIMIT 1
                   ) first ON TRUE
             WHERE project.delivered_on IS NOT NULL
               AND project.is_template IS NOT TRUE
            """,
            days=DAYS,
            today=self.env.company._service_today(),
        )
