"""One company with its chart of accounts for all test classes of a run.

Odoo's kit for tests of invoicing makes a company, loads a chart of accounts and adds
users, taxes and products: some two seconds, for each class. ``keep_company()`` has that
done once and commits it, for a database that is thrown away after its tests; each class
then finds these records, and changes them in its own transaction. Where nothing is
kept, as with Odoo's own runner, each class makes its own.
"""

from inspect import getattr_static
from typing import NamedTuple

from odoo.models import BaseModel
from odoo.tests.common import get_db_name

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import BaseCommon
from odoo.addons.product.tests.common import ProductCommon
from odoo.addons.uom.tests.common import UomCommon

# By what a class asks Odoo's kit for another company, or another user in it.
CHOICES = (
    "chart_template",
    "collect_company_accounting_data",
    "country_code",
    "default_env_context",
    "setup_independent_company",
    "setup_independent_user",
    "_create_company",
    "_create_product",
    "_use_chart_template",
)

_kept = {}  # {database: {attribute of a test class: _Records, or a dict of them}}


class KeptCompanyCommon(AccountTestInvoicingCommon):
    """What `AccountTestInvoicingCommon` gives, from what was kept where it can be."""

    @classmethod
    def keep_company(cls):
        """Make a company for all classes to come, and commit it."""
        maker = type("Maker", (cls,), {"__module__": cls.__module__})
        try:
            # Odoo's alone, for what our kit adds is made by each class.
            AccountTestInvoicingCommon.setUpClass.__func__(maker)
            maker._make_room()
            # Of a test's cursor the method itself is forbidden.
            type(maker.cr).commit(maker.cr)
            found = {name: _pack(value) for name, value in vars(maker).items()}
            _kept[get_db_name()] = {name: it for name, it in found.items() if it}
        finally:
            maker.doClassCleanups()

    @classmethod
    def _make_room(cls):
        """Leave the names that must be unique to classes that make their own."""
        cls.company.name = "Kept company"
        for user in cls.user + cls.simple_accountman:
            user.login = f"kept_{user.login}"

    @classmethod
    def setUpClass(cls):
        kept = _kept.get(get_db_name())
        if not kept or cls._wants_its_own():
            return super().setUpClass()
        # Past all those classes of Odoo that make what is kept.
        super(BaseCommon, cls).setUpClass()
        cls.env = cls.env(user=kept["user"].ids[0], context=cls.default_env_context())
        for name, packed in kept.items():
            setattr(cls, name, _unpack(packed, cls.env))
        if missing := cls.get_default_groups() - cls.user.group_ids:
            cls.user.sudo().group_ids += missing
        cls.maxDiff = None
        cls.tax_number = 0
        return None

    @classmethod
    def _wants_its_own(cls):
        """Tell whether a class chose otherwise, or inherits more of Odoo's kits."""
        mro = cls.mro()
        kits = mro[mro.index(KeptCompanyCommon) + 1 : mro.index(BaseCommon)]
        if kits != [AccountTestInvoicingCommon, ProductCommon, UomCommon]:
            return True
        return any(
            getattr_static(cls, name)
            is not getattr_static(AccountTestInvoicingCommon, name)
            for name in CHOICES
        )


class _Records(NamedTuple):
    model: str
    ids: tuple
    context: dict
    su: bool


def _pack(value):
    """Return what outlives the transaction; None of what is no record."""
    if isinstance(value, BaseModel):
        env = value.env
        return _Records(value._name, value._ids, env.context, env.su)
    if isinstance(value, dict):
        packed = {key: _pack(each) for key, each in value.items()}
        return packed if all(packed.values()) else None
    return None


def _unpack(packed, env):
    if isinstance(packed, dict):
        return {key: _unpack(each, env) for key, each in packed.items()}
    return env(context=packed.context, su=packed.su)[packed.model].browse(packed.ids)
