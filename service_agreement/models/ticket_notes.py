"""Facts of tickets that are noted and not written down yet.

A ticket is moved, answered and given another priority one write at a time, each of
which would cost an INSERT, and reading its clocks again. So they are noted, as Odoo's
own tracking notes what changed, and written down in one go: at the next flush, at the
commit, or when somebody looks at facts or clocks. A rollback, also to a savepoint,
forgets them.
"""

from typing import NamedTuple

KEY = "service_agreement.ticket_notes"


class Notes(NamedTuple):
    """:ivar facts: list of dict, values of service.agreement.ticket.fact
    :ivar before: dict of TicketStatus by ticket, as it was before the first change
    """

    facts: list
    before: dict


def get(env):
    """:return: Notes of this transaction, to be added to"""
    data = env.cr.precommit.data
    if KEY not in data:
        data[KEY] = Notes([], {})
        env.cr.precommit.add(lambda: write_down(env))
    return data[KEY]


def write_down(env):
    """Make facts of what is noted, and set the clocks by them."""
    notes = env.cr.precommit.data.pop(KEY, None)
    if notes:
        env["service.agreement.ticket.mixin"]._ticket_write_down(notes)
