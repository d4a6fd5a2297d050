from odoo import models
from odoo.tools import format_date


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def _describe_missing(self):
        """:return: str, what a person needs to find the line and complete it"""
        self.ensure_one()
        issues = dict(self._fields["service_issue"]._description_selection(self.env))
        return self.env._(
            "%(day)s, %(who)s, %(what)s: %(issue)s",
            day=format_date(self.env, self.date),
            who=self.employee_id.name or self.user_id.name or "?",
            what=self.name,
            issue=issues.get(self.service_issue) or self.env._("nobody decided it yet"),
        )
