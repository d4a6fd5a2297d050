from odoo import api, models
from odoo.tools import SQL

CONSTRAINT = "service_agreement_period_billed_by_contract"
# Days of a charge that its contract bills; of a charge moved over, those before.
BILLED_BY_CONTRACT = """
    SELECT 1
      FROM service_agreement_period period
      JOIN service_agreement_line charge ON charge.id = period.line_id
      JOIN service_agreement agreement ON agreement.id = charge.agreement_id
 LEFT JOIN service_agreement_line origin ON origin.id = charge.origin_id
 LEFT JOIN contract_line line
        ON line.id = COALESCE(charge.contract_line_id, origin.contract_line_id)
     WHERE period.kind = 'service'
       AND agreement.contract_id IS NOT NULL
       AND (
           agreement.contract_moved_on IS NULL
           OR (line.id IS NOT NULL AND line.moved_on IS NULL)
           OR period.date_start < line.moved_on
       )
"""
FUNCTION = """
CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger AS $$
BEGIN
    IF EXISTS (%(billed)s AND %(own)s) THEN
        RAISE EXCEPTION 'A contract bills this agreement.'
              USING ERRCODE = 'check_violation',
                    TABLE = 'service_agreement_period',
                    CONSTRAINT = %(constraint)s;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql
"""
# Whichever of the two is written, the other is asked.
TRIGGERS = {
    "service_agreement_period": (
        "INSERT OR UPDATE",
        "period.id = NEW.id",
    ),
    "service_agreement": (
        "UPDATE OF contract_id, contract_moved_on",
        "agreement.id = NEW.id",
    ),
}


def _get_name(table):
    return f"{table}_contract_bills"


def create_trigger(cr, table):
    """Have the database itself refuse that agreement and contract bill the same."""
    drop_trigger(cr, table)
    events, own = TRIGGERS[table]
    name = SQL.identifier(_get_name(table))
    cr.execute(
        SQL(
            FUNCTION,
            name=name,
            billed=SQL(BILLED_BY_CONTRACT),
            own=SQL(own),
            constraint=CONSTRAINT,
        )
    )
    cr.execute(
        SQL(
            "CREATE TRIGGER %(name)s AFTER %(events)s ON %(table)s "
            "FOR EACH ROW EXECUTE FUNCTION %(name)s()",
            name=name,
            events=SQL(events),
            table=SQL.identifier(table),
        )
    )


def drop_trigger(cr, table):
    """Take back what `create_trigger` did, where it was done."""
    name = SQL.identifier(_get_name(table))
    cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", name, SQL.identifier(table)))
    cr.execute(SQL("DROP FUNCTION IF EXISTS %s()", name))


class ServiceAgreementPeriod(models.Model):
    """Days that a contract bills are never billed by the agreement, too.

    It takes three tables to know them, so that the database has triggers where a
    constraint would do elsewhere.
    """

    _inherit = "service.agreement.period"

    def init(self):
        result = super().init()
        create_trigger(self.env.cr, self._table)
        return result

    @api.model
    def _sql_error_to_message(self, exc):
        """EXTENDS: in the words of who reads it."""
        if exc.diag.constraint_name == CONSTRAINT:
            return self.env._(
                "A contract bills these days. Move its billing over before the "
                "agreement bills them."
            )
        return super()._sql_error_to_message(exc)
