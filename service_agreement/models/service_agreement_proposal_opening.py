from odoo import api, fields, models

from .instant import now


class ServiceAgreementProposalOpening(models.Model):
    """A proposal was opened: when, and by whom as far as one can know."""

    _name = "service.agreement.proposal.opening"
    _description = "Opening of a Service Proposal"
    _inherit = ["service.agreement.guard"]
    _order = "opened_on desc, id desc"
    _rec_name = "opened_on"
    _facts = None

    proposal_id = fields.Many2one(
        "service.agreement.proposal", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="proposal_id.company_id", store=True, precompute=True, index=True
    )
    opened_on = fields.Datetime(required=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="By",
        index="btree_not_null",
        ondelete="set null",
        help="Who was logged in. Empty: whoever has the link.",
    )
    is_first = fields.Boolean(string="First Time")


class ServiceAgreementProposal(models.Model):
    """Who opened it, and when."""

    _inherit = "service.agreement.proposal"

    opening_ids = fields.One2many(
        "service.agreement.proposal.opening",
        "proposal_id",
        string="Openings",
        readonly=True,
        groups="service_agreement.group_user",
    )
    opening_count = fields.Integer(
        string="Opened",
        compute="_compute_openings",
        groups="service_agreement.group_user",
    )
    last_opened_on = fields.Datetime(
        string="Last Opened",
        compute="_compute_openings",
        groups="service_agreement.group_user",
    )

    @api.depends("opening_ids")
    def _compute_openings(self):
        groups = self.env["service.agreement.proposal.opening"]._read_group(
            [("proposal_id", "in", self.ids)],
            ["proposal_id"],
            ["__count", "opened_on:max"],
        )
        found = {proposal: (count, last) for proposal, count, last in groups}
        for proposal in self:
            count, last = found.get(proposal._origin, (0, False))
            proposal.opening_count = count
            proposal.last_opened_on = last

    def _note_opening(self, partner):
        """Log that the customer opened it; the chatter says so once a day.

        Sudo: whoever has the link may open it, and write nothing.

        :param res.partner partner: who is logged in; empty: nobody
        """
        self.ensure_one()
        openings = self.env["service.agreement.proposal.opening"].sudo()
        of_this = [("proposal_id", "=", self.id)]
        before = openings.search_fetch(of_this, ["opened_on"], limit=1)
        last, instant = before.opened_on, now(self.env)
        openings.create(
            {
                "proposal_id": self.id,
                "opened_on": instant,
                "partner_id": partner.id,
                "is_first": not last,
            }
        )
        company = self.company_id
        if not last or company._service_day(last) != company._service_day(instant):
            self.sudo()._post_opening(partner)

    def _post_opening(self, partner):
        env = self._for_office().env
        self.message_post(
            body=env._("Opened by %(name)s", name=partner.name)
            if partner
            else env._("Opened with the link"),
            author_id=(partner or self.partner_id).id,
            message_type="notification",
            subtype_xmlid="service_agreement.mt_proposal_opened",
        )
