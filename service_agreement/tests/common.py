"""What tests of this addon, and of those built on it, start from.

Instants are fixed: ``at(...)`` moves the database's clock (``cr.now``) and Python's,
so that no test depends on the day it runs.
"""

from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command, Domain
from odoo.sql_db import BaseCursor

from .kept_company import KeptCompanyCommon


class ClockMixin:
    """``with self.at("2026-03-06 15:00:00"):`` it is that instant, in UTC."""

    @contextmanager
    def at(self, instant):
        now = datetime.fromisoformat(str(instant))
        with freeze_time(now), patch.object(BaseCursor, "now", lambda _cr: now):
            yield now

    def _run_cron(self, xmlid):
        with self.enter_registry_test_mode():
            self.env.ref(xmlid).method_direct_trigger()


class ServiceAgreementCommon(ClockMixin, KeptCompanyCommon):
    """A company with taxes and accounts, three plans, a tier and a customer."""

    @classmethod
    def get_default_groups(cls):
        manager = cls.quick_ref("service_agreement.group_manager")
        return super().get_default_groups() | manager

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.partner_id.tz = "UTC"
        cls.plan_monthly = cls.env.ref("service_agreement.plan_monthly")
        cls.plan_quarterly = cls.env.ref("service_agreement.plan_quarterly")
        cls.plan_yearly = cls.env.ref("service_agreement.plan_yearly")
        cls.plan_first = cls.env["service.agreement.plan"].create(
            {"name": "Monthly on the 1st", "anchor_type": "fixed_day", "anchor_day": 1}
        )
        cls.product = cls.env["product.product"].create(
            {
                "name": "Service agreement",
                "type": "service",
                "list_price": 0.0,
                "taxes_id": [Command.set(cls.tax_sale_a.ids)],
                "property_account_income_id": cls.company_data[
                    "default_account_revenue"
                ].id,
            }
        )
        cls.tier = cls._create_tier("Silver", 149.0, 20)
        cls.customer = cls._create_customer("Whitfield Residence")

    @classmethod
    def _create_tier(cls, name, price, rank, **values):
        plans = cls.plan_monthly | cls.plan_quarterly | cls.plan_yearly | cls.plan_first
        return cls.env["service.agreement.tier"].create(
            {
                "name": name,
                "rank": rank,
                "list_price": price,
                "product_id": cls.product.id,
                "term_months": 0,
                "price_ids": [Command.create({"plan_id": plan.id}) for plan in plans],
                **values,
            }
        )

    @classmethod
    def _create_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, "customer_rank": 1, **values}
        )

    @classmethod
    def _create_agreement(cls, start, plan=None, **values):
        return cls.env["service.agreement"].create(
            {
                "partner_id": cls.customer.id,
                "tier_id": cls.tier.id,
                "plan_id": (plan or cls.plan_monthly).id,
                "date_start": start,
                **values,
            }
        )

    @classmethod
    def _create_active(cls, start, plan=None, **values):
        agreement = cls._create_agreement(start, plan, **values)
        agreement.action_activate()
        return agreement

    def _bill(self, today):
        """Run the billing of the company as on ``today``; the invoices it made."""
        moves, _failed = self._run_billing(today)
        return moves

    @classmethod
    def _run_billing(cls, today, only=None, company=None):
        """Bill what is due, batch by batch as a run does, on any day.

        :param only: these agreements; default all of the company
        :return: (invoices, agreements set aside)
        """
        agreements = cls.env["service.agreement"].with_company(company or cls.company)
        within = Domain("id", "in", only.ids) if only else Domain.TRUE
        today = fields.Date.to_date(today)
        due = agreements._get_due_domain(today) & within
        moves, failed = cls.env["account.move"], agreements
        for batch, _left in agreements._iter_batches(today, within):
            billed, refused = batch._bill_batch(due, today)
            moves, failed = moves | billed, failed | refused
        return moves, failed

    def _preview(self, until=None, **choices):
        """A previewed run of the company; until today where no day is given."""
        until = until or str(self.company._service_today())
        run = self.env["service.agreement.billing.run"].create(
            {"company_id": self.company.id, "date_until": until, **choices}
        )
        run.action_preview()
        return run

    def _get_periods(self, agreement):
        """(first day, last day, amount) of what was billed, oldest first, as text."""
        periods = agreement.period_ids.sorted("date_start")
        return [(str(p.date_start), str(p.last_day), p.amount) for p in periods]


class PortalUsersMixin:
    """A customer's contact, his colleague, and somebody of another company."""

    @classmethod
    def _create_portal_user(cls, login, company_partner):
        group = cls.env.ref("base.group_portal")
        return cls.env["res.users"].create(
            {
                "name": login.title(),
                "login": login,
                "email": f"{login}@example.com",
                "password": login,
                "group_ids": [Command.set(group.ids)],
                "partner_id": cls.env["res.partner"]
                .create({"name": login.title(), "parent_id": company_partner.id})
                .id,
            }
        )


class ServiceDeskCommon(ServiceAgreementCommon):
    """A service desk in Amsterdam, open Mon-Fri 9-17, and a customer with a promise.

    ``with self.at_desk("2026-03-06 15:00"):`` it is that time on the desk's wall;
    ``self.on_wall(ticket.sla_due_at)`` tells what that wall shows.
    """

    # What a ticket is. Of another model, override `_create_desk` and, where a ticket
    # needs more than a task does, `_prepare_ticket_values` as well.
    ticket_model = "project.task"
    # (priority, metric): (minutes, only in business hours)
    PROMISES = {
        ("0", "first_response"): (4 * 60, True),
        ("0", "resolution"): (8 * 60, True),
        ("3", "first_response"): (30, False),
        ("3", "resolution"): (2 * 60, False),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("project.group_project_manager")
        cls.env.user.group_ids += cls.env.ref("base.group_system")
        cls.desk_zone = ZoneInfo("Europe/Amsterdam")
        cls.company.partner_id.tz = "Europe/Amsterdam"
        cls.calendar = cls._create_calendar("Business hours", range(5), 9, 17)
        cls.env["service.agreement.sla.target"].create(
            [
                {
                    "tier_id": cls.tier.id,
                    "priority": priority,
                    "metric": metric,
                    "minutes": minutes,
                    "calendar_id": working and cls.calendar.id,
                }
                for (priority, metric), (minutes, working) in cls.PROMISES.items()
            ]
        )
        cls.agreement = cls._create_active("2026-01-01")
        cls.desk, stages = cls._create_desk()
        cls.stages = {s.ticket_status or s.name: s for s in stages}
        cls.agent = cls._create_agent("agent")

    @classmethod
    def _create_desk(cls):
        """:return: (where tickets arrive, its stages: some with a `ticket_status`, and
        one "In Progress")
        """
        desk = cls.env["project.project"].create(
            {"name": "Service Desk", "is_service_desk": True}
        )
        return desk, desk.type_ids

    @classmethod
    def _prepare_ticket_values(cls):
        return {
            "name": "The projector stays dark",
            "project_id": cls.desk.id,
            "partner_id": cls.customer.id,
        }

    @classmethod
    def _create_calendar(cls, name, days, hour_from, hour_to, **values):
        return cls.env["resource.calendar"].create(
            {
                "name": name,
                "tz": "Europe/Amsterdam",
                "company_id": cls.company.id,
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": str(day),
                                "dayofweek": str(day),
                                "hour_from": hour_from,
                                "hour_to": hour_to,
                                "day_period": "morning",
                            }
                        )
                        for day in days
                    ),
                ],
                **values,
            }
        )

    @classmethod
    def _create_agent(cls, login):
        """A technician: works tickets, knows nothing of agreements."""
        groups = cls.env.ref("base.group_user") | cls._get_agent_groups()
        return cls.env["res.users"].create(
            {
                "name": login.title(),
                "login": login,
                "email": f"{login}@desk.example.com",
                "group_ids": [Command.set(groups.ids)],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    @classmethod
    def _get_agent_groups(cls):
        return cls.env.ref("project.group_project_user")

    def at_desk(self, wall):
        local = datetime.fromisoformat(wall).replace(tzinfo=self.desk_zone)
        return self.at(local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None))

    def on_wall(self, instant):
        """:return: str, "Mon 11:00"; of no instant: False"""
        if not instant:
            return False
        local = instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(self.desk_zone)
        return local.strftime("%a %H:%M")

    def _open_ticket(self, wall, **values):
        with self.at_desk(wall):
            return self.env[self.ticket_model].create(
                {**self._prepare_ticket_values(), **values}
            )

    def _move(self, ticket, stage, wall):
        with self.at_desk(wall):
            ticket.stage_id = self.stages[stage]

    def _answer(self, ticket, wall, user=None, **values):
        """Somebody says something on the ticket, publicly unless told otherwise."""
        with self.at_desk(wall):
            return ticket.with_user(user or self.agent).message_post(
                **{
                    "body": "We are on our way",
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                    **values,
                }
            )

    def _clock(self, ticket, metric="resolution"):
        return ticket.sla_clock_ids.filtered(lambda clock: clock.metric == metric)


class ServiceWorkMixin:
    """Work on tickets, and what pays for it; beside `ServiceDeskCommon`.

    ``self._log("2026-03-06", 2.0)`` is a timesheet line of a ticket of the customer;
    ``self._parts(line)`` tells who pays for it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employees = cls.env["hr.employee"].sudo()
        cls.technician = employees.create(
            {"name": "Tess", "user_id": cls.agent.id, "company_id": cls.company.id}
        ).with_env(cls.env)
        cls.remote = cls.env.ref("service_agreement.work_type_remote")
        cls.on_site = cls.env.ref("service_agreement.work_type_on_site")
        cls.programming = cls.env.ref("service_agreement.work_type_programming")
        cls.rate = cls.env["service.agreement.rate"].create(
            {"price": 150.0, "price_after_hours": 250.0, "company_id": cls.company.id}
        )
        cls.trip_rate = cls.env["service.agreement.rate"].create(
            {"kind": "trip", "price": 40.0, "company_id": cls.company.id}
        )
        cls.ticket = cls.env["project.task"].create(cls._prepare_ticket_values())

    @classmethod
    def _cover(cls, agreement, *allowances, **values):
        """Say what an agreement covers; replaces what it covered.

        :param allowances: dicts of values of service.agreement.allowance
        :return: service.agreement.coverage
        """
        agreement.sudo().coverage_ids.unlink()
        # Sudo: it is in force, and nobody negotiates it any more.
        coverages = cls.env["service.agreement.coverage"].sudo()
        return coverages.create(
            {
                "agreement_id": agreement.id,
                "tier_id": agreement.tier_id.id,
                "allowance_ids": [
                    Command.create({"name": "Help", "kind": "unlimited", **each})
                    for each in allowances
                ],
                **values,
            }
        )

    @classmethod
    def _prepay(cls, coverage, quantity, first="2026-01-01", last=False, **values):
        """Give the first allowance of a coverage a lot that was bought."""
        return (
            cls.env["service.agreement.allowance.lot"]
            .sudo()
            .create(
                {
                    "agreement_id": coverage.agreement_id.id,
                    "allowance_id": coverage.allowance_ids[:1].id,
                    "kind": "bought",
                    "date_start": first,
                    "date_end": last,
                    "date_expiry": last,
                    "granted": quantity,
                    "balance": quantity,
                    **values,
                }
            )
        )

    @classmethod
    def _create_system(cls, name, **values):
        return cls.env["service.agreement.system"].create(
            {"name": name, "partner_id": cls.customer.id, **values}
        )

    @classmethod
    def _create_site(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "parent_id": cls.customer.id, "type": "other", **values}
        )

    @classmethod
    def _log(cls, day, hours, wall=None, **values):
        """:param str wall: "16:30", of the desk: when it was begun"""
        if wall:
            local = datetime.fromisoformat(f"{day} {wall}").replace(
                tzinfo=cls.desk_zone
            )
            start = local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
            values["service_start"] = start
        return cls.env["account.analytic.line"].create(
            {
                "name": "Worked",
                "task_id": cls.ticket.id,
                "employee_id": cls.technician.id,
                "date": day,
                "unit_amount": hours,
                **values,
            }
        )

    def _parts(self, line, *names):
        """[(outcome, hours, what was asked for by name …)], trips last."""
        return [
            (draw.outcome, draw.quantity, *(draw[name] for name in names))
            for draw in line.service_draw_ids.sorted(lambda d: (d.unit, d.date, d.id))
        ]


class TicketMailMixin:
    """Raw mails through Odoo's gateway; the desk answers support@desk.example.com."""

    MAIL = """\
From: {sender}
To: support@desk.example.com
Subject: Re: dark
Message-Id: <{number}@mail.example.com>
In-Reply-To: {parent}
References: {parent}
Date: Fri, 06 Mar 2026 15:00:00 +0000
{headers}Content-Type: text/plain; charset="utf-8"

It is still dark.
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["mail.alias.domain"].search([]).unlink()
        domain = cls.env["mail.alias.domain"].create({"name": "desk.example.com"})
        cls.company.alias_domain_id = domain
        cls.desk.write(
            {
                "alias_name": "support",
                "alias_domain_id": domain.id,
                "alias_contact": "everyone",
            }
        )
        cls.number = 0

    def _receive(self, sender, ticket=None, headers="", wall="2026-03-06 16:00"):
        """A mail comes in, as an answer on ``ticket`` or as a new one.

        :param str headers: more of them, each with its line break
        :return: the ticket
        """
        type(self).number += 1
        parent = ticket.message_ids.sorted("id")[:1].message_id if ticket else ""
        raw = self.MAIL.format(
            sender=sender, number=self.number, parent=parent, headers=headers
        )
        with self.at_desk(wall):
            thread = self.env["mail.thread"].with_user(self.env.ref("base.user_root"))
            found = thread.sudo().message_process(self.ticket_model, raw)
        return self.env[self.ticket_model].browse(found)
