"""Reading together what would be queried one by one."""

from odoo.fields import Domain


def read_lines(records, name):
    """Read the records of a One2many; Odoo would first read which they are.

    :return: those of all of ``records``
    """
    field = records._fields[name]
    model = records.env[field.comodel_name]
    own = field.get_comodel_domain(records)
    found = model.search_fetch(own & Domain(field.inverse_name, "in", records.ids))
    lines = found.grouped(field.inverse_name)
    field._insert_cache(records, [lines.get(each, model)._ids for each in records])
    return found


def read_people(users, partners):
    """Read users, and partners together with theirs."""
    users.fetch()
    (users.partner_id | partners).fetch()
