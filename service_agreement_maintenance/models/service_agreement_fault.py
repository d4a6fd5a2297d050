from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.service_agreement.models.sql_values import sql_values

from ..tools.faults import DAYS_A_YEAR, ENOUGH_FAULTS, OLDEST, Observed

UNKNOWN_AGE = "unknown"
# Sorted as text, as groups of a report are.
AGES = [
    ("00", "Less than a year"),
    ("01", "1 year"),
    ("02", "2 years"),
    ("03", "3 years"),
    ("04", "4 years"),
    ("05", "5 years"),
    ("06", "6 years"),
    ("07", "7 years"),
    ("08", "8 years"),
    ("09", "9 years"),
    ("10", "10 years or more"),
    (UNKNOWN_AGE, "Age not known"),
]


class ServiceAgreementFault(models.Model):
    """How often devices have faults, by what they are and how old they are.

    A row is a device in a year of its life: the days on which we observed it, and its
    faults on these days. The arithmetic is that of ``tools/faults.py``. A ticket that
    names a system of several devices, and none of them, is a row without device and
    days: it counts in what is said of all, and nobody knows of which product it was.

    What is a fault: a ticket about a device, once, however often it was reopened; and
    a corrective maintenance request that belongs to no such ticket. Not: visits and
    other work that was ordered (``is_fault`` of the work), what was cancelled, and what
    was merged into another ticket.
    """

    _name = "service.agreement.fault"
    _description = "Faults of Devices"
    _auto = False
    _order = "partner_id, system_id, device_id, age"
    _rec_name = "device_id"

    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    system_id = fields.Many2one("service.agreement.system", readonly=True)
    device_id = fields.Many2one(
        "service.agreement.device",
        readonly=True,
        falsy_value_label="Device not named",
    )
    product_id = fields.Many2one(
        "product.product", readonly=True, falsy_value_label="Not known"
    )
    category_id = fields.Many2one(
        "maintenance.equipment.category",
        string="Equipment Category",
        readonly=True,
        falsy_value_label="Not known",
    )
    age = fields.Selection(AGES, readonly=True, help="Of the device, when it was so.")
    device_count = fields.Integer(
        string="Devices", aggregator="count_distinct", readonly=True
    )
    observed_days = fields.Integer(
        string="Days Observed",
        readonly=True,
        help="From the day it was installed, inspected at entry, or the company's first"
        " ticket, whichever is latest; to the day it was removed, or today.",
    )
    fault_count = fields.Integer(
        string="Faults",
        readonly=True,
        help="Tickets and corrective maintenance requests, each fault once.",
    )
    days_between = fields.Float(
        string="Days Between Faults",
        digits=(16, 0),
        aggregator="avg",
        readonly=True,
        help="Mean time between faults: days observed by faults. Empty: fewer than"
        " three faults, too few to tell.",
    )
    faults_a_year = fields.Float(
        string="Faults a Year",
        aggregator="avg",
        readonly=True,
        help="Of one device, on average. Empty: fewer than three faults, too few to"
        " tell.",
    )

    def _read_group_select(self, aggregate_spec, query):
        """Of several rows the quotient of their sums: the mean of means would weigh a
        device of a day like one of ten years."""
        name, _colon, aggregator = aggregate_spec.partition(":")
        if aggregator != "avg" or name not in ("days_between", "faults_a_year"):
            return super()._read_group_select(aggregate_spec, query)
        days, faults = (
            SQL("SUM(%s)", self._field_to_sql(self._table, each, query))
            for each in ("observed_days", "fault_count")
        )
        return self._get_quotient(name, days, faults)

    @api.model
    def _get_quotient(self, name, days, faults):
        """:return: SQL of a float, NULL where there are too few faults"""
        if name == "days_between":
            quotient = SQL("%s::float8 / %s", days, faults)
        else:
            quotient = SQL("%s * %s::float8 / %s", DAYS_A_YEAR, faults, days)
        return SQL(
            "CASE WHEN %s >= %s AND %s > 0 THEN %s END",
            *(faults, ENOUGH_FAULTS, days, quotient),
        )

    @api.model
    def _observe(self, domain, name):
        """
        Sudo: a mean of many devices, for who may not see each of them. It says so much
        about one company only: put that in the domain.

        :param str name: a field to group by
        :return: dict of Observed, by value of that field
        """
        groups = self.sudo()._read_group(
            domain, [name], ["observed_days:sum", "fault_count:sum"]
        )
        return {key: Observed(days, faults) for key, days, faults in groups}

    # The query

    @property
    def _table_query(self):
        self._flush_for_query()
        return SQL(
            """
            WITH company AS (SELECT * FROM (%(companies)s) AS c(id, tz, today)),
            ticket AS (%(tickets)s),
            fault AS (%(faults)s),
            life AS (%(lives)s),
            span AS (%(spans)s)
            SELECT observed.*, device_id AS device_count,
                   %(days_between)s AS days_between, %(faults_a_year)s AS faults_a_year
              FROM (%(of_devices)s UNION ALL %(of_systems)s) AS observed
            """,
            companies=self._get_companies(),
            tickets=self._get_tickets(),
            faults=self._get_faults(),
            lives=self._get_lives(),
            spans=self._get_spans(),
            of_devices=self._get_rows_of_devices(),
            of_systems=self._get_rows_of_systems(),
            **{
                name: self._get_quotient(name, SQL("observed_days"), SQL("fault_count"))
                for name in ("days_between", "faults_a_year")
            },
        )

    def _flush_for_query(self):
        """What is read below past the ORM; facts are noted first, see their model."""
        names = (
            "service.agreement.ticket.fact",
            "service.agreement.system",
            "service.agreement.device",
            "maintenance.equipment",
            "maintenance.request",
            *self.env["service.agreement.ticket.mixin"]._get_ticket_models(),
        )
        for name in names:
            self.env[name].flush_model()

    def _get_companies(self):
        """Of each company the clock by which its days begin and end."""
        rows = [
            (company.id, str(company._service_tz()), company._service_today())
            for company in self.env["res.company"].sudo().search([])
        ]
        return sql_values(("int4", "text", "date"), rows)

    def _get_tickets(self):
        """Tickets of whatever model that are about a system, and are faults."""
        mixin = self.env["service.agreement.ticket.mixin"]
        return SQL(
            """
            SELECT about.*, fact.opened_at
              FROM (%(about)s) AS about
              JOIN (%(facts)s) AS fact
                ON fact.res_model = about.res_model AND fact.res_id = about.res_id
             WHERE fact.outcome NOT IN ('cancelled', 'merged')
            """,
            about=SQL(" UNION ALL ").join(
                self._get_tickets_of(name) for name in mixin._get_ticket_models()
            ),
            facts=self._get_outcomes(),
        )

    @api.model
    def _get_tickets_of(self, name):
        """Sudo: what counts, counts for everybody; who reads what, the report's own
        rules say."""
        tickets = self.env[name].sudo().with_context(active_test=False)
        query = tickets._search(
            Domain("system_id", "!=", False)
            & ~tickets._ticket_planned_domain()
            & (
                Domain("work_type_id", "=", False)
                | Domain("work_type_id.is_fault", "=", True)
            )
        )
        columns = (
            SQL.identifier(tickets._table, n) for n in ("system_id", "device_id")
        )
        return query.select(
            SQL("%s AS res_model", name),
            SQL("%s AS res_id", SQL.identifier(tickets._table, "id")),
            *columns,
        )

    @api.model
    def _get_outcomes(self):
        """When tickets were opened, and what became of them last."""
        return SQL(
            """
            SELECT res_model, res_id,
                   MIN(at) FILTER (WHERE kind = 'opened') AS opened_at,
                   (ARRAY_AGG(kind ORDER BY at DESC, id DESC))[1] AS outcome
              FROM service_agreement_ticket_fact
             WHERE kind IN ('opened', 'solved', 'reopened', 'cancelled', 'merged')
          GROUP BY res_model, res_id
            """
        )

    @api.model
    def _get_faults(self):
        """A system of one device says which one it was."""
        return SQL(
            """
            SELECT ticket.system_id, COALESCE(ticket.device_id, alone.id) AS device_id,
                   (ticket.opened_at AT TIME ZONE 'UTC' AT TIME ZONE company.tz)::date
                       AS day
              FROM ticket
              JOIN service_agreement_system system ON system.id = ticket.system_id
              JOIN company ON company.id = system.company_id
         LEFT JOIN (
                SELECT system_id, MIN(id) AS id FROM service_agreement_device
              GROUP BY system_id HAVING COUNT(*) = 1
              ) alone ON alone.system_id = ticket.system_id
             UNION ALL
            SELECT device.system_id, device.id,
                   COALESCE(request.request_date, request.create_date::date)
              FROM maintenance_request request
              JOIN service_agreement_device device
                ON device.equipment_id = request.equipment_id
             WHERE request.maintenance_type = 'corrective'
               AND request.archive IS NOT TRUE
               AND NOT EXISTS (
                SELECT FROM ticket WHERE ticket.res_model = 'project.task'
                                     AND ticket.res_id = request.service_ticket_id
               )
            """
        )

    @api.model
    def _get_lives(self):
        """See `tools.faults.first_day` and `last_day`. A system that is archived is no
        longer looked after."""
        return SQL(
            """
            SELECT device.id, device.installed_on AS born,
                   GREATEST(
                       COALESCE(device.installed_on, device.create_date::date),
                       system.inspected_on, begun.day
                   ) AS first_day,
                   LEAST(
                       device.removed_on, company.today,
                       CASE WHEN NOT system.active THEN system.write_date::date END
                   ) AS last_day
              FROM service_agreement_device device
              JOIN service_agreement_system system ON system.id = device.system_id
              JOIN company ON company.id = system.company_id
              JOIN (%s) AS begun ON begun.company_id = system.company_id
            """,
            self._get_beginnings(),
        )

    @api.model
    def _get_beginnings(self):
        """Since when companies note what breaks: their first ticket of any kind, or an
        earlier maintenance request of a customer's device. A ticket of no company
        came to a desk that they share."""
        return SQL(
            """
            SELECT company_id, MIN(day) AS day FROM (
                SELECT company.id AS company_id,
                       (fact.at AT TIME ZONE 'UTC' AT TIME ZONE company.tz)::date AS day
                  FROM service_agreement_ticket_fact fact
                  JOIN company
                    ON company.id = fact.company_id OR fact.company_id IS NULL
                 WHERE fact.kind = 'opened'
                 UNION ALL
                SELECT system.company_id, fault.day
                  FROM fault
                  JOIN service_agreement_system system ON system.id = fault.system_id
            ) AS noted
            GROUP BY company_id
            """
        )

    @api.model
    def _get_spans(self):
        """Lives cut at the birthdays of the devices, see `tools.faults.by_age`."""
        return SQL(
            """
            SELECT life.id, COALESCE(age, %(oldest)s + 1) AS number,
                   COALESCE(TO_CHAR(age, 'FM00'), %(unknown)s) AS age,
                   GREATEST(first_day, (born + MAKE_INTERVAL(years => age))::date)
                       AS first_day,
                   LEAST(
                       last_day,
                       CASE WHEN age < %(oldest)s THEN
                           (born + MAKE_INTERVAL(years => age + 1))::date - 1
                       END
                   ) AS last_day
              FROM life
              JOIN LATERAL (
                SELECT GENERATE_SERIES(0, %(oldest)s) WHERE born IS NOT NULL
                 UNION ALL SELECT NULL WHERE born IS NULL
              ) AS years(age) ON TRUE
            """,
            unknown=UNKNOWN_AGE,
            oldest=OLDEST,
        )

    @api.model
    def _get_rows_of_devices(self):
        """The id of a row is that of the device and its age, as long as they are there;
        of a system the last one that no age has."""
        return SQL(
            """
            SELECT device.id * 16 + span.number AS id,
                   system.company_id, system.commercial_partner_id AS partner_id,
                   device.system_id, device.id AS device_id, device.product_id,
                   equipment.category_id, span.age,
                   span.last_day - span.first_day + 1 AS observed_days,
                   COUNT(fault.day)::int AS fault_count
              FROM span
              JOIN service_agreement_device device ON device.id = span.id
              JOIN service_agreement_system system ON system.id = device.system_id
         LEFT JOIN maintenance_equipment equipment ON equipment.id = device.equipment_id
         LEFT JOIN fault
                ON fault.device_id = device.id
               AND fault.day BETWEEN span.first_day AND span.last_day
             WHERE span.first_day <= span.last_day
          GROUP BY system.id, device.id, equipment.id,
                   span.number, span.age, span.first_day, span.last_day
            """
        )

    @api.model
    def _get_rows_of_systems(self):
        return SQL(
            """
            SELECT system.id * 16 + 15, system.company_id,
                   system.commercial_partner_id, system.id,
                   NULL::int, NULL::int, NULL::int, %(unknown)s, 0, COUNT(*)::int
              FROM fault
              JOIN service_agreement_system system ON system.id = fault.system_id
             WHERE fault.device_id IS NULL
          GROUP BY system.id
            """,
            unknown=UNKNOWN_AGE,
        )

    # What lies behind

    def action_open_device(self):
        self.ensure_one()
        return (self.device_id or self.system_id).get_formview_action()
