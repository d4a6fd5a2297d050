"""What must happen outside of any model's life."""

from odoo.tools import SQL

# In the order in which nothing is left that refers to what is deleted.
MADE_BY_PEOPLE = (
    "service_agreement_autopay_attempt",
    "service_agreement_autopay_consent",
)


def uninstall_hook(env):
    """The payments stay; nothing is left of who agreed to them."""
    kind = env.ref("service_agreement_payment.mail_activity_type_autopay", False)
    if kind:
        activities = env["mail.activity"].with_context(active_test=False)
        activities.search([("activity_type_id", "=", kind.id)]).unlink()
    env.flush_all()
    for table in MADE_BY_PEOPLE:
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    env.invalidate_all()
