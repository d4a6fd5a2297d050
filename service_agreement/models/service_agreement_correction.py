from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

from ..tools.charges import differences


class ServiceAgreementPeriod(models.Model):
    """Corrections of what was billed, and the reasons of every amount."""

    _inherit = "service.agreement.period"

    explanation = fields.Html(compute="_compute_explanation")
    can_write_off = fields.Boolean(compute="_compute_can_correct")
    can_bill_again = fields.Boolean(compute="_compute_can_correct")

    # Write off, bill again

    def _compute_can_correct(self):
        credited = self.sudo()._get_credited()
        for period in self:
            period.can_write_off = not period._why_not_write_off()
            given_back = credited.get(period.id) or (
                period.move_line_id.sudo().parent_state == "cancel"
            )
            period.can_bill_again = bool(given_back and not period.is_billed_again)

    def _why_not_write_off(self):
        self.ensure_one()
        if self.adjusts_id:
            return self.env._("This is a correction: write off the period it corrects.")
        if self._is_written_off():
            return self.env._("This period is already written off.")
        return None

    def _is_written_off(self):
        self.ensure_one()
        return any(
            waiver.kind == "write_off"
            and waiver.line_id == self.line_id
            and waiver.date_start <= self.date_start
            and waiver.date_end >= self.last_day
            for waiver in self.agreement_id.sudo().waiver_ids
        )

    def _write_off(self, note):
        """Give the period back and keep the agreement: the credit goes with the next
        invoice, or as the agreement's policy says.

        :param str note: why; the customer's question is never long in coming
        :raise AccessError: who calls is neither an accountant nor a manager
        """
        self._ensure_may_correct()
        for period in self:
            if reason := period._why_not_write_off():
                raise UserError(reason)
            period.env["service.agreement.waiver"].sudo().create(
                period._prepare_write_off_values(note)
            )
            period.agreement_id.sudo().message_post(
                body=self.env._(
                    "Written off: %(charge)s, %(period)s. %(note)s",
                    charge=period.line_id.name,
                    period=period._format_days(),
                    note=note or "",
                )
            )

    def _prepare_write_off_values(self, note):
        self.ensure_one()
        return {
            "agreement_id": self.agreement_id.id,
            "line_id": self.line_id.id,
            "kind": "write_off",
            "date_start": self.date_start,
            "date_end": self.last_day,
            "is_credited": True,
            "note": note,
        }

    def action_bill_again(self):
        """Charge once more what was credited or cancelled, and credit once more what
        went with it; asked for by a person.
        """
        self._ensure_may_correct()
        for period in self:
            if not period.can_bill_again:
                raise UserError(
                    self.env._(
                        "Nothing of %(period)s was credited or cancelled.",
                        period=period._format_days(),
                    )
                )
        # Sudo: nobody edits periods by hand; the right was checked.
        periods = self.sudo()
        periods.is_billed_again = True
        # Of a correction, what it corrects is looked at again.
        corrected = periods.filtered(lambda period: not period.adjusts_id)
        (corrected | periods.adjusts_id).is_stale = True

    def action_write_off(self):
        self.ensure_one()
        return {
            "name": self.env._("Write Off"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.write.off",
            "view_mode": "form",
            "target": "new",
            "context": {"default_period_ids": self.ids},
        }

    def _ensure_may_correct(self):
        self.check_access("read")
        may = ("account.group_account_invoice", "service_agreement.group_manager")
        if not any(self.env.user.has_group(group) for group in may):
            raise UserError(
                self.env._("Only who bills, or a service manager, corrects bills.")
            )

    # Explain this amount

    def _compute_explanation(self):
        for period in self:
            steps = period.sudo()._explain()
            items = Markup().join(
                Markup("<li><b>%s</b> %s</li>") % step for step in steps
            )
            period.explanation = Markup("<ol>%s</ol>") % items

    def _explain(self):
        """:return: list of (what, how): from the facts to the amount, in words"""
        self.ensure_one()
        if self.adjusts_id:
            return self._explain_correction()
        steps = [
            (self.env._("Price."), self._explain_price()),
            (self.env._("Agreed."), self._explain_origin()),
        ]
        if self.kind == "service":
            steps += [
                (self.env._("Period."), self._explain_period()),
                (self.env._("Share."), self._explain_share()),
            ]
        steps.append((self.env._("Billed."), self._explain_billing()))
        if corrected := self._explain_changes_since():
            steps.append((self.env._("Since then."), corrected))
        return steps

    def _explain_price(self):
        line = self.line_id
        formula = f"{self._format(line.price_unit)} × {line.quantity:g}"
        if line.discount:
            formula += f" − {line.discount:g} %"
        return f"{formula} = {self._format(self.full)}"

    def _explain_origin(self):
        line, agreement = self.line_id, self.agreement_id
        if not line.change_id:
            return self.env._(
                "As %(agreement)s was agreed, with the tier %(tier)s.",
                agreement=agreement.name,
                tier=agreement.tier_id.name,
            )
        change = line.change_id
        return self.env._(
            "Changed from %(date)s on by %(user)s: %(summary)s %(note)s",
            date=format_date(self.env, change.date),
            user=change.create_uid.name,
            summary=change.summary,
            note=change.note or "",
        )

    def _explain_period(self):
        line = self.line_id
        return self.env._(
            "%(plan)s, counted from %(anchor)s: %(first)s to %(last)s.",
            plan=line.plan_id.name,
            anchor=format_date(self.env, line.anchor_date),
            first=format_date(self.env, self.whole_start),
            last=format_date(self.env, fields.Date.subtract(self.whole_end, days=1)),
        )

    def _explain_share(self):
        if self.days == self.whole_days:
            return self.env._(
                "The whole period: %(amount)s", amount=self._format(self.charged)
            )
        method = dict(
            self.agreement_id._fields["proration_method"]._description_selection(
                self.env
            )
        )[self.agreement_id.proration_method]
        return self.env._(
            "%(days)s of %(whole)s days, %(first)s to %(last)s (%(method)s): "
            "%(amount)s",
            days=self.days,
            whole=self.whole_days,
            first=format_date(self.env, self.date_start),
            last=format_date(self.env, self.last_day),
            method=method,
            amount=self._format(self.charged),
        )

    def _explain_billing(self):
        if not self.move_id:
            return self.env._("On no invoice.")
        timing = (
            self.env._("after its days")
            if self.line_id.is_arrears
            else self.env._("before its days")
        )
        return self.env._(
            "%(timing)s, on %(invoice)s: %(amount)s before taxes.",
            timing=timing.capitalize(),
            invoice=self.move_id.display_name,
            amount=self._format(self.amount),
        )

    def _explain_changes_since(self):
        parts = [
            self.env._(
                "%(invoice)s: %(amount)s",
                invoice=each.move_id.display_name or self.env._("credit not given"),
                amount=self._format(each.amount),
            )
            for each in self.adjustment_ids.sorted("id")
        ]
        credited = self._get_credited().get(self.id)
        if credited:
            parts.append(
                self.env._(
                    "credit notes: %(amount)s", amount=self._format(-float(credited))
                )
            )
        parts += [
            self.env._(
                "still to come: %(amount)s", amount=self._format(float(piece.amount))
            )
            for piece in self._get_open_differences()
        ]
        return "; ".join(parts)

    def _get_open_differences(self):
        charges = self.agreement_id._get_charges()[self.agreement_id]
        return [
            piece
            for charge in charges
            for piece in differences(charge)
            if piece.adjusts.key == self.id
        ]

    def _explain_correction(self):
        billed = self.adjusts_id
        return [
            (
                self.env._("Billed before."),
                self.env._(
                    "%(amount)s for %(period)s on %(invoice)s.",
                    amount=self._format(billed.charged),
                    period=billed._format_days(),
                    invoice=billed.move_id.display_name,
                ),
            ),
            (self.env._("Why."), self._explain_reason()),
            (
                self.env._("Correction."),
                self.env._(
                    "%(days)s of %(whole)s days, %(period)s: %(amount)s",
                    days=self.days,
                    whole=self.whole_days,
                    period=self._format_days(),
                    amount=self._format(self.charged),
                ),
            ),
            (self.env._("Given."), self._explain_billing()),
        ]

    def _explain_reason(self):
        """Which fact made other days, or another amount, of what was billed."""
        line, agreement = self.line_id, self.agreement_id
        if self.charged > 0 or self.adjusts_id.is_billed_again:
            return self.env._("What was given back before is charged after all.")
        for waiver in agreement.waiver_ids:
            meets = waiver.date_start < self.date_end and (
                not waiver.date_end or waiver.date_end >= self.date_start
            )
            if meets and waiver.line_id in (line, line.browse()):
                return f"{waiver._describe()} {waiver.note or ''}"
        if line.superseded_on:
            change = agreement.change_ids.filtered(
                lambda c: (
                    c.date == line.superseded_on
                    and (line.origin_id or line) in c.line_ids.origin_id
                )
            )[:1]
            return self.env._(
                "Other terms hold from %(date)s on. %(summary)s",
                date=format_date(self.env, line.superseded_on),
                summary=change.summary or "",
            )
        last_day = line.date_end or agreement.date_end
        if not last_day:
            return self.env._("The agreement was changed meanwhile.")
        return self.env._(
            "%(agreement)s ended with %(date)s.",
            agreement=agreement.name,
            date=format_date(self.env, last_day),
        )

    def _format_days(self):
        self.ensure_one()
        return self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, self.date_start),
            last=format_date(self.env, self.last_day),
        )

    def _format(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)


class ServiceAgreementWaiver(models.Model):
    _inherit = "service.agreement.waiver"

    def _describe(self):
        """:return: str, "Suspended from … to …" """
        self.ensure_one()
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        first = format_date(self.env, self.date_start)
        if not self.date_end:
            return self.env._("%(kind)s from %(first)s on.", kind=kind, first=first)
        return self.env._(
            "%(kind)s from %(first)s to %(last)s.",
            kind=kind,
            first=first,
            last=format_date(self.env, self.date_end),
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def action_explain_amount(self):
        """From a line of an invoice to the facts and the rule that made it."""
        self.ensure_one()
        self.check_access("read")
        periods = self.agreement_period_ids
        if not periods:
            raise UserError(
                self.env._("This line was not made by a service agreement.")
            )
        return {
            "name": self.env._("Explain This Amount"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.period",
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": periods[0].id,
            "target": "new",
        }
