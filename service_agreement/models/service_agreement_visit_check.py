from odoo import api, fields, models


class ServiceAgreementVisitCheck(models.Model):
    """Something that is looked at on a visit, and what was found."""

    _name = "service.agreement.visit.check"
    _description = "What Was Checked on a Visit"
    _inherit = ["service.agreement.guard"]
    _order = "visit_id, sequence, id"

    _facts = ("checked_by_id", "checked_at")

    name = fields.Char(string="To Check", required=True)
    sequence = fields.Integer(default=10)
    visit_id = fields.Many2one(
        "service.agreement.visit", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="visit_id.company_id", store=True, index=True)
    result = fields.Selection(
        [("ok", "In order"), ("defect", "Defect"), ("skipped", "Not checked")],
        help="Empty: still to be done.",
    )
    note = fields.Char(string="Found", help="In words the customer reads.")
    photo_ids = fields.Many2many("ir.attachment", string="Photos", copy=False)
    photo_count = fields.Integer(compute="_compute_photo_count")
    checked_by_id = fields.Many2one(
        "res.users", string="By", readonly=True, copy=False, index="btree_not_null"
    )
    checked_at = fields.Datetime(string="At", readonly=True, copy=False)

    def _compute_photo_count(self):
        for check in self:
            check.photo_count = len(check.photo_ids)

    @api.model_create_multi
    def create(self, vals_list):
        checks = super().create(vals_list)
        checks._note_author()
        return checks

    def write(self, vals):
        changed = self.filtered(
            lambda check: "result" in vals and check.result != vals["result"]
        )
        result = super().write(vals)
        changed._note_author()
        return result

    def _note_author(self):
        """Sudo: a fact; who may say what was found, is who found it."""
        for check in self.sudo():
            if check.result:
                values = {
                    "checked_by_id": self.env.uid,
                    "checked_at": self.env.cr.now(),
                }
            else:
                values = {"checked_by_id": False, "checked_at": False}
            check.write(values)

    def _get_photos(self):
        """Sudo: shown to the customer, who reads the report and no attachments.

        :return: ir.attachment, the pictures among them
        """
        self.ensure_one()
        return self.sudo().photo_ids.filtered(
            lambda photo: (photo.mimetype or "").startswith("image/")
        )
