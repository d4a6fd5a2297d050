from odoo import models
from odoo.tools import SQL


class ServiceAgreementRatio(models.AbstractModel):
    """Shares in reports: of several rows, the share of their sums.

    The mean of shares would weigh a customer of 10 a month like one of 1,000.
    """

    _name = "service.agreement.ratio"
    _description = "Report with Shares"

    # Of each field that is a share: the fields it is the share of, (part, whole).
    _ratios = {}

    def _read_group_select(self, aggregate_spec, query):
        name, _colon, aggregator = aggregate_spec.partition(":")
        if name not in self._ratios or aggregator != "avg":
            return super()._read_group_select(aggregate_spec, query)
        part, whole = (
            self._field_to_sql(self._table, each, query) for each in self._ratios[name]
        )
        return SQL("SUM(%s)::float8 / NULLIF(SUM(%s), 0)::float8", part, whole)
