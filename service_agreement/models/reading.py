"""Reading together what would be queried one by one.

How to use::

    read_together(
        (agreement, {"tier_id": {}, "line_ids": {"tax_ids": {}}}),
        (user, {"partner_id": {}}),
    )

Each tree names relational fields, and below each those of its records, as the
specification of ``web_read`` does. One query reads all that can be known at a time: a
tree of three floors takes three, however many models it has. Afterwards all is in the
cache, just as if Odoo had read it: model by model, and of an x2many first which records
there are. What is there already is not read again.
"""

from collections import defaultdict
from datetime import date, datetime

from odoo.tools import SQL, Query


def to_instant(text):
    """PostgreSQL leaves out last zeros of a second, and Python 3.10 wants them."""
    return datetime.fromisoformat(text.ljust(26, "0") if "." in text else text)


# What the database says otherwise in JSON than Odoo keeps it.
FROM_JSON = {
    "date": date.fromisoformat,
    "datetime": to_instant,
    "float": float,
    "monetary": float,
}


def read_together(*trees):
    """
    :param trees: pairs of records and a dict of trees by the name of a field.
        Rights are not asked: records are in superuser mode.
    :raise ValueError: they are not
    """
    branches = [(records._origin, tree) for records, tree in trees]
    while branches:
        floor = _Floor()
        above = [later for branch in branches for later in floor.climb(*branch)]
        gone = floor.fetch()
        branches = [(_leave_out(gone, records), tree) for records, tree in above]


def keep_lines(records, name, lines):
    """Let ``records`` know ``lines``, which were found otherwise than by reading their
    One2many ``name``.

    :param lines: all of theirs, in the order of the model
    """
    field = records._fields[name]
    related = defaultdict(list)
    for line in lines:
        related[line[field.inverse_name].id].append(line.id)
    field._insert_cache(records, [tuple(related[n]) for n in records._ids])


def find_existing(records):
    """:return: those of ``records`` that exist; what was read whole is known to"""
    created = records._fields["create_date"]._get_cache(records.env)
    known = records.filtered(lambda record: created.get(record.id))
    return known | (records - known).exists()


def _leave_out(gone, records):
    return records.filtered(lambda record: record not in gone)


class _Floor:
    """What one query reads."""

    def __init__(self):
        self.parts = {}

    def climb(self, records, tree):
        """
        :return: list of branches (records, tree) that go on above this floor
        """
        if not records:
            return []
        if not records.env.su:
            raise ValueError("Rights are not asked here: read it in superuser mode.")
        missing = _get_missing(records)
        if missing:
            self._get_part(_Records, missing, records._name).records |= missing
            return [(records, tree)] if tree else []
        later = []
        for name, above in tree.items():
            later += self._climb_field(records, records._fields[name], above)
        return later

    def _climb_field(self, records, field, tree):
        if not any(field._cache_missing_ids(records)):
            found = records.with_context(active_test=False).mapped(field.name)
            return self.climb(found.with_env(records.env), tree)
        kind = {"one2many": _Lines, "many2many": _Links}[field.type]
        self._get_part(kind, records, field).records |= records
        return [(records, {field.name: tree})]

    def _get_part(self, kind, records, key):
        key = kind, key, records.env
        if key not in self.parts:
            self.parts[key] = kind(records.browse(), key[1])
        return self.parts[key]

    def fetch(self):
        """:return: set of records that were asked for, and are not there any more"""
        parts = list(self.parts.values())
        if not parts:
            return set()
        env = parts[0].records.env
        found = SQL(", ").join(part.select() for part in parts)
        [rows_by_part] = env.execute_query(SQL("SELECT %s", found))
        for part, rows in zip(parts, rows_by_part, strict=True):
            part.keep(rows or [])
        return {record for part in parts for record in part.get_gone()}


def _get_columns(model):
    """:return: list of fields that Odoo reads whenever it reads one of them"""
    fields = model._determine_fields_to_fetch()
    return [field for field in fields if field.column_type and field.name != "id"]


def _get_missing(records):
    """:return: those of ``records`` that are not, or not wholly, in the cache"""
    missing = set()
    for field in _get_columns(records):
        missing.update(field._cache_missing_ids(records))
    return records.browse(n for n in records._ids if n in missing)


class _Part:
    """Rows of one model.

    :param model: of the rows
    """

    def __init__(self, records, model):
        self.records = records
        self.model = model
        self.columns = _get_columns(model)

    def search(self):
        """:return: (Query of the rows, list of SQL, what else is selected of each)"""
        raise NotImplementedError

    def select(self):
        """:return: SQL of the rows as JSON, in the order of the query"""
        query, extra = self.search()
        columns = [SQL("%s AS id", self.get_sql("id")), *extra]
        for number, field in enumerate(self.columns):
            name = SQL.identifier(f"c{number}")
            columns.append(SQL("%s AS %s", self._get_column(query, field), name))
        rows = query.select(*columns)
        return SQL("(SELECT json_agg(found) FROM (%s) AS found)", rows)

    def get_sql(self, name):
        return SQL.identifier(self.model._table, name)

    def _get_column(self, query, field):
        """As in Odoo's own reading: what is still to be written is in the cache, and
        stays there.
        """
        column = self.model._field_to_sql(self.model._table, field.name, query)
        if field.translate:
            return column
        others = [other for other in column.to_flush if other != field]
        return SQL(column.code, *column.params, to_flush=others)

    def keep(self, rows):
        """:param list rows: of dict"""
        found = self.model.browse(row["id"] for row in rows)
        for number, field in enumerate(self.columns):
            convert = FROM_JSON.get(field.type)
            values = [row[f"c{number}"] for row in rows]
            if convert:
                values = [v if v is None else convert(v) for v in values]
            field._insert_cache(found, values)

    def get_gone(self):
        """:return: records that were asked for and not found"""
        return self.records.browse()


class _Records(_Part):
    """Records whose ids are known."""

    def __init__(self, records, _key):
        super().__init__(records, records)

    def search(self):
        query = Query(self.model.env, self.model._table)
        query.add_where(SQL("%s IN %s", self.get_sql("id"), self.records._ids))
        return query, []

    def get_gone(self):
        return _get_missing(self.records)


class _Related(_Part):
    """Records of an x2many of ``records``, and which are whose."""

    def __init__(self, records, field):
        super().__init__(records, records.env[field.comodel_name])
        self.field = field

    def search(self):
        context = {"active_test": False, **self.field.context}
        model = self.model.with_context(**context)
        domain = self.field.get_comodel_domain(self.records)
        query = model._search(domain, order=model._order)
        parent = self.link(query)
        query.add_where(SQL("%s IN %s", parent, self.records._ids))
        return query, [SQL("%s AS parent", parent)]

    def link(self, query):
        """:return: SQL of the id of the record that a row belongs to"""
        raise NotImplementedError

    def keep(self, rows):
        related = defaultdict(list)
        for row in rows:
            related[row["parent"]].append(row["id"])
        values = [tuple(related[n]) for n in self.records._ids]
        self.field._insert_cache(self.records, values)
        return super().keep(rows)


class _Lines(_Related):
    def link(self, query):
        model = self.model
        return model._field_to_sql(model._table, self.field.inverse_name, query)


class _Links(_Related):
    def link(self, query):
        field = self.field
        other = SQL.identifier(field.relation, field.column2)
        condition = SQL("%s = %s", other, self.get_sql("id"))
        query.add_join("JOIN", field.relation, None, condition)
        return SQL.identifier(field.relation, field.column1)
