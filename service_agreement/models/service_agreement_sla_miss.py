from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from . import instant

# What a person writes on a promise; all else follows from facts.
JUSTIFICATION = ("miss_reason_id", "miss_note")


class ServiceAgreementSlaMissReason(models.Model):
    """Why a promise was missed, to choose from."""

    _name = "service.agreement.sla.miss.reason"
    _description = "Reason for a Missed Promise"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    is_excused = fields.Boolean(
        string="Excused",
        help="It was not in our hands. The promise is missed all the same.",
    )
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Empty: for all companies."
    )


class ServiceAgreementSlaClock(models.Model):
    """The justification of a miss: why, by whom, when. It keeps no promise."""

    _inherit = "service.agreement.sla.clock"
    _check_company_auto = True
    _by_hand = JUSTIFICATION

    miss_reason_id = fields.Many2one(
        "service.agreement.sla.miss.reason",
        string="Why Missed",
        copy=False,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    miss_note = fields.Char(string="Explanation", copy=False)
    is_excused = fields.Boolean(
        string="Excused",
        compute="_compute_is_excused",
        store=True,
        # What `_prepare_new` says of a new one holds; nobody else may write it.
        readonly=False,
        help="It was not in our hands. The promise is missed all the same.",
    )
    justified_by_id = fields.Many2one(
        "res.users",
        string="Explained By",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    justified_at = fields.Datetime(string="Explained On", readonly=True, copy=False)
    late_hours = fields.Float(
        string="Late (hours)",
        compute="_compute_late_hours",
        help="In hours of service time, up to now where nothing is done yet.",
    )

    @api.depends("miss_reason_id.is_excused")
    def _compute_is_excused(self):
        for clock in self:
            clock.is_excused = clock.miss_reason_id.is_excused

    # EXTENDS 'service.agreement.sla.clock'
    @api.model
    def _prepare_new(self, values):
        return {**super()._prepare_new(values), "is_excused": False}

    @api.depends("late_seconds", "deadline", "state", "stopped_at")
    def _compute_late_hours(self):
        now = instant.now(self.env)
        for clock in self:
            clock.late_hours = clock._get_late_seconds(now) / 3600

    def _get_late_seconds(self, now):
        self.ensure_one()
        if self.state != "running" or not self.deadline or self.deadline > now:
            return self.late_seconds
        aware = (at.replace(tzinfo=timezone.utc) for at in (self.deadline, now))
        return self.sla_calendar_id._working_time().between(*aware).total_seconds()

    def write(self, vals):
        self._refuse_facts(vals)
        if set(JUSTIFICATION).isdisjoint(vals):
            return super().write(vals)
        self.check_access("write")
        self._ensure_missed()
        # Sudo: who explains a miss may write nothing else of it.
        return super(ServiceAgreementSlaClock, self.sudo()).write(
            {**vals, **self._prepare_justification(vals)}
        )

    def _prepare_justification(self, vals):
        """:return: dict, who explains and when; nobody, if the reason is taken away"""
        if not vals.get("miss_reason_id", True):
            return {"justified_by_id": False, "justified_at": False}
        return {
            "justified_by_id": self.env.user.id,
            "justified_at": instant.now(self.env),
        }

    def _is_missed(self):
        """:return: bool, whether it is missed now, still open or not"""
        self.ensure_one()
        return self._get_status(instant.now(self.env)) == "missed"

    def _ensure_missed(self):
        for clock in self:
            if not clock._is_missed():
                raise UserError(
                    self.env._(
                        "This promise was not missed: there is nothing to explain."
                    )
                )

    def action_open_ticket(self):
        self.ensure_one()
        return self._get_ticket().get_formview_action()
