from odoo import models
from odoo.tests import TransactionCase, tagged

from .public_surface import PublicSurface


@tagged("post_install", "-at_install")
class TestPublicSurface(PublicSurface, TransactionCase):
    addon = "service_agreement"

    def test_a_new_public_method_is_noticed(self):
        def tell_everything(self):
            """As somebody would add it."""

        known = self._find_public()
        definition = next(
            base
            for base in self.env.registry["service.agreement"]._base_classes__
            if models.is_model_definition(base) and base._module == self.addon
        )
        definition.tell_everything = tell_everything
        self.addCleanup(delattr, definition, "tell_everything")
        self.assertEqual(
            self._find_public() - known,
            {("service.agreement", "tell_everything", "api")},
        )
        with self.assertRaisesRegex(AssertionError, "API key.*\n.*tell_everything,api"):
            self.test_nothing_is_public_unnoticed()
