from odoo.tests import TransactionCase, tagged

from odoo.addons.service_agreement.tests.public_surface import PublicSurface


@tagged("post_install", "-at_install")
class TestPublicSurface(PublicSurface, TransactionCase):
    addon = "service_agreement_queue_job"
