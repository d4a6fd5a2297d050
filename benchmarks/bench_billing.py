"""What our run costs per invoice, against Odoo making and posting the same one.

Two lines an invoice, a sales tax, one receivable term. The bare side gets the same
values that our run prepares, without the links to an agreement.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _support import alternate, row

INVOICES = 100
START = date(2026, 1, 1)


def run(env):
    company = _prepare_company(env)
    tier, plan = _create_catalogue(env, company)
    agreements = _create_agreements(env, tier, plan)
    runs = iter(range(1000))

    def ours():
        # A day later each round: every round bills the next month of everybody.
        today = START + timedelta(days=31 * next(runs))
        moves, failed = agreements._bill_due(today)
        assert len(moves) == INVOICES and not failed
        env.flush_all()

    values = _prepare_bare_values(env, agreements)

    def bare():
        moves = env["account.move"].create([dict(v) for v in values])
        moves._post(soft=False)
        env.flush_all()

    mine, theirs = alternate(ours, bare)
    return [
        row("our run: ms per invoice, created and posted", mine / INVOICES * 1000),
        row("bare create + post: ms per invoice", theirs / INVOICES * 1000),
        row("ours / bare", mine / theirs, 1.25),
    ]


def _prepare_company(env):
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    return company


def _create_catalogue(env, company):
    tax = env["account.tax"].search(
        [("company_id", "=", company.id), ("type_tax_use", "=", "sale")], limit=1
    )
    product = env["product.product"].create(
        {"name": "Service", "type": "service", "taxes_id": [(6, 0, tax.ids)]}
    )
    plan = env["service.agreement.plan"].create(
        {"name": "Monthly", "anchor_type": "fixed_day", "anchor_day": 1}
    )
    tier = env["service.agreement.tier"].create(
        {
            "name": "Silver",
            "list_price": 149.0,
            "term_months": 0,
            "product_id": product.id,
            "price_ids": [(0, 0, {"plan_id": plan.id})],
        }
    )
    return tier, plan


def _create_agreements(env, tier, plan):
    partners = env["res.partner"].create(
        [{"name": f"Customer {index}"} for index in range(INVOICES)]
    )
    agreements = env["service.agreement"].create(
        [
            {
                "partner_id": partner.id,
                "tier_id": tier.id,
                "plan_id": plan.id,
                "date_start": START,
            }
            for partner in partners
        ]
    )
    for agreement in agreements:
        agreement.line_ids[0].copy({"agreement_id": agreement.id})
    agreements.action_activate()
    env.flush_all()
    return agreements


def _prepare_bare_values(env, agreements):
    pieces = agreements._get_due_pieces(START)
    values_list = []
    for agreement in agreements:
        own = [piece for piece in pieces if piece[0] == agreement]
        values = agreements._prepare_invoice_values(own, START)
        for _command, _id, line in values["invoice_line_ids"]:
            line.pop("agreement_line_id")
        values_list.append(values)
    return values_list
