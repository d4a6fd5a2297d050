"""Reading together what would be queried one by one."""


def read_lines(records, name):
    """Read the records of a One2many; Odoo would first read which they are.

    :return: those of all of ``records``
    """
    field = records._fields[name]
    model = records.env[field.comodel_name]
    found = model.search_fetch([(field.inverse_name, "in", records.ids)])
    lines = found.grouped(field.inverse_name)
    field._insert_cache(records, [lines.get(each, model)._ids for each in records])
    return found
