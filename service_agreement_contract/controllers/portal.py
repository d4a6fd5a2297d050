from odoo.http import request

from odoo.addons.contract.controllers.main import PortalContract


class ServiceContractPortal(PortalContract):
    """What is promised with a contract, on OCA's page of it."""

    def _contract_get_page_view_values(self, contract, access_token, **kwargs):
        values = super()._contract_get_page_view_values(
            contract, access_token, **kwargs
        )
        # Sudo: who may open the contract may read what it promises.
        agreement = contract.sudo().service_agreement_id
        if agreement.state not in ("active", "suspended"):
            return values
        own = agreement.with_env(request.env)
        return {
            **values,
            "service_agreement": agreement,
            # A link that was sent opens the contract, and nothing beside it.
            "service_url": own.has_access("read") and own.access_url,
            "service_request": not agreement._why_not_request(),
        }
