import json

from odoo import fields, models
from odoo.tools.i18n import format_list

from .service_agreement_sla_calendar import canonical_json, digest

# What was agreed once, and no button changes afterwards. Not the last day and whether
# it renews by itself, which have buttons.
TERMS = (
    "term_months",
    "notice_days",
    "proration_method",
    "credit_policy",
    "end_policy",
    "termination_fee_percent",
    "clawback_discount",
    "escalation_percent",
    "escalation_notice_days",
    "sla_credit_percent",
    "sla_credit_cap",
)
CHARGE = ("charge", "name", "quantity", "price_unit", "discount")
ALLOWANCE = (
    "kind",
    "unit",
    "quantity",
    "interval_months",
    "rollover_cap",
    "rollover_months",
    "validity_months",
    "price",
)
RATE = ("kind", "price", "price_after_hours", "minimum", "step_minutes")
VISITS = ("months", "counted_by", "day", "window_days", "place", "planned_hours")


class ServiceAgreement(models.Model):
    """The document as it was accepted: kept word by word, and never changed.

    Beside the words stand the facts that they were made of, as plain values; so what
    is on record can be compared with what was accepted. A change of tier, a renewal or
    a price increase is dated and leaves those facts as they are.
    """

    _inherit = "service.agreement"

    document_content = fields.Text(
        string="Accepted Document",
        readonly=True,
        copy=False,
        # Long, and read for one agreement at a time.
        prefetch=False,
        help="What was accepted, as canonical JSON.",
    )
    document_hash = fields.Char(
        string="Fingerprint",
        readonly=True,
        copy=False,
        help="SHA-256 of the document that was accepted, printed on it.",
    )
    document_accepted_on = fields.Datetime(
        string="Document Kept On", readonly=True, copy=False
    )

    def _freeze_document(self):
        """Keep the document as it is accepted, once; who did is asked before.

        Sudo: facts that nobody sets by hand.
        """
        for agreement in self.sudo().filtered(lambda a: not a.document_hash):
            content = canonical_json(agreement._prepare_document_content())
            agreement.write(
                {
                    "document_content": content,
                    "document_hash": digest(content),
                    "document_accepted_on": self.env.cr.now(),
                }
            )

    def _prepare_document_content(self):
        """:return: dict of JSON's types, all that is accepted"""
        self.ensure_one()
        signature = self.signature or b""
        return {
            "number": self.name,
            "lang": self._get_lang(),
            "accepted_by": self.signed_by or "",
            "accepted_on": fields.Datetime.to_string(self.env.cr.now()),
            "signature": digest(signature.decode()) if signature else "",
            "sections": self._get_document_sections(),
            "facts": self._get_agreed_facts(),
        }

    def _get_accepted_sections(self):
        """:return: list of dict, see ``_get_document_sections``, as they were accepted;
        of what nobody accepted yet, as they are
        """
        self.ensure_one()
        content = self.sudo().document_content
        if not content:
            return self._get_document_sections()
        return json.loads(content)["sections"]

    # Compared with what is on record

    def _why_not_document(self):
        """:return: str, why what is on record is not what was accepted; else None"""
        self.ensure_one()
        agreement = self.sudo()
        if not agreement.document_hash:
            return None
        if digest(agreement.document_content or "") != agreement.document_hash:
            return self.env._(
                "The document that was accepted is not the one that is kept: it has"
                " another fingerprint."
            )
        changed = agreement._list_changed_facts()
        if not changed:
            return None
        return self.env._(
            "This was changed on record after the document was accepted: %(what)s.",
            what=format_list(self.env, changed),
        )

    def action_check_document(self):
        """Tell who asks whether what is on record is what was accepted."""
        self.ensure_one()
        self.check_access("read")
        issue = self._why_not_document()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if issue else "success",
                "sticky": bool(issue),
                "message": issue or self.env._("On record is what was accepted."),
            },
        }

    def _list_changed_facts(self):
        """:return: list of str, in words, what is no longer as it was accepted"""
        accepted = json.loads(self.document_content)["facts"]
        current = json.loads(canonical_json(self._get_agreed_facts(accepted)))
        labels = self._get_agreed_labels()
        return [
            label
            for key, label in labels.items()
            if key in accepted and current.get(key) != accepted[key]
        ]

    def _get_agreed_labels(self):
        """Hook for bridges: their own facts, see ``_get_agreed_facts``."""
        return {
            "customer": self.env._("the customer"),
            "start": self.env._("the start"),
            "term": self.env._("term, price increase and ending"),
            "promises": self.env._("the promises and their hours"),
            "coverage": self.env._("what is covered"),
            "rates": self.env._("the rates"),
            "visits": self.env._("the visits"),
            "charges": self.env._("the charges"),
            "places": self.env._("systems and sites"),
            "words": self.env._("the words of the terms"),
        }

    def _get_agreed_facts(self, accepted=None):
        """
        :param dict accepted: the same, as it was accepted: what came to it later is not
            looked at; None: as it is accepted now
        :return: dict of JSON's types by key of ``_get_agreed_labels``
        """
        self.ensure_one()
        known = accepted or {}
        coverage = self._get_accepted_coverage(known.get("coverage"))
        return {
            "customer": self.commercial_partner_id.name,
            "start": fields.Date.to_string(self.date_start),
            "term": _read(self, TERMS),
            "promises": self._get_agreed_promises(known.get("promises")),
            "coverage": coverage._get_agreed_facts(),
            "rates": _sort(_read(rate, RATE) for rate in coverage.rate_ids),
            "visits": _sort(_read(plan, VISITS) for plan in coverage.visit_plan_ids),
            "charges": self._get_agreed_charges(known.get("charges")),
            "places": self._get_agreed_places(known.get("places")),
            "words": digest(canonical_json(self._get_agreed_words())),
        }

    def _get_accepted_coverage(self, accepted):
        if accepted:
            return self.env["service.agreement.coverage"].browse(accepted["id"])
        return self._get_coverage_by_day([self.date_start])[self.date_start]

    def _get_agreed_promises(self, accepted):
        """:return: list of dict, with the hours of a week in place of their calendar;
        once another tier holds, its promises took their place, and these are over
        """
        if accepted is not None and self.change_ids.filtered(
            lambda c: c.tier_id and c.is_applied and not c.is_withdrawn
        ):
            return accepted
        return _sort(
            {
                **target._prepare_promise_line(),
                "calendar": target.calendar_id._get_agreed_hours(),
            }
            for target in self.target_ids
        )

    def _get_agreed_charges(self, accepted):
        """:return: list of list; a charge that was changed from a day on goes on in
        another record, and stays here as it was
        """
        lines = self.line_ids.filtered(lambda ln: not ln.change_id)
        ids = [row[0] for row in accepted] if accepted is not None else lines.ids
        return _sort([ln.id, *_read(ln, CHARGE)] for ln in lines if ln.id in ids)

    def _get_agreed_places(self, accepted):
        """:return: dict of ids; what was added later is not looked at"""
        ids = {"systems": self.system_ids.ids, "sites": self.site_ids.ids}
        if accepted is None:
            return {name: sorted(each) for name, each in ids.items()}
        return {
            name: [one for one in accepted[name] if one in each]
            for name, each in ids.items()
        }

    def _get_agreed_words(self):
        """:return: list of dict: the company's own words, in the customer's language"""
        terms = self._get_document_reader().terms_id
        return terms._list_sections("agreement") if terms else []

    # On the document

    def _get_document_marks(self, is_accepted=False):
        """EXTENDS: what was accepted, by whom, and how to recognise it."""
        marks = super()._get_document_marks(is_accepted)
        agreement = self._get_document_reader()
        if agreement.document_hash:
            marks.append(agreement._describe_acceptance())
            marks += [] if is_accepted else agreement._describe_changes()
        return marks

    def _describe_acceptance(self):
        values = {
            "day": self._format_document_day(self.document_accepted_on),
            "hash": self.document_hash,
            "name": self.signed_by or "",
        }
        if self.signed_by:
            return self.env._(
                "Accepted by %(name)s on %(day)s. Fingerprint (SHA-256): %(hash)s",
                **values,
            )
        return self.env._(
            "Put in force on %(day)s. Fingerprint (SHA-256): %(hash)s", **values
        )

    def _describe_changes(self):
        """:return: list of str: from which days on something else was agreed"""
        changes = self.change_ids.filtered(lambda change: not change.is_withdrawn)
        days = [self._format_date(day) for day in sorted(set(changes.mapped("date")))]
        if not days:
            return []
        words = self.env._(
            "Changed since then, from %(days)s on. The document as it was accepted is"
            " kept, and we give it to you at any time.",
            days=format_list(self.env, days),
        )
        return [words]


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _get_agreed_facts(self):
        """:return: dict of JSON's types: what is covered; empty of no record"""
        if not self:
            return {}
        return {
            "id": self.id,
            "tier": self.tier_id.id,
            "work": sorted(self.covered_work_type_ids.ids),
            "exclusions": sorted(self.covered_exclusion_ids.ids),
            "hours": self.sla_calendar_id.hash or "",
            "others": _read(self, ("covers_children", "covers_trips", "rate_discount")),
            "allowances": _sort(
                [*_read(each, ALLOWANCE), sorted(each.work_type_ids.ids)]
                for each in self.allowance_ids
            ),
        }


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    def _get_agreed_hours(self):
        """:return: list of weeks, each a list of seven lists of [from, to] in minutes;
        empty of no record: day and night
        """
        if not self:
            return []
        weeks = (0, 1) if self.two_weeks_calendar else (0,)
        return [self._get_service_week(week) for week in weeks]


def _sort(rows):
    """:return: list of the same rows: their order is of no meaning"""
    return sorted(rows, key=canonical_json)


def _read(record, names):
    """:return: list of the plain values of fields"""
    return [record[name] for name in names]
