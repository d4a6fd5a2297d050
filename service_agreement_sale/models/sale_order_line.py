from collections import Counter

from odoo import fields, models

# More of one thing are metres of cable and screws, no devices.
MAX_DEVICES = 50


class SaleOrderLine(models.Model):
    """What of an order a service agreement is priced by, and covers."""

    _inherit = "sale.order.line"

    def _get_sold_amount(self, with_labour):
        """:return: float, of what is ordered, in the order's currency and in the terms
        of its prices, taxes included or not
        """
        return sum(
            line.product_uom_qty * line.price_unit * (1 - line.discount / 100)
            for line in self
            if line._is_sold_once(with_labour)
        )

    def _get_delivered(self):
        """:return: those lines that are goods, ordered: what a system consists of"""
        return self.filtered(
            lambda line: line.product_type == "consu" and line.product_uom_qty > 0
        )

    def _is_sold_once(self, with_labour):
        self.ensure_one()
        if self.display_type or self.is_downpayment or not self.product_id:
            return False
        return with_labour or self.product_type != "service"

    def _prepare_device_values(self, system, day):
        """
        :param service.agreement.system system: they belong to
        :param date day: of the delivery
        :return: list of values of service.agreement.device, one for each piece; of
            what is sold by the metre, one for all of it
        """
        values = []
        for line in self:
            same = line._prepare_device(system, day)
            serials = line._get_delivered_serials()
            count = line._count_devices()
            serials = [*serials[:count], *[False] * (count - len(serials))]
            values += [{**same, "serial": serial} for serial in serials]
        return values

    def _prepare_device(self, system, day):
        self.ensure_one()
        return {
            "system_id": system.id,
            "product_id": self.product_id.id,
            "name": self._get_device_name(),
            "installed_on": day,
            "warranty_until": self._get_warranty_end(day),
        }

    def _count_devices(self):
        self.ensure_one()
        pieces = int(self.product_uom_qty)
        is_counted = pieces == self.product_uom_qty and pieces <= MAX_DEVICES
        return pieces if is_counted else 1

    def _get_device_name(self):
        self.ensure_one()
        lang = self.order_id.partner_id.lang or self.env.lang
        name = self.product_id.with_context(lang=lang).name
        if self._count_devices() == self.product_uom_qty:
            return name
        return self.env._(
            "%(product)s, %(quantity)g %(unit)s",
            product=name,
            quantity=self.product_uom_qty,
            unit=self.product_uom_id.name,
        )

    def _get_warranty_end(self, day):
        """:return: date, its last day; False: none is known"""
        self.ensure_one()
        months = self.product_id.service_warranty_months
        return months > 0 and fields.Date.subtract(
            fields.Date.add(day, months=months), days=1
        )

    def _get_delivered_serials(self):
        """:return: list of str, serial numbers of what Odoo's stock brought to the
        customer and he did not send back
        """
        self.ensure_one()
        if "move_ids" not in self._fields:
            return []
        there = Counter()
        for moved in self.move_ids.filtered(lambda m: m.state == "done").move_line_ids:
            if moved.lot_id.product_id.tracking == "serial":
                there[moved.lot_id.name] += moved.location_dest_id.usage == "customer"
                there[moved.lot_id.name] -= moved.location_id.usage == "customer"
        return [serial for serial, count in there.items() if count > 0]
