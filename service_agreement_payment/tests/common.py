from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    ServiceAgreementCommon,
)


class AutopayCommon(PortalUsersMixin, ServiceAgreementCommon):
    """An agreement of 149.00 a month (and taxes), and a card that says what it is told.

    ``self._agree(agreement, "error")`` has autopay from a card that is always refused.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "whitfield@example.com"
        cls.provider = cls._create_provider(cls.company)
        cls.carla = cls._create_portal_user("carla", cls.customer)
        cls.agreement = cls._create_active("2026-03-01")

    @classmethod
    def _create_provider(cls, company):
        provider = cls.env.ref("payment.payment_provider_demo").sudo().copy()
        provider.write(
            {
                "company_id": company.id,
                "state": "test",
                "is_published": True,
                "allow_tokenization": True,
            }
        )
        return provider

    @classmethod
    def _create_token(cls, outcome="done", partner=None, provider=None):
        return (
            cls.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": (provider or cls.provider).id,
                    "payment_method_id": cls.env.ref(
                        "payment_demo.payment_method_demo"
                    ).id,
                    "payment_details": "1234",
                    "partner_id": (partner or cls.carla.partner_id).id,
                    "provider_ref": "fake",
                    "demo_simulated_state": outcome,
                }
            )
        )

    def _agree(self, agreement, outcome="done", day="2026-03-01"):
        """:return: the payment method that is charged from that day on"""
        token = self._create_token(outcome)
        with self.at(f"{day} 08:00:00"):
            agreement._give_consent(self.carla.partner_id, "Carla", token)
        return token

    def _invoice(self, agreement=None, day="2026-03-01"):
        """:return: the invoice that falls due on that day, posted"""
        with self.at(f"{day} 09:00:00"):
            moves, _failed = self._run_billing(day, only=agreement or self.agreement)
        return moves

    def _work(self, instant):
        """Run the scheduled action."""
        with self.at(instant):
            self._run_cron("service_agreement_payment.ir_cron_autopay")
        self.env.invalidate_all()

    def _get_attempts(self, invoice):
        """:return: list of (number, planned day, state), oldest first"""
        attempts = invoice.autopay_attempt_ids.sorted("id")
        return [(a.number, str(a.planned_on), a.state) for a in attempts]

    def _get_todos(self, agreement=None):
        """:return: list of str, the open to-dos about autopay"""
        kind = self.env.ref("service_agreement_payment.mail_activity_type_autopay")
        todos = (agreement or self.agreement).activity_ids
        return todos.filtered(lambda a: a.activity_type_id == kind).mapped("summary")

    def _get_mails(self, record):
        """:return: subjects of what the customer was told, oldest first"""
        messages = record.message_ids.filtered(
            lambda m: m.subtype_id == self.env.ref("mail.mt_comment")
        )
        return messages.sorted("id").mapped("subject")
