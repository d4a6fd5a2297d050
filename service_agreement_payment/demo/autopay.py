"""Customers with autopay at Odoo's demo provider: paid, refused, not answered."""

from datetime import timedelta

from odoo.addons.service_agreement.models.instant import now

OUTCOMES = ("done", "error", "pending")
AGREED_DAYS_AGO = 45
SILENT_HOURS = 30
# Who shall find open invoices as they are, to pay or to run after.
NOT_THESE = ("whitfield", "lantern", "halvorsen")
QUIET = {
    "mail_create_nosubscribe": True,
    "mail_notify_force_send": False,
    "tracking_disable": True,
}


def load(env):
    """Once per database, where Odoo's demo provider is there."""
    env = env(context=dict(env.context, **QUIET))
    provider = env.ref("payment.payment_provider_demo", raise_if_not_found=False)
    if not provider or provider.code != "demo":
        return
    carla = env.ref("service_agreement.user_carla_demo", raise_if_not_found=False)
    if not carla or carla.partner_id.payment_token_ids:
        return
    first_message = env["mail.message"].search([], order="id desc", limit=1).id
    _create_token(provider, carla.partner_id, "4242", "done")
    for outcome, invoice in zip(OUTCOMES, _find_invoices(env), strict=False):
        _agree(env, invoice, _create_token(provider, invoice.partner_id, "", outcome))
        _charge(env, invoice)
    attempts = env["service.agreement.autopay.attempt"]
    attempts._ask_about_silence(provider.company_id)
    # Nobody is mailed about what happened to people who are not.
    told = env["mail.message"].search([("id", ">", first_message)])
    env["mail.mail"].search([("mail_message_id", "in", told.ids)]).unlink()
    env["mail.notification"].search([("mail_message_id", "in", told.ids)]).unlink()


def _create_token(provider, partner, digits, outcome):
    return provider.env["payment.token"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "payment_details": digits or str(1000 + partner.id),
            "partner_id": partner.id,
            "provider_ref": "demo",
            "demo_simulated_state": outcome,
        }
    )


def _find_invoices(env):
    """:return: open invoices of different customers, the newest first"""
    spared = [
        env.ref(f"service_agreement.partner_{name}_demo").commercial_partner_id.id
        for name in NOT_THESE
    ]
    invoices = env["account.move"].search(
        [
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "=", "not_paid"),
            ("line_ids.agreement_id.state", "=", "active"),
            ("commercial_partner_id", "not in", spared),
            ("company_id", "=", env.company.id),
        ],
        order="invoice_date desc, id",
    )
    seen = env["res.partner"]
    for invoice in invoices:
        agreements = invoice.line_ids.agreement_id
        if invoice.commercial_partner_id in seen or any(
            agreement._why_not_autopay() for agreement in agreements
        ):
            continue
        seen |= invoice.commercial_partner_id
        yield invoice


def _agree(env, invoice, token):
    """As if he had said so a while ago."""
    given_on = now(env) - timedelta(days=AGREED_DAYS_AGO)
    consents = env["service.agreement.autopay.consent"]
    for agreement in invoice.line_ids.agreement_id:
        partner = agreement.partner_id
        consents.create(
            {
                **agreement._prepare_consent_values(partner, partner.name),
                "given_on": given_on,
                "in_force_on": given_on,
                "token_id": token.id,
                "card": f"{token.payment_method_id.name} {token.display_name}",
            }
        )


def _charge(env, invoice):
    """In one transaction: nothing is at stake here."""
    attempts = env["service.agreement.autopay.attempt"].with_company(invoice.company_id)
    attempt = attempts._plan(invoice, invoice.company_id._service_today())
    if attempt._begin():
        attempt._send()
        attempt.transaction_id._post_process()
    if attempt.state == "unknown":
        attempt.sent_on = now(env) - timedelta(hours=SILENT_HOURS)
