"""When value statements are made, and for whom."""

from datetime import datetime, time, timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

from ..tools.statement import days_to_tell, last_span

BATCH = 100
MONTHS = {"quarterly": 3, "half_yearly": 6, "yearly": 12}
# So long the figures wait for months that are not settled yet.
PATIENCE = timedelta(days=15)


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    statement_interval = fields.Selection(
        [
            ("never", "Never"),
            ("quarterly", "Every quarter"),
            ("half_yearly", "Every half-year"),
            ("yearly", "Every year"),
        ],
        string="Value Statement",
        required=True,
        default="quarterly",
        help="What the customer had of his agreement: promises kept, visits, hours, "
        "and what the same work would have cost without it.",
    )


class ResCompany(models.Model):
    _inherit = "res.company"

    # Not required: addons that are loaded before this one make companies, too.
    agreement_statement_mode = fields.Selection(
        [("send", "Sent by mail"), ("review", "Prepared, somebody looks first")],
        string="Value Statements Are",
        default="send",
        help="What happens to them once their months are over and settled.",
    )

    def _is_settled_until(self, day):
        """:return: bool, whether nobody waits any more for the work until ``day``"""
        self.ensure_one()
        closed = self.service_closed_until
        return bool(closed and closed >= day) or (
            self._service_today() >= day + PATIENCE
        )

    def _get_midnight(self, day):
        """:return: naive UTC datetime, when ``day`` begins for this company"""
        wall = datetime.combine(day, time(), self._service_tz())
        return wall.astimezone(timezone.utc).replace(tzinfo=None)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    agreement_statement_mode = fields.Selection(
        related="company_id.agreement_statement_mode", readonly=False, required=True
    )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    statement_ids = fields.One2many(
        "service.agreement.statement", "agreement_id", readonly=True
    )
    statement_count = fields.Integer(
        string="Value Statements",
        compute="_compute_statement_count",
        groups="service_agreement.group_user",
    )

    @api.depends("statement_ids")
    def _compute_statement_count(self):
        counts = dict(
            self.env["service.agreement.statement"]._read_group(
                [("agreement_id", "in", self.ids)], ["agreement_id"], ["__count"]
            )
        )
        for agreement in self:
            agreement.statement_count = counts.get(agreement._origin, 0)

    # By itself

    @api.model
    def _cron_statements(self):
        """Prepare what is due, each company on its own day; then send what waits."""
        for company in self._get_serving_companies():
            for interval, months in MONTHS.items():
                span = last_span(company._service_today(), months)
                agreements = self.with_company(company)
                if not agreements._prepare_due_statements(company, interval, span):
                    return
        self.env["service.agreement.statement"]._send_waiting()

    def _prepare_due_statements(self, company, interval, span):
        """:return: bool, whether there is time to go on"""
        if not company._is_settled_until(span[1]):
            return True
        domain = self._get_to_tell_domain(company, interval, span)
        for ids in split_every(BATCH, self.search(domain).ids):
            # Locked, they are asked again: somebody may just have made one by hand.
            batch = self.browse(ids).try_lock_for_update()
            batch = batch.search(domain & Domain("id", "in", batch.ids))
            batch._make_statements(span)
            if not self.env["ir.cron"]._commit_progress(len(ids)):
                return False
        return True

    @api.model
    def _get_to_tell_domain(self, company, interval, span):
        """:return: Domain of the agreements that may have something to be told; those
        that came into force here only afterwards were followed by somebody else
        """
        first, last = span
        over = company._get_midnight(last + timedelta(days=1))
        return Domain(
            [
                ("company_id", "=", company.id),
                ("tier_id.statement_interval", "=", interval),
                ("state", "in", ("active", "ended")),
                ("activated_on", "<", over),
                ("date_start", "<=", last),
                "|",
                ("date_end", "=", False),
                ("date_end", ">=", first),
                ("statement_ids", "not any", [("date_end", ">=", last)]),
            ]
        )

    def _make_statements(self, span):
        """:return: service.agreement.statement of those that have days to tell of"""
        told = self._read_told()
        values = []
        for agreement in self:
            if days := agreement._get_days_to_tell(span, told.get(agreement)):
                values.append(agreement._prepare_statement_values(*days))
        # Sudo: facts; who may ask for them is checked where he asks.
        statements = self.env["service.agreement.statement"].sudo().create(values)
        if statements:
            statements._prepare()
        return statements

    def _read_told(self):
        """:return: dict of the last day that was told of, by agreement"""
        statements = self.env["service.agreement.statement"].sudo()
        return dict(
            statements._read_group(
                [("agreement_id", "in", self.ids)], ["agreement_id"], ["date_end:max"]
            )
        )

    def _get_days_to_tell(self, span, told_until):
        """:return: (first day, last day) or None"""
        self.ensure_one()
        return days_to_tell(
            span, self.date_start, self._get_last_day() or None, told_until
        )

    def _prepare_statement_values(self, first, last):
        """:return: values of service.agreement.statement; pure"""
        self.ensure_one()
        by_itself = self.company_id.sudo().agreement_statement_mode == "send"
        return {
            "agreement_id": self.id,
            "tier_id": self.tier_id.id,
            "date_start": first,
            "date_end": last,
            "goes_out": by_itself and bool(self.partner_id.email),
        }

    # By hand

    def action_prepare_statement(self):
        """Prepare the statement of the last months that are over, or show it."""
        self.ensure_one()
        self.check_access("write")
        agreement = self.sudo()
        span = agreement._get_last_span()
        statement = agreement.statement_ids.filtered(
            lambda each: span[0] <= each.date_end <= span[1]
        )[:1]
        if not statement:
            if reason := agreement._why_not_tell(span):
                raise UserError(reason)
            statement = agreement._make_statements(span)
            # Asked for by somebody, it is looked at by somebody.
            statement.goes_out = False
        return statement.with_env(self.env).get_formview_action()

    def _get_last_span(self):
        """:return: (first day, last day) of the last months that are over"""
        self.ensure_one()
        months = MONTHS.get(self.tier_id.statement_interval, 3)
        return last_span(self.company_id._service_today(), months)

    def _why_not_tell(self, span):
        """:return: str, why there is nothing to tell of these days; or None"""
        self.ensure_one()
        if not self.activated_on:
            return self.env._("%s was never in force.", self.name)
        if not self._get_days_to_tell(span, self._read_told().get(self)):
            return self.env._(
                "%(agreement)s was not in force for four weeks by %(day)s, or they are "
                "told of already. What is left goes on the next statement.",
                agreement=self.name,
                day=self._format_date(span[1]),
            )
        return None

    def action_view_statements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_statement"
        )
        return dict(action, domain=[("agreement_id", "=", self.id)], context={})

    def _get_portal_statements(self):
        """:return: service.agreement.statement that the customer was sent, the newest
        first. Sudo: read for him.
        """
        self.ensure_one()
        return self.sudo().statement_ids.filtered(lambda each: each.state == "sent")
