"""What is read together, see ``reading.py``."""

# What taxes are computed from.
TAXES = {
    "invoice_repartition_line_ids": {},
    "refund_repartition_line_ids": {},
    "tax_group_id": {},
}
USER = {"partner_id": {"commercial_partner_id": {}}}
ADDRESS = {"country_id": {}, "state_id": {}}
COMPANY = {"partner_id": ADDRESS, "resource_calendar_id": {}, "currency_id": {}}
CUSTOMER = {
    "partner_id": ADDRESS,
    "commercial_partner_id": {},
    "company_id": COMPANY,
    "currency_id": {},
}
# What a coverage says, of an agreement or of a tier.
COVERAGE = {
    "allowance_ids": {"work_type_ids": {}},
    "rate_ids": {"work_type_id": {}},
    "visit_plan_ids": {},
    "covered_work_type_ids": {},
    "covered_exclusion_ids": {},
    "coverage_calendar_id": {},
}
# What a tier costs, and what it promises.
TIER = {
    "price_ids": {"plan_id": {}},
    "product_id": {"product_tmpl_id": {"taxes_id": TAXES}},
    "target_ids": {"calendar_id": {}},
}
