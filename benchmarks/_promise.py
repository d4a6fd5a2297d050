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
