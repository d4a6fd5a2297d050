"""Who pays for the work on tickets of every model: test cases, without a model.

Used as those of `ticket_cases`.
"""

from odoo.exceptions import AccessError, ValidationError


class PayerCases:
    """What a ticket says of the work on it, and who was chosen to pay."""

    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_customer("Another Villa")
        cls.others = cls._create_active("2026-01-01", partner_id=cls.other.id)
        cls.theatre, cls.network = cls.env["service.agreement.system"].create(
            [
                {"name": "Theatre", "partner_id": cls.customer.id},
                {"name": "Network", "partner_id": cls.other.id},
            ]
        )
        cls.projector = cls.env["service.agreement.device"].create(
            {"name": "Projector", "system_id": cls.theatre.id}
        )
        cls.cora = cls._create_agent("cora.coordinator")
        cls.cora.group_ids += cls.env.ref("service_agreement.group_user")

    def _open(self, **values):
        return self._open_ticket("2026-03-06 15:00", **values)

    def test_a_coordinator_s_choice_is_kept_and_says_who_chose(self):
        ticket = self._open().with_user(self.cora)
        ticket.payer_id = self.agreement
        self.assertEqual(ticket.payer_chosen_by_id, self.cora)
        self.assertIn("was chosen to pay", ticket.message_ids[0].body)
        self.assertEqual(ticket.message_ids[0].author_id, self.cora.partner_id)
        ticket.priority = "3"
        self.assertEqual(ticket.payer_id, self.agreement)

    def test_taken_back_the_agreements_decide_again(self):
        ticket = self._open(payer_id=self.agreement.id)
        self.assertTrue(ticket.payer_chosen_by_id)
        ticket.with_user(self.cora).action_ticket_clear_payer()
        self.assertFalse(ticket.payer_id or ticket.payer_chosen_by_id)
        self.assertIn("by the agreements again", ticket.message_ids[0].body)

    def test_a_technician_chooses_no_payer(self):
        ticket = self._open().with_user(self.agent)
        with self.assertRaisesRegex(AccessError, "Only who makes agreements"):
            ticket.payer_id = self.agreement.id
        with self.assertRaises(AccessError):
            ticket.action_ticket_clear_payer()
        proposed = ticket.with_context(default_payer_id=self.agreement.id)
        self.assertNotIn("payer_id", proposed.default_get(["payer_id"]))

    def test_who_chose_is_nobody_s_to_say(self):
        ticket = self._open().with_user(self.cora)
        with self.assertRaises(AccessError):
            ticket.payer_chosen_by_id = self.agent

    def test_another_customer_s_agreement_does_not_pay(self):
        ticket = self._open()
        with self.assertRaisesRegex(ValidationError, "Choose one of the customer"):
            ticket.payer_id = self.others

    def test_one_that_has_not_begun_does_not_pay(self):
        draft = self._create_agreement("2026-01-01")
        ticket = self._open()
        with self.assertRaisesRegex(ValidationError, "has not begun"):
            ticket.payer_id = draft

    def test_the_parent_company_s_may_pay(self):
        self.customer.parent_id = self.other
        ticket = self._open()
        ticket.payer_id = self.others
        self.assertEqual(ticket.payer_id, self.others)

    def test_a_corrected_customer_has_other_systems_and_payers(self):
        ticket = self._open(
            payer_id=self.agreement.id,
            system_id=self.theatre.id,
            device_id=self.projector.id,
        )
        ticket.partner_id = self.other
        self.assertFalse(ticket.system_id or ticket.device_id or ticket.payer_id)
        ticket.system_id = self.network
        self.assertEqual(ticket.system_id, self.network)

    def test_a_system_is_the_customer_s_and_a_device_the_system_s(self):
        ticket = self._open()
        with self.assertRaisesRegex(ValidationError, "not Whitfield Residence's"):
            ticket.system_id = self.network
        with self.assertRaisesRegex(ValidationError, "is part of Theatre"):
            ticket.write({"device_id": self.projector.id, "system_id": False})
