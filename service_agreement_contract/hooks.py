"""What the database was taught, and has to forget when this addon goes."""

from .models.service_agreement_period import TRIGGERS, drop_trigger


def uninstall_hook(env):
    """The triggers ask for columns that go with the addon."""
    for table in TRIGGERS:
        drop_trigger(env.cr, table)
