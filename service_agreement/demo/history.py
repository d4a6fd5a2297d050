"""Fourteen months of a service department, made by the code that will run it.

Nothing here writes what the addon itself would write: agreements are proposed and
signed, the billing run bills them, tickets are answered and solved, each at its own
past instant. Only what asks Python for the time is set right afterwards.
"""

from odoo.tools import SQL

from .agreements import Agreements
from .company import dress
from .money import Money
from .promises import Promises
from .proposals import Proposals
from .settlement import Settlement
from .statements import Statements
from .systems import install
from .tickets import Tickets
from .timeline import Timeline
from .visits import Visits


def load(env):
    """Live through the past, once per database."""
    if env.ref("service_agreement.agreement_whitfield_demo", raise_if_not_found=False):
        return
    company = dress(env)
    first_message = env["mail.message"].search([], order="id desc", limit=1).id
    timeline = Timeline(env, company)
    tickets = Tickets(timeline, install(timeline))
    money = Money(timeline)
    Agreements(timeline).plan()
    money.plan()
    tickets.plan()
    promises = Promises(timeline)
    promises.plan()
    visits = Visits(timeline, tickets)
    visits.plan()
    settlement = Settlement(timeline)
    settlement.plan()
    proposals = Proposals(timeline)
    proposals.plan()
    # In the evening, so that what is not covered rides on the next invoice.
    timeline.every_day(20, tickets.write_down)
    timeline.run()
    tickets.write_down(timeline.today)
    settlement.add_calls()
    money.leave_on_the_desk()
    promises.leave_on_the_desk()
    visits.leave_on_the_desk()
    proposals.leave_on_the_desk()
    _let_customers_follow(timeline)
    _set_dates_right(timeline.env, first_message)
    visits.set_days_right()
    _forget_assignments(timeline.env)
    lines = timeline.env["service.agreement.line"].with_company(company)
    lines._refresh_revenue()
    timeline.env["service.agreement"]._record_missing_movements()
    # Last, when all days are right: it is of them that they tell.
    Statements(timeline).plan()
    timeline.run()
    _price_gold(timeline)


def _let_customers_follow(timeline):
    """Only now: while they followed, each message would have been mailed to them."""
    tasks = timeline.env["project.task"].search(
        [("project_id", "=", timeline.named("project_service_desk").id)]
    )
    for task in tasks:
        task.message_subscribe(task.partner_id.ids)
    project = timeline.named("project_whitfield")
    project.message_subscribe(project.partner_id.ids)
    project.task_ids.message_subscribe(project.partner_id.ids)


def _price_gold(timeline):
    """Whether the tier that most clients have pays for itself, by the last year."""
    replay = timeline.env["service.agreement.tier.replay"].create(
        {
            "tier_id": timeline.named("tier_gold").id,
            "company_id": timeline.company.id,
        }
    )
    replay.action_start()


def _set_dates_right(env, first_message):
    """Messages and stage changes take Python's time, and old news is no news."""
    env.flush_all()
    env.cr.execute(
        SQL(
            "UPDATE mail_message SET date = create_date WHERE id > %s AND model IN %s",
            first_message,
            (
                "project.task",
                "service.agreement",
                "service.agreement.proposal",
                "service.agreement.month",
                "account.move",
            ),
        )
    )
    env.cr.execute(
        SQL("DELETE FROM mail_notification WHERE mail_message_id > %s", first_message)
    )
    env.cr.execute(
        SQL(
            """
            UPDATE project_task task
               SET date_assign = CASE WHEN date_assign IS NOT NULL
                                      THEN facts.first + INTERVAL '5 minutes' END,
                   date_last_stage_update = facts.last,
                   date_end = CASE WHEN date_end IS NOT NULL THEN facts.last END
              FROM (SELECT res_id, MIN(at) AS first, MAX(at) AS last
                      FROM service_agreement_ticket_fact
                     WHERE res_model = 'project.task'
                  GROUP BY res_id) facts
             WHERE facts.res_id = task.id
            """
        )
    )
    env.invalidate_all()


def _forget_assignments(env):
    """Those notices that XML caused: who is responsible for what was always so."""
    names = ("olivia", "cora", "anna", "tom", "nadia", "luis")
    users = [env.ref(f"service_agreement.user_{name}_demo") for name in names]
    env["mail.message"].search(
        [
            ("message_type", "=", "user_notification"),
            ("partner_ids", "in", [user.partner_id.id for user in users]),
        ]
    ).unlink()
