import datetime
from collections import defaultdict
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, groupby

from ..tools.recurring_revenue import booked_change, movement_kinds


def exact(amount):
    """:return: Decimal of an amount that is rounded to its currency"""
    return Decimal(str(amount))


class Booked(NamedTuple):
    """What the movements of an agreement add up to for one customer."""

    amount: float = 0.0
    amount_company: float = 0.0
    day: datetime.date | None = None
    number: int = 0


class Change(NamedTuple):
    """What the movements of an agreement lack for one customer."""

    agreement: models.Model
    customer: models.Model
    day: datetime.date
    amount: float
    amount_company: float

    def get_customer(self):
        """:return: (company, customer), whose point of view it is judged from"""
        return self.agreement.company_id, self.customer


class ServiceAgreement(models.Model):
    """Recurring revenue and its movements (SEMANTICS §7).

    ``mrr`` is the truth of today. Whatever changed it, ``_record_movements`` compares
    it with the movements on record and adds what is missing: the transitions call it,
    and once a day the scheduled action, for what starts and ends by its dates.
    """

    _inherit = "service.agreement"

    arr = fields.Monetary(
        string="Yearly Revenue",
        compute="_compute_arr",
        help="Twelve times the monthly revenue.",
    )
    movement_ids = fields.One2many(
        "service.agreement.movement", "agreement_id", string="Revenue Movements"
    )
    replaces_id = fields.Many2one(
        "service.agreement",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        help="The agreement that ended when this one started.",
    )
    replaced_by_ids = fields.One2many("service.agreement", "replaces_id")

    @api.depends("mrr")
    def _compute_arr(self):
        for agreement in self:
            agreement.arr = 12 * agreement.mrr

    # Movements

    def _record_movements(self, date=None):
        """Write what ``mrr`` changed by since the last movement; nothing if it did not.

        Changes of one customer in one call are judged together: an agreement and the
        one it replaces (``replaces_id``) are one expansion or contraction, by their
        difference. With ``record_movements_later`` in the context nothing is written:
        the caller records them when all of them changed.

        Sudo: nobody edits movements by hand.

        :param date date: since when; default what the agreement's own dates tell, else
            its company's today. Never before the movement that it follows.
        :return: the new ``service.agreement.movement``
        """
        Movement = self.env["service.agreement.movement"].sudo()
        if self.env.context.get("record_movements_later"):
            return Movement
        agreements = self.sudo()
        booked = agreements._get_booked_revenue()
        changes = agreements._get_revenue_changes(booked, date)
        kinds = agreements._get_movement_kinds(booked, changes)
        numbers = agreements._get_next_numbers(booked)
        return Movement.create(
            [
                self._prepare_movement_values(
                    change, kinds[change], next(numbers[change.agreement])
                )
                for change in changes
            ]
        )

    def _after_change(self, change):
        """What holds already is a movement at once, what lies ahead in its time."""
        result = super()._after_change(change)
        self._record_movements(change.date)
        return result

    def _get_next_numbers(self, booked):
        """:return: {agreement: iterator of the numbers of its next movements}"""
        numbers = {}
        for agreement in self:
            accounts = booked.get(agreement, {}).values()
            last = max((account.number for account in accounts), default=0)
            numbers[agreement] = count(last + 1)
        return numbers

    @api.model
    def _prepare_movement_values(self, change, kind, number):
        agreement = change.agreement
        return {
            "kind": kind,
            "number": number,
            "agreement_id": agreement.id,
            "company_id": agreement.company_id.id,
            "commercial_partner_id": change.customer.id,
            "date": change.day,
            "amount": change.amount,
            "currency_id": agreement.currency_id.id,
            "amount_company": change.amount_company,
            "tier_id": agreement.tier_id.id,
            "plan_id": agreement.plan_id.id,
            "user_id": agreement.user_id.id,
        }

    def _get_booked_revenue(self):
        """:return: {agreement: {customer: Booked}} of all agreements of the customers
        that ``self`` has or had, in its companies
        """
        Movement = self.env["service.agreement.movement"]
        [(former,)] = Movement._read_group(
            [("agreement_id", "in", self.ids)], [], ["commercial_partner_id:recordset"]
        )
        customers = self.commercial_partner_id | former
        groups = Movement._read_group(
            [
                ("company_id", "in", self.company_id.ids),
                ("commercial_partner_id", "in", customers.ids),
            ],
            ["agreement_id", "commercial_partner_id"],
            ["amount:sum", "amount_company:sum", "date:max", "number:max"],
        )
        booked = defaultdict(dict)
        for agreement, customer, *figures in groups:
            booked[agreement][customer] = Booked(*figures)
        return dict(booked)

    def _get_revenue_changes(self, booked, date):
        """:return: list of Change; handed over to another customer, an agreement is
        lost for the one and won for the other
        """
        changes = []
        for agreement in self:
            accounts = booked.get(agreement, {})
            last = max((account.day for account in accounts.values()), default=None)
            day = agreement._get_movement_date(date, last)
            for customer in dict.fromkeys([*accounts, agreement.commercial_partner_id]):
                account = accounts.get(customer, Booked())
                changes += agreement._get_revenue_change(customer, account, day)
        return changes

    def _get_movement_date(self, date, last):
        """
        :param date date: when it changed, None if only its own dates tell
        :param date last: of its last movement, None if there was none
        :return: date, not after today, and not before ``last``
        """
        self.ensure_one()
        today = self.company_id._service_today()
        day = min(date or self._guess_movement_date(last) or today, today)
        return max(day, last) if last else day

    def _guess_movement_date(self, last):
        """:return: date; when it started, was suspended or was over; else False"""
        self.ensure_one()
        if not last:
            return self.date_start
        if self.state == "suspended":
            return self.suspended_on
        if self.state == "ended":
            return self.date_end and fields.Date.add(self.date_end, days=1)
        return False

    def _get_revenue_change(self, customer, booked, day):
        """:return: list of one Change, or of none"""
        self.ensure_one()
        revenue = self.mrr if customer == self.commercial_partner_id else 0.0
        amount = self.currency_id.round(revenue - booked.amount)
        if not amount:
            return []
        amount_company = self._get_company_amount(booked, revenue, day)
        return [Change(self, customer, day, amount, amount_company)]

    def _get_company_amount(self, booked, revenue, day):
        """:return: float; what is gained at the rate of the day, what is lost at the
        rates at which it was gained
        """
        self.ensure_one()
        company = self.company_id
        if revenue < booked.amount:
            lost = booked_change(booked.amount, revenue, booked.amount_company)
            return company.currency_id.round(lost)
        gained = revenue - booked.amount
        return self.currency_id._convert(gained, company.currency_id, company, day)

    @api.model
    def _get_movement_kinds(self, booked, changes):
        """:return: {Change: kind}"""
        kinds = {}
        revenue = self._get_customer_revenue(booked)
        for key, group in groupby(changes, Change.get_customer):
            agreements = self.union(*(change.agreement for change in group))
            parts = [
                (exact(change.amount_company), change.agreement._get_root(agreements))
                for change in group
            ]
            before = sum(revenue.get(key, ()))
            found = movement_kinds(before, key in revenue, parts)
            kinds.update(zip(group, found, strict=True))
        return kinds

    @api.model
    def _get_customer_revenue(self, booked):
        """:return: {(company, customer): list of Decimal, one of each agreement}"""
        revenue = defaultdict(list)
        for agreement, accounts in booked.items():
            for customer, account in accounts.items():
                key = agreement.company_id, customer
                revenue[key].append(exact(account.amount_company))
        return revenue

    def _get_root(self, within):
        """:return: the agreement of ``within`` that ``self`` replaces in the end"""
        root = self
        while root.replaces_id and root.replaces_id in within:
            root = root.replaces_id
        return root

    @api.model
    def _record_missing_movements(self):
        """Record what changed by the mere date, and whatever nobody recorded.

        One query finds them, whatever the number of agreements.
        """
        self.env["service.agreement.movement"].flush_model()
        self.flush_model(["mrr", "commercial_partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT agreement_id
                  FROM (
                    SELECT id AS agreement_id, commercial_partner_id, mrr AS amount
                      FROM service_agreement
                     WHERE mrr <> 0
                     UNION ALL
                    SELECT agreement_id, commercial_partner_id, -amount
                      FROM service_agreement_movement
                  ) AS account
              GROUP BY agreement_id, commercial_partner_id
                HAVING SUM(amount) <> 0
                """
            )
        )
        agreements = self.browse(sorted(agreement_id for (agreement_id,) in rows))
        # Whoever changes one right now records it himself.
        agreements.try_lock_for_update(allow_referencing=True)._record_movements()

    def action_view_movements(self):
        self.ensure_one()
        return self.env["service.agreement.movement"]._get_list_action(
            [("agreement_id", "=", self.id)]
        )
