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
    :ivar matches: dict of the ids of agreements found, by who asked for what day:
        tickets that come in together ask the same
    :ivar promises: dict of ids of service.agreement.sla.promise, by their hashes
    """

    facts: list
    before: dict
    matches: dict
    promises: dict


def get(env):
    """:return: Notes of this transaction, to be added to"""
    data = env.cr.precommit.data
    if KEY not in data:
        data[KEY] = Notes([], {}, {}, {})
        env.cr.precommit.add(lambda: write_down(env))
    return data[KEY]


def forget_matches(env):
    """What an agreement covers has changed."""
    if notes := env.cr.precommit.data.get(KEY):
        notes.matches.clear()


def write_down(env):
    """Make facts of what is noted, and set the clocks by them."""
    notes = env.cr.precommit.data.pop(KEY, None)
    if notes and notes.facts:
        env["service.agreement.ticket.mixin"]._ticket_write_down(notes)


def write_down_to_read(env):
    """The same in the middle of reading a field.

    A clock that the facts take away is deleted, at which Odoo begins all its caches
    anew. Who is reading holds the old one and looks for the value there (`Field
    .__get__`), so the old ones go on, with what is in the new ones.
    """
    if KEY not in env.cr.precommit.data:
        return
    transaction = env.transaction
    held = dict(transaction.field_data)
    write_down(env)
    for field, old in held.items():
        new = transaction.field_data.get(field, {})
        if new is old:
            continue
        if field in env.registry.field_depends_context:
            for context, cache in old.items():
                new[context] = _replace(cache, new.get(context, {}))
        transaction.field_data[field] = _replace(old, new)
    for each in transaction.envs:
        each.__dict__.pop("_field_cache_memo", None)


def _replace(old, new):
    """:return: ``old``, with what is in ``new``"""
    values = dict(new)
    old.clear()
    old.update(values)
    return old
