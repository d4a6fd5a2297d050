from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .instant import now

# What a person chooses; nothing of it changes once the run has started.
CHOICES = ("company_id", "date_until", "partner_ids", "agreement_ids")
# What happened.
FACTS = (
    "name",
    "state",
    "origin",
    "user_id",
    "date_started",
    "date_finished",
    "agreement_count",
    "done_count",
    "invoice_count",
    "amount",
    "failure_count",
    "preview_ids",
    "failure_ids",
)
# Nowhere on earth is it a later day than the clock of UTC shows 14 hours from now.
EASTERNMOST = timedelta(hours=14)


class ServiceAgreementBillingRun(models.Model):
    """One billing run of one company: by the scheduled action, or by a person.

    How it works: a draft is a preview. Started, it is worked through in batches, each
    with its own commit: at once where one batch is enough, else by a scheduled action
    that anybody may wake. What is left to do is what is still due, and what was done is
    counted from the invoices and failures themselves. So a run killed at any point just
    goes on, and several workers do not disturb each other.

    A bridge that lets others do the work overrides ``_run_batch`` of the agreement, and
    ``_finish`` here, which is called when no batch is left to be handed out.
    """

    _name = "service.agreement.billing.run"
    _inherit = ["service.agreement.guard"]
    _description = "Billing Run"
    _order = "id desc"
    _facts = FACTS

    # Agreements up to which a preview is made without being asked for.
    _preview_at_once = 500

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("Preview"),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_until = fields.Date(
        string="Due Until",
        required=True,
        index=True,
        default=lambda self: self.env.company._service_today(),
        help="Every period that is due by this day. A day to come shows what would be "
        "billed until then; no invoice is made ahead.",
    )
    partner_ids = fields.Many2many(
        "res.partner", string="Only These Customers", help="Empty: everybody."
    )
    agreement_ids = fields.Many2many(
        "service.agreement", string="Only These Agreements", help="Empty: all of them."
    )
    state = fields.Selection(
        [
            ("draft", "Preview"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("interrupted", "Interrupted"),
            ("done", "Done"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    origin = fields.Selection(
        [("person", "A person"), ("schedule", "Scheduled action")],
        readonly=True,
        copy=False,
    )
    user_id = fields.Many2one(
        "res.users", string="Person", readonly=True, copy=False, index=True
    )
    starter = fields.Char(string="Started By", compute="_compute_starter")
    date_started = fields.Datetime(string="Started", readonly=True, copy=False)
    date_finished = fields.Datetime(string="Finished", readonly=True, copy=False)
    agreement_count = fields.Integer(
        string="Agreements Due", readonly=True, copy=False, help="When it was started."
    )
    done_count = fields.Integer(string="Agreements Done", readonly=True, copy=False)
    invoice_count = fields.Integer(string="Invoices", readonly=True, copy=False)
    amount = fields.Monetary(
        string="Billed",
        readonly=True,
        copy=False,
        help="Before taxes, in the company's currency: foreign invoices at the rate of "
        "their date.",
    )
    failure_count = fields.Integer(string="Set Aside", readonly=True, copy=False)
    invoice_ids = fields.One2many(
        "account.move", "agreement_billing_run_id", readonly=True
    )
    failure_ids = fields.One2many(
        "service.agreement.billing.failure",
        "run_id",
        string="Agreements Set Aside",
        readonly=True,
    )
    unresolved_count = fields.Integer(compute="_compute_unresolved_count")
    is_ahead = fields.Boolean(compute="_compute_is_ahead")
    due_count = fields.Integer(compute="_compute_due_count", string="Agreements")
    previewed_on = fields.Datetime(
        compute="_compute_previewed_on",
        store=True,
        copy=False,
        help="Empty while nothing was worked out for what is chosen now.",
    )
    preview_ids = fields.One2many(
        "service.agreement.billing.preview",
        "run_id",
        string="What Would Be Billed",
        readonly=True,
    )
    preview_invoice_count = fields.Integer(compute="_compute_preview_totals")
    preview_amount = fields.Monetary(compute="_compute_preview_totals")
    preview_failure_count = fields.Integer(compute="_compute_preview_totals")

    @api.depends("origin", "user_id")
    def _compute_starter(self):
        origins = dict(self._fields["origin"]._description_selection(self.env))
        for run in self:
            run.starter = run.user_id.name or origins.get(run.origin)

    # Figures

    @api.depends("failure_ids.date_resolved")
    def _compute_unresolved_count(self):
        groups = self.env["service.agreement.billing.failure"]._read_group(
            [("run_id", "in", self.ids), ("date_resolved", "=", False)],
            ["run_id"],
            ["__count"],
        )
        counts = dict(groups)
        for run in self:
            run.unresolved_count = counts.get(run, 0)

    @api.depends("company_id", "date_until")
    def _compute_is_ahead(self):
        for run in self:
            company = run.company_id
            run.is_ahead = bool(
                company and run.date_until and run.date_until > company._service_today()
            )

    @api.depends(*CHOICES, "state")
    def _compute_due_count(self):
        for run in self:
            run.due_count = run.state == "draft" and run._count_left()

    @api.depends(*CHOICES)
    def _compute_previewed_on(self):
        # Another choice: what was worked out before is no longer the answer.
        self.previewed_on = False

    @api.depends("preview_ids.amount_company", "preview_ids.reason")
    def _compute_preview_totals(self):
        Preview = self.env["service.agreement.billing.preview"]
        mine = Domain("run_id", "in", self.ids)
        billed = {
            run: (count, amount)
            for run, count, amount in Preview._read_group(
                mine & Domain("reason", "=", False),
                ["run_id"],
                ["__count", "amount_company:sum"],
            )
        }
        refused = dict(
            Preview._read_group(
                mine & Domain("reason", "!=", False),
                ["run_id"],
                ["agreement_id:count_distinct"],
            )
        )
        for run in self:
            run.preview_invoice_count, run.preview_amount = billed.get(run, (0, 0.0))
            run.preview_failure_count = refused.get(run, 0)

    # CRUD

    def write(self, vals):
        if set(CHOICES) & vals.keys() and self.filtered(lambda r: r.state != "draft"):
            raise UserError(
                self.env._(
                    "What a run bills is chosen before it starts. Make a new one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_previews(self):
        if started := self.filtered(lambda run: run.state != "draft"):
            raise UserError(
                self.env._("%s is on record and cannot be deleted.", started[0].name)
            )

    # What is due

    def _get_agreements(self):
        """:return: an empty ``service.agreement`` that bills for this run"""
        self.ensure_one()
        return (
            self.env["service.agreement"]
            .with_company(self.company_id)
            .with_context(agreement_billing_run_id=self.id)
        )

    def _get_within(self):
        """:return: Domain of the agreements of this run; once set aside is enough"""
        self.ensure_one()
        within = Domain.TRUE
        if self.agreement_ids:
            within &= Domain("id", "in", self.agreement_ids.ids)
        if customers := self.partner_ids.commercial_partner_id:
            within &= Domain("commercial_partner_id", "in", customers.ids)
        if tried := self.failure_ids.agreement_id:
            within &= Domain("id", "not in", tried.ids)
        return within

    def _get_left_domain(self):
        """:return: Domain of what this run has still to do"""
        due = self._get_agreements()._get_due_domain(self.date_until)
        return due & self._get_within()

    def _count_left(self):
        if not (self.company_id and self.date_until):
            return 0
        return self._get_agreements().search_count(self._get_left_domain())

    # Preview

    @api.model
    def action_preview_due(self):
        """Open what is due today: the user's last preview of it, worked out anew."""
        company = self.env.company
        mine = Domain("state", "=", "draft") & Domain("create_uid", "=", self.env.uid)
        run = self.search(mine & Domain("company_id", "=", company.id), limit=1)
        run = run or self.create({"company_id": company.id})
        run.write(run._prepare_choices())
        if run.due_count <= self._preview_at_once:
            run._work_out_preview()
        return run._get_form_action()

    @api.model
    def _prepare_choices(self):
        """:return: values of a new preview: everybody, until today"""
        return {
            "date_until": self.env.company._service_today(),
            "partner_ids": False,
            "agreement_ids": False,
        }

    def _why_not_preview(self):
        self.ensure_one()
        if self.state != "draft":
            return self.env._("%s was already started.", self.name)
        return None

    def action_preview(self):
        """Work out what would be billed; writes nothing but the preview."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_preview)
        self._work_out_preview()

    def _work_out_preview(self):
        self.ensure_one()
        preview = self.sudo()
        preview.preview_ids.unlink()
        rates = {}
        for batch, _left in self._get_agreements()._iter_batches(
            self.date_until, self._get_within()
        ):
            values_list = self._prepare_preview_values(batch, rates)
            preview.env["service.agreement.billing.preview"].create(values_list)
        preview.previewed_on = now(self.env)

    def _prepare_preview_values(self, agreements, rates):
        """:param dict rates: {currency: factor}, filled as needed
        :return: list of values, one for each invoice of ``agreements``
        """
        today = self.company_id._service_today()
        obstacles = agreements._get_obstacles(today)
        values_list = []
        for agreement, due, amount in agreements._get_due_amounts(self.date_until):
            currency = agreement.currency_id
            if currency not in rates:
                rates[currency] = currency._get_conversion_rate(
                    currency, self.currency_id, self.company_id, today
                )
            values_list.append(
                {
                    "run_id": self.id,
                    "agreement_id": agreement.id,
                    "date": due,
                    "amount": amount,
                    "amount_company": self.currency_id.round(amount * rates[currency]),
                    "reason": obstacles.get(agreement) or agreement.billing_issue,
                }
            )
        return values_list

    # Start, stop, resume

    def _why_not_start(self):
        self.ensure_one()
        if self.state != "draft":
            return self.env._("%s was already started.", self.name)
        if self.is_ahead:
            return self.env._(
                "Only what is due today or earlier is billed. This is a preview of "
                "what is due until %s.",
                format_date(self.env, self.date_until),
            )
        if not self._count_left():
            return self.env._("Nothing is due. Everything has been billed.")
        return None

    def _prepare_start_values(self, origin):
        """:param str origin: "person" or "schedule" """
        self.ensure_one()
        sequence = self.env["ir.sequence"].sudo().with_company(self.company_id)
        return {
            "name": sequence.next_by_code(self._name) or self.name,
            "state": "running",
            "origin": origin,
            "user_id": origin == "person" and self.env.uid,
            "date_started": now(self.env),
            "agreement_count": self._count_left(),
        }

    def action_start(self):
        """Bill what is due: at once if it is little, else in the background."""
        self.ensure_one()
        self.lock_for_update()
        self._ensure_can(type(self)._why_not_start)
        self._start("person")
        self._go_on()

    def _start(self, origin):
        self.ensure_one()
        run = self.sudo()
        run.write(self._prepare_start_values(origin))
        run.preview_ids.unlink()

    def _why_not_stop(self):
        self.ensure_one()
        if self.state != "running":
            return self.env._("%s is not running.", self.name)
        return None

    def action_stop(self):
        """Let the batch in hand be finished, and no other be started."""
        self._ensure_can(type(self)._why_not_stop)
        self._close("stopped")

    def _why_not_resume(self):
        self.ensure_one()
        if self.state not in ("stopped", "interrupted"):
            return self.env._("%s was not stopped.", self.name)
        return None

    def action_resume(self):
        """Go on with what is left."""
        self._ensure_can(type(self)._why_not_resume)
        self.sudo().write({"state": "running", "date_finished": False})
        for run in self:
            run._go_on()

    def _go_on(self):
        """Work through it now if one batch is enough, else in the background."""
        self.ensure_one()
        agreements = self._get_agreements()
        if self._count_left() > agreements._batch_size:
            cron = self.env.ref("service_agreement.ir_cron_billing_run")
            cron.sudo()._trigger()
            return
        for batch, _left in agreements._iter_batches(
            self.date_until, self._get_within()
        ):
            self._bill_batch(batch)
        self._close("done")

    @api.model
    def _bill_agreements(self, agreements):
        """Start a run of chosen agreements only.

        :return: the action that shows it
        """
        company = agreements.company_id
        if len(company) != 1:
            raise UserError(self.env._("Choose agreements of one company."))
        runs = self.with_company(company)
        run = runs.create({"company_id": company.id, "agreement_ids": agreements.ids})
        run.action_start()
        return run._get_form_action()

    # The work

    @api.model
    def _start_scheduled(self):
        """Start a run in each company where something is due, by its own date."""
        for company in self._get_companies_due():
            today = company._service_today()
            running = self.search(
                [
                    ("company_id", "=", company.id),
                    ("origin", "=", "schedule"),
                    ("state", "=", "running"),
                ]
            )
            left_behind = running.filtered(lambda r, today=today: r.date_until < today)
            for run in left_behind:
                # Its server died. Today's run does what it left undone.
                run._close("interrupted")
            if running == left_behind and self._is_untried(company, today):
                self._create_scheduled(company, today)

    @api.model
    def _create_scheduled(self, company, today):
        run = self.create({"company_id": company.id, "date_until": today})
        run._start("schedule")
        return run

    @api.model
    def _get_companies_due(self):
        """:return: the companies where something is due; one query where nothing is"""
        latest = (now(self.env) + EASTERNMOST).date()
        groups = self.env["service.agreement"]._read_group(
            [("next_invoice_date", "<=", latest)],
            ["company_id"],
            ["next_invoice_date:min"],
        )
        return self.env["res.company"].union(
            *(company for company, day in groups if day <= company._service_today())
        )

    @api.model
    def _is_untried(self, company, today):
        """Whether anything is due that today's scheduled runs have not set aside."""
        failures = self.env["service.agreement.billing.failure"].search(
            [
                ("run_id.company_id", "=", company.id),
                ("run_id.origin", "=", "schedule"),
                ("run_id.date_until", "=", today),
            ]
        )
        agreements = self.env["service.agreement"].with_company(company)
        due = agreements._get_due_domain(today)
        untried = Domain("id", "not in", failures.agreement_id.ids)
        return bool(agreements.search_count(due & untried, limit=1))

    @api.model
    def _cron_go_on(self):
        """Work through what was started, one run after the other."""
        runs = self.search([("state", "=", "running")], order="id")
        waiting = sum(runs.mapped("agreement_count")) - sum(runs.mapped("done_count"))
        for run in runs:
            waiting -= run.agreement_count - run.done_count
            if not run._work(max(waiting, 0)):
                return

    def _work(self, waiting=0):
        """Bill batch by batch, until nothing is left or somebody stops it.

        After the commit of a batch the figures are written in a short transaction of
        their own: the row of the run is never locked while invoices are made, so that
        whoever stops it need not wait.

        :param int waiting: the agreements of the runs that come next
        :return: False if the scheduled action must make way for others
        """
        self.ensure_one()
        commit_progress = self.env["ir.cron"]._commit_progress
        agreements = self._get_agreements()
        for batch, left in agreements._iter_batches(
            self.date_until, self._get_within()
        ):
            if self.state != "running":
                return True
            batch._run_batch(self)
            commit_progress(len(batch))
            self._refresh_figures()
            remaining = agreements.search_count(left)
            if not commit_progress(remaining=remaining + waiting) and remaining:
                return False
        self._finish()
        return bool(commit_progress(remaining=waiting))

    def _bill_batch(self, agreements):
        """Bill a batch of this run, wherever it was waiting meanwhile.

        :return: (invoices, agreements set aside)
        """
        self.ensure_one()
        batch = self._get_agreements().browse(agreements.ids)
        return batch._bill_batch(
            self._get_left_domain(), self.company_id._service_today(), self.date_until
        )

    def _finish(self):
        """No batch is left to begin with: everything was billed or set aside."""
        self._close("done")

    def _close(self, state):
        """:param str state: "done", "stopped" or "interrupted" """
        for run in self.sudo():
            run.write(
                {
                    "state": state,
                    "date_finished": now(self.env),
                    **run._prepare_figures(),
                }
            )

    def _refresh_figures(self):
        """Another worker who is at it just now will count what is done here, too."""
        for run in self.sudo().try_lock_for_update(allow_referencing=True):
            run.write(run._prepare_figures())

    def _prepare_figures(self):
        """Counted anew each time: two workers at once lose nothing of each other."""
        self.ensure_one()
        invoices, amount = self.env["account.move"]._read_group(
            [("agreement_billing_run_id", "=", self.id)],
            [],
            ["__count", "amount_untaxed_signed:sum"],
        )[0]
        return {
            "invoice_count": invoices,
            "amount": amount,
            "failure_count": len(self.failure_ids),
            "done_count": max(self.agreement_count - self._count_left(), 0),
        }

    def _record_failure(self, agreement, reason):
        """Keep why ``agreement`` was set aside, also when it is billed later."""
        self.ensure_one()
        self.env["service.agreement.billing.failure"].create(
            {"run_id": self.id, "agreement_id": agreement.id, "reason": reason}
        )

    # Buttons

    def action_try_again(self):
        """Bill those that this run set aside and that were not billed since."""
        self.ensure_one()
        failures = self.failure_ids.filtered(lambda f: not f.date_resolved)
        if not failures:
            raise UserError(self.env._("Everything set aside has been billed since."))
        return self._bill_agreements(failures.agreement_id)

    def action_view_invoices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_invoice"
        )
        return dict(
            action,
            domain=[("agreement_billing_run_id", "=", self.id)],
            context={"create": False},
        )

    def action_view_failures(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_billing_failure"
        )
        return dict(action, domain=[("run_id", "=", self.id)], context={})

    def _get_form_action(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_billing_run"
        )
        return dict(action, view_mode="form", views=[(False, "form")], res_id=self.id)
