"""Two workers that hear of the same alerts at once: one ticket each (SEMANTICS §8)."""

PREPARE = """
desk = env["project.project"].create({"name": "Desk", "is_service_desk": True})
env.company.service_desk_project_id = desk
customer = env["res.partner"].create({"name": "Whitfield", "is_company": True})
source = env["service.monitoring.source"].create({
    "name": "Watchtower", "minimum_seconds": 0,
})
env["service.monitoring.site"].create({
    "source_id": source.id, "name": "Lake House", "external_ref": "lake-house",
    "partner_id": customer.id,
})
env.cr.commit()
"""

# What Odoo answers a request that came second: it is tried again.
TAKE = """
from odoo.service.model import retrying
site = env["service.monitoring.site"].search([("external_ref", "=", "lake-house")])

def take(number):
    event = env["service.monitoring.event"].create({
        "source_id": site.source_id.id, "site_id": site.id, "status": "firing",
        "alert_name": f"Alert {number}", "key": f"alert-{number}",
        "happened_at": env.cr.now(),
    })
    env["service.monitoring.alert"]._take(event)

for number in range(10):
    retrying(lambda: take(number), env)
    env.cr.commit()
print("DONE")
"""

# In one transaction that has begun, and another that takes the alert meanwhile.
RACE = """
from psycopg2.errors import SerializationFailure
site = env["service.monitoring.site"].search([("external_ref", "=", "lake-house")])
values = {
    "source_id": site.source_id.id, "site_id": site.id, "status": "firing",
    "alert_name": "Race", "key": "race", "happened_at": env.cr.now(),
}
with env.registry.cursor() as other:
    theirs = env(cr=other)
    theirs["service.monitoring.alert"]._take(
        theirs["service.monitoring.event"].create(values)
    )
try:
    env["service.monitoring.alert"]._take(env["service.monitoring.event"].create(values))
    env.cr.commit()
    print("BOTH")
except SerializationFailure:
    print("AGAIN")
"""

COUNTS = """
SELECT count(*), count(DISTINCT alert.res_id), sum(event_count),
       (SELECT count(*) FROM service_monitoring_outage),
       (SELECT count(*) FROM project_task WHERE is_from_monitoring)
  FROM service_monitoring_alert alert
"""


def test_two_workers_make_one_ticket_of_each_alert(payment_database):
    payment_database.script(PREPARE)
    workers = [payment_database.start_script(TAKE) for _worker in range(2)]
    printed = [worker.communicate(timeout=300)[0] for worker in workers]
    assert all("DONE" in text for text in printed), printed
    assert payment_database.sql(COUNTS) == ["10|10|20|10|10"]
    assert "AGAIN" in payment_database.script(RACE)
