"""A quotation with tiers that waits to be signed, and a delivery that nobody followed.

Called by `sale_order_demo.xml`, for what depends on today and on other addons.
"""

from datetime import timedelta

from odoo.fields import Command

PREFIX = "service_agreement_sale"
LINES = (
    ("projector", 1),
    ("processor", 1),
    ("speaker", 7),
    ("cable", 400),
    ("installation", 46),
)
TIERS = ("essential", "silver", "gold")
RECOMMENDED = "gold"
DELIVERED_DAYS_AGO = 48
SELLERS = {
    "cora": "sales_team.group_sale_salesman_all_leads",
    "olivia": "sales_team.group_sale_manager",
}


def load(env):
    """Once per database."""
    if env.ref(f"{PREFIX}.sale_order_bramwell_demo", raise_if_not_found=False):
        return
    for name, group in SELLERS.items():
        user = env.ref(f"service_agreement.user_{name}_demo")
        user.group_ids += env.ref(group)
    _tax_products(env)
    order = env["sale.order"].create(_prepare_order(env))
    order.action_quotation_sent()
    _name(order, "sale_order_bramwell_demo")
    gallery = _create_project(env, "Ashgrove: hall of light and sound", "ashgrove")
    today = gallery.company_id._service_today()
    gallery.delivered_on = today - timedelta(days=DELIVERED_DAYS_AGO)
    _name(gallery, "project_ashgrove_demo")


def _tax_products(env):
    """As the demo company taxes its service."""
    taxes = env.ref("service_agreement.product_service_agreement").taxes_id
    for name, _quantity in LINES:
        env.ref(f"{PREFIX}.product_{name}_demo").taxes_id = taxes


def _prepare_order(env):
    project = _create_project(env, "Bramwell: cinema and listening room", "bramwell")
    _name(project, "project_bramwell_demo")
    return {
        "partner_id": env.ref(f"{PREFIX}.partner_bramwell_nora_demo").id,
        "user_id": env.ref("service_agreement.user_cora_demo").id,
        "company_id": project.company_id.id,
        "require_signature": True,
        "require_payment": False,
        "service_project_id": project.id,
        "order_line": [
            Command.create(
                {
                    "product_id": env.ref(f"{PREFIX}.product_{name}_demo").id,
                    "product_uom_qty": quantity,
                }
            )
            for name, quantity in LINES
        ],
        "agreement_option_ids": [
            Command.create(
                {
                    "tier_id": env.ref(f"service_agreement.tier_{tier}_demo").id,
                    "sequence": number,
                    "is_recommended": tier == RECOMMENDED,
                }
            )
            for number, tier in enumerate(TIERS, 1)
        ],
    }


def _create_project(env, name, customer):
    """Odoo's own sale_project lets only projects that are billed have a customer."""
    projects = env["project.project"]
    values = {
        "name": name,
        "partner_id": env.ref(f"{PREFIX}.partner_{customer}_demo").id,
        "user_id": env.ref("service_agreement.user_cora_demo").id,
        "company_id": env.ref("base.main_company").id,
    }
    if "allow_billable" in projects._fields:
        values["allow_billable"] = True
    return projects.create(values)


def _name(record, name):
    record.env["ir.model.data"]._update_xmlids(
        [{"xml_id": f"{PREFIX}.{name}", "record": record, "noupdate": True}]
    )
