"""What our promises cost, against OCA `helpdesk_mgmt_sla` and against no promise.

Two targets on each side, on the same model and in the same process: tickets of a
customer with an agreement, of a team with two SLAs, and of neither. Our own part is
switched off where it is not ours that is measured.
"""

import sys
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from unittest.mock import patch

from odoo.tools import SQL

sys.path.insert(0, str(Path(__file__).parent))

from _promise import Desk, copy_ticket
from _support import alternate, row

MODULES = ("helpdesk_mgmt", "helpdesk_mgmt_sla")
TICKETS = 100
OPEN = 10_000
ALL = 100_000
EACH = 1000 / TICKETS
# As they come in by mail.
ALONE = "one a transaction"


def run(env):
    desk = Desk(env)
    return [
        *_measure_helpdesk(env, desk),
        *_measure_tasks(env, desk),
        *_measure_reading(env, desk),
        *_measure_list(env, desk),
    ]


def _measure_helpdesk(env, desk):
    plain_team, sla_team = desk.create_teams()
    work, wait, _done = desk.get_stages()
    kinds = {
        "ours": (desk.customer, plain_team),
        "theirs": (desk.other, sla_team),
        "neither": (desk.other, plain_team),
    }
    rows = []
    for how in ("in one call", "one by one", ALONE):
        tickets = {}
        creators = [
            _create(env["helpdesk.ticket"], tickets, kind, how, _helpdesk(*side, work))
            for kind, side in kinds.items()
        ]
        # Alone nothing can be shared, and the transaction itself is measured with it.
        limit = None if how == ALONE else 0.25
        seconds = alternate(*creators)
        rows += _get_rows(f"creating helpdesk tickets {how}", seconds, limit)
        _check(tickets)
        movers = [_move(tickets, kind, how, (wait, work)) for kind in kinds]
        seconds = alternate(*movers)
        rows += _get_rows(f"moving helpdesk tickets {how}", seconds, limit)
    return rows


def _helpdesk(customer, team, stage):
    return {
        "name": "No sound",
        "description": "Since this morning",
        "partner_id": customer.id,
        "team_id": team.id,
        "stage_id": stage.id,
    }


def _check(tickets):
    """Nobody is fast by doing less."""
    clocks = tickets["ours"].sudo().sla_clock_ids
    assert len(clocks) == len(tickets["theirs"].ticket_sla_ids) == 2 * TICKETS
    assert not tickets["neither"].sudo().sla_clock_ids
    assert not tickets["neither"].ticket_sla_ids


def _get_rows(what, seconds, limit):
    ours, theirs, neither = seconds
    return [
        row(f"{what}: ms without any", neither * EACH),
        row(f"{what}: ms our two clocks add", (ours - neither) * EACH),
        row(f"{what}: ms two SLAs of theirs add", (theirs - neither) * EACH),
        row(f"{what}: ours / theirs", (ours - neither) / (theirs - neither), limit),
    ]


def _measure_tasks(env, desk):
    project, plain = desk.create_projects()
    stages = project.type_ids[1:3]
    rows = []
    for how in ("in one call", "one by one"):
        tickets = {}
        creators = [
            _create(
                env["project.task"],
                tickets,
                kind,
                how,
                {
                    "name": "No sound",
                    "project_id": parent.id,
                    "partner_id": desk.customer.id,
                    "stage_id": stages[0].id,
                },
            )
            for kind, parent in (("ours", project), ("neither", plain))
        ]
        ours, neither = alternate(*creators)
        rows.append(
            row(f"creating tasks {how}: ms two clocks add", (ours - neither) * EACH)
        )
        movers = [
            _move(tickets, kind, how, (stages[1], stages[0]))
            for kind in ("ours", "neither")
        ]
        ours, neither = alternate(*movers)
        rows.append(
            row(f"moving tasks {how}: ms two clocks add", (ours - neither) * EACH)
        )
    return rows


def _create(model, tickets, kind, how, values):
    def create():
        with _switched(model, kind == "ours"):
            if how == "in one call":
                made = model.create([values] * TICKETS)
            else:
                made = model.browse(
                    _create_one(model, values, how) for _n in range(TICKETS)
                )
            model.env.flush_all()
        tickets[kind] = made

    return create


def _create_one(model, values, how):
    ticket = model.create(values)
    if how == ALONE:
        model.env.cr.commit()
    return ticket.id


def _move(tickets, kind, how, stages):
    there = cycle(stages)

    def move():
        stage, moved = next(there), tickets[kind]
        with _switched(moved, kind == "ours"):
            for part in [moved] if how == "in one call" else moved:
                part.write({"stage_id": stage.id})
                if how == ALONE:
                    moved.env.cr.commit()
            moved.env.flush_all()

    return move


@contextmanager
def _switched(model, on):
    """Our part does nothing for what is no ticket."""
    if on:
        yield
    else:
        with patch.object(type(model), "_ticket_in_scope", lambda _self: False):
            yield


def _measure_reading(env, desk):
    """All open tickets are promised what the calendar says by now."""
    tickets = env["project.task"].browse(copy_ticket(_open_task(env, desk), OPEN))
    hours = cycle((17, 18))

    def change():
        desk.calendar.attendance_ids.filtered(
            lambda row: row.day_period == "afternoon"
        ).hour_to = next(hours)
        env.flush_all()
        env.invalidate_all()

    def apply():
        tickets.action_ticket_apply_promise()
        env.flush_all()

    def change_and_apply():
        change()
        apply()

    both, changing = alternate(change_and_apply, change)
    return [row(f"{OPEN:,} open tickets promised anew: s", both - changing, 5.0)]


def _measure_list(env, desk):
    """What a coordinator looks at all day, among all tickets of years."""
    ids = copy_ticket(_open_task(env, desk), ALL)
    env.cr.execute(
        """
        UPDATE project_task
           SET sla_due_at = now() + (id %% 1000 - 500) * interval '1 hour',
               sla_risk_at = now() + (id %% 1000 - 510) * interval '1 hour',
               sla_phase = CASE WHEN id %% 10 = 0 THEN 'running' ELSE 'kept' END
         WHERE id = ANY(%s)
        """,
        [ids],
    )
    env.cr.execute("ANALYZE project_task")
    tasks = env["project.task"].with_context(active_test=False).sudo()
    query = tasks._search(
        [("sla_state", "=", "at_risk"), ("project_id.is_service_desk", "=", True)],
        order="sla_due_at",
        limit=80,
    ).select()

    _check_indexed(env, query)

    def search():
        assert env.execute_query(query)

    (seconds,) = alternate(search)
    return [row(f"80 tickets at risk among {ALL:,}: ms in SQL", seconds * 1000, 50)]


def _check_indexed(env, query):
    """The list is read in the order of an index, not sorted, nor are tasks scanned."""
    plan = "\n".join(line for (line,) in env.execute_query(SQL("EXPLAIN %s", query)))
    assert "Sort" not in plan and "Seq Scan on project_task " not in plan, plan


def _open_task(env, desk):
    project, _plain = desk.create_projects()
    return env["project.task"].create(
        {
            "name": "No sound",
            "project_id": project.id,
            "partner_id": desk.customer.id,
            "stage_id": project.type_ids[0].id,
        }
    )
