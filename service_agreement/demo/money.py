"""Invoices by the billing run itself, and what the customers did with them."""

import random
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.fields import Command, Domain

# Whose bills of so many days stay open: he is late, and Carla shall find one in her
# portal to pay.
STILL_OPEN = {"lantern": 75, "whitfield": 32}
# Before that the button was pressed on Mondays: fewer, larger runs load faster.
DAILY_SINCE_DAYS = 40
# His line is sold on an account that the accountant has closed since.
SET_ASIDE = "ironquay"
BUILDER = "halvorsen"


class Money:
    """Bills in the morning, banks on Fridays."""

    def __init__(self, timeline):
        self.timeline = timeline
        # Of two hundred invoices nobody will read who changed which field.
        self.env = timeline.env(
            context=dict(timeline.env.context, tracking_disable=True)
        )
        self.agreements = self.env["service.agreement"].with_company(timeline.company)
        self.random = random.Random(7)
        self.pay_days = {}

    def plan(self):
        line = self.timeline
        daily = line.today - timedelta(days=DAILY_SINCE_DAYS)
        for number in range((line.today - line.begin).days):
            day = line.begin + timedelta(days=number)
            if day.weekday() == 0 or day >= daily:
                line.at(line.instant(day, 6), self._bill, day)
            if day.weekday() == 4 and (number // 7 % 2 or day >= daily):
                line.at(line.instant(day, 15), self._bank, day)
        due = line.today.replace(day=11)
        if due >= line.today:
            due -= relativedelta(months=1)
        line.at(line.instant(due - timedelta(days=1), 9), self._close_account)

    def _bill(self, day):
        agreements = self.agreements
        due = agreements._get_due_domain(day)
        # Who is set aside does not make a run of his own every morning.
        if not agreements.search_count(due & Domain("billing_issue", "=", False)):
            return
        runs = self.env["service.agreement.billing.run"]
        run = runs._create_scheduled(self.timeline.company, day)
        run._go_on()
        moves = run.invoice_ids
        moves.is_move_sent = True
        for move in moves:
            self.pay_days[move] = self._choose_pay_day(move)

    def _choose_pay_day(self, move):
        """:return: date on which it is paid, or None"""
        for customer, days in STILL_OPEN.items():
            partner = self.timeline.named(f"partner_{customer}")
            since = self.timeline.today - timedelta(days=days)
            if move.partner_id == partner and move.invoice_date >= since:
                return None
        term = (move.invoice_date_due - move.invoice_date).days
        return move.invoice_date + timedelta(days=self.random.randint(1, term + 4))

    def _bank(self, friday):
        paid = [m for m, day in self.pay_days.items() if day and day <= friday]
        for move in paid:
            del self.pay_days[move]
        moves = self.env["account.move"].browse(m.id for m in paid)
        if not moves:
            return
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create({"payment_date": friday, "group_payment": False})._create_payments()

    def _close_account(self):
        """What a billing run cannot bill is set aside; here is one to look at."""
        env = self.timeline.env
        account = env["account.account"].create(
            {
                "name": "Streaming subscriptions (closed)",
                "code": "400910",
                "account_type": "income",
            }
        )
        product = env["product.product"].create(
            {
                "name": "Watch over music streaming",
                "type": "service",
                "purchase_ok": False,
                "list_price": 19.0,
                "property_account_income_id": account.id,
            }
        )
        agreement = self.timeline.named(f"agreement_{SET_ASIDE}")
        agreement.line_ids = [
            Command.create(
                {
                    "product_id": product.id,
                    "name": product.name,
                    "date_start": agreement.next_invoice_date,
                }
            )
        ]
        account.active = False

    def leave_on_the_desk(self):
        """A draft: work by the hour that no agreement covers."""
        line = self.timeline
        service = line.env.ref("service_agreement.product_service_agreement")
        line.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": line.company.id,
                "partner_id": line.named(f"partner_{BUILDER}").id,
                "invoice_user_id": line.named("user_cora").id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": service.id,
                            "name": "Technician on site, model home, by the hour",
                            "quantity": 2.5,
                            "price_unit": 150.0,
                        }
                    )
                ],
            }
        )
