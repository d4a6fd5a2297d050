from odoo import api, fields, models
from odoo.tools import format_date

from .service_agreement_allowance_ledger import exact

METERS = "service_agreement.allowance_meters"


class ServiceAgreement(models.Model):
    """What is left today, for people: read from the ledger at their instant."""

    _inherit = "service.agreement"

    allowance_summary = fields.Char(
        string="Left Today",
        compute="_compute_allowance_meters",
        groups="service_agreement.group_user",
    )
    allowance_meters = fields.Html(
        compute="_compute_allowance_meters",
        sanitize=False,
        groups="service_agreement.group_user",
    )
    has_allowances = fields.Boolean(
        compute="_compute_allowance_meters", groups="service_agreement.group_user"
    )

    @api.depends(
        "allowance_lot_ids.balance",
        "allowance_lot_ids.is_paid",
        "coverage_ids.allowance_ids.quantity",
        "state",
    )
    def _compute_allowance_meters(self):
        meters = self._get_allowance_meters()
        for agreement in self:
            found = meters[agreement]
            agreement.has_allowances = bool(found)
            held = [m["left_text"] for m in found if m["granted"] != 0]
            none_left = bool(found) and self.env._("None left")
            agreement.allowance_summary = ", ".join(held) or none_left
            agreement.allowance_meters = bool(found) and self.env["ir.qweb"]._render(
                METERS, {"meters": found}
            )

    def _get_allowance_meters(self):
        """:return: dict of lists of dict by agreement: an empty one where nothing is
        included. A dict has

        - allowance: service.agreement.allowance; name, unit, is_low
        - lots: list of tools.ledger.Lot, usable today; empty: unlimited, or none
        - granted, used, left: float, of what may be used today; None: unlimited
        - valid_until: date, of what expires first; False: without end
        - waiting: float, what may be used once it is paid
        - percent: int, how much is left; the same in words: left_text, of_text,
          until_text
        """
        ledgers = self._get_ledgers_today()
        return {
            agreement: [
                allowance._prepare_meter(ledgers.get(allowance))
                for allowance in agreement._get_metered_allowances()
            ]
            for agreement in self
        }

    def _get_ledgers_today(self):
        """:return: dict of tools.ledger.Ledger by allowance, of the company's today"""
        ledgers = {}
        # Sudo: who works on a ticket may not read agreements.
        for company, agreements in self.sudo().grouped("company_id").items():
            allowances = agreements.coverage_ids.allowance_ids
            ledgers.update(allowances._get_ledgers(company._service_today()))
        return ledgers

    def _get_metered_allowances(self):
        """:return: those of today's terms, once they are in force"""
        self.ensure_one()
        agreement = self.sudo()
        if not (self._origin and agreement.activated_on):
            return agreement.coverage_ids.allowance_ids.browse()
        return agreement._get_coverage_today().allowance_ids

    def _get_portal_allowances(self):
        """What the customer reads of what is included and what is left.

        :return: list of dict, see ``_get_allowance_meters``
        """
        self.ensure_one()
        return self._get_allowance_meters()[self]

    def action_view_allowances(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_allowance_lot"
        )
        return dict(
            action,
            domain=[("agreement_id", "=", self.id)],
            context={"search_default_group_allowance": 1, "hide_agreement": 1},
        )


class ServiceAgreementAllowance(models.Model):
    _inherit = "service.agreement.allowance"

    def _prepare_meter(self, ledger):
        """:return: dict, see ``_get_allowance_meters``"""
        self.ensure_one()
        allowance = self.with_env(self.env(su=True))
        if ledger is None:
            return allowance._prepare_unlimited_meter()
        today = allowance.company_id._service_today()
        lots = ledger.find(today)
        granted = float(sum(lot.entered for lot in lots))
        used = float(sum(lot.drawn for lot in lots))
        left = float(ledger.left(today))
        ends = [lot.end for lot in lots if lot.end and lot.balance > 0]
        meter = {
            "allowance": allowance,
            "lots": lots,
            "name": allowance.name,
            "unit": allowance.unit,
            "granted": granted,
            "used": used,
            "left": left,
            "valid_until": min(ends, default=False),
            "percent": round(100 * max(left, 0.0) / granted) if granted > 0 else 0,
            "is_low": ledger.is_low(today, exact(allowance.warn_percent)),
            "waiting": float(ledger.waiting(today)),
        }
        return {**meter, **allowance._prepare_meter_texts(meter)}

    def _prepare_unlimited_meter(self):
        return {
            "allowance": self,
            "lots": [],
            "name": self.name,
            "unit": self.unit,
            "granted": None,
            "used": None,
            "left": None,
            "valid_until": False,
            "percent": 100,
            "is_low": False,
            "waiting": 0.0,
            "left_text": self.env._("unlimited"),
            "of_text": "",
            "until_text": "",
        }

    def _prepare_meter_texts(self, meter):
        granted = meter["granted"]
        if not granted:
            left = self.env._("none left")
        else:
            units = self._format_units(meter["left"])
            left = self.env._("%(left)s left", left=units)
        return {
            "left_text": left,
            "of_text": granted
            and self.env._("of %(granted)s", granted=self._format_units(granted)),
            "until_text": ", ".join(self._list_meter_notes(meter)),
        }

    def _list_meter_notes(self, meter):
        """:return: list of str, on when it may be used"""
        notes = []
        if until := meter["valid_until"]:
            day = format_date(self.env, until, date_format="d MMM yyyy")
            notes.append(self.env._("use by %(day)s", day=day))
        if waiting := meter["waiting"]:
            units = self._format_units(waiting)
            notes.append(self.env._("%(units)s more once paid", units=units))
        return notes
