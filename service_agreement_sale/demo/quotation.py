"""A quotation with tiers that waits for its signature, and a delivery nobody used."""

from datetime import timedelta

from odoo.fields import Command

CUSTOMER = "service_agreement.partner_osteria_demo"


def load(env):
    """Once per database."""
