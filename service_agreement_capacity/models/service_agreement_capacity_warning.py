"""Who offers what cannot be kept is told so, by the latest check in force."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from .service_agreement_capacity_words import format_share

# More of them are counted only.
TOLD = 3


class ServiceAgreementCapacityRun(models.Model):
    _inherit = "service.agreement.capacity.run"

    @api.model
    def _get_in_force(self, company):
        """:return: the latest finished check of a company that warns"""
        return self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "done")
            & Domain("is_in_force", "=", True),
            order="date_done desc, id desc",
            limit=1,
        )

    def _get_risky(self):
        """:return: dict of service.agreement.capacity.target by tier, the worst first:
        those of which more would be missed than the company accepts by now
        """
        if not self:
            return {}
        least = 1 - self.company_id.capacity_risk_limit / 100
        # What is not quite the limit is, but for the last digit of a float.
        risky = self.target_ids.filtered(lambda target: target.chance < least - 1e-9)
        return risky.sorted("chance").grouped("tier_id")

    def _describe_risk(self, targets):
        """:return: str, "By the check of 23 November 2026, too much … would be missed:
        …"; of no targets: False
        """
        if not targets:
            return False
        self.ensure_one()
        told = [
            self.env._(
                "%(promise)s: kept %(share)s of the time",
                promise=target.display_name,
                share=format_share(self.env, target.chance),
            )
            for target in targets[:TOLD]
        ]
        if left := len(targets) - len(told):
            told.append(self.env._("and %s more", left))
        day = self.company_id._service_day(self.date_done)
        return self.env._(
            "By the check of %(day)s, more than %(limit)s would be missed of:"
            " %(promises)s.",
            day=format_date(self.env, day),
            limit=format_share(self.env, self.company_id.capacity_risk_limit / 100),
            promises="; ".join(told),
        )


class ServiceAgreementCapacityWarning(models.AbstractModel):
    """Mixin: a record that offers tiers, and the warning about them."""

    _name = "service.agreement.capacity.warning"
    _description = "Warning About What Cannot Be Kept"

    capacity_warning = fields.Text(
        compute="_compute_capacity_warning",
        compute_sudo=True,
        groups="service_agreement.group_user",
        help="By the latest check whether it can be backed up.",
    )

    def _get_warned_tiers(self):
        """:return: service.agreement.tier that this offers; empty where it is no offer
        any more
        """
        raise NotImplementedError

    def _get_warned_company(self):
        self.ensure_one()
        return self.company_id or self.env.company

    def _compute_capacity_warning(self):
        """Sudo: who sells is told the risk; the check itself is the manager's."""
        checks = self.env["service.agreement.capacity.run"]
        for company, offers in self.grouped(lambda o: o._get_warned_company()).items():
            check = checks._get_in_force(company)
            risky = check._get_risky()
            for offer in offers:
                tiers = offer._get_warned_tiers()._origin
                targets = check.target_ids.browse().union(
                    *(risky[tier] for tier in tiers if tier in risky)
                )
                offer.capacity_warning = check._describe_risk(targets.sorted("chance"))

    def _why_too_risky(self):
        """:return: str, why it must not be offered; None where it may be, if only with
        a warning
        """
        self.ensure_one()
        # Sudo: a setting of the company.
        if not self._get_warned_company().sudo().capacity_blocks_offers:
            return None
        if warning := self.sudo().capacity_warning:
            return self.env._(
                "%(warning)s Nothing above the risk limit is offered: offer another"
                " tier, or ask a service administrator.",
                warning=warning,
            )
        return None


class ServiceAgreementTier(models.Model):
    _name = "service.agreement.tier"
    _inherit = ["service.agreement.tier", "service.agreement.capacity.warning"]

    @api.depends("company_id")
    @api.depends_context("company", "lang")
    def _compute_capacity_warning(self):
        return super()._compute_capacity_warning()

    def _get_warned_tiers(self):
        return self


class ServiceAgreementProposal(models.Model):
    _name = "service.agreement.proposal"
    _inherit = ["service.agreement.proposal", "service.agreement.capacity.warning"]

    @api.depends("state", "option_ids.tier_id", "company_id")
    @api.depends_context("lang")
    def _compute_capacity_warning(self):
        return super()._compute_capacity_warning()

    def _get_warned_tiers(self):
        open_ = self.filtered(lambda proposal: proposal.state in ("draft", "sent"))
        return open_.option_ids.tier_id

    def _why_not_send(self):
        reason = super()._why_not_send()
        return reason or (self.state == "draft" and self._why_too_risky()) or None


class ServiceAgreement(models.Model):
    _name = "service.agreement"
    _inherit = ["service.agreement", "service.agreement.capacity.warning"]

    @api.depends("state", "tier_id", "company_id")
    @api.depends_context("lang")
    def _compute_capacity_warning(self):
        return super()._compute_capacity_warning()

    def _get_warned_tiers(self):
        return self.filtered(lambda a: a.state in ("draft", "proposed")).tier_id

    def _why_not_propose(self):
        reason = super()._why_not_propose()
        return reason or (self.state == "draft" and self._why_too_risky()) or None
