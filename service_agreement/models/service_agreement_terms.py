from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date, is_html_empty

STATES = [
    ("draft", "Draft"),
    ("in_force", "In Force"),
    ("replaced", "Replaced"),
]
# What draws itself from the agreement; a company words title and introduction.
AGREEMENT_SECTIONS = [
    ("parties", "Who makes this agreement"),
    ("systems", "What we look after"),
    ("scope", "What is included"),
    ("visits", "When we visit you"),
    ("definitions", "What the words mean"),
    ("response", "How fast we are"),
    ("charges", "What it costs"),
    ("rates", "What costs extra"),
    ("term", "Start, term and renewal"),
    ("increase", "If the price rises"),
    ("suspension", "If the agreement is paused"),
    ("ending", "How it ends"),
    ("note", "What else we agreed"),
]
SHEET_SECTIONS = [
    ("sheet_contact", "How to reach us"),
    ("sheet_next", "What happens next"),
    ("sheet_cost", "What it costs"),
    ("sheet_prevent", "What we do so that it breaks less often"),
    ("sheet_limits", "What is not part of it"),
]
FREE_SECTIONS = [
    ("text", "Text of the agreement"),
    ("sheet_text", "Text of the expectation sheet"),
]
SECTIONS = AGREEMENT_SECTIONS + SHEET_SECTIONS + FREE_SECTIONS
FREE = tuple(key for key, _label in FREE_SECTIONS)
DOCUMENTS = [("agreement", "Agreement"), ("sheet", "Expectation sheet")]


class ServiceAgreementTerms(models.Model):
    """A version of what a company's agreements say in words.

    How it works: a version is a draft, is put in force, and is replaced by the next
    one. Only a draft is edited, so an agreement, which keeps the version that it was
    offered with, never says anything else afterwards.
    """

    _name = "service.agreement.terms"
    _description = "Terms of Agreements"
    _inherit = ["service.agreement.guard", "mail.thread"]
    _order = "company_id, version desc, id desc"
    _facts = ("version", "state", "in_force_on")

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Empty: for all companies that have no terms of their own.",
    )
    version = fields.Integer(readonly=True, copy=False)
    state = fields.Selection(
        STATES, default="draft", required=True, readonly=True, copy=False, tracking=True
    )
    in_force_on = fields.Date(
        string="In Force Since",
        readonly=True,
        copy=False,
        help="The day on which it was put in force.",
    )
    note = fields.Text(
        string="What Changed", copy=False, help="For colleagues; nobody else reads it."
    )
    section_ids = fields.One2many(
        "service.agreement.terms.section", "terms_id", copy=True
    )
    agreement_ids = fields.One2many("service.agreement", "terms_id")
    agreement_count = fields.Integer(compute="_compute_agreement_count")

    _version_uniq = models.UniqueIndex(
        "(company_id, version) NULLS NOT DISTINCT",
        "Somebody else has just made this version. Reload the page and edit theirs.",
    )
    _in_force_uniq = models.UniqueIndex(
        "(company_id) NULLS NOT DISTINCT WHERE state = 'in_force'",
        "A company has one version of its terms in force.",
    )

    def _compute_agreement_count(self):
        groups = self.env["service.agreement"]._read_group(
            [("terms_id", "in", self.ids)], ["terms_id"], ["__count"]
        )
        counts = dict(groups)
        for terms in self:
            terms.agreement_count = counts.get(terms, 0)

    @api.depends("name", "version")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for terms in self:
            terms.display_name = terms.env._(
                "%(name)s, version %(version)s", name=terms.name, version=terms.version
            )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        terms_list = super().create(vals_list)
        for terms in terms_list:
            # Sudo: a fact; who may create it was checked.
            terms.sudo().version = terms._get_next_version()
        return terms_list

    def write(self, vals):
        if not self.env.su:
            if not {"name", "section_ids"}.isdisjoint(vals):
                self._ensure_draft()
            self._ensure_same_company(vals)
        return super().write(vals)

    def _ensure_same_company(self, vals):
        """:raise UserError: its number is one of the versions of its company"""
        company_id = vals.get("company_id", False)
        if "company_id" in vals and any(
            terms.company_id.id != company_id for terms in self
        ):
            raise UserError(
                self.env._(
                    "Terms stay with their company. Work in the other company and use"
                    ' "Edit" there.'
                )
            )

    def _get_next_version(self):
        """:return: int, after all that this company can have used so far"""
        self.ensure_one()
        known = self.sudo().search(
            Domain("company_id", "in", (False, self.company_id.id))
            & Domain("id", "!=", self.id),
            order="version desc",
            limit=1,
        )
        return known.version + 1

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        self._ensure_draft()

    def _ensure_draft(self):
        """:raise UserError: agreements were, or may have been, offered with it"""
        for terms in self:
            if terms.state != "draft":
                raise UserError(
                    terms.env._(
                        "“%(terms)s” was put in force and stays as it is, because"
                        ' agreements were offered with it. Use "Edit" to make a new'
                        " version of it.",
                        terms=terms.display_name,
                    )
                )

    # Versions

    @api.model
    def _get_in_force(self, company):
        """:return: the terms that ``company`` offers with today: its own, else those of
        all companies; empty if there are none

        Sudo: whoever offers or reads an agreement, it is by the same terms.
        """
        own = Domain("company_id", "in", (False, company.id))
        found = self.sudo().search_fetch(own & Domain("state", "=", "in_force"))
        return found.sorted(lambda terms: not terms.company_id)[:1].with_env(self.env)

    def action_edit(self):
        """Go on with the draft of the next version, made of this one if there is none.

        :return: action that opens it
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        draft = self.search(
            [("company_id", "=", company.id), ("state", "=", "draft")], limit=1
        )
        if not draft:
            draft = self.copy({"company_id": company.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "views": [(False, "form")],
        }

    def _why_not_put_in_force(self):
        self.ensure_one()
        if self.state != "draft":
            return self.env._("“%s” was put in force already.", self.display_name)
        if not self.section_ids.filtered("is_shown"):
            return self.env._(
                "“%s” shows no section: add one, or show one.", self.display_name
            )
        return None

    def action_put_in_force(self):
        """From now on agreements are offered with it; those of before keep theirs."""
        self.check_access("write")
        for terms in self:
            if problem := terms._why_not_put_in_force():
                raise UserError(problem)
            terms._replace_current()
            company = terms.company_id or terms.env.company
            # Sudo: facts; rights were checked.
            terms.sudo().write(
                {"state": "in_force", "in_force_on": company._service_today()}
            )

    def _replace_current(self):
        """What was in force in this company no longer is."""
        current = self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "in_force")]
        )
        current.state = "replaced"
        # At once: only one is in force, and another one is about to be.
        current.flush_recordset(["state"])

    def action_view_agreements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        return dict(action, domain=[("terms_id", "=", self.id)], context={})

    # Reading

    def _list_sections(self, document):
        """What a document shows, in order; what draws itself and is not in these terms
        comes last, under its usual title.

        :param str document: one of ``DOCUMENTS``
        :return: list of dict: key, title and body (html, or empty)
        """
        known = self.section_ids.filtered(lambda each: each.document == document)
        listed = [each._prepare_section() for each in known if each.is_shown]
        if self and document == "sheet":
            return listed
        usual = dict(AGREEMENT_SECTIONS if document == "agreement" else SHEET_SECTIONS)
        labels = dict(known._fields["key"]._description_selection(self.env))
        missing = [key for key in usual if key not in known.mapped("key")]
        return listed + [
            {"key": key, "title": labels[key], "body": ""} for key in missing
        ]

    def _describe(self):
        """:return: str, "Service terms, version 2 of March 1, 2026" """
        self.ensure_one()
        return self.env._(
            "%(name)s, version %(version)s of %(date)s",
            name=self.name,
            version=self.version,
            date=format_date(self.env, self.in_force_on, date_format="long"),
        )


class ServiceAgreementTermsSection(models.Model):
    """A section: one that draws itself from the agreement, or a company's own text."""

    _name = "service.agreement.terms.section"
    _description = "Section of the Terms of Agreements"
    _order = "terms_id, document, sequence, id"
    _rec_name = "title"

    terms_id = fields.Many2one(
        "service.agreement.terms", required=True, ondelete="cascade", index=True
    )
    key = fields.Selection(
        SECTIONS,
        string="Shows",
        required=True,
        default="text",
        help="What it draws from the agreement, below your own words.",
    )
    document = fields.Selection(
        DOCUMENTS, compute="_compute_document", store=True, precompute=True
    )
    sequence = fields.Integer(default=100)
    title = fields.Char(required=True, translate=True)
    body = fields.Html(
        string="Words",
        translate=True,
        help="Printed below the title, and above what is drawn from the agreement.",
    )
    is_shown = fields.Boolean(string="Shown", default=True)

    _key_uniq = models.UniqueIndex(
        "(terms_id, key) WHERE key NOT IN ('text', 'sheet_text')",
        "Each section that draws itself is there once.",
    )

    @api.depends("key")
    def _compute_document(self):
        for section in self:
            is_sheet = (section.key or "").startswith("sheet_")
            section.document = "sheet" if is_sheet else "agreement"

    @api.onchange("key")
    def _onchange_key(self):
        """The usual title, to start from."""
        if self.key and self.key not in FREE and not self.title:
            labels = dict(self._fields["key"]._description_selection(self.env))
            self.title = labels[self.key]

    @api.model_create_multi
    def create(self, vals_list):
        sections = super().create(vals_list)
        sections._ensure_draft()
        return sections

    def write(self, vals):
        self._ensure_draft()
        result = super().write(vals)
        # Again: it may have been moved to another version.
        self._ensure_draft()
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """EXTENDS: other words in a language are other terms, too."""
        self._ensure_draft()
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_of_drafts(self):
        self._ensure_draft()

    def _ensure_draft(self):
        """:raise UserError: it is of a version that was put in force"""
        if not self.env.su:
            self.terms_id._ensure_draft()

    def _prepare_section(self):
        """:return: dict, see ``_list_sections`` of the terms"""
        self.ensure_one()
        body = "" if is_html_empty(self.body) else self.body
        return {"key": self.key, "title": self.title, "body": body}
