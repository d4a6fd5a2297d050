from datetime import timezone
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.approval import Approval
from .service_offer import MINUTES_PER_HOUR, PRICES, describe_prices

ANSWERS = [
    ("asked", "Asked"),
    ("approved", "Approved"),
    ("declined", "Declined"),
]


class ServiceAgreementApproval(models.Model):
    """The price that a customer was told for work on a ticket, and his word on it.

    Facts: nobody writes or deletes one. What he approved is what is billed, see
    ``ServiceBook._find_price``.
    """

    _name = "service.agreement.approval"
    _description = "Approval of a Price"
    _inherit = ["service.agreement.ticket.record", "service.agreement.guard"]
    _order = "at, id"
    _rec_name = "answer"

    answer = fields.Selection(ANSWERS, required=True, readonly=True)
    at = fields.Datetime(string="When", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
        help="The commercial entity that pays.",
    )
    author_id = fields.Many2one(
        "res.partner",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="Empty: somebody who had the link, and gave his name.",
    )
    author_name = fields.Char(string="By", required=True, readonly=True)
    words = fields.Text(
        required=True, readonly=True, help="What the customer read, in his language."
    )
    work_type_id = fields.Many2one(
        "service.agreement.work.type",
        string="Work",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="For which he was told the price. Empty: any.",
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    is_for_hours = fields.Boolean(string="For Hours", readonly=True)
    price = fields.Monetary(
        string="Per Hour", readonly=True, help="Within hours, before taxes."
    )
    price_after_hours = fields.Monetary(string="After Hours", readonly=True)
    minimum = fields.Float(string="At Least (hours)", readonly=True)
    step_minutes = fields.Integer(string="Steps (minutes)", readonly=True)
    is_for_trips = fields.Boolean(string="For Trips", readonly=True)
    price_trip = fields.Monetary(string="Per Trip", readonly=True)

    _ticket_idx = models.Index("(res_model, res_id, at)")

    @api.model
    def _get_by_job(self, jobs):
        """The tickets themselves are read already, and most of them cost nothing.

        :param jobs: ids of project.task
        :return: dict of lists of tools.approval.Approval by all of them
        """
        tickets = self.env["project.task"].sudo().browse(jobs)
        priced = tickets.filtered("approval_state")
        found = self.sudo().browse()
        if priced:
            found = found.search_fetch(
                [
                    ("res_model", "=", "project.task"),
                    ("res_id", "in", priced.ids),
                    ("answer", "!=", "asked"),
                ]
            )
        by_job = found.grouped("res_id")
        return {job: [a._to_tool() for a in by_job.get(job, ())] for job in jobs}

    def _to_tool(self):
        """:return: tools.approval.Approval"""
        self.ensure_one()
        return Approval(
            self.id,
            self._get_day(),
            self.answer == "approved",
            price=_to_decimal(self.price) if self.is_for_hours else None,
            after_hours=_to_decimal(self.price_after_hours),
            trip=_to_decimal(self.price_trip) if self.is_for_trips else None,
            minimum=_to_decimal(self.minimum),
            step=Decimal(self.step_minutes) / MINUTES_PER_HOUR,
            work_type=self.work_type_id.id or None,
            currency=self.currency_id.id,
        )

    def _get_day(self):
        """:return: date, on the company's clock"""
        at = self.at.replace(tzinfo=timezone.utc)
        return at.astimezone(self.company_id._service_tz()).date()

    def _get_prices(self):
        """:return: dict of plain values by the names of `PRICES`"""
        self.ensure_one()
        return {
            name: self._fields[name].convert_to_write(self[name], self)
            for name in PRICES
        }

    def _get_price_text(self):
        """:return: str, in the language of who reads"""
        return describe_prices(self.env, self._get_prices())

    def _describe(self):
        """:return: str, "Ann approved on 3/6/2026: $ 150.00 per hour." """
        self.ensure_one()
        texts = {
            "asked": self.env._("%(who)s asked the customer on %(day)s: %(price)s"),
            "approved": self.env._("%(who)s approved on %(day)s: %(price)s"),
            "declined": self.env._(
                "%(who)s did not want it on %(day)s at this price: %(price)s"
            ),
        }
        return texts[self.answer] % {
            "who": self.author_name,
            "day": format_date(self.env, self._get_day()),
            "price": self._get_price_text(),
        }


def _to_decimal(number):
    return Decimal(str(round(number, 6)))
