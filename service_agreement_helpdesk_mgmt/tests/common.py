from odoo.addons.service_agreement.tests.common import ServiceDeskCommon


class HelpdeskCommon(ServiceDeskCommon):
    """A team of OCA's helpdesk, with the stages that OCA ships."""

    ticket_model = "helpdesk.ticket"
    # A ticket of OCA's is born with priority 1, a task with 0.
    PROMISES = {
        ("1" if priority == "0" else priority, metric): promise
        for (priority, metric), promise in ServiceDeskCommon.PROMISES.items()
    }

    @classmethod
    def get_default_groups(cls):
        manager = cls.quick_ref("helpdesk_mgmt.group_helpdesk_manager")
        return super().get_default_groups() | manager

    @classmethod
    def _create_desk(cls):
        team = cls.env["helpdesk.ticket.team"].create({"name": "Service Desk"})
        return team, team._get_applicable_stages()

    @classmethod
    def _get_agent_groups(cls):
        return cls.env.ref("helpdesk_mgmt.group_helpdesk_user")

    @classmethod
    def _prepare_ticket_values(cls):
        return {
            "name": "The projector stays dark",
            "description": "Since this morning",
            "team_id": cls.desk.id,
            "partner_id": cls.customer.id,
        }
