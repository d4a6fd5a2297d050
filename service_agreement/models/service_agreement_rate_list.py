from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

# What says which work a rate is for; rows that are the same in it follow each other.
KEY = ("company_id", "tier_id", "coverage_id", "kind", "work_type_id", "job_id")
# What work is priced by.
TERMS = {*KEY, "date_start", "price", "price_after_hours", "minimum", "step_minutes"}


class ServiceAgreementRate(models.Model):
    """The list of the company, and its past (SEMANTICS §7).

    How it works: who types a new price over one that is in force means "from today
    on", or from the day typed with it. The row goes on with the new price, and another
    one is made that says what held until then. So nothing that was worked before
    costs anything else, and nobody has to know how to do it right.
    """

    _inherit = "service.agreement.rate"

    status = fields.Selection(
        [("current", "In force"), ("future", "Later"), ("past", "Earlier")],
        compute="_compute_status",
        search="_search_status",
    )

    @api.depends("date_start", "date_end", *KEY)
    def _compute_status(self):
        latest = self._get_latest_starts()
        for rate in self:
            today = rate._get_today()
            replaced_from = latest.get(rate._get_key())
            if rate.date_start and rate.date_start > today:
                rate.status = "future"
            elif (rate.date_end and rate.date_end < today) or (
                replaced_from and rate.date_start != replaced_from
            ):
                rate.status = "past"
            else:
                rate.status = "current"

    def _search_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        rates = self.search(Domain.TRUE).filtered(lambda rate: rate.status in value)
        return [("id", "in", rates.ids)]

    def _get_today(self):
        self.ensure_one()
        return (self.company_id or self.env.company)._service_today()

    def _get_key(self):
        self.ensure_one()
        return tuple(self[name] for name in KEY)

    @api.model
    def _get_latest_starts(self):
        """:return: {key: first day of the row that holds today}, of those with a day"""
        latest = {}
        for rate in self.search([("date_start", "!=", False)]):
            if rate.date_start <= rate._get_today():
                key = rate._get_key()
                latest[key] = max(rate.date_start, latest.get(key, rate.date_start))
        return latest

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                vals.update(self.new(vals)._prepare_start())
        return super().create(vals_list)

    def write(self, vals):
        if TERMS.isdisjoint(vals):
            return super().write(vals)
        result = True
        for rate in self:
            past, values = rate._prepare_past(vals), rate._prepare_new_terms(vals)
            result = super(ServiceAgreementRate, rate).write(values)
            rate.flush_recordset(["date_start"])
            # Sudo: on record already, it is no new price for the past.
            self.sudo().create(past)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_no_past(self):
        for rate in self:
            if rate._is_in_force() and rate._has_priced_work(rate.date_start):
                raise UserError(
                    self.env._(
                        "Work was priced by this rate and stays so: give it a last day"
                        ' in "Until" instead of deleting it.'
                    )
                )

    def _is_listed(self):
        self.ensure_one()
        return not (self.tier_id or self.coverage_id)

    def _is_in_force(self):
        """Whether this is of the list, and days before today may be priced by it."""
        self.ensure_one()
        return self._is_listed() and (
            not self.date_start or self.date_start < self._get_today()
        )

    def _has_priced_work(self, start):
        """:return: bool, whether work from the date ``start`` to yesterday has prices

        Sudo: asked of all work, also what the manager of the list may not read.
        """
        self.ensure_one()
        done = Domain("company_id", "=", self.company_id.id)
        done &= Domain("date", "<", self._get_today())
        if start:
            done &= Domain("date", ">=", start)
        return bool(
            self.env["service.agreement.allowance.draw"].sudo().search(done, limit=1)
        )

    # From today on

    def _prepare_past(self, vals):
        """:return: list of the values of the row that says what held until ``vals``"""
        if not self._is_in_force() or not self._differs(vals):
            return []
        if "date_start" in vals and self._is_past(vals["date_start"]):
            self._ensure_no_priced_work(vals["date_start"])
            return []
        return self.copy_data()

    def _differs(self, vals):
        """:return: bool, whether ``vals`` are other terms than those on record"""
        self.ensure_one()
        return any(
            self[name]
            != field.convert_to_record(field.convert_to_cache(vals[name], self), self)
            for name, field in self._fields.items()
            if name in TERMS and name in vals
        )

    def _is_past(self, day):
        return not day or fields.Date.to_date(day) < self._get_today()

    def _prepare_new_terms(self, vals):
        """:return: dict; what is in force and gets other terms, gets them from today"""
        values = dict(vals)
        if "price" in vals and self.price_after_hours == self.price:
            values.setdefault("price_after_hours", vals["price"])
        if self._is_in_force() and self._differs(vals):
            values.setdefault("date_start", self._get_today())
        return values

    def _prepare_start(self):
        """A new row takes the place of another from today on, not before.

        :return: dict of its first day, where that was left empty
        :raise UserError: it was told to
        """
        self.ensure_one()
        if not self._is_in_force() or not self._takes_over():
            return {}
        if not self.date_start:
            return {"date_start": self._get_today()}
        self._ensure_no_priced_work(self.date_start)
        return {}

    def _takes_over(self):
        """:return: bool, whether days before today had a price of another row that
        this one, being as near to the work or nearer, would change
        """
        self.ensure_one()
        general = Domain("kind", "=", self.kind) & Domain("tier_id", "=", False)
        general &= Domain("coverage_id", "=", False)
        general &= Domain("company_id", "=", self.company_id.id)
        general &= Domain("work_type_id", "in", [False, self.work_type_id.id])
        general &= Domain("job_id", "in", [False, self.job_id.id])
        before = Domain("date_start", "<", self._get_today())
        return bool(self.search(general & (Domain("date_start", "=", False) | before)))

    def _ensure_no_priced_work(self, start):
        """:raise UserError: days from the date ``start`` on have their price already"""
        if self._has_priced_work(start):
            raise UserError(
                self.env._(
                    "Work before today has its price already, and keeps it. Choose"
                    " %(today)s or a later day.",
                    today=format_date(self.env, self._get_today()),
                )
            )
