from contextlib import contextmanager
from datetime import date

from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.base.tests.common import DISABLED_MAIL_CONTEXT

from .common import PortalUsersMixin, ServiceAgreementCommon

# What cannot be the same of two records.
NOT_COMPARED = {"id", "create_date", "write_date", "move_id", "access_token"}
# Set by the run, and not to be seen in the form; nothing is computed from them.
NOT_IN_FORM = {"invoice_origin", "is_manually_modified"}


class ParityCommon(ServiceAgreementCommon):
    """An invoice of the run and one made by hand, each from the same books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Tests are without followers and log by default; a firm is not.
        context = {
            key: value
            for key, value in cls.env.context.items()
            if key not in DISABLED_MAIL_CONTEXT
        }
        cls.env = cls.env(context=context)
        # What the form shows: analytic accounts, the currency.
        cls.env.user.group_ids += cls.env.ref("analytic.group_analytic_accounting")
        cls.env.user.group_ids += cls.env.ref("base.group_multi_currency")
        cls.customer.property_payment_term_id = cls.env.ref(
            "account.account_payment_term_30days"
        )
        cls.analytic_account = cls.env["account.analytic.account"].create(
            {
                "name": "Maintenance",
                "plan_id": cls.env["account.analytic.plan"]
                .create({"name": "Departments"})
                .id,
            }
        )
        # The first number of a year is found in another way than the ones after it.
        cls._make_by_create([cls._prepare_values([{}], invoice_date="2026-01-01")])

    @classmethod
    def _prepare_values(cls, lines, **values):
        return {
            "move_type": "out_invoice",
            "company_id": cls.company.id,
            "partner_id": cls.customer.id,
            "currency_id": cls.company.currency_id.id,
            "invoice_date": date(2026, 3, 10),
            "invoice_origin": "SA00001",
            "invoice_user_id": cls.env.user.id,
            "ref": "PO 4711",
            "invoice_line_ids": [
                Command.create(
                    {
                        "product_id": cls.product.id,
                        "name": "Silver, March 2026",
                        "tax_ids": [Command.set(cls.tax_sale_a.ids)],
                        "quantity": 1.0,
                        "price_unit": 149.0,
                        "discount": 0.0,
                        **line,
                    }
                )
                for line in lines
            ],
            **values,
        }

    # Three ways to the same invoice

    def _make_by_run(self, values_list):
        moves = self.env["account.move"]._create_agreement_invoices(values_list)
        moves._post_agreement_invoices()
        return moves

    @classmethod
    def _make_by_create(cls, values_list):
        moves = cls.env["account.move"].create(values_list)
        moves.action_post()
        return moves

    def _make_by_form(self, values_list):
        moves = self.env["account.move"]
        for values in values_list:
            moves |= self._fill_form(values)
        moves.action_post()
        return moves

    def _fill_form(self, values):
        Move = self.env["account.move"].with_context(default_move_type="out_invoice")
        with Form(Move) as form:
            form.partner_id = self.env["res.partner"].browse(values["partner_id"])
            form.invoice_date = values["invoice_date"]
            form.currency_id = self.env["res.currency"].browse(values["currency_id"])
            form.ref = values["ref"]
            for _command, _id, line_values in values["invoice_line_ids"]:
                with form.invoice_line_ids.new() as line:
                    self._fill_line(line, line_values)
        return form.record

    def _fill_line(self, line, values):
        line.product_id = self.env["product.product"].browse(values["product_id"])
        line.name = values["name"]
        line.quantity = values["quantity"]
        line.price_unit = values["price_unit"]
        line.discount = values["discount"]
        if "analytic_distribution" in values:
            line.analytic_distribution = values["analytic_distribution"]
        line.tax_ids.clear()
        for tax in self.env["account.tax"].browse(values["tax_ids"][0][2]):
            line.tax_ids.add(tax)

    # Compared

    @contextmanager
    def _then_undone(self):
        """Both ways start from the same books: the number is compared as well."""
        with self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.cr.precommit.data.pop("sequence.mixin", None)
        self.env.invalidate_all()

    def _describe(self, values_list, make, ignored=frozenset()):
        with self._then_undone():
            moves = make(values_list)
            self.env.flush_all()
            self.env.invalidate_all()
            return [self._describe_move(move, ignored) for move in moves]

    def _describe_move(self, move, ignored):
        followers = move.message_follower_ids.sorted("partner_id")
        analytic_lines = move.line_ids.analytic_line_ids.sorted("id")
        return {
            "move": self._read_stored(move, ignored | {"line_ids"}),
            "lines": [
                self._read_stored(line, ignored) for line in move.line_ids.sorted("id")
            ],
            "analytic": [
                (line.amount, line.account_id.id, line.name, line.date)
                for line in analytic_lines
            ],
            "followers": [(f.partner_id.id, f.subtype_ids.ids) for f in followers],
            "told": self._get_told(move).ids,
        }

    def _get_told(self, move):
        """:return: res.partner, those notified of anything about ``move``"""
        messages = self.env["mail.message"].search(
            [("model", "=", move._name), ("res_id", "in", move.ids)]
        )
        return messages.sudo().notification_ids.res_partner_id

    def _read_stored(self, record, ignored):
        """:return: dict of every stored field, as Odoo would write it"""
        return {
            name: field.convert_to_read(record[name], record, use_display_name=False)
            for name, field in record._fields.items()
            if field.store
            and field.type != "one2many"
            and name not in NOT_COMPARED | ignored
        }

    def _assert_same(self, *values_list):
        """The run makes what `create` and what the form make of the same values."""
        self.maxDiff = None
        run = self._describe(values_list, self._make_by_run)
        self.assertEqual(run, self._describe(values_list, self._make_by_create))
        run = self._describe(values_list, self._make_by_run, NOT_IN_FORM)
        self.assertEqual(
            run, self._describe(values_list, self._make_by_form, NOT_IN_FORM)
        )
        return run


@tagged("post_install", "-at_install")
class TestBillingParity(ParityCommon):
    """What the accountant sees of the run's invoices is what he would have made."""

    def _create_tax(self, name, amount, **values):
        return self.env["account.tax"].create(
            {"name": name, "amount": amount, "type_tax_use": "sale", **values}
        )

    def _taxed(self, *taxes, **values):
        ids = [tax.id for tax in taxes]
        return {"tax_ids": [Command.set(ids)], **values}

    def test_tax_excluded_two_lines(self):
        (move,) = self._assert_same(
            self._prepare_values([{}, {"price_unit": 22.33, "quantity": 3.0}])
        )
        self.assertEqual(move["move"]["state"], "posted")
        self.assertEqual(len(move["lines"]), 4)
        self.assertTrue(move["followers"])

    def test_tax_included_in_the_price(self):
        tax = self._create_tax("21 incl.", 21.0, price_include_override="tax_included")
        self._assert_same(
            self._prepare_values([self._taxed(tax), self._taxed(tax, price_unit=9.99)])
        )

    def test_several_taxes_a_group_and_a_withholding(self):
        parts = self._create_tax("State", 4.0, include_base_amount=True)
        parts |= self._create_tax("City", 2.5)
        group = self._create_tax(
            "Both", 0.0, amount_type="group", children_tax_ids=[Command.set(parts.ids)]
        )
        withheld = self._create_tax("Withheld", -1.5)
        fixed = self._create_tax("Per piece", 0.35, amount_type="fixed")
        self._assert_same(
            self._prepare_values(
                [
                    self._taxed(group, withheld),
                    self._taxed(fixed, self.tax_sale_b, quantity=2.0),
                    self._taxed(self.tax_sale_a, price_unit=33.333),
                ]
            )
        )

    def test_tax_tags_and_accounts_of_the_repartition(self):
        tag = self.env["account.account.tag"].create(
            {"name": "Box 1a", "applicability": "taxes"}
        )
        tax = self._create_tax("Tagged", 21.0)
        lines = tax.invoice_repartition_line_ids
        lines.tag_ids = tag
        lines.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id = self.company_data["default_account_tax_sale"]
        (move,) = self._assert_same(self._prepare_values([self._taxed(tax)]))
        self.assertTrue(any(line["tax_tag_ids"] for line in move["lines"]))

    def test_tax_of_zero_and_no_tax_at_all(self):
        zero = self._create_tax("Exempt", 0.0)
        self._assert_same(
            self._prepare_values([self._taxed(zero)]),
            self._prepare_values([self._taxed()]),
            self._prepare_values([self._taxed(), {}]),
        )

    def test_fiscal_position_maps_taxes_and_accounts(self):
        income = self.product._get_product_accounts()["income"]
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create(
                        {
                            "account_src_id": income.id,
                            "account_dest_id": income.copy().id,
                        }
                    )
                ],
            }
        )
        self.customer.property_account_position_id = position
        taxes = position.map_tax(self.tax_sale_a)
        (move,) = self._assert_same(self._prepare_values([self._taxed(*taxes)]))
        self.assertEqual(move["move"]["fiscal_position_id"], position.id)

    def test_two_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Half now, half in a month",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 30)
                ],
            }
        )
        self.customer.property_payment_term_id = term
        (move,) = self._assert_same(self._prepare_values([{"price_unit": 149.01}]))
        due = [str(line["date_maturity"]) for line in move["lines"][2:]]
        self.assertEqual(due, ["2026-03-10", "2026-04-09"])

    def test_early_discount_of_every_kind(self):
        for computation in ("included", "excluded", "mixed"):
            with self.subTest(computation=computation):
                self.customer.property_payment_term_id = self.env[
                    "account.payment.term"
                ].create(
                    {
                        "name": f"2/7 {computation}",
                        "early_discount": True,
                        "discount_percentage": 2,
                        "discount_days": 7,
                        "early_pay_discount_computation": computation,
                        "line_ids": [
                            Command.create(
                                {"value": "percent", "value_amount": 100, "nb_days": 30}
                            )
                        ],
                    }
                )
                self._assert_same(self._prepare_values([{}, {"price_unit": 9.99}]))

    def test_foreign_currency(self):
        currency = self.setup_other_currency("HRK", rates=[("2026-01-01", 7.13)])
        self._assert_same(
            self._prepare_values([{}, {"price_unit": 22.33}], currency_id=currency.id),
            self._prepare_values([self._taxed()], currency_id=currency.id),
        )

    def test_price_zero_and_discount(self):
        self._assert_same(
            self._prepare_values([{"price_unit": 0.0}]),
            self._prepare_values([{"price_unit": 0.0}, {}]),
            self._prepare_values([{"discount": 33.33, "quantity": 7.0}]),
            self._prepare_values([{"discount": 100.0}]),
        )

    def test_credit_note(self):
        values = self._prepare_values(
            [{}, {"price_unit": 9.99}], move_type="out_refund"
        )
        run = self._describe([values], self._make_by_run)
        self.assertEqual(run, self._describe([values], self._make_by_create))

    def test_credit_of_a_former_period_on_the_same_invoice(self):
        self._assert_same(self._prepare_values([{}, {"price_unit": -40.65}]))

    def test_analytic_distribution(self):
        share = {str(self.analytic_account.id): 60.0}
        (move,) = self._assert_same(
            self._prepare_values([{"analytic_distribution": share}, {}])
        )
        self.assertTrue(move["analytic"])

    def test_analytic_distribution_of_the_tax_by_a_rule(self):
        self.tax_sale_a.analytic = True
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.customer.id,
                "analytic_distribution": {str(self.analytic_account.id): 100.0},
            }
        )
        (move,) = self._assert_same(self._prepare_values([{}, {}]))
        self.assertEqual(len(move["analytic"]), 3, "of two lines and of their tax")

    def test_rounding_per_line_and_globally(self):
        tax = self._create_tax("8.25", 8.25)
        lines = [self._taxed(tax, price_unit=price) for price in (1.11, 2.22, 3.337)]
        for method in ("round_per_line", "round_globally"):
            with self.subTest(method=method):
                self.company.tax_calculation_rounding_method = method
                self._assert_same(self._prepare_values(lines))

    def test_invoice_address_and_responsible(self):
        salesman = self._create_salesman()
        contact = self.env["res.partner"].create(
            {"name": "Accounts payable", "parent_id": self.customer.id}
        )
        values = self._prepare_values(
            [{}], partner_id=contact.id, invoice_user_id=salesman.id
        )
        run = self._describe([values], self._make_by_run)
        self.assertEqual(run, self._describe([values], self._make_by_create))

    def _create_salesman(self):
        groups = self.env.ref("account.group_account_invoice")
        return self.env["res.users"].create(
            {
                "name": "Sales",
                "login": "salesman",
                "email": "salesman@example.com",
                "group_ids": [Command.set(groups.ids)],
            }
        )

    def test_numbers_of_a_batch_over_years(self):
        dates = ["2025-12-31", "2026-03-10", "2026-03-10", "2026-04-01", "2027-01-01"]
        values = [self._prepare_values([{}], invoice_date=day) for day in dates]
        run = self._describe(values, self._make_by_run)
        self.assertEqual(run, self._describe(values, self._make_by_create))

    def test_numbers_go_on_from_a_changed_format(self):
        first = self._make_by_create([self._prepare_values([{}])])
        first.name = "2026/A-0041"
        values = [self._prepare_values([{}]) for _number in range(3)]
        run = self._describe(values, self._make_by_run)
        self.assertEqual(run, self._describe(values, self._make_by_create))

    def test_an_agreements_run_makes_what_the_form_makes(self):
        self._create_active("2026-03-10", client_order_ref="PO 4711")
        with self._then_undone():
            move = self._bill("2026-03-10")
            mine = self._describe_move(move, NOT_IN_FORM | self._links())
            values = self._prepare_values(
                [{"name": line.name} for line in move.invoice_line_ids]
            )
        (by_hand,) = self._describe(
            [values], self._make_by_form, NOT_IN_FORM | self._links()
        )
        self.maxDiff = None
        self.assertEqual(mine, by_hand)

    @staticmethod
    def _links():
        return {"agreement_line_id", "agreement_id"}


@tagged("post_install", "-at_install")
class TestBillingParityChatter(PortalUsersMixin, ParityCommon):
    """Who reads an invoice, and who is told of it."""

    def test_the_customer_and_his_colleague_open_it_in_the_portal(self):
        contact = self._create_portal_user("wendy", self.customer)
        colleague = self._create_portal_user("walter", self.customer)
        stranger = self._create_portal_user("stan", self._create_customer("Other"))
        values = self._prepare_values([{}], partner_id=contact.partner_id.id)
        for make in (self._make_by_create, self._make_by_run):
            move = make([values])
            self.assertEqual(move.access_url, f"/my/invoices/{move.id}")
            for user, may in ((contact, True), (colleague, True), (stranger, False)):
                self.assertEqual(move.with_user(user).has_access("read"), may)

    def test_nothing_is_logged_that_nobody_reads(self):
        """Who made it and when stands on the invoice, the period and the run."""
        by_hand = self._make_by_create([self._prepare_values([{}])])
        move = self._make_by_run([self._prepare_values([{}])])
        self.env.cr.flush()
        self.assertFalse(self._get_told(by_hand | move))
        self.assertFalse(move.message_ids)

    def test_an_audit_trail_is_complete(self):
        self.company.restrictive_audit_trail = True
        by_hand = self._make_by_create([self._prepare_values([{}])])
        move = self._make_by_run([self._prepare_values([{}])])
        self.env.cr.flush()
        self.assertEqual(
            [self._describe_message(m) for m in move.message_ids],
            [self._describe_message(m) for m in by_hand.message_ids],
        )
        self.assertTrue(move.message_ids)

    def _describe_message(self, message):
        return (
            message.body,
            message.subtype_id.id,
            message.sudo().tracking_value_ids.field_id.mapped("name"),
        )

    def test_later_changes_are_logged_as_always(self):
        move = self._make_by_run([self._prepare_values([{}])])
        self.env.cr.flush()
        move.button_draft()
        self.env.cr.flush()
        self.assertTrue(move.message_ids.sudo().tracking_value_ids)
