"""What the stages that OCA ships mean, and what is left when this addon goes."""

STATUSES = {
    "helpdesk_mgmt.helpdesk_ticket_stage_awaiting": "waiting",
    "helpdesk_mgmt.helpdesk_ticket_stage_cancelled": "cancelled",
    "helpdesk_mgmt.helpdesk_ticket_stage_rejected": "cancelled",
}


def post_init_hook(env):
    """Say of OCA's own stages what they mean, where they are still there."""
    for xmlid, status in STATUSES.items():
        if stage := env.ref(xmlid, raise_if_not_found=False):
            if stage.closed == (status == "cancelled"):
                stage.ticket_status = status


def uninstall_hook(env):
    """Clocks and facts have no foreign key by which they would go."""
    for model in ("service.agreement.sla.clock", "service.agreement.ticket.fact"):
        env[model].search([("res_model", "=", "helpdesk.ticket")]).unlink()
