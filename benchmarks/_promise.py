"""A desk, its customers and their promises, for the benchmarks of promises."""

TARGETS = (("first_response", 60), ("resolution", 480))


class Desk:
    """Two targets on each side, in the same calendar; a stage to work in and one in
    which the clocks rest."""

    def __init__(self, env):
        self.env = env
        self.calendar = env.company.resource_calendar_id
        self.customer = env["res.partner"].create({"name": "Promised"})
        self.other = env["res.partner"].create({"name": "Not promised"})
        self.agreement = self._create_agreement()

    def _create_agreement(self):
        plan = self.env.ref("service_agreement.plan_monthly")
        tier = self.env["service.agreement.tier"].create(
            {
                "name": "Silver",
                "list_price": 149.0,
                "term_months": 0,
                "price_ids": [(0, 0, {"plan_id": plan.id})],
                "target_ids": [
                    (0, 0, self._prepare_target(priority, metric, minutes))
                    for metric, minutes in TARGETS
                    # A ticket of OCA's is born with priority 1, a task with 0.
                    for priority in ("0", "1")
                ],
            }
        )
        agreement = self.env["service.agreement"].create(
            {
                "partner_id": self.customer.id,
                "tier_id": tier.id,
                "plan_id": plan.id,
                "date_start": "2026-01-01",
            }
        )
        agreement.action_activate()
        return agreement

    def _prepare_target(self, priority, metric, minutes):
        return {
            "priority": priority,
            "metric": metric,
            "minutes": minutes,
            "calendar_id": self.calendar.id,
        }

    def create_projects(self):
        """:return: (a service desk, a project that is none), with the same stages"""
        desk = self.env["project.project"].create(
            {"name": "Desk", "is_service_desk": True}
        )
        plain = self.env["project.project"].create({"name": "Plain"})
        desk.type_ids.project_ids += plain
        return desk, plain

    def create_teams(self):
        """:return: (a team without, a team with two of helpdesk_mgmt_sla's SLAs)"""
        plain, promised = self.env["helpdesk.ticket.team"].create(
            [
                {"name": "Plain", "resource_calendar_id": self.calendar.id},
                {
                    "name": "SLA",
                    "use_sla": True,
                    "resource_calendar_id": self.calendar.id,
                },
            ]
        )
        _work, wait, done = self.get_stages()
        self.env["helpdesk.sla"].create(
            [
                {
                    "name": metric,
                    "team_ids": [(6, 0, promised.ids)],
                    "stage_id": done.id,
                    "ignore_stage_ids": [(6, 0, wait.ids)],
                    "hours": minutes // 60,
                }
                for metric, minutes in TARGETS
            ]
        )
        return plain, promised

    def get_stages(self):
        """:return: OCA's stages to work, to wait and to be done"""
        names = ("in_progress", "awaiting", "done")
        return [
            self.env.ref(f"helpdesk_mgmt.helpdesk_ticket_stage_{name}")
            for name in names
        ]


def copy_ticket(ticket, number):
    """Copies of a ticket with its facts and clocks, by SQL: nobody waits for the ORM to
    make a hundred thousand.

    :return: ids of the copies
    """
    env = ticket.env
    env.flush_all()
    model = ticket._name
    env.cr.execute("SELECT max(id) FROM " + ticket._table)
    (last,) = env.cr.fetchone()
    _copy_rows(env, ticket._table, "id = %s", [ticket.id], f"{last} + n", {}, number)
    for table in ("service_agreement_ticket_fact", "service_agreement_sla_clock"):
        condition = "res_model = %s AND res_id = %s"
        values = {"res_id": f"{last} + n"}
        _copy_rows(env, table, condition, [model, ticket.id], None, values, number)
    sequence = f"{ticket._table}_id_seq"
    env.cr.execute("SELECT setval(%s, %s)", [sequence, last + number])
    for table in (ticket._table, "service_agreement_sla_clock"):
        env.cr.execute(f"ANALYZE {table}")
    env.invalidate_all()
    return list(range(last + 1, last + number + 1))


def _copy_rows(env, table, condition, values, new_id, changed, number):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        [table],
    )
    columns = [name for (name,) in env.cr.fetchall() if name != "id"]
    chosen = [changed.get(name, f"row.{name}") for name in columns]
    if new_id:
        columns, chosen = ["id", *columns], [new_id, *chosen]
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(chosen)}"
        f" FROM {table} row, generate_series(1, {number}) n WHERE {condition}",
        values,
    )
