"""Agreements, and the same customers' contracts, for the billing benches.

Two lines an invoice, a sales tax, a receivable term of 30 days, and another price for
each customer: nothing is equal that would not be equal in a firm.
"""

from datetime import date

START = date(2026, 1, 1)


def bill(env, today, agreements=None):
    """Bill what is due on any day, with a commit after each batch as a run does.

    Yields (invoices, agreements set aside) of each batch.

    :param agreements: only these; default all of the company
    """
    from odoo.fields import Domain

    Agreement = env["service.agreement"]
    within = Domain("id", "in", agreements.ids) if agreements else Domain.TRUE
    due = Agreement._get_due_domain(today) & within
    for batch, _left in Agreement._iter_batches(today, within):
        billed = batch._bill_batch(due, today)
        env.cr.commit()
        yield billed


class Books:
    """A company with a tax and a product, whose books are not empty.

    PostgreSQL plans as badly for tables it believes empty as it plans well for these.
    """

    def __init__(self, env):
        self.env = env
        self.company = env.company
        if not self.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", self.company)
        self.term = env.ref("account.account_payment_term_30days")
        self.tax = env["account.tax"].search(
            [("company_id", "=", self.company.id), ("type_tax_use", "=", "sale")],
            limit=1,
        )
        self.product = env["product.product"].create(
            {
                "name": "Service",
                "type": "service",
                "taxes_id": [(6, 0, self.tax.ids)],
            }
        )
        self._pay_some_invoices()
        self.settle()

    def settle(self):
        """Commit, and let the planner know what there is."""
        self.env.cr.commit()
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()

    def _pay_some_invoices(self, count=50):
        moves = self.env["account.move"].create(
            [
                self.prepare_bare_values(partner, number)
                for number, partner in enumerate(self.create_partners(count))
            ]
        )
        moves.action_post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create({"group_payment": False})._create_payments()

    def create_partners(self, count):
        return self.env["res.partner"].create(
            [
                {"name": f"Customer {n}", "property_payment_term_id": self.term.id}
                for n in range(count)
            ]
        )

    # What is billed: two lines of a customer

    def get_prices(self, number):
        return 49.0 + number % 97 * 1.37, 11.0 + number % 89 * 0.73

    def prepare_bare_values(self, partner, number, day=START):
        return {
            "move_type": "out_invoice",
            "company_id": self.company.id,
            "partner_id": partner.id,
            "currency_id": self.company.currency_id.id,
            "invoice_date": day,
            "invoice_line_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": self.product.id,
                        "name": "Service\nJan 1, 2026 to Jan 31, 2026",
                        "tax_ids": [(6, 0, self.tax.ids)],
                        "quantity": 1.0,
                        "price_unit": price,
                    },
                )
                for price in self.get_prices(number)
            ],
        }

    def create_agreements(self, partners):
        plan = self.env["service.agreement.plan"].create(
            {"name": "Monthly", "anchor_type": "fixed_day", "anchor_day": 1}
        )
        tier = self.env["service.agreement.tier"].create(
            {
                "name": "Silver",
                "list_price": 149.0,
                "term_months": 0,
                "product_id": self.product.id,
                "price_ids": [(0, 0, {"plan_id": plan.id})],
            }
        )
        agreements = self.env["service.agreement"].create(
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
        for number, agreement in enumerate(agreements):
            first, second = self.get_prices(number)
            agreement.line_ids[0].price_unit = first
            agreement.line_ids[0].copy(
                {"agreement_id": agreement.id, "price_unit": second}
            )
        agreements.action_activate()
        return agreements

    def create_contracts(self, partners):
        """The same of OCA ``contract``."""
        return self.env["contract.contract"].create(
            [
                {
                    "name": f"Contract {number}",
                    "partner_id": partner.id,
                    "payment_term_id": self.term.id,
                    "line_recurrence": False,
                    "recurring_next_date": START,
                    "date_start": START,
                    "recurring_interval": 1,
                    "recurring_rule_type": "monthly",
                    "recurring_invoicing_type": "pre-paid",
                    "contract_line_ids": [
                        (
                            0,
                            0,
                            {
                                "product_id": self.product.id,
                                "name": "Service\n#START# to #END#",
                                "quantity": 1.0,
                                "price_unit": price,
                                "date_start": START,
                            },
                        )
                        for price in self.get_prices(number)
                    ],
                }
                for number, partner in enumerate(partners)
            ]
        )

    # Rows copied, where ten thousands are needed and making them is not measured

    def copy_agreements(self, template, number):
        """Copy an agreement ``number`` times, each with a customer of its own."""
        self.env.flush_all()
        partners = self._copy_rows(
            "res_partner", template.partner_id, "generate_series(1, %s) AS n", [number]
        )
        self.env.cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)",
            [partners],
        )
        agreements = self._copy_rows(
            "service_agreement",
            template,
            "unnest(%s) AS n",
            [partners],
            partner_id="n",
            name="'SA' || n",
        )
        lines = self._copy_rows(
            "service_agreement_line",
            template.line_ids,
            "unnest(%s) AS n",
            [agreements],
            agreement_id="n",
        )
        taxes = template.line_ids._fields["tax_ids"]
        self.env.cr.execute(
            f"INSERT INTO {taxes.relation} ({taxes.column1}, {taxes.column2})"
            " SELECT unnest(%s), %s",
            [lines, self.tax.id],
        )
        self.env.invalidate_all()

    def _copy_rows(self, table, records, source, parameters, **replaced):
        """:return: list of ids of the copies, one of each record per row of source"""
        columns = [
            name
            for name, field in records._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        chosen = (replaced.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        self.env.cr.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(chosen)}"
            f" FROM {source}, {table} t WHERE t.id = ANY(%s) RETURNING id",
            [*parameters, records.ids],
        )
        return [record_id for (record_id,) in self.env.cr.fetchall()]
