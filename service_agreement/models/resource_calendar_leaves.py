from odoo import api, models


class ResourceCalendarLeaves(models.Model):
    """A changed public holiday counts for the promises of new tickets at once."""

    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        leaves = super().create(vals_list)
        leaves._clear_promise_cache()
        return leaves

    def write(self, vals):
        self._clear_promise_cache()
        result = super().write(vals)
        self._clear_promise_cache()
        return result

    def unlink(self):
        self._clear_promise_cache()
        return super().unlink()

    def _clear_promise_cache(self):
        """Not for the holidays of one employee, which are many and close no desk."""
        if any(not leave.resource_id for leave in self):
            self.env.registry.clear_cache()  # see sla.promise, _get_spec
