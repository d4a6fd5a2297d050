"""What must happen outside of any model's life."""

from odoo.tools import SQL

# In the order in which nothing is left that refers to what is deleted.
MADE_BY_PEOPLE = (
    "service_agreement_proposal_opening",
    "service_agreement_proposal",
    "service_agreement_proposal_extra",
    "service_agreement_proposal_option",
    "service_agreement_allowance_draw",
    "service_agreement_approval",
    "service_agreement_visit_check",
    "service_agreement_visit",
    "service_agreement_visit_plan_check",
    "service_agreement_visit_plan",
    "service_agreement_month",
    "service_agreement_allowance_lot",
    "service_agreement_allowance_factor",
    "service_agreement_allowance",
    "service_agreement_rate",
    "service_agreement_coverage",
    "service_agreement_billing_failure",
    "service_agreement_billing_preview",
    "service_agreement_billing_run",
    "service_agreement_movement",
    "service_agreement_period",
    "service_agreement_waiver",
    "service_agreement_change_line",
    "service_agreement_line",
    "service_agreement_change",
    "service_agreement_sla_credit",
    "service_agreement_sla_clock",
    "service_agreement_sla_miss_reason",
    "service_agreement_sla_warning",
    "service_agreement_ticket_fact",
    "service_agreement_sla_target",
    "service_agreement",
    "service_agreement_terms_section",
    "service_agreement_terms",
    "service_agreement_tier_price",
    "service_agreement_tier",
    "service_agreement_device",
    "service_agreement_system",
)
# What other addons' records hold on to.
TICKET_COLUMNS = (
    "agreement_id",
    "agreement_tier_id",
    "sla_promise_id",
    "work_type_id",
    "system_id",
    "device_id",
    "exclusion_id",
    "payer_id",
)
WORK_COLUMNS = (
    "service_agreement_id",
    "service_choice_id",
    "service_work_type_id",
    "service_exclusion_id",
    "service_system_id",
    "service_device_id",
)


def uninstall_hook(env):
    """Agreements go before the catalogue that they hold on to; the books stay.

    Odoo deletes an addon's records one by one and complains of each that something else
    still refers to.
    """
    _forget_to_dos(env)
    env.flush_all()
    for table, column in (
        ("account_move", "agreement_billing_run_id"),
        ("account_move_line", "agreement_line_id"),
        ("account_move_line", "agreement_id"),
        ("account_move_line", "agreement_reversed_line_id"),
        *(("account_analytic_line", column) for column in WORK_COLUMNS),
        *_get_ticket_columns(env),
    ):
        env.cr.execute(
            SQL(
                "UPDATE %(table)s SET %(column)s = NULL WHERE %(column)s IS NOT NULL",
                table=SQL.identifier(table),
                column=SQL.identifier(column),
            )
        )
    for table in MADE_BY_PEOPLE:
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    # Odoo drops the months' key before what refers to it.
    env.cr.execute(
        SQL(
            "ALTER TABLE service_agreement_allowance_draw "
            "DROP CONSTRAINT IF EXISTS service_agreement_allowance_draw_month_closed"
        )
    )
    env.invalidate_all()
    _leave_used_products(env)


def _get_ticket_columns(env):
    """Also those of bridges, which go at the same time."""
    for model in env["service.agreement.ticket.mixin"]._get_ticket_models():
        for column in TICKET_COLUMNS:
            yield env[model]._table, column


def _forget_to_dos(env):
    """Open ones and those done, which would hold on to their type."""
    names = env["ir.model.data"].search(
        [("module", "=", "service_agreement"), ("model", "=", "mail.activity.type")]
    )
    to_dos = env["mail.activity"].with_context(active_test=False)
    to_dos.search([("activity_type_id", "in", names.mapped("res_id"))]).unlink()


def _leave_used_products(env):
    """A product on an invoice becomes one like any other."""
    names = env["ir.model.data"].search(
        [("module", "=", "service_agreement"), ("model", "=", "product.product")]
    )
    products = env["product.product"].browse(names.mapped("res_id")).exists()
    used = env["account.move.line"].search([("product_id", "in", products.ids)])
    kept = used.product_id
    (
        names.filtered(lambda name: name.res_id in kept.ids)
        | env["ir.model.data"].search(
            [
                ("module", "=", "service_agreement"),
                ("model", "=", "product.template"),
                ("res_id", "in", kept.product_tmpl_id.ids),
            ]
        )
    ).unlink()
