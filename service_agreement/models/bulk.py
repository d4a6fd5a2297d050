import json

from odoo import api, models
from odoo.tools import SQL

# Who added a record and when, as `_insert` says it of all of them.
LOG = ("create_uid", "create_date", "write_uid", "write_date")


class ServiceAgreementBulk(models.AbstractModel):
    """Mixin: records by the thousand, all of whose values are worked out already."""

    _name = "service.agreement.bulk"
    _description = "Records That Come by the Thousand"

    @api.model
    def _insert(self, rows):
        """Add records by one statement, past ``create``, which would round, compute
        and check each value of each of them once more.

        Constraints are those of the database. What is computed of other fields than
        these follows as usual.

        :param list rows: of dict of values of columns as ``write`` takes them, all of
            the same fields; what is precomputed is among them, or set by who calls
        """
        if not rows:
            return self.browse()
        user, instant = self.env.uid, self.env.cr.now()
        logged = (user, instant, user, instant)
        names = [*rows[0], *LOG]
        plain = [self._to_plain(row) for row in rows]
        # As one text: half a million values by themselves take longer to be read.
        found = self.env.execute_query(
            SQL(
                "INSERT INTO %(table)s (%(columns)s, %(log)s) SELECT %(columns)s, "
                "%(logged)s FROM json_populate_recordset(NULL::%(table)s, %(rows)s) "
                "RETURNING id",
                table=SQL.identifier(self._table),
                columns=SQL(", ").join(map(SQL.identifier, rows[0])),
                log=SQL(", ").join(map(SQL.identifier, LOG)),
                logged=SQL(", ").join(SQL("%s", each) for each in logged),
                rows=json.dumps(plain, default=str),
            )
        )
        added = self.browse(record_id for (record_id,) in found)
        added._remember(plain)
        added._forget_inverses(rows[0])
        with self.env.protecting(self._get_given(names), added):
            added.modified(names, create=True)
        return added

    @api.model
    def _get_given(self, names):
        """:return: list of the computed fields that are not computed of what is added:
        who adds it has done so, or does
        """
        fields = (field for field in self._fields.values() if field.compute)
        return [each for each in fields if each.precompute or each.name in names]

    @api.model
    def _to_plain(self, row):
        """:return: dict; what is not set is None, but neither no nor 0 is"""
        return {
            name: None
            if value is False and self._fields[name].type != "boolean"
            else value
            for name, value in row.items()
        }

    def _remember(self, rows):
        """What was just written need not be read; all else of these is empty."""
        known = dict.fromkeys(self._get_columns(), [None] * len(rows))
        known.update((name, [row[name] for row in rows]) for name in rows[0])
        for name, values in known.items():
            self._fields[name]._insert_cache(self, values)

    @api.model
    def _get_columns(self):
        """:return: list of names of the fields that only who writes them fills"""
        return [
            name
            for name, field in self._fields.items()
            if field.store and field.column_type and not field.compute
            if name != "id" and name not in models.LOG_ACCESS_COLUMNS
        ]

    @api.model
    def _forget_inverses(self, names):
        """Other records may know which of these they have, and do not any more."""
        for name in names:
            for inverse in self.pool.field_inverses[self._fields[name]]:
                self.env[inverse.model_name].invalidate_model([inverse.name])
