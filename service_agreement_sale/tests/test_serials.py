from odoo.fields import Command
from odoo.tests import tagged

from .common import ORDERED, SaleServiceCommon


@tagged("post_install", "-at_install")
class TestSerials(SaleServiceCommon):
    """What Odoo's stock delivered is known by its serial numbers, where sale_stock is
    installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "move_ids" not in cls.env["sale.order.line"]._fields:
            cls.skipTest(cls, "needs sale_stock")
        cls.amplifier = cls.env["product.product"].create(
            {
                "name": "Amplifier",
                "type": "consu",
                "is_storable": True,
                "tracking": "serial",
            }
        )

    def setUp(self):
        super().setUp()
        self.order = self._quote(
            self.tier,
            agreement_start_on="delivery",
            order_line=[
                Command.create(
                    {"product_id": self.amplifier.id, "product_uom_qty": 3.0}
                )
            ],
        )
        self.agreement = self._confirm_signed(self.order)

    def _move(self, picking, *serials):
        """Done, of just these pieces."""
        move = picking.move_ids.filtered(lambda m: m.product_id == self.amplifier)
        move.move_line_ids.unlink()
        lots = self.env["stock.lot"]
        values = {"picking_id": picking.id, "product_id": self.amplifier.id}
        for serial in serials:
            known = {"name": serial, "product_id": self.amplifier.id}
            lot = lots.search([("name", "=", serial)]) or lots.create(known)
            move.move_line_ids = [
                Command.create({**values, "lot_id": lot.id, "quantity": 1})
            ]
        move.picked = True
        picking._action_done()

    def _send_back(self, picking, *serials):
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = len(serials)
        back = self.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        self._move(back, *serials)

    def _get_serials(self):
        with self.at("2026-04-20 09:00:00"):
            self.order.action_start_service()
        devices = self.agreement.system_ids.device_ids
        return sorted(
            device.serial or ""
            for device in devices.filtered(lambda d: d.product_id == self.amplifier)
        )

    def test_each_piece_is_a_device_with_its_number(self):
        with self.at(ORDERED):
            self._move(self.order.picking_ids, "A1", "A2", "A3")
        self.assertEqual(self._get_serials(), ["A1", "A2", "A3"])

    def test_what_was_sent_back_is_not_there(self):
        with self.at(ORDERED):
            picking = self.order.picking_ids
            self._move(picking, "A1", "A2", "A3")
            self._send_back(picking, "A2")
        self.assertEqual(self._get_serials(), ["", "A1", "A3"])
