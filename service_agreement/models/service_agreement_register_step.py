from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .service_evidence import Evidence

STEPS = [
    ("offer", "Offer"),
    ("remind", "Remind"),
    ("sign", "Get It Signed"),
    ("wait", "Wait"),
    ("none", "Nothing"),
]


class ServiceAgreementRegister(models.Model):
    """What to do next with a client, in plain words, and the button that does it."""

    _inherit = "service.agreement.register"

    step = fields.Selection(STEPS, compute="_compute_next_step")
    next_step = fields.Char(compute="_compute_next_step")
    offered_days = fields.Integer(
        string="Offered Since (days)", compute="_compute_offered_days"
    )
    opening_count = fields.Integer(string="Opened", compute="_compute_opening_count")
    color = fields.Integer(compute="_compute_color", export_string_translation=False)

    @api.depends("offered_on", "company_id")
    def _compute_offered_days(self):
        for row in self:
            today = row.company_id._service_today()
            row.offered_days = (today - (row.offered_on or today)).days

    @api.depends("proposal_id")
    def _compute_opening_count(self):
        """Sudo: how often it was opened, for who sees that it was offered."""
        for row in self:
            row.opening_count = row.sudo().proposal_id.opening_count

    @api.depends("state")
    def _compute_color(self):
        colors = {"never": 1, "offered": 3, "declined": 0, "covered": 10}
        for row in self:
            row.color = colors.get(row.state, 0)

    @api.depends("state", "is_open", "declined_on", "proposal_id", "ended_on")
    @api.depends_context("lang")
    def _compute_next_step(self):
        for company, rows in self.grouped("company_id").items():
            evidence = Evidence(company, rows._filter_to_offer().partner_id)
            for row in rows:
                row.step = row._get_step()
                row.next_step = row._describe_step(evidence)

    def _filter_to_offer(self):
        """:return: those whom nothing was offered yet: the engine is asked for them"""
        return self.filtered(lambda row: row.state == "never")

    def _get_step(self):
        """:return: str, of `STEPS`"""
        self.ensure_one()
        if self.state == "offered" and self.is_open:
            return "remind" if self.proposal_id else "sign"
        if self.state == "declined":
            return "wait" if self._get_ask_on() > self._get_today() else "offer"
        return "none" if self.state == "covered" else "offer"

    def _get_today(self):
        self.ensure_one()
        return self.company_id._service_today()

    def _get_ask_on(self):
        """:return: date, from which who declined may be asked again"""
        self.ensure_one()
        months = self.company_id.sudo().service_ask_again_months
        return self.declined_on + relativedelta(months=months)

    # In words

    def _describe_step(self, evidence):
        """
        :param Evidence evidence: of those who are to be offered something
        :return: str
        """
        self.ensure_one()
        if self.state == "covered":
            return "—"
        if self.state == "never":
            return self._describe_offer(evidence)
        if self.state == "declined":
            return self._describe_again()
        return self._describe_reminder()

    def _describe_offer(self, evidence):
        customer = self.partner_id.with_env(evidence.env)
        calls = len(evidence.calls[customer])
        if tier := evidence.find_tier(customer):
            return self.env._(
                "Offer %(tier)s: would have covered %(covered)s of %(calls)s calls",
                tier=tier.with_context(lang=self.env.lang).name,
                covered=evidence.count_covered(tier)[customer],
                calls=calls,
            )
        if self.ended_on:
            day = format_date(self.env, self.ended_on)
            return self.env._("Offer again: his agreement ended on %s", day)
        if calls:
            return self.env._("Offer an agreement: %s calls in 12 months", calls)
        return self.env._("Offer an agreement")

    def _describe_again(self):
        day = format_date(self.env, self._get_ask_on())
        if self._get_step() == "wait":
            return self.env._("Ask again after %s", day)
        reasons = dict(self._fields["decline_reason"]._description_selection(self.env))
        return self.env._(
            "Ask again: declined on %(date)s, %(reason)s",
            date=format_date(self.env, self.declined_on),
            reason=reasons.get(self.decline_reason, ""),
        )

    def _describe_reminder(self):
        if not self.proposal_id and self.is_open:
            return self.env._("Get it signed: offered %s", self._describe_age())
        if not self.proposal_id:
            return self.env._("Offer again: expired, offered %s", self._describe_age())
        values = {"age": self._describe_age(), "opened": self._describe_openings()}
        if self.is_open:
            return self.env._("Remind: offered %(age)s, %(opened)s", **values)
        return self.env._("Offer again: expired, offered %(age)s, %(opened)s", **values)

    def _describe_age(self):
        days = self.offered_days
        if days < 1:
            return self.env._("today")
        if days == 1:
            return self.env._("yesterday")
        return self.env._("%s days ago", days)

    def _describe_openings(self):
        count = self.opening_count
        if not count:
            return self.env._("not opened yet")
        if count == 1:
            return self.env._("opened once")
        if count == 2:
            return self.env._("opened twice")
        return self.env._("opened %s times", count)

    # Actions

    def _why_not_offer(self):
        """:return: str, why nothing is offered to him now, or None"""
        self.ensure_one()
        if self.state == "covered":
            return self.env._("%s has an agreement.", self.partner_id.display_name)
        return None

    def action_offer(self):
        """From what was given away to a proposal, in one click: it shows the client his
        own calls. One that is still open, or a draft, is opened instead.
        """
        self.ensure_one()
        if reason := self._why_not_offer():
            raise UserError(reason)
        proposals = self.env["service.agreement.proposal"]
        proposal = proposals.search(
            [
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                "|",
                ("state", "=", "draft"),
                "&",
                ("state", "=", "sent"),
                ("is_expired", "=", False),
            ],
            limit=1,
        ) or proposals.with_company(self.company_id).create(
            self._prepare_proposal_values()
        )
        return proposal.get_formview_action()

    def _prepare_proposal_values(self):
        """:return: values of the service.agreement.proposal that speaks for itself"""
        self.ensure_one()
        evidence = Evidence(self.company_id, self.partner_id)
        values = {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id._get_proposal_contact().id,
        }
        if tier := evidence.find_tier(self.partner_id.with_env(evidence.env)):
            values["recommended_tier_id"] = tier.id
        return values

    def action_remind(self):
        """Write to who has not answered yet; the mail can be changed first."""
        self.ensure_one()
        if not (self.proposal_id and self.is_open):
            raise UserError(self.env._("Nothing is open that he could be reminded of."))
        return self.proposal_id.action_remind()

    def action_open_proposal(self):
        """What he was offered, or declined."""
        self.ensure_one()
        return self.proposal_id.get_formview_action()

    def action_open_offered(self):
        """The agreements that wait for his signature."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        return dict(
            action,
            domain=[
                ("commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "proposed"),
            ],
            context={},
        )

    def action_open_client(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()

    def action_view_leaked(self):
        """What was given away, piece by piece."""
        self.ensure_one()
        draws = self.env["service.agreement.allowance.draw"]
        return draws._get_evidence_action(
            Domain("company_id", "=", self.company_id.id)
            & Domain("partner_id", "=", self.partner_id.id)
            & Domain("date", ">", self.company_id._get_leaked_since())
            & draws._get_leaked_domain()
        )


class ServiceAgreementProposal(models.Model):
    _inherit = "service.agreement.proposal"

    def action_remind(self):
        """Open the mail that reminds the customer of it."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_open)
        return {
            "name": self.env._("Remind the Customer"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": self._get_mail_template("reminder").id,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
            },
        }
