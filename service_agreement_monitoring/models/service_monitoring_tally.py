from odoo import api, fields, models
from odoo.tools import SQL


class ServiceMonitoringTally(models.Model):
    """How many deliveries a source sent in a minute, counted by each connection of the
    database in a row of its own: no two that come at once wait for each other."""

    _name = "service.monitoring.tally"
    _description = "Deliveries in a Minute"
    _log_access = False

    source_id = fields.Many2one(
        "service.monitoring.source",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="source_id.company_id")
    minute = fields.Datetime(required=True, readonly=True)
    lane = fields.Integer(required=True, readonly=True)
    count = fields.Integer(required=True, readonly=True)

    _lane_uniq = models.Constraint(
        "UNIQUE(source_id, minute, lane)", "A connection counts in one row."
    )

    @api.model
    def _count_in(self, source_id, limit):
        """
        :param int limit: how many may come in a minute
        :return: bool, whether this one may
        """
        minute = fields.Datetime.now().replace(second=0)
        counted = self.env.execute_query(
            SQL(
                """
                INSERT INTO service_monitoring_tally AS tally
                            (source_id, minute, lane, count)
                SELECT %(source)s, %(minute)s, pg_backend_pid(), 1
                 WHERE (SELECT COALESCE(SUM(count), 0)
                          FROM service_monitoring_tally
                         WHERE source_id = %(source)s AND minute = %(minute)s
                       ) < %(limit)s
                    ON CONFLICT (source_id, minute, lane)
                    DO UPDATE SET count = tally.count + 1
                RETURNING id
                """,
                source=source_id,
                minute=minute,
                limit=limit,
            )
        )
        return bool(counted)

    @api.autovacuum
    def _gc_past_minutes(self):
        self.env.cr.execute(
            "DELETE FROM service_monitoring_tally"
            " WHERE minute < (now() AT TIME ZONE 'UTC') - INTERVAL '1 hour'"
        )
