"""Fields that are facts: written by the methods that make them true, never by hand.

`readonly=True` concerns forms only; over the API a user with write access could set any
field. Methods that may, check what they need and then write with sudo, which keeps the
author.
"""

from odoo import api, models
from odoo.exceptions import AccessError


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
    def _refuse_facts(self, vals):
        """
        :param dict vals: what is about to be created or written
        :raise AccessError: a user sets a fact
        """
        facts = vals.keys() if self._facts is None else set(self._facts)
        touched = sorted((vals.keys() & facts) - {*self._by_hand})
        if touched and not self.env.su:
            labels = (self._fields[n]._description_string(self.env) for n in touched)
            raise AccessError(
                self.env._(
                    "%(fields)s cannot be set by hand: use the buttons of the record.",
                    fields=", ".join(labels),
                )
            )
