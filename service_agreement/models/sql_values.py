from odoo.tools import SQL


def sql_values(types, rows):
    """
    :param types: of the columns, as PostgreSQL calls them itself
    :param rows: of values, one for each column
    :return: SQL of a table that may have no row
    """
    empty = SQL("(SELECT %s LIMIT 0)", _row(types, [None] * len(types)))
    return SQL(" UNION ALL ").join(
        [empty, *(SQL("SELECT %s", _row(types, row)) for row in rows)]
    )


def sql_arrays(types, columns):
    """For many rows at once, where `sql_values` is for some.

    :param types: as there
    :param columns: lists of values, one for each type, all of one length
    :return: SQL of what ``unnest`` makes a table of
    """
    return SQL(", ").join(
        SQL("%s::%s[]", column, SQL.identifier(each))
        for each, column in zip(types, columns, strict=True)
    )


def _row(types, row):
    return SQL(", ").join(
        SQL("%s::%s", value, SQL.identifier(each))
        for each, value in zip(types, row, strict=True)
    )
