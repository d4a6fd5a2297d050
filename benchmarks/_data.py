"""A firm with ten thousand agreements, for the benchmarks of steering.

The demo's fourteen months were lived through by the code that will run them; here its
customers are copied by SQL with all that they have: agreements and what was billed,
tickets and their clocks, work and who pays for it. A copy refers to the copies of what
its original refers to, so that every figure is that of the demo, many times over.
"""

import time
from typing import NamedTuple

AGREEMENTS = 10_000
TICKETS = 100_000
LINES = 300_000

CUSTOMERS = """
    SELECT id FROM res_partner
     WHERE commercial_partner_id IN (
           SELECT commercial_partner_id FROM service_agreement
     UNION SELECT commercial_partner_id FROM service_agreement_proposal
     UNION SELECT partner_id FROM service_agreement_allowance_draw)
"""
# Tables of a customer, each with what is copied of it; None: all there is.
OF_CUSTOMER = {
    "res_partner": CUSTOMERS,
    "service_agreement_system": None,
    "service_agreement_device": None,
    "service_agreement": None,
    "service_agreement_line": None,
    "account_tax_service_agreement_line_rel": None,
    "service_agreement_sla_target": "agreement_id IS NOT NULL",
    "service_agreement_coverage": "agreement_id IS NOT NULL",
    "service_agreement_allowance": "coverage_id IN (SELECT id FROM"
    " service_agreement_coverage WHERE agreement_id IS NOT NULL)",
    "service_agreement_allowance_lot": None,
    "service_agreement_movement": None,
    "service_agreement_proposal": None,
    "service_agreement_proposal_option": None,
    "service_agreement_visit_plan": "coverage_id IS NOT NULL",
    "service_agreement_visit": None,
    "service_agreement_statement": None,
    "service_agreement_sla_credit": None,
    "service_agreement_period": None,
    "account_move": "id IN (SELECT move_id FROM account_move_line"
    " WHERE agreement_id IS NOT NULL)",
    "account_move_line": "move_id IN (SELECT move_id FROM account_move_line"
    " WHERE agreement_id IS NOT NULL)",
    "project_project": "delivered_on IS NOT NULL",
}
OF_TICKET = {
    "project_task": "id IN (SELECT res_id FROM service_agreement_ticket_fact"
    " WHERE res_model = 'project.task')",
    "service_agreement_ticket_fact": "res_model = 'project.task'",
    "service_agreement_sla_clock": "res_model = 'project.task'",
}
OF_WORK = {
    "account_analytic_line": "is_service_work",
    "service_agreement_allowance_draw": None,
}
# What a copy has of its own, or of what only one of them may have: SQL by column,
# of the number of the copy.
OWN = {
    "account_move": {"name": "row.name || '/' || n"},
    "service_agreement": {"name": "row.name || '/' || n", "access_token": "NULL"},
    "service_agreement_proposal": {"access_token": "NULL"},
    "project_task": {
        "access_token": "NULL",
        "request_key": "NULL",
        "visit_id": "CASE WHEN n <= {customers} THEN {visit_id} END",
    },
}
# Which column is the id of a ticket without saying so to the database.
LOOSE = {
    "service_agreement_ticket_fact": {"res_id": "project_task"},
    "service_agreement_sla_clock": {"res_id": "project_task"},
}


class Copied(NamedTuple):
    """Which rows of a table are copied, and where the copies are.

    Copy ``n`` of row ``id`` is ``id + offset + n * span``, ``n`` counted from 1.
    """

    where: str
    copies: int
    offset: int
    span: int

    def get_id(self, column, number="n"):
        """:return: SQL text, the id of a copy of the row that ``column`` names; what is
        not copied stays
        """
        turn = f"(MOD({number} - 1, {self.copies}) + 1)"
        return f"row.{column} + {self.offset} + {turn} * {self.span}"


def generate(env):
    """Copy the demo's customers until there are enough.

    :return: dict of the number of rows by table, with the seconds it took
    """
    start = time.perf_counter()
    env.flush_all()
    firm = Firm(env.cr)
    firm.copy()
    env.cr.commit()
    env.invalidate_all()
    counts = {table: firm.count(table) for table in firm.copied}
    return counts | {"seconds": round(time.perf_counter() - start)}


class Firm:
    """The tables, and how often the rows of each are copied."""

    def __init__(self, cr):
        self.cr = cr
        self.copied = {}
        self.customers = -(-AGREEMENTS // self.count("service_agreement"))
        tickets = self._get_factor(OF_TICKET, "project_task", TICKETS, self.customers)
        # Whole numbers of each for each: copy n of all of them is of one customer.
        lines = self._get_factor(OF_WORK, "account_analytic_line", LINES, tickets)
        for tables, copies in (
            (OF_CUSTOMER, self.customers),
            (OF_TICKET, tickets),
            (OF_WORK, lines),
        ):
            for table, where in tables.items():
                self.copied[table] = self._measure(table, where, copies)

    def _get_factor(self, tables, table, wanted, each):
        """:return: int, a multiple of ``each`` by which there are enough"""
        number = self.count(table, tables[table])
        return -(-wanted // (number * each)) * each

    def count(self, table, where=None):
        self.cr.execute(f"SELECT COUNT(*) FROM {table} WHERE {where or 'TRUE'}")
        return self.cr.fetchone()[0]

    def _measure(self, table, where, copies):
        where = f"id IN ({where})" if where == CUSTOMERS else where or "TRUE"
        if "id" not in self._get_columns(table):
            return Copied(where, copies, 0, 0)
        self.cr.execute(
            f"SELECT MIN(id), MAX(id), (SELECT MAX(id) FROM {table})"
            f" FROM {table} WHERE {where}"
        )
        first, last, end = self.cr.fetchone()
        span = last - first + 1
        return Copied(where, copies, end + 1 - first - span, span)

    def _get_columns(self, table):
        self.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        return [name for (name,) in self.cr.fetchall()]

    def copy(self):
        """Without foreign keys, which are checked at the end, all at once."""
        keys = self._drop_foreign_keys()
        references = self._get_references(keys)
        # All originals first: what is inserted is not to be copied.
        for table in self.copied:
            self._set_originals_aside(table)
        for table in self.copied:
            self._insert(table, references.get(table, {}))
        for table, name, definition, _column, _target in keys:
            self.cr.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table, copied in self.copied.items():
            if copied.span:
                self.cr.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), MAX(id))"
                    f" FROM {table}",
                    [table],
                )
            self.cr.execute(f"ANALYZE {table}")

    def _drop_foreign_keys(self):
        """:return: list of (table, name, definition, column, table it refers to)"""
        self.cr.execute(
            """
            SELECT key.conrelid::regclass::text, key.conname,
                   pg_get_constraintdef(key.oid), attribute.attname,
                   key.confrelid::regclass::text
              FROM pg_constraint key
              JOIN pg_attribute attribute
                ON attribute.attrelid = key.conrelid
               AND attribute.attnum = key.conkey[1]
             WHERE key.contype = 'f' AND key.conrelid::regclass::text = ANY(%s)
            """,
            [list(self.copied)],
        )
        keys = self.cr.fetchall()
        for table, name, *_rest in keys:
            self.cr.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        return keys

    def _get_references(self, keys):
        """:return: {table: {column: copied table it refers to}}"""
        references = {table: dict(columns) for table, columns in LOOSE.items()}
        for table, _name, _definition, column, target in keys:
            if target in self.copied:
                references.setdefault(table, {})[column] = target
        return references

    def _set_originals_aside(self, table):
        where = self.copied[table].where
        self.cr.execute(
            f"CREATE TEMP TABLE of_{table} ON COMMIT DROP AS"
            f" SELECT * FROM {table} WHERE {where}"
        )

    def _insert(self, table, references):
        columns = self._get_columns(table)
        values = {column: f'row."{column}"' for column in columns}
        joins = []
        for column, target in references.items():
            joins.append(
                f"LEFT JOIN of_{target} of_{column} ON of_{column}.id = row.{column}"
            )
            there = self.copied[target].get_id(column)
            values[column] = (
                f"CASE WHEN of_{column}.id IS NULL THEN row.{column} ELSE {there} END"
            )
        if "id" in values:
            values["id"] = self.copied[table].get_id("id")
        for column, own in OWN.get(table, {}).items():
            values[column] = own.format(customers=self.customers, **values)
        names = ", ".join(f'"{column}"' for column in values)
        self.cr.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())}"
            f" FROM generate_series(1, %s) n CROSS JOIN of_{table} row"
            f" {' '.join(joins)}",
            [self.copied[table].copies],
        )
