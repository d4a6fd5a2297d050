{
    "name": "Service Agreements: Remote Monitoring",
    "summary": "Takes alerts from monitoring systems: known before the client calls",
    "version": "19.0.1.0.0",
    "category": "Services/Service Agreements",
    "author": "service_agreement contributors",
    "license": "LGPL-3",
    "depends": ["service_agreement"],
    "data": [
        "security/ir.model.access.csv",
        "security/service_monitoring_rules.xml",
        "data/ir_cron_data.xml",
        "views/service_monitoring_source_views.xml",
        "views/service_monitoring_site_views.xml",
        "views/service_monitoring_delivery_views.xml",
        "views/service_monitoring_event_views.xml",
        "views/service_agreement_monitoring_menus.xml",
    ],
}
