"""Calls as partner systems make them: JSON-2 over HTTP, with an API key."""

import json
from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from .test_portal_coverage import PortalCoverageCase


class ApiCase(PortalCoverageCase):
    """Whitfield has a Silver agreement: remote help is covered, programming is not.

    Olivia owns the firm, Agent is a technician, Ann is the customer's, Eve is another
    customer's.
    """

    MODEL = "service.agreement"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._create_owner()
        cls.agent.group_ids += cls.env.ref("hr_timesheet.group_hr_timesheet_user")
        cls.keys = {
            user: cls._create_key(user)
            for user in (cls.owner, cls.agent, cls.ann, cls.eve)
        }

    @classmethod
    def _create_owner(cls):
        owner = cls._create_agent("olivia")
        for group in (
            "service_agreement.group_manager",
            "account.group_account_manager",
            "project.group_project_manager",
            "hr_timesheet.group_timesheet_manager",
        ):
            owner.group_ids += cls.env.ref(group)
        cls.env["hr.employee"].sudo().create(
            {"name": "Olivia", "user_id": owner.id, "company_id": cls.company.id}
        )
        return owner

    @classmethod
    def _create_key(cls, user):
        keys = cls.env["res.users.apikeys"].with_user(user)
        return keys._generate("rpc", "test", fields.Datetime.now() + timedelta(days=1))

    def _post(self, user, method, values=None, model=None):
        """:return: requests.Response"""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self.keys[user]}"
        path = f"/json/2/{model or self.MODEL}/{method}"
        return self.url_open(path, data=json.dumps(values or {}), headers=headers)

    def _call(self, user, method, **values):
        """:return: what the method returns"""
        response = self._post(user, method, values)
        self.assertEqual(response.status_code, 200, response.text[:2000])
        return response.json()

    def _refused(self, user, method, status, words="", **values):
        """It is refused, by words that say why, and nothing of Odoo's insides."""
        response = self._post(user, method, values)
        told = response.text[:2000]
        self.assertEqual(response.status_code, status, told)
        self.assertRegex(response.json()["message"], words or ".")

    def _prepare_offer(self):
        """The tier with a plan, as the catalogue has it.

        :return: dict of what is needed to create an agreement from it
        """
        return {"customer_id": self.customer.id, "tier_id": self.tier.id}

    def _cover_system(self):
        self.agreement.sudo().system_ids = [Command.set(self.theatre.ids)]
