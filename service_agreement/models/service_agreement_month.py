"""Months of service work, and how they are settled."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date

from . import instant

# Without these a line can be neither decided nor priced.
BLOCKING_ISSUES = ("customer", "negative", "rate")
# With these it can, and may be wrong.
DOUBTS = ("overlap", "start")
# Of those that miss something so many are named where a month cannot be closed.
NAMED = 5


class ServiceAgreementMonth(models.Model):
    """A month of a company's service work: settled once every part has its answer.

    Made on demand, by the first part of work that goes with it. Months close in order;
    what is written down for the days of a closed month goes with the one after.
    """

    _name = "service.agreement.month"
    _description = "Month of Service Work"
    _inherit = ["mail.thread", "service.agreement.guard"]
    _order = "date desc, company_id"
    _rec_name = "date"

    _facts = ("company_id", "date", "is_closed", "closed_by_id", "closed_at")

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="First Day", required=True, readonly=True)
    is_closed = fields.Boolean(
        string="Closed", required=True, default=False, readonly=True
    )
    state = fields.Selection(
        [("open", "To settle"), ("closed", "Closed")],
        string="Status",
        compute="_compute_state",
    )
    closed_by_id = fields.Many2one("res.users", readonly=True)
    closed_at = fields.Datetime(string="Closed On", readonly=True)
    draw_ids = fields.One2many(
        "service.agreement.allowance.draw", "month_id", string="Work", readonly=True
    )

    line_count = fields.Integer(string="Pieces of Work", compute="_compute_figures")
    hours = fields.Float(compute="_compute_figures")
    hours_covered = fields.Float(string="Covered Hours", compute="_compute_figures")
    amount_covered = fields.Monetary(
        string="Covered", compute="_compute_figures", help="Worth, at list rates."
    )
    amount_billed = fields.Monetary(
        string="Billed", compute="_compute_figures", help="What customers pay for it."
    )
    amount_goodwill = fields.Monetary(string="Goodwill", compute="_compute_figures")
    amount_warranty = fields.Monetary(string="Warranty", compute="_compute_figures")
    amount_given = fields.Monetary(string="Given Away", compute="_compute_figures")
    amount_open = fields.Monetary(
        string="Without an Answer",
        compute="_compute_figures",
        help="At list rates; given away, as long as nobody says otherwise.",
    )
    open_count = fields.Integer(string="To Answer", compute="_compute_figures")
    answer_count = fields.Integer(string="Answered", compute="_compute_figures")
    part_count = fields.Integer(compute="_compute_figures")
    progress = fields.Float(
        string="Progress (%)",
        compute="_compute_figures",
        help="Parts that are covered or have an answer.",
    )
    missing_count = fields.Integer(
        string="Missing Something",
        compute="_compute_missing_count",
        help="Work without a customer or a rate, of less than no time, or that nobody "
        "has looked at.",
    )
    doubtful_count = fields.Integer(
        string="To Look At",
        compute="_compute_missing_count",
        help="Work that overlaps other work of the same person, started on another day "
        "than it is of, or has no ticket: it may be right, and keeps no month open.",
    )
    goodwill_left = fields.Monetary(compute="_compute_goodwill_left")
    invoice_count = fields.Integer(
        string="Invoices",
        compute="_compute_invoice_count",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    # Also what others refer to, see the parts of a month.
    _closed_uniq = models.Constraint("UNIQUE(is_closed, id)")
    _company_date_uniq = models.Constraint(
        "UNIQUE(company_id, date)", "This month is there already."
    )
    _first_day = models.Constraint(
        "CHECK(EXTRACT(day FROM date) = 1)", "A month begins on its first day."
    )

    @api.depends("date")
    def _compute_display_name(self):
        for month in self:
            month.display_name = month.date and format_date(
                self.env, month.date, date_format="MMMM yyyy"
            )

    @api.depends("is_closed")
    def _compute_state(self):
        for month in self:
            month.state = "closed" if month.is_closed else "open"

    # Figures

    @api.depends("draw_ids.answer", "draw_ids.worth", "draw_ids.charge")
    def _compute_figures(self):
        groups = self._read_figures()
        lines = dict(
            self.env["service.agreement.allowance.draw"]._read_group(
                [("month_id", "in", self.ids)],
                ["month_id"],
                ["line_id:count_distinct"],
            )
        )
        for month in self:
            month.line_count = lines.get(month, 0)
            month._sum_up(groups.get(month, []))

    def _read_figures(self):
        """:return: {month: [(answer, unit, parts, quantity, worth, charge)]}"""
        groups = self.env["service.agreement.allowance.draw"]._read_group(
            [("month_id", "in", self.ids)],
            ["month_id", "answer", "unit"],
            ["__count", "quantity:sum", "worth:sum", "charge:sum"],
        )
        found = {}
        for month, *figures in groups:
            found.setdefault(month, []).append(figures)
        return found

    def _sum_up(self, figures):
        def total(column, *answers, unit=None):
            return sum(
                row[column]
                for row in figures
                if (not answers or row[0] in answers) and unit in (None, row[1])
            )

        self.ensure_one()
        self.hours = total(3, unit="hour")
        self.hours_covered = total(3, "covered", unit="hour")
        self.amount_covered = total(4, "covered")
        self.amount_billed = total(5, "bill")
        self.amount_goodwill = total(4, "goodwill")
        self.amount_warranty = total(4, "warranty")
        self.amount_given = total(4, "given")
        self.amount_open = total(4, False)
        self.part_count = total(2)
        self.open_count = total(2, False)
        self.answer_count = total(2, "bill", "given", "goodwill", "warranty")
        done = self.part_count - self.open_count
        self.progress = 100.0 * done / self.part_count if self.part_count else 100.0

    def _compute_missing_count(self):
        # Sudo: a count, and nothing of what is in timesheets.
        lines = self.env["account.analytic.line"].sudo()
        for month in self:
            month.missing_count = lines.search_count(month._get_missing_domain())
            month.doubtful_count = lines.search_count(month._get_doubtful_domain())

    @api.depends("amount_goodwill", "company_id.service_goodwill_budget")
    def _compute_goodwill_left(self):
        for month in self:
            budget = month.company_id.service_goodwill_budget
            month.goodwill_left = max(budget - month.amount_goodwill, 0)

    def _compute_invoice_count(self):
        lines = dict(
            self.env["service.agreement.allowance.draw"]._read_group(
                [("month_id", "in", self.ids), ("move_line_id", "!=", False)],
                ["month_id"],
                ["move_line_id:recordset"],
            )
        )
        for month in self:
            month.invoice_count = len(lines[month].move_id) if month in lines else 0

    @property
    def _last_day(self):
        """:return: date"""
        return self.date + relativedelta(day=31)

    def _get_work_domain(self):
        """:return: Domain of the timesheet lines that may concern this month: also
        late ones, of days that are closed
        """
        work = Domain(
            [
                ("is_service_work", "=", True),
                ("company_id", "=", self.company_id.id),
                ("date", "<=", self._last_day),
            ]
        )
        return work & ~Domain("service_draw_ids", "any", [("is_closed", "=", True)])

    def _get_missing_domain(self):
        """:return: Domain of the timesheet lines without which nothing can be closed"""
        self.ensure_one()
        if self.is_closed:
            return Domain.FALSE
        unseen = Domain(
            [
                ("service_draw_ids", "=", False),
                ("unit_amount", "!=", 0),
                ("date", ">=", self.date),
            ]
        )
        issue = Domain("service_issue", "in", BLOCKING_ISSUES)
        return self._get_work_domain() & (issue | unseen)

    def _get_doubtful_domain(self):
        """:return: Domain of the timesheet lines that somebody might look at"""
        self.ensure_one()
        if self.is_closed:
            return Domain.FALSE
        return (
            self._get_work_domain()
            & Domain("date", ">=", self.date)
            & (Domain("service_issue", "in", DOUBTS) | Domain("task_id", "=", False))
        )

    # Looking at it

    @api.model
    def action_settle(self):
        """Open the month that is next to be settled; the list where there is none."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_month"
        )
        month = self.search(
            [("company_id", "=", self.env.company.id), ("is_closed", "=", False)],
            order="date",
            limit=1,
        )
        if not month:
            return action
        return dict(action, views=[(False, "form")], res_id=month.id)

    def action_view_open(self):
        """Its parts that nobody has answered for."""
        name = self.env._("Work to Answer")
        return self._view_parts(name, "open", "group_partner", to_answer=True)

    def action_view_answered(self):
        name = self.env._("Answered Work")
        return self._view_parts(name, "answered", "group_partner", is_answered=True)

    def _view_parts(self, name, *filters, **context):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_settle"
        )
        return dict(
            action,
            display_name=name,
            domain=[("month_id", "=", self.id)],
            context={**{f"search_default_{name}": 1 for name in filters}, **context},
        )

    def action_view_invoices(self):
        """Invoices that work of this month is on."""
        self.ensure_one()
        moves = self.draw_ids.move_id
        return self.env["service.agreement"]._get_invoices_action(moves)

    def action_view_missing(self):
        """The timesheet lines to be completed before it can be closed."""
        return self._view_lines(self._get_missing_domain())

    def action_view_doubtful(self):
        return self._view_lines(self._get_doubtful_domain())

    def _view_lines(self, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_work_missing"
        )
        return dict(action, domain=list(domain))

    # Made on demand

    @api.model
    def _get_for(self, days):
        """
        :param days: iterable of (company id, date or str), of parts of work
        :return: list of service.agreement.month, in the same order: the month of the
            day, or the first one after those that are closed
        """
        keys = [self._get_key(company, day) for company, day in days]
        found = self._find_or_make(set(keys))
        return [found[key] for key in keys]

    def _get_key(self, company_id, day):
        """:return: (company id, date), the first day of the month that takes it"""
        # Sudo: until when a company has closed is no secret to its own work.
        until = self.env["res.company"].sudo().browse(company_id).service_closed_until
        day = fields.Date.to_date(day)
        if until and day <= until:
            day = until + timedelta(days=1)
        return company_id, day.replace(day=1)

    def _find_or_make(self, keys):
        """:return: {(company id, first day): service.agreement.month}"""
        found = self._find(keys)
        if missing := keys - found.keys():
            self._make(missing)
            found |= self._find(missing)
        return found

    def _find(self, keys):
        # Sudo: also for who writes down his hours and settles no month.
        months = self.sudo().search_fetch(
            [
                ("company_id", "in", [company for company, _day in keys]),
                ("date", "in", [day for _company, day in keys]),
            ]
        )
        return {(month.company_id.id, month.date): month for month in months}

    def _make(self, keys):
        """If two transactions make the same month, one of them is tried again."""
        rows = SQL(", ").join(
            SQL(
                "(%s, %s, FALSE, %s, %s)", company, day, self.env.uid, self.env.cr.now()
            )
            for company, day in sorted(keys)
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO service_agreement_month "
                "(company_id, date, is_closed, create_uid, create_date) "
                "VALUES %s ON CONFLICT DO NOTHING",
                rows,
            )
        )

    def _touch(self):
        """Let nobody else decide on these months before this transaction is done: his
        is tried again, and sees what this one did.
        """
        if self:
            self.env.cr.execute(
                SQL(
                    "UPDATE service_agreement_month SET write_date = %s WHERE id IN %s",
                    self.env.cr.now(),
                    tuple(sorted(self.ids)),
                )
            )

    # Goodwill

    def _ensure_goodwill(self, draws):
        """:raise UserError: the budget is used up, and who asks may not go beyond it"""
        if self.env.user.has_group("service_agreement.group_manager"):
            return
        for month in self:
            asked = draws.filtered(lambda d, month=month: d.month_id == month)
            month._ensure_budget(asked, month.company_id.service_goodwill_budget)
            limit = month.company_id.service_goodwill_budget_customer
            for customer, parts in asked.grouped("partner_id").items():
                if limit:
                    month._ensure_budget(parts, limit, customer)

    def _ensure_budget(self, draws, budget, customer=None):
        """:param customer: res.partner, None: all customers together"""
        self.ensure_one()
        given = Domain(
            [
                ("month_id", "=", self.id),
                ("answer", "=", "goodwill"),
                ("id", "not in", draws.ids),
            ]
        )
        if customer:
            given &= Domain("partner_id", "=", customer.id)
        [[used]] = draws._read_group(given, [], ["worth:sum"])
        left = max(budget - used, 0)
        asked = sum(draws.mapped("worth"))
        if self.currency_id.compare_amounts(asked, left) > 0:
            raise UserError(self._get_budget_text(asked, left, budget, customer))

    def _get_budget_text(self, asked, left, budget, customer):
        def money(amount):
            return format_amount(self.env, amount, self.currency_id)

        whom = customer.display_name if customer else self.env._("all customers")
        return self.env._(
            "This would be goodwill of %(asked)s. Of the budget of %(budget)s for "
            "%(whom)s in %(month)s, %(left)s are left. Choose another answer, or let a "
            "service administrator give it.",
            asked=money(asked),
            budget=money(budget),
            left=money(left),
            whom=whom,
            month=self.display_name,
        )

    # Closing

    def action_close(self):
        """Close it: its parts stay as they are, and what is billed apart is billed."""
        self.ensure_one()
        self._check_may_close()
        # Sudo: facts; the right was checked. It stays on record who closed it.
        month = self.sudo()
        month._touch()
        if reason := month._why_not_close():
            raise UserError(reason)
        month._close()

    def _check_may_close(self):
        """:raise AccessError: who calls settles no months"""
        self.check_access("read")
        if not self.env.user.has_group("service_agreement.group_user"):
            raise AccessError(
                self.env._("Only users of service agreements close a month.")
            )

    def _why_not_close(self):
        """:return: str, what is left to do before it can be closed, or None"""
        self.ensure_one()
        if self.is_closed:
            return self.env._("%s is closed already.", self.display_name)
        if self.company_id._service_today() <= self._last_day:
            return self.env._("%s is not over yet.", self.display_name)
        if earlier := self._get_earlier_open():
            return self.env._(
                "Months close in order: settle %s first.", earlier.display_name
            )
        if self.open_count:
            return self.env._(
                "%(count)s parts of work, worth %(amount)s, have no answer yet. Bill "
                "them, or say why not.",
                count=self.open_count,
                amount=format_amount(self.env, self.amount_open, self.currency_id),
            )
        return self._get_missing_text() if self.missing_count else None

    def _get_earlier_open(self):
        """:return: service.agreement.month, the first one before this to be settled"""
        return self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("date", "<", self.date),
                ("is_closed", "=", False),
                ("draw_ids", "!=", False),
            ],
            order="date",
            limit=1,
        )

    def _get_missing_text(self):
        lines = self.env["account.analytic.line"]
        lines = lines.search(self._get_missing_domain(), order="date", limit=NAMED)
        return self.env._(
            "%(count)s pieces of work miss something. Complete them first:\n%(lines)s",
            count=self.missing_count,
            lines="\n".join(line._describe_missing() for line in lines),
        )

    def _close(self):
        self.ensure_one()
        self.write(
            {
                "is_closed": True,
                "closed_by_id": self.env.user.id,
                "closed_at": instant.now(self.env),
            }
        )
        self._take_over_to_parts()
        self.company_id.service_closed_until = self._last_day
        self._message_log(body=self._describe_closing())
        self._bill_apart()

    def _take_over_to_parts(self):
        """The database has closed or opened the parts together with the month."""
        self.flush_recordset()
        self.env["service.agreement.allowance.draw"].invalidate_model(["is_closed"])

    def _describe_closing(self):
        def money(amount):
            return format_amount(self.env, amount, self.currency_id)

        return self.env._(
            "Closed. Billed: %(billed)s. Goodwill: %(goodwill)s. Warranty: "
            "%(warranty)s. Given away: %(given)s.",
            billed=money(self.amount_billed),
            goodwill=money(self.amount_goodwill),
            warranty=money(self.amount_warranty),
            given=money(self.amount_given),
        )

    def _bill_apart(self):
        """Draft invoices for customers without an agreement; others have what they pay
        on their next invoice. Who settles months need not keep the books.
        """
        if moves := self.draw_ids._create_invoices():
            self._message_log(
                body=self.env._(
                    "Draft invoices: %s", ", ".join(moves.partner_id.mapped("name"))
                )
            )

    def action_reopen(self):
        """Take back the closing of the last month, while nothing of it is invoiced."""
        self.ensure_one()
        if not self.env.user.has_group("service_agreement.group_manager"):
            raise AccessError(
                self.env._("Only a service administrator reopens a month.")
            )
        self.check_access("read")
        # Sudo: facts; the right was checked.
        month = self.sudo()
        month._touch()
        if reason := month._why_not_reopen():
            raise UserError(reason)
        month._reopen()

    def _why_not_reopen(self):
        """:return: str or None"""
        self.ensure_one()
        if not self.is_closed:
            return self.env._("%s is open.", self.display_name)
        last = self._get_last_closed()
        if last != self:
            return self.env._(
                "%(last)s was closed after it: reopen that one first.",
                last=last.display_name,
            )
        if invoiced := self._get_invoiced()[:NAMED]:
            return self.env._(
                "Work of this month is on invoices: %s. Delete the drafts first; what "
                "is posted is credited there.",
                ", ".join(invoiced.partner_id.mapped("display_name")),
            )
        return None

    def _get_last_closed(self):
        return self.search(
            [("company_id", "=", self.company_id.id), ("is_closed", "=", True)],
            order="date desc",
            limit=1,
        )

    def _get_invoiced(self):
        """:return: the parts of this month that are on an invoice"""
        return self.draw_ids.filtered(lambda draw: draw._is_invoiced())

    def _reopen(self):
        self.ensure_one()
        self.write({"is_closed": False, "closed_by_id": False, "closed_at": False})
        self._take_over_to_parts()
        last = self._get_last_closed()
        self.company_id.service_closed_until = last and last._last_day
        # What it was decided by may have changed while it was closed.
        self.env["account.analytic.line"]._decide_open(
            Domain("service_draw_ids.month_id", "=", self.id)
        )
        self._message_log(body=self.env._("Reopened."))
