from unittest.mock import patch

import requests
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import AutopayCommon

ATTEMPT_LOG = (
    "odoo.addons.service_agreement_payment.models.service_agreement_autopay_attempt"
)


@tagged("post_install", "-at_install")
class TestAutopayCharge(AutopayCommon):
    """What is charged on an invoice's date, and what comes of each answer."""

    def test_it_is_charged_once_on_its_date_and_reconciled(self):
        self._agree(self.agreement)
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertEqual(self._get_attempts(invoice), [(1, "2026-03-01", "paid")])
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(
            invoice.transaction_ids.payment_id.amount, invoice.amount_total
        )
        self._work("2026-03-02 10:00:00")
        self.assertEqual(len(invoice.transaction_ids), 1)
        self.assertIn("is paid", self._get_mails(invoice)[-1])

    def test_not_before_its_date(self):
        self._agree(self.agreement)
        invoice = self._invoice()
        invoice.button_draft()
        invoice.invoice_date = "2026-03-05"
        invoice.action_post()
        self._work("2026-03-04 23:00:00")
        self.assertFalse(invoice.autopay_attempt_ids)
        self._work("2026-03-05 01:00:00")
        self.assertEqual(invoice.autopay_state, "paid")

    def test_invoices_from_before_he_agreed_are_left(self):
        invoice = self._invoice()
        self._agree(self.agreement, day="2026-03-02")
        self._work("2026-03-02 10:00:00")
        self.assertFalse(invoice.autopay_attempt_ids)

    def test_without_consent_nothing_is_charged(self):
        self._create_token()
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertFalse(invoice.transaction_ids)

    def test_a_refused_card_is_tried_again_as_scheduled_then_a_person_is_asked(self):
        for outcome in ("error", "cancel"):
            with self.subTest(outcome):
                agreement = self._create_active("2026-03-01")
                self._agree(agreement, outcome)
                invoice = self._invoice(agreement)
                for hour in ("03-01 10", "03-01 11", "03-02 09", "03-04 09"):
                    self._work(f"2026-{hour}:00:00")
                    self.assertFalse(self._get_todos(agreement))
                self.assertEqual(
                    self._get_attempts(invoice),
                    [
                        (1, "2026-03-01", "failed"),
                        (2, "2026-03-02", "failed"),
                        (3, "2026-03-04", "failed"),
                        (4, "2026-03-08", "planned"),
                    ],
                )
                self._work("2026-03-08 09:00:00")
                self._work("2026-03-20 09:00:00")
                self.assertEqual(invoice.autopay_state, "failed")
                self.assertEqual(len(invoice.transaction_ids), 4)
                self.assertEqual(
                    self._get_todos(agreement), ["Autopay gave up on an invoice"]
                )
                mails = [m for m in self._get_mails(invoice) if "not go" in (m or "")]
                self.assertEqual(len(mails), 4, "the customer is told each time")
                agreement.action_stop_autopay()

    def test_the_mail_says_when_it_is_tried_again_and_how_to_pay(self):
        self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        body = invoice.message_ids.filtered("subject")[0].body
        self.assertIn("03/02/2026", body)
        self.assertIn("payment=True", body)
        self.assertIn(f"/my/agreements/{self.agreement.id}/autopay", body)

    def test_without_an_answer_it_is_never_charged_again_and_a_person_is_asked(self):
        self._agree(self.agreement, "pending")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertEqual(invoice.autopay_state, "unknown")
        self.assertFalse(invoice._has_to_be_paid(), "nor is it paid by hand meanwhile")
        self._work("2026-03-02 09:00:00")
        self.assertFalse(self._get_todos())
        for day in (2, 3, 9):
            self._work(f"2026-03-0{day} 10:00:00")
        self.assertEqual(self._get_todos(), ["Was this invoice charged?"])
        self.assertEqual(len(invoice.transaction_ids), 1)
        with self.assertRaisesRegex(UserError, "no answer yet"):
            invoice.autopay_attempt_id.action_try_again()

    def test_the_answer_comes_days_later(self):
        for answer, state, follows in (("done", "paid", 0), ("error", "failed", 1)):
            with self.subTest(answer):
                agreement = self._create_active("2026-03-01")
                self._agree(agreement, "pending")
                invoice = self._invoice(agreement)
                self._work("2026-03-01 10:00:00")
                self._work("2026-03-03 10:00:00")
                attempt = invoice.autopay_attempt_ids
                transaction = attempt.transaction_id
                with self.at("2026-03-03 11:00:00"):
                    data = {
                        "reference": transaction.reference,
                        "simulated_state": answer,
                    }
                    transaction._process("demo", data)
                    transaction._post_process()
                self.assertEqual(attempt.state, state)
                self.assertFalse(self._get_todos(agreement), "nobody has to look now")
                self.assertEqual(len(invoice.autopay_attempt_ids), 1 + follows)
                agreement.action_stop_autopay()

    def test_a_timeout_is_no_refusal(self):
        self._agree(self.agreement)
        for cause in (
            requests.exceptions.ReadTimeout(),
            requests.exceptions.HTTPError(response=_response(502)),
        ):
            with self.subTest(str(cause)):
                invoice = self._invoice_of_new_agreement()
                with self._provider_says(_validation_error(cause)):
                    self._work("2026-03-01 10:00:00")
                self.assertEqual(invoice.autopay_state, "unknown")

    def test_a_refused_request_is_a_failure(self):
        invoice = self._invoice_of_new_agreement()
        cause = requests.exceptions.HTTPError(response=_response(402))
        with self._provider_says(_validation_error(cause)):
            self._work("2026-03-01 10:00:00")
        self.assertEqual(self._get_attempts(invoice)[0], (1, "2026-03-01", "failed"))

    @mute_logger(ATTEMPT_LOG)
    def test_what_breaks_in_the_middle_charges_no_second_time(self):
        invoice = self._invoice_of_new_agreement()
        with self._provider_says(ZeroDivisionError("in the provider's code")):
            self._work("2026-03-01 10:00:00")
        self._work("2026-03-01 11:00:00")
        self.assertEqual(self._get_attempts(invoice), [(1, "2026-03-01", "unknown")])
        self.assertEqual(len(invoice.transaction_ids), 1)

    def test_the_database_refuses_a_second_open_attempt(self):
        self._agree(self.agreement)
        invoice = self._invoice()
        attempts = self.env["service.agreement.autopay.attempt"].sudo()
        values = attempts._prepare_attempt_values(invoice, "2026-03-01")
        attempts.create(values)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            with self.env.cr.savepoint():
                attempts.create(values)
        with mute_logger("odoo.sql_db"):
            self.assertFalse(attempts._plan(invoice, "2026-03-01"))

    def test_who_began_to_pay_by_hand_is_not_charged_beside_it(self):
        token = self._agree(self.agreement)
        invoice = self._invoice()
        with self.at("2026-03-01 09:30:00") as instant:
            transaction = self._pay_by_hand(invoice, token)
            self.env.cr.execute(
                "UPDATE payment_transaction SET create_date = %s WHERE id = %s",
                [instant, transaction.id],
            )
        self._work("2026-03-01 10:00:00")
        self.assertEqual(invoice.autopay_state, "planned")
        self._work("2026-03-01 11:00:00")
        self.assertEqual(invoice.autopay_state, "paid", "he went away")

    def test_paid_by_hand_before_the_retry(self):
        token = self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        transaction = self._pay_by_hand(invoice, token)
        transaction._set_done()
        transaction._post_process()
        self._work("2026-03-02 10:00:00")
        self.assertEqual(invoice.autopay_state, "stopped")
        self.assertFalse(self._get_todos())
        self.assertEqual(invoice.payment_state, "paid")

    def test_withdrawn_before_the_retry(self):
        self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.agreement.action_stop_autopay()
        self.assertEqual(invoice.autopay_state, "stopped")
        self._work("2026-03-02 10:00:00")
        self.assertEqual(len(invoice.transaction_ids), 1)

    def test_refunded_or_charged_back_a_person_decides(self):
        for take_back in (self._refund, self._charge_back, self._cancel_payment):
            with self.subTest(take_back.__name__):
                invoice = self._invoice_of_new_agreement()
                self._work("2026-03-01 10:00:00")
                take_back(invoice)
                self._work("2026-03-05 10:00:00")
                self._work("2026-03-06 10:00:00")
                self.assertEqual(
                    self._get_attempts(invoice), [(1, "2026-03-01", "reversed")]
                )
                agreement = invoice.autopay_attempt_id.agreement_id
                self.assertEqual(
                    self._get_todos(agreement), ["A payment was taken back"]
                )

    def test_two_agreements_with_different_cards_are_for_a_person(self):
        other = self._create_active("2026-03-01")
        self._agree(self.agreement)
        self._agree(other)
        invoice = self._invoice()
        invoice.button_draft()
        more = {"name": "More", "agreement_line_id": other.line_ids[:1].id}
        invoice.invoice_line_ids = [Command.create({**more, "price_unit": 1.0})]
        invoice.action_post()
        self._work("2026-03-01 10:00:00")
        attempt = invoice.autopay_attempt_id
        self.assertEqual(attempt.state, "stopped")
        self.assertIn("different payment", attempt.reason)
        self.assertTrue(self._get_todos(attempt.agreement_id))

    # By hand

    def test_a_person_tries_again_and_stops(self):
        token = self._agree(self.agreement, "error")
        self.company.autopay_retry_days = False
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertEqual(self._get_todos(), ["Autopay gave up on an invoice"])
        token.demo_simulated_state = "done"
        accountant = new_test_user(
            self.env, "accountant", "base.group_user,account.group_account_invoice"
        )
        with self.at("2026-03-03 10:00:00"):
            attempt = invoice.autopay_attempt_id.with_user(accountant)
            attempt.action_try_again()
            attempt.action_try_again()
        self.assertFalse(self._get_todos())
        self._work("2026-03-03 10:01:00")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(len(invoice.transaction_ids), 2, "one refused, one paid")
        with self.assertRaisesRegex(UserError, "It is paid already"):
            attempt.action_try_again()
        with self.assertRaisesRegex(UserError, "Only what is planned"):
            attempt.action_stop()

    def test_a_person_stops_what_is_planned(self):
        self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        invoice.autopay_attempt_id.action_stop()
        self._work("2026-03-02 10:00:00")
        self.assertEqual(self._get_attempts(invoice)[-1], (2, "2026-03-02", "stopped"))

    def test_a_person_does_not_wait_for_the_day_it_is_planned_for(self):
        token = self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        token.demo_simulated_state = "done"
        with self.at("2026-03-01 11:00:00"):
            invoice.autopay_attempt_id.action_try_again()
        self._work("2026-03-01 11:01:00")
        self.assertEqual(self._get_attempts(invoice)[1:], [(2, "2026-03-01", "paid")])

    def test_without_an_address_of_the_customer_who_agreed_is_told(self):
        self.customer.email = False
        self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        told = self.carla.partner_id
        for record in (self.agreement, invoice):
            self.assertIn(told, record.message_ids.filtered("subject").partner_ids)

    def test_who_has_just_signed_goes_on_to_pay_what_is_open(self):
        self.assertIn("sign_ok", self.agreement._get_next_step_url())
        invoice = self._invoice()
        url = self.agreement._get_next_step_url()
        self.assertTrue(url.startswith(f"/my/invoices/{invoice.id}?"))

    def test_a_person_asked_the_provider(self):
        for button, state in (
            ("action_was_charged", "paid"),
            ("action_not_charged", "failed"),
        ):
            with self.subTest(button):
                invoice = self._invoice_of_new_agreement("pending")
                self._work("2026-03-01 10:00:00")
                attempt = invoice.autopay_attempt_ids
                with self.at("2026-03-02 10:00:00"):
                    getattr(attempt, button)()
                self.assertEqual(attempt.state, state)
                with self.assertRaisesRegex(UserError, "no answer yet"):
                    getattr(attempt, button)()
        self.assertFalse(invoice.payment_state == "paid")

    def test_nobody_else_presses_the_buttons_or_writes_the_facts(self):
        self._agree(self.agreement, "error")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        attempt = invoice.autopay_attempt_id
        for user in (
            self.carla,
            new_test_user(self.env, "seller", "service_agreement.group_user"),
        ):
            for button in (
                "action_try_again",
                "action_stop",
                "action_was_charged",
                "action_not_charged",
            ):
                with self.assertRaises(AccessError):
                    getattr(attempt.with_user(user), button)()
        for values in ({"state": "planned"}, {"amount": 1.0}):
            with self.assertRaises(AccessError):
                attempt.write(values)
        with self.assertRaises(AccessError):
            self.agreement.autopay_consent_id.write({"card": "Mine"})

    def test_days_that_are_no_days(self):
        for text in ("soon", "3, 1", "0, 1", "1, 1", "1.5", "-1", "400", "١"):
            with self.assertRaises(ValidationError):
                self.company.autopay_retry_days = text

    # Kit

    def _invoice_of_new_agreement(self, outcome="done"):
        agreement = self._create_active("2026-03-01")
        self._agree(agreement, outcome)
        return self._invoice(agreement)

    def _provider_says(self, error):
        return patch.object(
            type(self.env["payment.transaction"]),
            "_send_payment_request",
            side_effect=error,
        )

    def _pay_by_hand(self, invoice, token):
        return self.env["payment.transaction"].create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "operation": "online_direct",
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )

    def _refund(self, invoice):
        refund = invoice.transaction_ids._refund()
        refund._post_process()

    def _cancel_payment(self, invoice):
        invoice.transaction_ids.payment_id.action_cancel()

    def _charge_back(self, invoice):
        invoice.line_ids.remove_move_reconcile()


def _response(status):
    response = requests.Response()
    response.status_code = status
    return response


def _validation_error(cause):
    """:return: as core raises it, with what happened as its context"""
    error = ValidationError("No connection.")
    error.__context__ = cause
    return error
