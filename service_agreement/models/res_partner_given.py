"""What a customer got for nothing."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

OPERATORS = {">": SQL(">"), ">=": SQL(">="), "<": SQL("<"), "<=": SQL("<=")}
READERS = (
    "service_agreement.group_manager,"
    "account.group_account_invoice,account.group_account_readonly"
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    service_given_free = fields.Monetary(
        string="Given Free in 12 Months",
        compute="_compute_service_given_free",
        search="_search_service_given_free",
        currency_field="currency_id",
        groups=READERS,
        help="Work of the last 12 months, at the list rates of its day, that this "
        "company did not pay: given away, goodwill, or not answered yet. No warranty.",
    )

    @api.depends_context("company")
    def _compute_service_given_free(self):
        tops = self.commercial_partner_id._origin
        # Sudo: the sum, for who may read it; the company is his own.
        parts = self.env["service.agreement.allowance.draw"].sudo()
        given = dict(
            parts._read_group(
                self._get_given_domain() & Domain("partner_id", "in", tops.ids),
                ["partner_id"],
                ["worth:sum"],
            )
        )
        for partner in self:
            top = partner.commercial_partner_id._origin
            partner.service_given_free = given.get(top, 0)

    @api.model
    def _get_given_domain(self):
        """:return: Domain of the parts of work that customers got for nothing"""
        parts = self.env["service.agreement.allowance.draw"]
        return parts._get_free_domain(self.env.company)

    def _search_service_given_free(self, operator, value):
        if operator == "in":
            condition = SQL("IN %s", tuple(float(each or 0) for each in value))
        elif operator in OPERATORS:
            condition = SQL("%s %s", OPERATORS[operator], value)
        else:
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s %s", model._get_given_sql(alias), condition
            )
        )

    def _get_given_sql(self, alias):
        """
        :param str alias: of the table of customers
        :return: SQL, the sum of what each got for nothing, 0 where that is nothing
        """
        # Sudo: see the compute.
        parts = self.env["service.agreement.allowance.draw"].sudo()
        query = parts._search(self._get_given_domain())
        customer = parts._field_to_sql(parts._table, "partner_id", query)
        top = self._field_to_sql(alias, "commercial_partner_id")
        query.add_where(SQL("%s = %s", customer, top))
        worth = parts._field_to_sql(parts._table, "worth", query)
        return SQL("COALESCE(%s, 0)", query.subselect(SQL("SUM(%s)", worth)))

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name != "service_given_free":
            return super()._order_field_to_sql(
                alias, field_name, direction, nulls, query
            )
        self._check_field_access(self._fields[field_name], "read")
        return SQL("%s %s %s", self._get_given_sql(alias), direction, nulls)

    def action_view_given_free(self):
        """What it was, piece by piece."""
        self.ensure_one()
        top = self.commercial_partner_id
        return self.env["service.agreement.allowance.draw"]._get_evidence_action(
            self._get_given_domain() & Domain("partner_id", "=", top.id)
        )


class ServiceAgreementAllowanceDraw(models.Model):
    _inherit = "service.agreement.allowance.draw"

    @api.model
    def _get_free_domain(self, company):
        """
        :param res.company company: that serves
        :return: Domain of what it got no money for in the last 12 months: given away,
            goodwill, or not answered yet; no warranty
        """
        return Domain(
            [
                ("company_id", "=", company.id),
                ("date", ">", company._get_leaked_since()),
                ("outcome", "!=", "covered"),
                ("answer", "in", [False, "given", "goodwill"]),
            ]
        )
