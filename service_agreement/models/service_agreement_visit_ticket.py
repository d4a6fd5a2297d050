"""When the ticket of a visit is made, and who is told."""

from datetime import datetime, time, timezone

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

# Where nobody said at what time: by the end of the day.
END_OF_DAY = time(17)


class ServiceAgreementVisit(models.Model):
    """A visit has one ticket, of the service desk, made some days ahead."""

    _inherit = "service.agreement.visit"

    def _get_deadline(self, day):
        """:return: naive UTC datetime, the time of its ticket on ``day``; or else the
        end of that day
        """
        zone = self.company_id._service_tz()
        at = END_OF_DAY
        if deadline := self.task_id.date_deadline:
            at = deadline.replace(tzinfo=timezone.utc).astimezone(zone).time()
        local = datetime.combine(day, at, zone)
        return local.astimezone(timezone.utc).replace(tzinfo=None)

    @api.model
    def _plan_near(self, company):
        """Make the tickets that are due to be made; one that fails stops no other."""
        today = company._service_today()
        owed = Domain("company_id", "=", company.id) & Domain("state", "=", "owed")
        visits = self.search(owed & Domain("task_id", "=", False))
        near = visits.filtered(lambda visit: visit._get_day_to_plan() <= today)
        for visit in near:
            visit._try_to_plan()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _get_day_to_plan(self):
        self.ensure_one()
        return fields.Date.subtract(self.date, days=self.plan_id.lead_days)

    def _try_to_plan(self):
        """Plan it, unless another worker does, or note why it cannot be."""
        self.ensure_one()
        try:
            self.lock_for_update()
            if self.task_id or (reason := self._why_not_plan()):
                self._set(problem=not self.task_id and reason)
                return
            with self.env.cr.savepoint():
                self._plan()
        except LockError:
            return
        except UserError as error:
            self._set(problem=str(error))

    def _why_not_plan(self):
        """:return: str, why no ticket can be made for it now; else None"""
        self.ensure_one()
        if self.state != "owed":
            return self.env._(
                "%(visit)s is not waiting to be planned.", visit=self.display_name
            )
        if self.agreement_id.state != "active":
            return self.env._(
                "%(agreement)s is not in force.", agreement=self.agreement_id.name
            )
        if not self._get_desk():
            return self.env._(
                "Choose the service desk of %(company)s in the settings, or one on the "
                "visits of the tier: the visit's ticket goes there.",
                company=self.company_id.name,
            )
        return None

    def _get_desk(self):
        self.ensure_one()
        return self.plan_id.project_id or self.company_id.service_desk_project_id

    def _plan(self):
        """Make its ticket, with its checklist, and tell everybody.

        A day that is past, because nobody planned it in time, becomes the next one on
        which somebody works.
        """
        self.ensure_one()
        if self.task_id:
            self._open_ticket()
            return
        today = self.company_id._service_today()
        if self.date < today:
            self.planned_on = self._get_next_working_day(today)
        task = self.env["project.task"].create(self._prepare_task_values())
        self._set(problem=False)
        self._copy_checklist()
        task.message_subscribe(task.partner_id.ids)
        self._schedule_activity()
        self._tell_if_possible()

    def _get_next_working_day(self, day):
        """:return: date, ``day`` or the next one on which the company works"""
        self.ensure_one()
        far = fields.Date.add(day, months=1)
        is_working = self.company_id._get_working_days(day, far)
        days = (fields.Date.add(day, days=number) for number in range((far - day).days))
        return next(filter(is_working, days), day)

    def _prepare_task_values(self):
        self.ensure_one()
        agreement, plan = self.agreement_id, self.plan_id
        assigned = self._get_technician()
        return {
            "name": self._get_title(),
            "project_id": self._get_desk().id,
            "company_id": self.company_id.id,
            "partner_id": self._get_contact().id,
            "agreement_id": agreement.id,
            "agreement_tier_id": self.tier_id.id or agreement.tier_id.id,
            "visit_id": self.id,
            "work_type_id": plan.work_type_id.id,
            "system_id": self.system_id.id,
            "date_deadline": self._get_deadline(self.planned_on),
            "allocated_hours": self.planned_hours,
            "user_ids": [fields.Command.set(assigned.ids)],
        }

    def _get_contact(self):
        """:return: res.partner who is told: the customer, or somebody there whose mail
        address is known
        """
        self.ensure_one()
        customer = self.partner_id
        reachable = customer.child_ids.filtered(
            lambda contact: contact.type == "contact" and contact.email
        )
        return customer if customer.email else reachable.sorted("id")[:1] or customer

    def _get_title(self):
        """:return: str, in the customer's language: he reads it in the portal"""
        visit = self.with_context(lang=self.agreement_id._get_lang())
        name, place = visit._get_name_text(), visit._get_place_text()
        return f"{name}: {place}" if place else name

    def _get_place_text(self):
        self.ensure_one()
        names = [self.system_id.name, self.site_id.name]
        return ", ".join(filter(None, names))

    def _get_technician(self):
        """:return: res.users who made the last visit there, or else who answers for
        the service desk or for the agreement
        """
        before = self.search(
            Domain("agreement_id", "=", self.agreement_id.id)
            & Domain("system_id", "=", self.system_id.id)
            & Domain("state", "=", "done")
            & Domain("technician_id.active", "=", True),
            order="date desc, id desc",
            limit=1,
        )
        desk_user = self._get_desk().user_id
        return before.technician_id or desk_user or self.agreement_id.user_id

    def _copy_checklist(self):
        lang = self.agreement_id._get_lang()
        lines = self.plan_id.check_ids.with_context(lang=lang)
        self.env["service.agreement.visit.check"].create(
            [
                {"visit_id": self.id, "name": line.name, "sequence": line.sequence}
                for line in lines
            ]
        )

    def _schedule_activity(self):
        today = self.company_id._service_today()
        day_before = fields.Date.subtract(self.date, days=1)
        user = self._get_desk().user_id or self.agreement_id.user_id or self.env.user
        self.task_id.activity_schedule(
            "service_agreement.mail_activity_type_visit",
            date_deadline=max(today, day_before),
            user_id=user.id,
        )

    def _tell_if_possible(self):
        """Who has no mail address is called: the ticket says that he does not know."""
        if self.task_id.partner_id.email:
            self._tell_customer()

    def _tell_customer(self):
        """By mail from the ticket: his answer arrives there."""
        self.ensure_one()
        self.task_id.message_post_with_source(
            self.env.ref("service_agreement.mail_template_visit_planned"),
            subtype_xmlid="mail.mt_comment",
        )
        self.told_date = self.date

    def _close_ticket(self, text):
        """:param str text: for the customer, who was told that somebody comes"""
        self.ensure_one()
        task = self.task_id
        task.write({"state": "1_canceled"})
        task.activity_unlink(["service_agreement.mail_activity_type_visit"])
        subtype = "mail.mt_comment" if self.told_date else "mail.mt_note"
        task.message_post(body=text, subtype_xmlid=subtype)

    def _open_ticket(self):
        """The ticket it had goes on."""
        self.ensure_one()
        task = self.task_id
        task.write(task._ticket_prepare_resume() or {"state": "01_in_progress"})
        task.message_post(
            body=self.env._(
                "The visit of %(day)s takes place after all.",
                day=self._format_day(self.date),
            ),
            subtype_xmlid="mail.mt_comment" if self.told_date else "mail.mt_note",
        )
