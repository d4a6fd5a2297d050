{
    "name": "Service Agreements: Can We Back It Up?",
    "summary": "Simulates the service desk: which promises hold, and whom it takes",
    "version": "19.0.1.0.0",
    "category": "Services/Service Agreements",
    "author": "service_agreement contributors",
    "license": "LGPL-3",
    "depends": ["service_agreement"],
    "data": [
        "security/ir.model.access.csv",
        "security/service_agreement_capacity_rules.xml",
        "data/ir_cron_data.xml",
        "views/service_agreement_capacity_templates.xml",
        "views/service_agreement_capacity_result_views.xml",
        "views/service_agreement_capacity_run_views.xml",
        "views/service_agreement_capacity_warning_views.xml",
        "views/res_config_settings_views.xml",
        "views/service_agreement_capacity_menus.xml",
    ],
    "demo": ["demo/service_agreement_capacity_demo.xml"],
    "assets": {
        "web.assets_backend": [
            "service_agreement_capacity/static/src/scss/capacity.scss",
        ],
    },
}
