"""What must happen outside of any model's life."""

TYPES = ("delivered", "order_cancelled", "free")


def uninstall_hook(env):
    """Agreements stay, and who was told what; no to-do refers to what is gone."""
    found = [
        env.ref(f"service_agreement_sale.mail_activity_type_{name}", False)
        for name in TYPES
    ]
    kinds = env["mail.activity.type"].union(*filter(None, found))
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("activity_type_id", "in", kinds.ids)]).unlink()
