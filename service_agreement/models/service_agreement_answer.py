"""What becomes of work that no agreement pays for, and who said so."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_amount

from . import instant

# What a person may say; "covered" is what an agreement says.
ANSWERS = ("bill", "given", "goodwill", "warranty")
# What no closed month lets anybody change; who is billed, and how, comes later.
FROZEN = {
    "line_id",
    "company_id",
    "partner_id",
    "date",
    "unit",
    "outcome",
    "quantity",
    "price",
    "amount",
    "list_price",
    "list_amount",
    "reason",
    "answer",
    "answered_by_id",
    "answered_at",
    "answer_note",
    "month_id",
}


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    month_id = fields.Many2one(
        "service.agreement.month",
        string="Settled With",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="The month of the work; of work that was written down after its month was "
        "closed, the month after.",
    )
    # Required: the reference below is not looked at where one of its columns is empty.
    is_closed = fields.Boolean(
        string="Closed",
        required=True,
        default=False,
        readonly=True,
        help="Its month is settled: it stays as it is.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    worth = fields.Monetary(
        string="Worth (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        help="By the list of its day.",
    )
    charge = fields.Monetary(
        string="Price (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        help="What it costs if it is billed, at the exchange rate of its day.",
    )

    # The database itself keeps a closed month from having parts without an answer, also
    # those that another transaction adds at the same instant: closing a month changes
    # the key they refer to. The month comes second: by their first columns Odoo looks
    # for references that it made itself, and would replace this one.
    _month_closed = models.Constraint(
        "FOREIGN KEY (is_closed, month_id) REFERENCES service_agreement_month "
        "(is_closed, id) ON UPDATE CASCADE",
        "The month of this work is closed: it goes with the month after.",
    )
    _closed_is_answered = models.Constraint(
        "CHECK(NOT is_closed OR answer IS NOT NULL)",
        "A month with parts that nobody has answered for cannot be closed.",
    )

    @api.model
    def _get_evidence_action(self, domain):
        """:return: action that shows the parts of ``domain``, newest first"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_settle"
        )
        return dict(action, domain=list(domain), context={})

    # In a month

    @api.model_create_multi
    def create(self, vals_list):
        self._put_in_months(vals_list)
        self._fill_from_work(vals_list)
        return super().create(vals_list)

    @api.model
    def _fill_from_work(self, vals_list):
        """Say of each part what follows from its work and its price; the engine, which
        knows already, inserts past this.
        """
        for vals in vals_list:
            line = self.env["account.analytic.line"].browse(vals["line_id"])
            currency = self.env["res.currency"].browse(vals["currency_id"])
            day = fields.Date.to_date(vals["date"])
            vals.update(task_id=line.task_id.id, employee_id=line.employee_id.id)
            for name, source in (("worth", "list_amount"), ("charge", "amount")):
                amount = vals.get(source, 0.0)
                vals[name] = line._in_company_currency(currency, amount, day)

    @api.model
    def _put_in_months(self, vals_list):
        months = self.env["service.agreement.month"]._get_for(
            (vals["company_id"], vals["date"]) for vals in vals_list
        )
        for vals, month in zip(vals_list, months, strict=True):
            vals["month_id"] = month.id

    def write(self, vals):
        if vals.keys() & FROZEN:
            self._ensure_open()
        result = super().write(vals)
        if "date" in vals and "month_id" not in vals:
            self._move_to_month()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self._ensure_open()

    def _move_to_month(self):
        months = self.env["service.agreement.month"]._get_for(
            (draw.company_id.id, draw.date) for draw in self
        )
        for draw, month in zip(self, months, strict=True):
            if draw.month_id != month:
                draw.month_id = month

    def _ensure_open(self):
        """:raise UserError: the month of one of them is closed"""
        if closed := self.filtered("is_closed")[:1]:
            raise UserError(closed._get_closed_text())

    def _get_closed_text(self):
        return self.env._(
            "%(month)s is settled and closed: what was decided in it stays. To change "
            "it, a service administrator reopens the month first.",
            month=self.month_id.display_name,
        )

    # Answers

    def action_bill(self):
        """The customer pays it, at the price it has."""
        self._answer("bill")

    def action_give(self):
        """Nobody pays it; why it was not covered stays on record."""
        self._answer("given")

    def action_goodwill(self):
        """Ask for the note that goodwill needs."""
        return {
            "name": self.env._("Goodwill"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.goodwill",
            "view_mode": "form",
            "target": "new",
            "context": {"default_draw_ids": self.ids},
        }

    def action_warranty(self):
        """The manufacturer's or our own warranty covers it."""
        self._answer("warranty")

    def _answer(self, answer, note=None):
        """Say what becomes of parts that no agreement pays for.

        Over the API only those who settle months may; code that acts for a customer
        who approved a price calls it with sudo.

        :param str answer: one of `ANSWERS`
        :param str note: why; goodwill needs one
        :raise AccessError: who calls may not
        :raise UserError: not to be answered any more, or beyond the goodwill budget
        """
        self._check_may_answer()
        # Two answers at one instant: one after the other, on what the first one left.
        self.sudo().month_id._touch()
        for draw in self:
            if reason := draw._why_not_answer(answer, note):
                raise UserError(reason)
        if answer == "goodwill":
            self.month_id._ensure_goodwill(self)
        # Sudo: facts, and the charges that follow from them; the right was checked.
        parts = self.sudo()
        parts.write(self._prepare_answer(answer, note))
        parts._log_answer()
        parts._after_answered()

    def _check_may_answer(self):
        """:raise AccessError: who calls is nobody who settles months"""
        self.check_access("read")
        if not (self.env.su or self._may_answer()):
            raise AccessError(
                self.env._("Only users of service agreements say who pays for work.")
            )

    @api.model
    def _may_answer(self):
        return self.env.user.has_group("service_agreement.group_user")

    def _why_not_answer(self, answer, note):
        """:return: why this part cannot have that answer, or None"""
        self.ensure_one()
        if self.outcome == "covered":
            return self.env._(
                "%s is covered: there is nothing to decide.", self.display_name
            )
        if self.is_closed:
            return self._get_closed_text()
        if self._is_invoiced():
            return self.env._(
                "%s is on an invoice. Delete its draft, or credit the invoice.",
                self.display_name,
            )
        if answer == "goodwill" and not (note or "").strip():
            return self.env._("Write down why it is goodwill: %s.", self.display_name)
        return None

    def _prepare_answer(self, answer, note):
        return {
            "answer": answer,
            "answered_by_id": self.env.user.id,
            "answered_at": instant.now(self.env),
            "answer_note": (note or "").strip() or False,
        }

    def _log_answer(self):
        """One message per month, however many parts were answered at once."""
        for month, draws in self.grouped("month_id").items():
            month._message_log(body=draws._describe_answer())

    def _describe_answer(self):
        """:return: str, "Goodwill: 2 parts, 190.00 (Whitfield). Old friend" """
        first = self[:1]
        answers = dict(first._fields["answer"]._description_selection(self.env))
        return self.env._(
            "%(answer)s: %(count)s parts of work, worth %(worth)s (%(customers)s). "
            "%(note)s",
            answer=answers[first.answer],
            count=len(self),
            worth=format_amount(
                self.env, sum(self.mapped("worth")), first.company_currency_id
            ),
            customers=", ".join(self.partner_id.mapped("display_name")),
            note=first.answer_note or "",
        )

    def _after_answered(self):
        """Hook: what follows from answers that a person gave; called with sudo."""

    @api.depends("partner_id", "date", "line_id.name")
    def _compute_display_name(self):
        # Sudo: who reads this part may read what was done, not all timesheets.
        for draw in self.sudo():
            draw.display_name = ", ".join(
                filter(
                    None,
                    [str(draw.date), draw.partner_id.display_name, draw.line_id.name],
                )
            )
