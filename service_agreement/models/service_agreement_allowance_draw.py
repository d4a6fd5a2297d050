from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What a person answers: of which part of the work, and what was said of it.
SAME_QUESTION = ("unit", "outcome")
# What a person said, and goes for what else is not covered of the same work.
SAID = ("answer", "answered_by_id", "answered_at", "answer_note")
# Of all parts alike: they are inserted by one statement.
NOTHING_SAID = dict.fromkeys(SAID[1:], False)
# By which a part is found again among those of its line.
ALIKE = ("agreement_id", "lot_id", "date", "quantity")
# What leaks (SEMANTICS §7): neither covered nor billed, no warranty and no goodwill
# that somebody answers for. What nobody has answered for yet leaks.
LEAKED = SQL("outcome != 'covered' AND COALESCE(answer, 'given') = 'given'")
# Of what is stored with four places.
SMALLEST = 0.00005


class ServiceAgreementAllowanceDraw(models.Model):
    """A part of a piece of work: who pays for it, and by which price.

    All the parts of a timesheet line add up to what it counts. Written by the engine
    only, see ``account_analytic_line_coverage.py``.
    """

    _name = "service.agreement.allowance.draw"
    _inherit = ["service.agreement.guard", "service.agreement.bulk"]
    _description = "Part of Service Work"
    _order = "date desc, line_id desc, id"

    line_id = fields.Many2one(
        "account.analytic.line",
        string="Work",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The commercial entity.",
    )
    # Of the line, which is decided again when it is another one. Not related: each part
    # would be computed once more, and a month has tens of thousands.
    task_id = fields.Many2one("project.task", readonly=True, index="btree_not_null")
    employee_id = fields.Many2one("hr.employee", readonly=True, index="btree_not_null")
    date = fields.Date(required=True, readonly=True, index=True)
    unit = fields.Selection(
        [("hour", "Hours"), ("trip", "Trips")],
        required=True,
        readonly=True,
        default="hour",
    )
    outcome = fields.Selection(
        [
            ("covered", "Covered"),
            ("overage", "Allowance used up"),
            ("after_hours", "After hours"),
            ("uncovered", "Not covered"),
        ],
        required=True,
        readonly=True,
    )
    agreement_id = fields.Many2one(
        "service.agreement",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Who pays, or by whose rates it is billed.",
    )
    lot_id = fields.Many2one(
        "service.agreement.allowance.lot",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    quantity = fields.Float(
        digits=(16, 4), readonly=True, help="Hours or trips, rounded as agreed."
    )
    units = fields.Float(
        digits=(16, 4), readonly=True, help="What was taken of the lot, in its unit."
    )
    is_after_hours = fields.Boolean(readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    price = fields.Monetary(
        readonly=True, help="Per hour or trip, by the agreement's rates, else the list."
    )
    amount = fields.Monetary(readonly=True, help="What it costs if it is billed.")
    list_price = fields.Monetary(readonly=True, help="By the list of its day.")
    list_amount = fields.Monetary(string="Worth", readonly=True)
    reason = fields.Selection(
        [
            ("never_sold", "Never sold"),
            ("expired", "Expired"),
            ("excluded", "Not included"),
        ],
        readonly=True,
        help="Why no agreement pays for it. Empty: one does.",
    )
    answer = fields.Selection(
        [
            ("covered", "Covered"),
            ("bill", "Billed"),
            ("given", "Given away"),
            ("goodwill", "Goodwill"),
            ("warranty", "Warranty"),
        ],
        readonly=True,
        index="btree_not_null",
        help="What became of it. Empty: nobody has said so yet.",
    )
    answered_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    answered_at = fields.Datetime(readonly=True)
    answer_note = fields.Char(readonly=True)
    approval_id = fields.Many2one(
        "service.agreement.approval",
        string="Approved By",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The customer's word, by which it is billed at the price he was told.",
    )
    agreement_line_id = fields.Many2one(
        "service.agreement.line",
        string="Charge",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="By which it is billed with the agreement.",
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice Line",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    def _after_decided(self):
        """Hook: these were decided anew, or otherwise."""

    @api.model
    def _get_leaked_domain(self):
        """:return: Domain of what leaks, see ``LEAKED``"""
        given = Domain("answer", "in", [False, "given"])
        return Domain("outcome", "!=", "covered") & given

    @api.model
    def _get_invoiced_domain(self):
        """:return: Domain of those that were billed: nobody decides them again"""
        charged = Domain("agreement_line_id.period_ids", "!=", False)
        return Domain("is_invoiced", "=", True) | charged

    def _get_paid_job(self):
        """:return: ((id of the candidate, what it paid for), key of the lot), of what
        was drawn of visits or incidents; see tools.coverage.get_job
        """
        self.ensure_one()
        allowance = self.lot_id.allowance_id
        candidate = (self.agreement_id.id, allowance.coverage_id.id, allowance.id)
        job = ("job", self.task_id.id)
        if allowance.unit == "visits":
            job = (*job, self.date)
        return (candidate, job), self.lot_id._get_key()

    # Written by the engine

    @api.model
    def _replace(self, wanted):
        """Make the parts of each line what they should be; what is the same stays.

        :param dict wanted: list of values by account.analytic.line
        :return: those that were added or changed
        """
        changed, added, gone = [], [], []
        lines = self.env["account.analytic.line"].union(*wanted)
        known = self.search_fetch([("line_id", "in", lines.ids)]).grouped("line_id")
        for line, rows in wanted.items():
            left = before = known.get(line, self.browse())
            for values in rows:
                draw = left._find_alike(values)
                left -= draw
                if not draw:
                    added.append(values | before._get_said(values))
                elif draw._update(values):
                    changed.append(draw)
            gone.append(left)
        self.union(*gone).unlink()
        return self.union(*changed, self._insert(added))

    def _get_said(self, values):
        """What people said of all that was not covered goes for what comes in its place
        and is not covered, either.

        :param dict values: of a new part of the same work
        :return: dict of values of its answer
        """
        asked = self.filtered(
            lambda d: d.outcome != "covered" and d.unit == values["unit"]
        )
        is_said = asked and all(draw.answered_by_id for draw in asked)
        if values["outcome"] == "covered" or not is_said:
            return NOTHING_SAID
        draw = max(asked, key=lambda each: each._count_alike(values))
        return {n: draw._fields[n].convert_to_write(draw[n], draw) for n in SAID}

    @api.model
    def _insert(self, rows):
        """EXTENDS bulk: each of them in the month it is settled with."""
        self._put_in_months(rows)
        return super()._insert([{**row, "is_closed": False} for row in rows])

    def _find_alike(self, values):
        """:return: the one of ``self`` that is most like these values, none if another
        question was answered there
        """
        same = self.filtered(lambda d: all(d[n] == values[n] for n in SAME_QUESTION))
        return same.sorted(lambda draw: -draw._count_alike(values))[:1]

    def _count_alike(self, values):
        return sum(self._is_alike(name, values[name]) for name in ALIKE)

    def _is_alike(self, name, value):
        field = self._fields[name]
        mine = field.convert_to_write(self[name], self)
        if field.type in ("float", "monetary"):
            return abs(mine - value) < SMALLEST
        return (mine or False) == (value or False)

    def _update(self, values):
        """:return: bool, whether something differs"""
        if self.answered_by_id:
            # Somebody has answered: that holds as long as it is the same question.
            values = {name: v for name, v in values.items() if name != "answer"}
        differs = {n: v for n, v in values.items() if not self._is_alike(n, v)}
        if differs:
            self.write(differs)
        return bool(differs)
