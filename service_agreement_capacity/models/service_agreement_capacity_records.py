"""From what a capacity check found to the records behind it."""

from datetime import timezone

from odoo import models

from .capacity_history import OpenedTickets


class ServiceAgreementCapacityRun(models.Model):
    _inherit = "service.agreement.capacity.run"

    def _find_opened(self):
        """:return: list of Opened, the tickets of the desk that come again"""
        self.ensure_one()
        # Sudo: as they were counted; which of them are shown is for who asks.
        run = self.sudo().with_company(self.company_id)
        found = [opened for opened, _ticket, _hours in OpenedTickets(run).iterate()]
        return [opened for opened in found if opened.res_model == "project.task"]

    def _get_tickets_action(self, opened):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_desk_ticket"
        )
        ids = [each.res_id for each in opened]
        return dict(action, domain=[("id", "in", ids)], context={"active_test": False})

    def action_view_tickets(self):
        """The tickets that come again."""
        self.check_access("read")
        return self._get_tickets_action(self._find_opened())

    def action_view_targets(self):
        return self._get_lines_action("action_service_agreement_capacity_target")

    def action_view_hours(self):
        return self._get_lines_action("action_service_agreement_capacity_hour")

    def _get_lines_action(self, name):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"service_agreement_capacity.{name}"
        )
        return dict(action, domain=[("run_id", "=", self.id)], context={})

    def action_view_credits(self):
        """What was given back for missed promises so far."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_sla_credit"
        )
        since, until = self._get_history_instants()
        return dict(
            action,
            domain=[
                ("company_id", "=", self.company_id.id),
                ("missed_at", ">=", since),
                ("missed_at", "<", until),
            ],
            context={},
        )


class ServiceAgreementCapacityTarget(models.Model):
    _inherit = "service.agreement.capacity.target"

    def action_view_past(self):
        """The same promise on the tickets that the check looked at."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_sla_clock"
        )
        mine = [
            ("tier_id", "=", self.tier_id.id),
            ("priority", "=", self.priority),
            ("metric", "=", self.metric),
        ]
        return dict(
            action,
            name=self.display_name,
            domain=[*self._get_past_domain(self.run_id), *mine],
            context={},
        )


class ServiceAgreementCapacityHour(models.Model):
    _inherit = "service.agreement.capacity.hour"

    def action_view_tickets(self):
        """The tickets of the past that came in at this hour."""
        self.ensure_one()
        self.check_access("read")
        zone = self.company_id._service_tz()
        wanted = int(self.weekday), self.hour

        def came_then(opened):
            local = opened.at.replace(tzinfo=timezone.utc).astimezone(zone)
            return (local.weekday(), local.hour) == wanted

        opened = filter(came_then, self.run_id._find_opened())
        return self.run_id._get_tickets_action(opened)
