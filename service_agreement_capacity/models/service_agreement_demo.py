from odoo import api, models


class ServiceAgreementCapacityRun(models.Model):
    _inherit = "service.agreement.capacity.run"

    @api.model
    def _load_demo(self):
        """Called by the demo data alone: a finished check, cheap to make."""
        company = self.env.ref("base.main_company")
        run = self.with_company(company).create(
            {
                "name": self.env._("Can we back up what we offer?"),
                "company_id": company.id,
                "share": 50,
            }
        )
        if not run._why_not_start():
            run.write(run._prepare_start_values())
            run._work()
