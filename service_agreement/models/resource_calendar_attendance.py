from odoo import api, models
from odoo.exceptions import ValidationError


class ResourceCalendarAttendance(models.Model):
    """Changed hours count for the promises of new tickets at once."""

    _inherit = "resource.calendar.attendance"

    @api.constrains("hour_from", "hour_to")
    def _check_within_a_day(self):
        for row in self:
            if not row._is_within_a_day():
                raise ValidationError(
                    row.env._(
                        "“%(hours)s” has hours that no day has. A day goes from 0:00 to"
                        " 24:00.",
                        hours=row.name,
                    )
                )

    def _is_within_a_day(self):
        self.ensure_one()
        return all(0 <= hour <= 24 for hour in (self.hour_from, self.hour_to))

    @api.model_create_multi
    def create(self, vals_list):
        attendances = super().create(vals_list)
        self.env.registry.clear_cache()  # see sla.promise, _get_spec
        return attendances

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
