"""Two workers charge at once: every customer is charged once."""

PREPARE = """
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
provider = env.ref("payment.payment_provider_demo")
assert provider.journal_id, "core prepares the journal when it is first asked for"
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": plan.id})],
})
for index in range(30):
    customer = env["res.partner"].create({"name": f"Customer {index}"})
    agreement = env["service.agreement"].create({
        "partner_id": customer.id, "tier_id": tier.id, "plan_id": plan.id,
        "date_start": company._service_today(),
    })
    agreement.action_activate()
    agreement._give_consent(customer, customer.name, env["payment.token"].create({
        "provider_id": provider.id, "partner_id": customer.id,
        "payment_method_id": provider.payment_method_ids[:1].id,
        "provider_ref": "demo", "demo_simulated_state": "done",
    }))
env["service.agreement"]._cron_bill()
env.cr.commit()
"""

RUN = """
env["service.agreement.autopay.attempt"]._cron_charge()
print("DONE")
"""


def test_two_workers_charge_every_invoice_once(payment_database):
    database = payment_database
    database.script(PREPARE)
    runs = [database.start_script(RUN) for _worker in range(2)]
    printed = [run.communicate(timeout=300)[0] for run in runs]
    assert all("DONE" in text for text in printed), printed
    # What one had to leave, because the other was at it, the next run does.
    database.script(
        RUN + "env['payment.transaction']._cron_post_process()\nenv.cr.commit()\n"
    )

    states = "SELECT state, count(*) FROM service_agreement_autopay_attempt GROUP BY 1"
    assert database.sql(states) == ["paid|30"], printed
    transactions = "SELECT count(*) FROM payment_transaction WHERE state = 'done'"
    assert database.sql(transactions) == ["30"]
    unpaid = "SELECT count(*) FROM account_move WHERE payment_state = 'not_paid'"
    assert database.sql(f"{unpaid} AND move_type = 'out_invoice'") == ["0"]
