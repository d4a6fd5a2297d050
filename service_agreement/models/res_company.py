from zoneinfo import ZoneInfo

from odoo import fields, models

from .instant import now, zone

INVOICE_MODES = [
    ("draft", "Left as drafts"),
    ("post", "Posted"),
    ("send", "Posted and sent"),
]


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "service.agreement.guard"]

    _facts = ("service_closed_until",)

    service_desk_project_id = fields.Many2one(
        "project.project",
        string="Service Desk",
        domain="[('is_service_desk', '=', True), ('company_id', 'in', (False, id))]",
        help="Where requests from the customer portal arrive.",
    )

    # Not required: addons that are loaded before this one make companies, too.
    agreement_invoice_mode = fields.Selection(
        INVOICE_MODES,
        string="Agreement Invoices Are",
        default="post",
        help="What happens to the invoices of agreements once they are made. Sending "
        "follows in the background, by the method each customer prefers.",
    )
    agreement_invoice_date = fields.Selection(
        [
            ("auto", "Day it falls due, in a closed or past month: day of billing"),
            ("due", "Day it falls due"),
            ("run", "Day of billing"),
        ],
        string="Date of Agreement Invoices",
        default="auto",
    )
    agreement_credit_suspended = fields.Boolean(
        string="Credit Suspended Days",
        help="Give back days that were billed before an agreement was suspended.",
    )

    agreement_reopen_days = fields.Integer(
        string="Reopen Within",
        default=7,
        help="Days after it was closed in which a ticket resumes its old promise."
        " Later, the customer's answer makes a new ticket.",
    )

    service_closed_until = fields.Date(
        string="Service Settled Until",
        readonly=True,
        copy=False,
        help="Last day of the last month that was settled: who pays for the work done "
        "until then does not change any more.",
    )
    service_goodwill_budget = fields.Monetary(
        string="Goodwill per Month",
        help="What may be given as goodwill in a month, at list rates. Only a service "
        "administrator goes beyond it.",
    )
    service_goodwill_budget_customer = fields.Monetary(
        string="Goodwill per Month and Customer",
        help="Of it, at most so much for one customer. 0: as much as is left.",
    )

    _service_goodwill_not_negative = models.Constraint(
        "CHECK(service_goodwill_budget >= 0 AND service_goodwill_budget_customer >= 0)",
        "A budget is 0 or more.",
    )

    service_hours_product_id = fields.Many2one(
        "product.product",
        string="Product for Hours",
        domain="[('type', '=', 'service'), ('company_id', 'in', (False, id))]",
        help="Gives hours on an invoice their income account and taxes. Empty: "
        "“Service Hours”.",
    )
    service_trip_product_id = fields.Many2one(
        "product.product",
        string="Product for Trips",
        domain="[('type', '=', 'service'), ('company_id', 'in', (False, id))]",
        help="Gives trips on an invoice their income account and taxes. Empty: "
        "“Service Trip”.",
    )
    service_work_months = fields.Integer(
        string="Work Waits (months)",
        default=3,
        help="For the next invoice of its agreement. If none comes so long, it is "
        "billed on the first of the month that follows. 0: every month.",
    )
    service_show_free_work = fields.Boolean(
        string="Show Free Work",
        help="Courtesy and warranty are on the next invoice at full price, with 100 % "
        "off. For what is decided from now on.",
    )
    service_own_customers = fields.Boolean(
        string="Salespeople See Only Their Own Customers",
        help="In the figures of service agreements and in the register of clients. "
        "Administrators of service agreements see all.",
    )
    service_work_report = fields.Boolean(
        string="Print a Work Report",
        help="Invoices end with a list of the work they charge, by ticket.",
    )

    _service_work_months = models.Constraint(
        "CHECK(service_work_months BETWEEN 0 AND 120)",
        "Work waits between 0 and 120 months for the next invoice.",
    )

    def _get_work_product(self, unit):
        """
        :param str unit: "hour" or "trip"
        :return: product.product by which work is billed; empty if it was deleted
        """
        self.ensure_one()
        chosen, usual = {
            "hour": ("service_hours_product_id", "product_service_hours"),
            "trip": ("service_trip_product_id", "product_service_trip"),
        }[unit]
        # Sudo: whose work makes a charge need not see the settings.
        if product := self.sudo()[chosen]:
            return product
        # Not by `ref`, which would look for it each time: a month has many charges.
        found = self.env["ir.model.data"]._xmlid_to_res_id(f"service_agreement.{usual}")
        return self.env["product.product"].sudo().browse(found or ())

    def _service_tz(self):
        """:return: ZoneInfo in which this company's days begin and end"""
        self.ensure_one()
        company = self.sudo()
        return zone(company.partner_id.tz, company.resource_calendar_id.tz)

    def _service_today(self):
        """:return: date; the company's, not the server's (SEMANTICS §1, PER-13)"""
        self.ensure_one()
        return self._service_day(now(self.env))

    def _service_day(self, instant):
        """
        :param datetime instant: in UTC, as the ORM stores it (naive)
        :return: the date it falls on for this company
        """
        utc = instant.replace(tzinfo=ZoneInfo("UTC"))
        return utc.astimezone(self._service_tz()).date()
