from odoo import fields, models

from . import ticket_notes


class ServiceAgreementTicketRecord(models.AbstractModel):
    """Mixin: what is kept of a ticket, whatever model that is of.

    Such records follow from notes (see ``ticket_notes``): what is noted and not
    written down yet, is there for whoever looks at them.
    """

    _name = "service.agreement.ticket.record"
    _description = "Kept of a Ticket"

    res_model = fields.Char(string="Ticket Model", required=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", required=True, index=True
    )

    def flush_model(self, fnames=None):
        ticket_notes.write_down_to_read(self.env)
        return super().flush_model(fnames)

    def _fetch_query(self, query, fields):
        ticket_notes.write_down_to_read(self.env)
        return super()._fetch_query(query, fields)
