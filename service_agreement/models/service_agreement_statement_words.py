"""What the customer reads in a value statement: the same on paper and on the page."""

from odoo import fields, models
from odoo.tools import format_amount, format_date, formatLang

from .service_words import ServiceWords


class ServiceAgreementStatement(models.Model):
    _inherit = "service.agreement.statement"

    def _money(self, amount):
        return format_amount(self.env, amount, self.currency_id)

    def _get_rows(self, name):
        """:return: list of dict of ``details``"""
        self.ensure_one()
        return (self.details or {}).get(name) or []

    # In one sentence

    def _get_verdict(self):
        """:return: dict: saved (bool), title and text, in words"""
        self.ensure_one()
        if not self.is_billed:
            title, text = self._get_unbilled_words()
        elif not self.amount_without:
            title, text = self._get_quiet_words()
        else:
            title, text = self._get_compared_words()
        saved = self.is_billed and self._compare_saved() > 0
        return {"saved": saved, "title": title, "text": text}

    def _compare_saved(self):
        return self.currency_id.compare_amounts(self.amount_saved, 0)

    def _get_unbilled_words(self):
        return self.env._("What we did"), self.env._(
            "Without the agreement, the work would have cost %(without)s. These days "
            "are not all billed yet, so that is not compared.",
            without=self._money(self.amount_without),
        )

    def _get_quiet_words(self):
        return self.env._("A quiet time"), self.env._(
            "There was no work in these months. The agreement cost %(cost)s.",
            cost=self._money(self.amount_with),
        )

    def _get_compared_words(self):
        titles = {
            1: self.env._("You saved %s", self._money(self.amount_saved)),
            0: self.env._("It cost as much as the work alone"),
            -1: self.env._("The work alone would have cost less"),
        }
        return titles[self._compare_saved()], self.env._(
            "Without the agreement, the same work would have cost %(without)s. With "
            "it, you paid %(cost)s.",
            without=self._money(self.amount_without),
            cost=self._money(self.amount_with),
        )

    def _get_besides(self):
        """What an agreement is for besides work, and what no sum is put on.

        :return: list of str
        """
        self.ensure_one()
        texts = [
            self._get_answer_text(),
            self._get_kept_text(),
            self._get_visit_text(),
            self._get_system_text(),
        ]
        return [text for text in texts if text]

    def _get_answer_text(self):
        """:return: str, the shortest promise of an answer; or None"""
        targets = self.sudo().agreement_id.target_ids
        target = targets.filtered(lambda t: t.metric == "first_response").sorted(
            lambda t: -int(t.priority)
        )[:1]
        if not target:
            return None
        return self.env._(
            "Somebody answers when it is urgent: %s", target.duration_text
        )

    def _get_kept_text(self):
        decided = self.promise_kept_count + self.promise_missed_count
        if not decided:
            return None
        return self.env._(
            "%(kept)s of %(all)s promised times kept",
            kept=self.promise_kept_count,
            all=decided,
        )

    def _get_visit_text(self):
        if self.visit_count == 1:
            return self.env._("1 preventive visit made")
        if self.visit_count:
            return self.env._("%s preventive visits made", self.visit_count)
        return None

    def _get_system_text(self):
        if self.system_count == 1:
            return self.env._("1 system looked after")
        if self.system_count:
            return self.env._("%s systems looked after", self.system_count)
        return None

    # In rows

    def _get_tiles(self):
        """:return: list of dict: label, text, note (or False)"""
        self.ensure_one()
        tiles = [
            self._get_promise_tile(),
            self._get_visit_tile(),
            self._get_hours_tile(),
            self._get_system_tile(),
        ]
        return [
            dict(zip(("label", "text", "note"), tile, strict=True))
            for tile in tiles
            if tile
        ]

    def _get_promise_tile(self):
        """:return: (label, text, note or False), or None: nothing to show"""
        decided = self.promise_kept_count + self.promise_missed_count
        text = self.env._(
            "%(kept)s of %(all)s", kept=self.promise_kept_count, all=decided
        )
        return decided and (self.env._("Promises kept"), text, False)

    def _get_visit_tile(self):
        owed = self.visit_open_count
        note = owed and self.env._("%s still owed", owed)
        shown = self.visit_count or owed
        return shown and (self.env._("Visits made"), str(self.visit_count), note)

    def _get_hours_tile(self):
        words = ServiceWords(self.env)
        hours = words.format_quantity(self.hours, "hour")
        if self.hours_covered == self.hours:
            note = self.env._("all covered")
        else:
            covered = words.format_quantity(self.hours_covered, "hour")
            note = self.env._("%s covered", covered)
        return self.hours and (self.env._("Hours of work"), hours, note)

    def _get_system_tile(self):
        count = self.system_count
        return count and (self.env._("Systems looked after"), str(count), False)

    def _get_promise_rows(self):
        """:return: list of dict: label, text, percent"""
        labels = self._get_promise_labels()
        return [
            {
                "label": labels[row["metric"]],
                "text": self.env._(
                    "%(kept)s of %(all)s",
                    kept=row["kept"],
                    all=row["kept"] + row["missed"],
                ),
                # Rounded down: one miss in a thousand is not all of them.
                "percent": 100 * row["kept"] // (row["kept"] + row["missed"]),
            }
            for row in self._get_rows("promises")
        ]

    def _get_promise_labels(self):
        """:return: dict of str by metric; a bridge's own ones as they are called"""
        field = self.env["service.agreement.sla.report"]._fields["metric"]
        return {
            **dict(field._description_selection(self.env)),
            "first_response": self.env._("Answered in time"),
            "update": self.env._("Answered again in time"),
            "on_site": self.env._("On site in time"),
            "resolution": self.env._("Solved in time"),
        }

    def _get_miss_rows(self):
        """:return: list of str, "#12, Answered in time: due Mon 7 Dec, 10:00" """
        labels = self._get_promise_labels()
        show = self.sudo().agreement_id._format_portal_instant
        return [
            self.env._(
                "%(ticket)s, %(promise)s: due %(due)s",
                ticket=row["reference"],
                promise=labels[row["metric"]],
                due=show(fields.Datetime.to_datetime(row["due"])),
            )
            for row in self._get_rows("misses")
        ]

    def _get_allowance_rows(self):
        """:return: list of dict: label, text, percent (None: unlimited)"""
        return [
            {
                "label": row["name"],
                "text": self._get_used_text(row),
                "percent": self._get_used_percent(row),
            }
            for row in self._get_rows("allowances")
        ]

    def _get_used_text(self, row):
        """:return: str, "1.5 h of 6 h", "1 of 2", "3 h" """
        used = self._format_units(row["used"], row["unit"])
        if row["had"] is None:
            return used
        had = self._format_units(row["had"], row["unit"])
        return self.env._("%(used)s of %(had)s", used=used, had=had)

    def _format_units(self, quantity, unit):
        """:return: str; of visits and incidents, which the name tells, a number only"""
        if unit in ("visits", "incidents"):
            return formatLang(self.env, quantity, digits=0)
        return ServiceWords(self.env).format_quantity(quantity, unit, self.currency_id)

    def _get_used_percent(self, row):
        if row["had"] is None:
            return None
        used = 100 * row["used"] / row["had"] if row["had"] > 0 else 100
        return min(round(used), 100)

    def _get_visit_rows(self):
        """:return: list of (day, what), in words"""
        return [
            (
                format_date(self.env, row["date"]),
                " · ".join(filter(None, (row["name"], row["place"]))),
            )
            for row in self._get_rows("visits")
        ]

    def _get_invoice_rows(self):
        """:return: list of (number, day, amount), in words"""
        return [
            (
                row["name"],
                format_date(self.env, row["date"]),
                self._money(row["amount"]),
            )
            for row in self._get_rows("invoices")
        ]

    def _get_without_rows(self):
        """The same work at list rates.

        :return: list of (label, hours in words, amount in words)
        """
        return self._list_money(
            (self.env._("Covered work"), self.hours_covered, self.amount_covered),
            (
                self.env._("Work and trips beyond it"),
                self.hours_billed,
                self.amount_work_list,
            ),
            (self.env._("Free of charge"), self.hours_free, self.amount_free),
        )

    def _get_with_rows(self):
        """What was paid. :return: list of (label, hours in words, amount in words)"""
        return self._list_money(
            (self.env._("Fee for these days"), 0, self.amount_fee),
            (
                self.env._("Work and trips beyond it, at your rates"),
                self.hours_billed,
                self.amount_work,
            ),
            (self.env._("Charged once"), 0, self.amount_extra),
            (self.env._("Credits for missed promises"), 0, -self.amount_credit),
        )

    def _list_money(self, *rows):
        words = ServiceWords(self.env)
        return [
            (
                label,
                words.format_quantity(hours, "hour") if hours else "",
                self._money(amount),
            )
            for label, hours, amount in rows
            if hours or not self.currency_id.is_zero(amount)
        ]

    def _get_given_rows(self):
        """Discounts and credits, each of which is in the sums already.

        :return: list of (label, amount in words)
        """
        rows = (
            (self.env._("Free of charge, at list rates"), self.amount_free),
            (self.env._("Your lower rates"), self.amount_rate_discount),
            (self.env._("Credits for missed promises"), self.amount_credit),
            (
                self.env._("Discount of the billing plan"),
                self.amount_plan_discount,
            ),
        )
        return [
            (label, self._money(amount))
            for label, amount in rows
            if self.currency_id.compare_amounts(amount, 0) > 0
        ]

    def _get_notes(self):
        """What is in no sum, and why. :return: list of str"""
        words = ServiceWords(self.env)
        notes = [self.env._("All amounts are before taxes.")]
        if not self.is_billed:
            notes.append(self.env._("These days are not all billed yet."))
        if self.hours_warranty:
            notes.append(
                self.env._(
                    "%s under warranty are not counted: they are free either way.",
                    words.format_quantity(self.hours_warranty, "hour"),
                )
            )
        if self.hours_open:
            notes.append(
                self.env._(
                    "%s are not counted: it is not settled yet who pays for them.",
                    words.format_quantity(self.hours_open, "hour"),
                )
            )
        return notes
