"""What was taken from a next period that never comes."""

from odoo import fields, models
from odoo.fields import Command, Domain


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    overrun_lot_id = fields.Many2one(
        "service.agreement.allowance.lot",
        string="Overrun Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    overrun_units = fields.Float(
        string="Overrun",
        digits=(16, 4),
        readonly=True,
        copy=False,
        help="What was used beyond what was granted, in the unit of the allowance.",
    )


class ServiceAgreement(models.Model):
    """An overrun is taken from the next period. Where the agreement ends before there
    is one, the customer buys what is missing: at the rate of an hour, with the
    settlement.

    The lot is adjusted by what is billed, so that it adds up. What is worked beyond it
    until the last day is decided without an overrun, and billed as any other work.
    """

    _inherit = "service.agreement"

    def _prepare_overrun_lines(self, last_day):
        """:return: list of values, a line for each allowance that was overrun"""
        self.ensure_one()
        lines = []
        for lot, units in self._get_overruns(last_day):
            price = lot.allowance_id._get_price_afterwards(units, last_day)
            # What has no price, say a visit, stays on record until a person judges it.
            if price:
                lines.append(lot._prepare_overrun_line(units, price))
        return lines

    def _get_overruns(self, last_day):
        """:return: list of (lot to adjust, float: units that no period makes up for)"""
        self.ensure_one()
        allowances = self.sudo().coverage_ids.allowance_ids
        overrun = allowances.filtered(lambda each: each.when_used_up == "overrun")
        if not overrun:
            return []
        draws = self.env["service.agreement.allowance.draw"].sudo()
        after = Domain("agreement_id", "=", self.id) & Domain("date", ">", last_day)
        work = draws.search(after & Domain("lot_id", "!=", False)).line_id
        ledgers = overrun._get_ledgers(last_day, redecided=work)
        missing = {each: float(ledgers[each].missing(last_day)) for each in overrun}
        return [
            (each._get_newest_lot(last_day), units)
            for each, units in missing.items()
            if units
        ]

    def _record_end(self, ending):
        result = super()._record_end(ending)
        self._settle_overruns(1)
        return result

    def _take_back_end(self):
        self._settle_overruns(-1)
        return super()._take_back_end()

    def _settle_overruns(self, sign):
        """
        :param int sign: 1: what is missing was sold; -1: it is not, after all
        """
        self.ensure_one()
        for line in self.line_ids.filtered("overrun_lot_id"):
            line.overrun_lot_id._write_adjusted(sign * line.overrun_units, line.name)


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    def _get_newest_lot(self, day):
        """:return: service.agreement.allowance.lot, the last one granted by then"""
        self.ensure_one()
        granted = self.lot_ids.filtered(
            lambda lot: lot.kind == "granted" and lot.date_start <= day
        )
        return granted.sorted("date_start")[-1:]


class ServiceAgreementAllowanceLot(models.Model):
    _inherit = "service.agreement.allowance.lot"

    def _prepare_overrun_line(self, units, price):
        """:return: values of the one-off service.agreement.line that bills it"""
        self.ensure_one()
        agreement, allowance = self.agreement_id, self.allowance_id
        allowance = allowance.with_context(lang=agreement._get_lang())
        product = agreement._get_work_product("hour")
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        return {
            "name": allowance.env._(
                "%(name)s: %(units)s used beyond what was included",
                name=allowance.name,
                units=allowance._format_units(units),
            ),
            "product_id": product.id,
            "tax_ids": [Command.set(agreement.fiscal_position_id.map_tax(taxes).ids)],
            "price_unit": price,
            "overrun_lot_id": self.id,
            "overrun_units": units,
        }
