{
    "name": "Spreadsheet dashboard for service agreements",
    "summary": "Recurring revenue, retention, leakage and promises on one dashboard",
    "version": "19.0.1.0.0",
    "category": "Productivity/Dashboard",
    "author": "service_agreement contributors",
    "license": "LGPL-3",
    "depends": ["service_agreement", "spreadsheet_dashboard"],
    "data": ["data/dashboards.xml"],
    "auto_install": ["service_agreement"],
}
