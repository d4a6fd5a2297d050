"""What two clocks add to creating a task and to moving it to another stage."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _support import alternate, row

TICKETS = 100


def run(env):
    customer, desk, plain = _prepare(env)
    stages = env["project.task.type"].create(
        [
            {"name": "Work", "project_ids": [(6, 0, (desk | plain).ids)]},
            {
                "name": "Waiting",
                "ticket_status": "waiting",
                "project_ids": [(6, 0, (desk | plain).ids)],
            },
        ]
    )

    def create_in(project):
        def create():
            tasks = env["project.task"].create(
                [
                    {
                        "name": f"No sound {index}",
                        "project_id": project.id,
                        "partner_id": customer.id,
                        "stage_id": stages[0].id,
                    }
                    for index in range(TICKETS)
                ]
            )
            env.flush_all()
            moved[project] = tasks

        return create

    def move_in(project):
        def move():
            tasks = moved[project]
            there = stages[1] if tasks[0].stage_id == stages[0] else stages[0]
            for task in tasks:
                task.stage_id = there
            env.flush_all()

        return move

    moved = {}
    ticket, task = alternate(create_in(desk), create_in(plain))
    assert all(t.agreement_id for t in moved[desk]) and not moved[plain].agreement_id
    ticket_move, task_move = alternate(move_in(desk), move_in(plain))
    each = 1000 / TICKETS
    return [
        row("creating a task: ms", task * each),
        row("two clocks add at creation: ms", (ticket - task) * each, 2.0),
        row("moving a task: ms", task_move * each),
        row("two clocks add at a stage change: ms", (ticket_move - task_move) * each),
    ]


def _prepare(env):
    customer = env["res.partner"].create({"name": "Customer"})
    calendar = env.company.resource_calendar_id
    plan = env.ref("service_agreement.plan_monthly")
    tier = env["service.agreement.tier"].create(
        {
            "name": "Silver",
            "list_price": 149.0,
            "term_months": 0,
            "price_ids": [(0, 0, {"plan_id": plan.id})],
            "target_ids": [
                (
                    0,
                    0,
                    {
                        "priority": "0",
                        "metric": metric,
                        "minutes": minutes,
                        "calendar_id": calendar.id,
                    },
                )
                for metric, minutes in (("first_response", 60), ("resolution", 480))
            ],
        }
    )
    env["service.agreement"].create(
        {
            "partner_id": customer.id,
            "tier_id": tier.id,
            "plan_id": plan.id,
            "date_start": "2026-01-01",
        }
    ).action_activate()
    desk = env["project.project"].create({"name": "Desk", "is_service_desk": True})
    plain = env["project.project"].create({"name": "Plain"})
    return customer, desk, plain
