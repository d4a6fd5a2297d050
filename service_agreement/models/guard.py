"""Fields that are facts: written by the methods that make them true, never by hand.

`readonly=True` concerns forms only; over the API a user with write access could set any
field. Methods that may, check what they need and then write with sudo, which keeps the
author.
"""

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL


class ServiceAgreementGuard(models.AbstractModel):
    """Mixin: what of a record only superuser code may set."""

    _name = "service.agreement.guard"
    _description = "Facts That Are Not Set by Hand"

    # Names of fields; None: all of them, and nobody deletes the record either.
    _facts = None
    # Of all of them those that are nobody's fact but a person's words.
    _by_hand = ()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_facts(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_facts(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_no_facts(self):
        if self._facts is None and not self.env.su:
            raise AccessError(
                self.env._("%s: this is on record and stays.", self._description)
            )

    @api.model
    def _get_facts(self):
        """Hook for bridges, which add their own fields.

        :return: tuple of names
        """
        return self._facts

    @api.model
    def _refuse_facts(self, vals):
        """
        :param dict vals: what is about to be created or written
        :raise AccessError: a user sets a fact
        """
        facts = vals.keys() if self._facts is None else set(self._get_facts())
        touched = sorted((vals.keys() & facts) - {*self._by_hand})
        if touched and not self.env.su:
            labels = (self._fields[n]._description_string(self.env) for n in touched)
            raise AccessError(
                self.env._(
                    "%(fields)s cannot be set by hand: use the buttons of the record.",
                    fields=", ".join(labels),
                )
            )

    # For the methods that may

    def _ensure_can(self, why_not, operation="write"):
        """Raise the first reason that the predicate ``why_not`` returns.

        :raise AccessError: who calls may not do ``operation`` on these records
        """
        self.check_access(operation)
        for record in self:
            if reason := why_not(record):
                raise UserError(reason)

    def _describe_failure(self, error):
        """Why something failed in the background.

        :return: str, of a UserError its own words, of anything else where to look
        """
        if isinstance(error, UserError):
            return str(error)
        text = self.env._("cannot be counted: the reason is in the server's log")
        return text[:1].upper() + text[1:]

    def _lock_and_wait(self):
        """Wait for whoever is at these records; what he did is seen then.

        Not ``lock_for_update``, which refuses: of two clicks the second waits here and
        fails on the first one's commit, and Odoo runs it again, to find what the first
        one made.
        """
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                SQL.identifier(self._table),
                self.ids,
            ),
            # The second click is no error to look after.
            log_exceptions=False,
        )
        self.invalidate_recordset()
