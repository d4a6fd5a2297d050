from odoo import api, models
from odoo.tools import SQL


class ServiceAgreementBulk(models.AbstractModel):
    """Mixin: records by the thousand, all of whose values are worked out already."""

    _name = "service.agreement.bulk"
    _description = "Records That Come by the Thousand"

    @api.model
    def _insert(self, rows):
        """Add records by one statement, past ``create``, which would round, compute
        and cache each value of each of them once more.

        Constraints are those of the database; whoever reads of these afterwards reads
        them anew. What is computed of other fields than these follows as usual.

        :param list rows: of dict of values of columns, all of the same fields
        """
        if not rows:
            return self.browse()
        user, instant = self.env.uid, self.env.cr.now()
        logged = {"create_uid": user, "create_date": instant}
        logged.update(write_uid=user, write_date=instant)
        names = [*rows[0], *logged]
        found = self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES %s RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(self._to_columns({**row, **logged}) for row in rows),
            )
        )
        added = self.browse(record_id for (record_id,) in found)
        added._forget_inverses()
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
    def _to_columns(self, values):
        """:return: tuple; what is not set is NULL, but neither no nor 0 is"""
        boolean = {n for n in values if self._fields[n].type == "boolean"}
        return tuple(
            None if value is False and name not in boolean else value
            for name, value in values.items()
        )

    def _remember(self, rows):
        """What was just written need not be read; all else of these is empty.

        :param list rows: of dict of plain values, as ``_insert`` took them
        """
        known = dict.fromkeys(self._get_columns(), [None] * len(self))
        columns = zip(*map(self._to_columns, rows), strict=True)
        known.update(zip(rows[0] if rows else (), columns, strict=True))
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

    def _forget_inverses(self):
        """Other records may know which of these they have, and do not any more."""
        for field in self._fields.values():
            for inverse in self.pool.field_inverses[field]:
                self.env[inverse.model_name].invalidate_model([inverse.name])
