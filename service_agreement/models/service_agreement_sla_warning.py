from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain

AUDIENCES = [
    ("assignee", "Who works on it"),
    ("coordinator", "Coordinator"),
    ("manager", "Service manager"),
]
CHANNELS = [
    ("activity", "Activity"),
    ("mail", "Mail"),
    ("both", "Activity and mail"),
]


class ServiceAgreementSlaWarning(models.Model):
    """Who is told, and how, once a share of a promise is used up.

    The rows are ladders: a tier's own one replaces the company's, which replaces the
    one for all companies. A ladder is not promised to anybody: a change holds for
    open tickets, too.
    """

    _name = "service.agreement.sla.warning"
    _description = "Warning before a Promise Is Missed"
    _order = "tier_id, company_id, percent, id"
    _rec_name = "percent"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    percent = fields.Integer(
        string="Time Used (%)",
        required=True,
        default=75,
        help="Of the promised time, in service hours. 100: the promise is missed.",
    )
    whom = fields.Selection(
        AUDIENCES,
        required=True,
        default="assignee",
        help="Who works on the ticket; the coordinator is the manager of the project, "
        "or else who is responsible for the agreement; the service manager is chosen "
        "in the settings. Where there is nobody, the next one in this order is told.",
    )
    how = fields.Selection(CHANNELS, required=True, default="activity")
    tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Only for Tier",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: all tiers that have no warnings of their own.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: all companies that have no warnings of their own.",
    )

    _rung_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), COALESCE(tier_id, 0), percent, whom) WHERE active",
        "This person is told at this percentage already.",
    )
    _percent_range = models.Constraint(
        "CHECK(percent BETWEEN 1 AND 100)", "A warning lies between 1 and 100 %."
    )

    @api.constrains("tier_id", "company_id")
    def _check_tier_company(self):
        for warning in self:
            if warning.tier_id.company_id and not warning.company_id:
                raise ValidationError(
                    self.env._(
                        "The tier %(tier)s is of %(company)s: choose that company.",
                        tier=warning.tier_id.name,
                        company=warning.tier_id.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        warnings = super().create(vals_list)
        warnings._plan_anew()
        return warnings

    def write(self, vals):
        result = super().write(vals)
        self._plan_anew()
        return result

    def unlink(self):
        result = super().unlink()
        self._plan_anew()
        return result

    @api.model
    def _plan_anew(self):
        """Open promises follow the new ladder."""
        self.flush_model()
        self.env.registry.clear_cache()
        # Sudo: who keeps the ladder of one company need not see all the tickets.
        clocks = self.env["service.agreement.sla.clock"].sudo()
        clocks = clocks.search([("state", "=", "running")])
        self.env.add_to_compute(clocks._fields["wake_at"], clocks)
        clocks._plan_wake_up()

    @api.model
    def _get_ladder(self, company, tier):
        """:return: tuple of (percent, whom, how) that holds for tickets of these"""
        return self._get_rungs(company.id, tier.id)

    @api.model
    @tools.ormcache("company_id", "tier_id")
    def _get_rungs(self, company_id, tier_id):
        """Cached, because every ticket asks and few things change."""
        # Sudo: tickets are opened by people who may not read this.
        warnings = self.sudo().search(
            Domain("company_id", "in", (False, company_id))
            & Domain("tier_id", "in", (False, tier_id))
        )
        ladders = warnings.grouped(lambda w: (bool(w.tier_id), bool(w.company_id)))
        # A tier's own before all others, then a company's.
        best = ladders[max(ladders)] if ladders else warnings
        return tuple((w.percent, w.whom, w.how) for w in best)
