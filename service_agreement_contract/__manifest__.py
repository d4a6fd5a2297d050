{
    "name": "Service Agreements: OCA Contract",
    "summary": "Tiers, promises and tickets on the contracts that OCA contract bills",
    "version": "19.0.1.0.0",
    "category": "Services/Service Agreements",
    "author": "service_agreement contributors",
    "license": "AGPL-3",
    "depends": ["contract", "service_agreement"],
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
    "data": [
        "security/ir.model.access.csv",
        "wizard/contract_move_views.xml",
        "views/contract_template_views.xml",
        "views/contract_contract_views.xml",
        "views/service_agreement_views.xml",
        "views/contract_portal_templates.xml",
    ],
}
