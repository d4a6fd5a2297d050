"""The addon comes, is upgraded and goes without leaving a trace or a warning."""

import re

# Said at every start by Odoo itself, whatever is installed.
NOT_OURS = (
    "missing --http-interface",
    "Running as user 'root'",
)
COMPLAINT = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ")


def get_complaints(log):
    return [
        line
        for line in log.splitlines()
        if COMPLAINT.match(line) and not any(known in line for known in NOT_OURS)
    ]


def test_it_installs_without_a_warning(core_database):
    log = core_database.odoo("-i", "service_agreement")
    assert not get_complaints(log)
    state = "SELECT state FROM ir_module_module WHERE name = 'service_agreement'"
    assert core_database.sql(state) == ["installed"]


def test_it_upgrades_without_a_warning(database):
    assert not get_complaints(database.odoo("-u", "service_agreement"))


def test_it_uninstalls_and_leaves_nothing(database):
    database.script(LIVED_IN)
    assert not get_complaints(database.uninstall("service_agreement"))
    left = database.sql(
        "SELECT model FROM ir_model WHERE model LIKE 'service.agreement%'"
        " UNION ALL SELECT relname::varchar FROM pg_class"
        " WHERE relkind = 'r' AND relname LIKE 'service_agreement%'"
        " UNION ALL SELECT module || '.' || name FROM ir_model_data"
        " WHERE module = 'service_agreement'"
    )
    assert not [line for line in left if line]
    assert database.sql("SELECT count(*) FROM account_move WHERE state = 'posted'") == [
        "1"
    ], "the books stay"
    again = database.odoo("-i", "service_agreement")
    assert not get_complaints(again)


# One agreement with an invoice and a ticket, so that there is something to leave.
LIVED_IN = """
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
customer = env["res.partner"].create({"name": "Customer"})
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": plan.id})],
    "target_ids": [(0, 0, {"priority": "0", "metric": "resolution", "minutes": 60})],
})
agreement = env["service.agreement"].create({
    "partner_id": customer.id, "tier_id": tier.id, "plan_id": plan.id,
    "date_start": company._service_today(),
})
agreement.action_activate()
gone = agreement.copy({"date_start": company._service_today()})
gone.action_activate()
gone.partner_id = env["res.partner"].create({"name": "Gone", "active": False})
env["service.agreement"]._cron_bill()
run = env["service.agreement.billing.run"].search([])
assert run.invoice_ids and run.failure_ids and gone.activity_ids
run.copy().action_preview()
gone.activity_ids.action_feedback()
desk = env["project.project"].create({"name": "Desk", "is_service_desk": True})
task = env["project.task"].create({
    "name": "No sound", "project_id": desk.id, "partner_id": customer.id,
})
assert task.agreement_id == agreement and task.sla_due_at
env.cr.commit()
"""
