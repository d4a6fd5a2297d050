"""The company itself: an integrator on the Connecticut shore that does not exist."""

import base64
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.easter import easter
from dateutil.relativedelta import MO, TH, relativedelta

from odoo.fields import Command
from odoo.tools import file_open

DEFAULT_NAMES = ("My Company", "YourCompany")
ADDRESS = {
    "name": "Alderwick Audio & Automation",
    "street": "1840 Tidewater Street",
    "city": "Bridgeport",
    "zip": "06604",
    "phone": "+1 203-555-0140",
    "email": "office@alderwick.example.com",
    "website": "https://alderwick.example.com",
}
TIME_ZONE = "America/New_York"
MAIL_DOMAIN = "alderwick.example.com"
SALES_TAX = 6.35


def dress(env):
    """Name and address, time zone, holidays, taxes: what a new database lacks.

    :return: res.company
    """
    company = env.ref("base.main_company")
    if company.name in DEFAULT_NAMES:
        company.write(
            {
                **ADDRESS,
                "logo": _read_logo(),
                "country_id": env.ref("base.us").id,
                "state_id": env.ref("base.state_us_7").id,
            }
        )
    company.partner_id.tz = TIME_ZONE
    _silence_bot(env)
    _set_mail_domain(env, company)
    _close_on_holidays(env, company)
    _charge_sales_tax(env, company)
    _pay_into_bank(env, company)
    return company


def _read_logo():
    with file_open("service_agreement/demo/logo.png", "rb") as logo:
        return base64.b64encode(logo.read())


def _silence_bot(env):
    """Whoever looks at the demo is not here to be taught emojis."""
    if "odoobot_state" in env["res.users"]._fields:
        env["res.users"].search([("share", "=", False)]).odoobot_state = "disabled"


def _set_mail_domain(env, company):
    if not env["mail.alias.domain"].search_count([], limit=1):
        env["mail.alias.domain"].create({"name": MAIL_DOMAIN})
    if not company.alias_domain_id:
        company.alias_domain_id = env["mail.alias.domain"].search([], limit=1)


def _close_on_holidays(env, company):
    this_year = company._service_today().year
    holidays = [
        (name, day)
        for year in range(this_year - 1, this_year + 2)
        for name, day in _holidays(year)
    ]
    calendar = env.ref("service_agreement.calendar_business_demo")
    env["resource.calendar.leaves"].create(
        [
            {
                "name": name,
                "calendar_id": calendar.id,
                "company_id": company.id,
                "date_from": _local(calendar.tz, day, time(0, 0)),
                "date_to": _local(calendar.tz, day, time(23, 59, 59)),
            }
            for name, day in holidays
        ]
    )


def _holidays(year):
    """:return: list of (name, date), the days on which American offices are closed"""
    return [
        ("New Year's Day", date(year, 1, 1)),
        ("Good Friday", easter(year) - timedelta(days=2)),
        ("Memorial Day", date(year, 5, 31) + relativedelta(weekday=MO(-1))),
        ("Independence Day", date(year, 7, 4)),
        ("Labor Day", date(year, 9, 1) + relativedelta(weekday=MO(1))),
        ("Thanksgiving", date(year, 11, 1) + relativedelta(weekday=TH(4))),
        ("Christmas Day", date(year, 12, 25)),
    ]


def _local(tz, day, hour):
    local = datetime.combine(day, hour, ZoneInfo(tz))
    return local.astimezone(timezone.utc).replace(tzinfo=None)


def _charge_sales_tax(env, company):
    """Connecticut's rate, where the products still have the chart's first guess."""
    products = env["product.product"].union(
        *(
            env.ref(f"service_agreement.product_service_{name}")
            for name in ("agreement", "setup", "hours", "trip")
        )
    )
    default = company.account_sale_tax_id
    if not default or products.taxes_id != default:
        return
    group = default.tax_group_id.copy({"name": "Sales tax"})
    tax = default.copy(
        {
            "tax_group_id": group.id,
            "name": f"Sales tax {SALES_TAX} %",
            "amount": SALES_TAX,
            "description": "Connecticut sales tax",
            "invoice_label": f"{SALES_TAX} %",
        }
    )
    products.taxes_id = [Command.set(tax.ids)]


def _pay_into_bank(env, company):
    """Without an account Odoo's payments make no entry, and invoices stay open."""
    journals = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)]
    )
    for journal in journals:
        for line in journal.inbound_payment_method_line_ids:
            line.payment_account_id = (
                line.payment_account_id or journal.default_account_id
            )
