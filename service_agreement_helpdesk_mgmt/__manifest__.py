{
    "name": "Service Agreements: OCA Helpdesk",
    "summary": "Promises and their clocks on the tickets of helpdesk_mgmt",
    "version": "19.0.1.0.0",
    "category": "Services/Service Agreements",
    "author": "service_agreement contributors",
    "license": "AGPL-3",
    "depends": ["helpdesk_mgmt", "service_agreement"],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "data": [
        "views/helpdesk_ticket_stage_views.xml",
        "views/helpdesk_ticket_views.xml",
        "views/helpdesk_ticket_coverage_views.xml",
        "views/helpdesk_ticket_templates.xml",
        "views/service_agreement_views.xml",
    ],
}
