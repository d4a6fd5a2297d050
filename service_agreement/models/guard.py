"""Fields that are facts: written by the methods that make them true, never by hand.

`readonly=True` concerns forms only; over the API a user with write access could set any
field. Methods that may, check what they need and then write with sudo, which keeps the
author.
"""

from odoo.exceptions import AccessError


def refuse_by_hand(records, vals, names):
    """
    :param dict vals: what is about to be created or written
    :param names: fields that only superuser code may set
    :raise AccessError: a user sets one of them
    """
    if records.env.su:
        return
    if touched := sorted(set(names) & vals.keys()):
        labels = ", ".join(
            records._fields[name]._description_string(records.env) for name in touched
        )
        raise AccessError(
            records.env._(
                "%(fields)s cannot be set by hand: use the buttons of the record.",
                fields=labels,
            )
        )
