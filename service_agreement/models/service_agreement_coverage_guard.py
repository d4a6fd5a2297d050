from odoo import api, models
from odoo.exceptions import AccessError


class ServiceAgreementNegotiable(models.AbstractModel):
    """Mixin of what a tier or an agreement covers: who may write it, and until when.

    A tier's rows are the catalogue, which managers keep. An agreement's may be
    negotiated while it is a draft; from the proposal on they stay as agreed.
    """

    _name = "service.agreement.negotiable"
    _description = "Terms That Are Negotiated in a Draft"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._ensure_negotiable()
        return records

    def write(self, vals):
        self._ensure_negotiable()
        result = super().write(vals)
        # Again: it may have been moved to another agreement.
        self._ensure_negotiable()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_while_negotiable(self):
        self._ensure_negotiable()

    def _ensure_negotiable(self):
        """:raise UserError: it was offered or agreed; says which button is meant for it
        :raise AccessError: of a tier, who asks does not keep the catalogue
        """
        if self.env.su:
            return
        agreements = self._get_owner_coverages().agreement_id
        agreements._ensure_not_agreed({"tier_id"})
        for owners in (agreements, self._get_owner_tiers()):
            if owners:
                owners.check_access("write")

    def _get_owner_coverages(self):
        return self.coverage_id

    def _get_owner_tiers(self):
        return self.tier_id


class ServiceAgreementCoverage(models.Model):
    _name = "service.agreement.coverage"
    _inherit = [
        "service.agreement.coverage",
        "service.agreement.negotiable",
        "service.agreement.guard",
    ]
    _facts = ("change_id", "date_start", "is_void", "sla_calendar_id")

    def _get_owner_coverages(self):
        return self

    def _get_owner_tiers(self):
        return self.env["service.agreement.tier"]


class ServiceAgreementAllowance(models.Model):
    _name = "service.agreement.allowance"
    _inherit = ["service.agreement.allowance", "service.agreement.negotiable"]


class ServiceAgreementAllowanceFactor(models.Model):
    _name = "service.agreement.allowance.factor"
    _inherit = ["service.agreement.allowance.factor", "service.agreement.negotiable"]

    def _get_owner_coverages(self):
        return self.allowance_id.coverage_id

    def _get_owner_tiers(self):
        return self.allowance_id.tier_id


class ServiceAgreementRate(models.Model):
    _name = "service.agreement.rate"
    _inherit = ["service.agreement.rate", "service.agreement.negotiable"]

    def _ensure_negotiable(self):
        result = super()._ensure_negotiable()
        listed = self.filtered(lambda rate: rate._is_listed())
        is_manager = self.env.user.has_group("service_agreement.group_manager")
        if listed and not (self.env.su or is_manager):
            raise AccessError(
                self.env._("The list of rates is kept by who manages the agreements.")
            )
        return result
