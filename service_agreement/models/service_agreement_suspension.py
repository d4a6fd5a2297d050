from dataclasses import replace
from datetime import date
from itertools import islice
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..tools.charges import schedule

# What comes next, for who is about to confirm.
PREVIEWED_INVOICES = 3


class Suspension(NamedTuple):
    """Days of suspension, not on record yet.

    :param last_day: date, included; False: until it is resumed
    :param credit: give back days that were billed; None: as the company says
    """

    first_day: date
    last_day: date | bool = False
    credit: bool | None = None
    note: str | bool = False


class ServiceAgreementWaiver(models.Model):
    _inherit = "service.agreement.waiver"

    is_ahead = fields.Boolean(compute="_compute_is_ahead")

    @api.depends("date_start")
    def _compute_is_ahead(self):
        for waiver in self:
            company = waiver.company_id or self.env.company
            waiver.is_ahead = waiver.date_start > company._service_today()

    def _get_period_text(self):
        """:return: "from … to …", or "from … until it is resumed" """
        self.ensure_one()
        first_day = format_date(self.env, self.date_start)
        if not self.date_end:
            return self.env._("from %(first)s until it is resumed", first=first_day)
        last_day = format_date(self.env, self.date_end)
        return self.env._("from %(first)s to %(last)s", first=first_day, last=last_day)

    def action_cancel(self):
        """Take back a suspension that lies ahead."""
        for waiver in self:
            waiver.agreement_id._cancel_suspension(waiver)


class ServiceAgreement(models.Model):
    """Suspended and in force again, from today or from a day ahead (SEMANTICS §3).

    A suspension is a dated fact, a ``service.agreement.waiver``; the state follows it.
    """

    _inherit = "service.agreement"

    suspension_start = fields.Date(
        compute="_compute_suspension",
        compute_sudo=True,
        help="First day of what suspends it now, or will next.",
    )
    suspension_end = fields.Date(compute="_compute_suspension", compute_sudo=True)

    @api.depends("waiver_ids.date_start", "waiver_ids.date_end", "state")
    def _compute_suspension(self):
        for agreement in self:
            waiver = agreement._get_next_suspension()
            agreement.suspension_start = waiver.date_start
            agreement.suspension_end = waiver.date_end

    def _get_next_suspension(self):
        """:return: the service.agreement.waiver that suspends it now, or will next"""
        self.ensure_one()
        today = self.company_id._service_today()
        waivers = self.waiver_ids.filtered(
            lambda w: w.kind == "suspension" and not (w.date_end and w.date_end < today)
        )
        if self.state not in ("active", "suspended"):
            return waivers.browse()
        return waivers.sorted("date_start")[:1]

    def _why_not_suspend(self, suspension=None):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._("Only an active agreement can be suspended.")
        if not suspension:
            return None
        first_day, last_day = suspension[:2]
        if last_day and last_day < first_day:
            return self.env._("The last day of the suspension lies before the first.")
        return (
            self._why_not_suspend_from(first_day)
            or self._why_not_twice(first_day, last_day)
            or self._why_not_back_date(first_day)
        )

    def _why_not_suspend_from(self, first_day):
        end = self._get_last_day()
        if first_day < self.date_start:
            return self.env._(
                "%(agreement)s starts on %(start)s: it cannot be suspended before.",
                agreement=self.name,
                start=format_date(self.env, self.date_start),
            )
        if end and first_day > end:
            return self.env._(
                "%(agreement)s ends on %(end)s: it cannot be suspended afterwards.",
                agreement=self.name,
                end=format_date(self.env, end),
            )
        return None

    def _why_not_twice(self, first_day, last_day):
        for waiver in self.sudo().waiver_ids.filtered(lambda w: w.kind == "suspension"):
            starts_after = last_day and waiver.date_start > last_day
            if not starts_after and not (
                waiver.date_end and waiver.date_end < first_day
            ):
                return self.env._(
                    "%(agreement)s is already suspended %(period)s.",
                    agreement=self.name,
                    period=waiver._get_period_text(),
                )
        return None

    def action_suspend(self):
        """Suspend from today until it is resumed; for other days there is a wizard."""
        for agreement in self:
            today = agreement.company_id._service_today()
            agreement._suspend(max(today, agreement.date_start))

    def action_open_suspend(self):
        self.ensure_one()
        self._ensure_can(type(self)._why_not_suspend)
        return self._get_wizard_action(
            "service.agreement.suspend", self.env._("Suspend the Agreement")
        )

    def _get_wizard_action(self, model, name):
        return {
            "name": name,
            "type": "ir.actions.act_window",
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_agreement_id": self.id},
        }

    def _suspend(self, first_day, last_day=False, credit=None, note=False):
        """No invoices and no promise on these days; history stays (SEMANTICS §3).

        :param date first_day: may lie ahead; not before the start
        :param date last_day: included; False: until it is resumed
        :param bool credit: give back days that were billed; None: as the company says
        """
        suspension = Suspension(first_day, last_day, credit, note)
        self._ensure_can(lambda agreement: agreement._why_not_suspend(suspension))
        for agreement in self:
            agreement._bill_before(first_day)
            # Sudo: a fact; rights were checked.
            waivers = self.env["service.agreement.waiver"].sudo()
            # The database compares with the days of others: their ends come first.
            waivers.flush_model(["date_start", "date_end"])
            waivers.create(agreement._prepare_suspension_values(suspension))
        self._refresh_state()
        self._record_movements()
        self._after_suspend()

    def _after_suspend(self):
        """Hook: these agreements are suspended, or will be on a day ahead."""

    def _bill_before(self, day):
        """What was due before a suspension is owed.

        Sudo: it is what the run would bill, and who suspends need not be an accountant.
        """
        self.ensure_one()
        today = self.company_id._service_today()
        until = min(today, fields.Date.subtract(day, days=1))
        billing = self.sudo().with_company(self.company_id)
        billing._bill_batch(billing._get_due_domain(until), today, until)

    def _prepare_suspension_values(self, suspension):
        self.ensure_one()
        return {
            "agreement_id": self.id,
            "kind": "suspension",
            "date_start": suspension.first_day,
            "date_end": suspension.last_day,
            "is_credited": self._is_suspension_credited(suspension),
            "note": suspension.note,
        }

    def _is_suspension_credited(self, suspension):
        if suspension.credit is None:
            return self.company_id.agreement_credit_suspended
        return suspension.credit

    # In force again

    def _why_not_resume(self, day=None):
        self.ensure_one()
        if self.state != "suspended":
            return self.env._("Only a suspended agreement can be resumed.")
        today = self.company_id._service_today()
        if day and day < today:
            return self.env._("It can be resumed today or on a day ahead.")
        return None

    def action_resume(self):
        """In force again from today; the suspended days are not charged."""
        for agreement in self:
            agreement._resume(agreement.company_id._service_today())

    def action_open_resume(self):
        self.ensure_one()
        self._ensure_can(type(self)._why_not_resume)
        return self._get_wizard_action(
            "service.agreement.resume", self.env._("Resume the Agreement")
        )

    def _resume(self, day):
        """In force again from ``day`` on, which may lie ahead."""
        self._ensure_can(lambda agreement: agreement._why_not_resume(day))
        for agreement in self.sudo():
            waiver = agreement._get_suspension(agreement.company_id._service_today())
            if waiver.date_start >= day:
                # Suspended and resumed on one day: it never was.
                waiver.unlink()
            else:
                waiver.date_end = fields.Date.subtract(day, days=1)
        self._refresh_state()
        self._record_movements(day)
        self._after_resume(day)

    def _after_resume(self, day):
        """Hook: these agreements are in force again from ``day`` on."""

    def _cancel_suspension(self, waiver):
        """:raise UserError: it has begun, or is none"""
        self.ensure_one()
        self.check_access("write")
        if waiver.kind != "suspension" or not waiver.is_ahead:
            raise UserError(
                self.env._("Only a suspension that lies ahead can be cancelled.")
            )
        first_day = waiver.date_start
        waiver.sudo().unlink()
        self._after_resume(first_day)

    def _get_suspension(self, day):
        """:return: the service.agreement.waiver that suspends it on ``day``, if any"""
        self.ensure_one()
        return self.sudo().waiver_ids.filtered(
            lambda waiver: (
                waiver.kind == "suspension"
                and waiver.date_start <= day
                and (not waiver.date_end or day <= waiver.date_end)
            )
        )

    def _refresh_state(self):
        """Active or suspended as today's facts say: the one place that decides it.

        Sudo: a fact, derived from facts.
        """
        for agreement in self.filtered(lambda a: a.state in ("active", "suspended")):
            today = agreement.company_id._service_today()
            waiver = agreement._get_suspension(today)
            state = "suspended" if waiver else "active"
            if agreement.state != state:
                since = waiver.date_start if waiver else False
                agreement.sudo().write({"state": state, "suspended_on": since})

    @api.model
    def _get_pausing(self, company, today):
        """:return: agreements whose suspension begins or is over by ``today``"""
        waivers = self.env["service.agreement.waiver"].search(
            [
                ("company_id", "=", company.id),
                ("kind", "=", "suspension"),
                ("date_start", "<=", today),
                ("agreement_id.state", "in", ("active", "suspended")),
            ]
        )
        return waivers.agreement_id

    # Preview

    def _preview_suspension(self, suspension, count=PREVIEWED_INVOICES):
        """
        :param Suspension suspension:
        :return: list of the next ``count`` tools.charges.Invoice with it
        """
        self.ensure_one()
        agreement = self.sudo()
        values = agreement._prepare_suspension_values(suspension)
        # A record in memory only: it says what one on record would.
        waiver = agreement.env["service.agreement.waiver"].new(values)
        planned = waiver._to_waiver()
        return agreement._preview_waivers(
            suspension.first_day, lambda waivers: [*waivers, planned], count
        )

    def _preview_resumption(self, day, count=PREVIEWED_INVOICES):
        """:return: list of the next ``count`` tools.charges.Invoice if it is resumed
        on ``day``
        """
        self.ensure_one()
        agreement = self.sudo()
        waiver = agreement._get_suspension(agreement.company_id._service_today())
        now = waiver._to_waiver()
        later = replace(now, end=max(day, now.start))
        return agreement._preview_waivers(
            now.start,
            lambda waivers: [later if each == now else each for each in waivers],
            count,
            reopens=True,
        )

    def _preview_waivers(self, since, change, count, reopens=False):
        """
        :param date since: billed days from then on may be credited
        :param change: function from the waivers of a charge to what they would be
        :param bool reopens: days from ``since`` on are charged after all
        """
        charges = [
            replace(charge, waivers=change(charge.waivers))
            for charge in self._get_charges(since)[self]
        ]
        if reopens:
            charges = [
                replace(charge, settled=charge.settled and min(charge.settled, since))
                for charge in charges
            ]
        upcoming = schedule(charges, self._get_credit_policy())
        return list(islice(upcoming, count))
