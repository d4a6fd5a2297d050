from odoo import api, fields, models

from ..tools.charges import Waiver


class ServiceAgreementWaiver(models.Model):
    """Days that are not charged: a suspension, or a period written off.

    A fact, dated: set by the transitions of the agreement, also ahead of its days.
    """

    _name = "service.agreement.waiver"
    _inherit = ["service.agreement.guard"]
    _description = "Days of a Service Agreement That Are Not Charged"
    _order = "date_start desc, id desc"
    _rec_name = "kind"

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    line_id = fields.Many2one(
        "service.agreement.line",
        string="Charge",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: all charges of the agreement.",
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    kind = fields.Selection(
        [("suspension", "Suspended"), ("write_off", "Written off")],
        required=True,
        readonly=True,
    )
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(
        string="To", readonly=True, help="Last day. Empty: until it is resumed."
    )
    is_credited = fields.Boolean(
        string="Credit What Was Billed",
        readonly=True,
        help="Days that were billed already are given back.",
    )
    note = fields.Char(string="Reason", readonly=True)

    _end_after_start = models.Constraint(
        "CHECK(date_end IS NULL OR date_end >= date_start)",
        "The last day lies before the first.",
    )
    # Suspended twice on one day means nothing; a person would be shown two pauses.
    _no_day_twice = models.Constraint(
        "EXCLUDE USING gist (int4range(agreement_id, agreement_id, '[]') WITH &&, "
        "daterange(date_start, date_end, '[]') WITH &&) WHERE (kind = 'suspension')",
        "The agreement is already suspended on some of these days.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        waivers = super().create(vals_list)
        waivers._look_at_billed_again()
        return waivers

    def write(self, vals):
        self._look_at_billed_again()
        self._reopen_days()
        result = super().write(vals)
        self._look_at_billed_again()
        return result

    def unlink(self):
        self._look_at_billed_again()
        self._reopen_days()
        return super().unlink()

    def _get_lines(self):
        self.ensure_one()
        return self.line_id or self.agreement_id.line_ids

    def _reopen_days(self):
        """Days that are charged after all are looked for from here on again."""
        for waiver in self:
            for line in waiver._get_lines():
                if line.charge == "recurring":
                    line._reopen(waiver.date_start)

    def _look_at_billed_again(self):
        for waiver in self.filtered("is_credited"):
            self.env["service.agreement.period"]._mark_stale(
                waiver._get_lines(), waiver.date_start, waiver._get_end()
            )

    def _get_end(self):
        """:return: the first day charged again, or None"""
        self.ensure_one()
        return fields.Date.add(self.date_end, days=1) if self.date_end else None

    def _to_waiver(self, **facts):
        """
        :param facts: "last_day" to reckon with instead of the agreement's, for previews
        :return: tools.charges.Waiver; a suspension lasts no longer than what it
            suspends, whose settlement would else wait for ever
        """
        self.ensure_one()
        last_day = facts.get("last_day", self.agreement_id._get_last_day())
        over = last_day and fields.Date.add(last_day, days=1)
        end = min(filter(None, (self._get_end(), over)), default=None)
        return Waiver(
            start=self.date_start,
            end=end and max(end, self.date_start),
            credited=self.is_credited,
            stops=self.kind == "suspension",
        )
