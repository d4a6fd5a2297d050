from odoo import api, models
from odoo.fields import Domain


class ServiceAgreement(models.Model):
    """Allowances are granted, carried over and forfeited on the day it is time.

    A daily action does so in each company's day; what changes an agreement, at once.
    What is read for people is computed for their instant, and waits for neither.
    """

    _inherit = "service.agreement"

    # Agreements per batch: what one lock and one commit cover.
    _allowance_batch_size = 200

    @api.model
    def _cron_grant_allowances(self):
        for company in self._get_serving_companies():
            due = self.with_company(company)._get_ledgers_due(
                company, company._service_today()
            )
            self.env["ir.cron"]._commit_progress(remaining=len(due))
            for start in range(0, len(due), self._allowance_batch_size):
                batch = due[start : start + self._allowance_batch_size]
                # Whoever works on one of them brings its ledger up to date himself.
                batch.try_lock_for_update()._refresh_ledgers()
                if not self.env["ir.cron"]._commit_progress(len(batch)):
                    return

    @api.model
    def _get_ledgers_due(self, company, today):
        """:return: agreements where something ended before ``today``, or is missing"""
        own = Domain("company_id", "=", company.id)
        over = own & Domain("date_end", "<", today) & Domain("balance", ">", 0)
        Lots = self.env["service.agreement.allowance.lot"]
        granted = Domain("date_start", "<=", today) & (
            Domain("date_end", "=", False) | Domain("date_end", ">=", today)
        )
        missing = self.env["service.agreement.allowance"].search(
            Domain("agreement_id.company_id", "=", company.id)
            & Domain("agreement_id.state", "=", "active")
            & Domain("agreement_id.date_start", "<=", today)
            & Domain("kind", "=", "included")
            & Domain("quantity", ">", 0)
            & Domain("lot_ids", "not any", granted & Domain("kind", "=", "granted"))
        )
        missing = missing.filtered(lambda each: each.coverage_id._is_granting_on(today))
        return Lots.search(over).agreement_id | missing.agreement_id

    def _refresh_ledgers(self):
        """Grant, carry over and forfeit what it is time for."""
        # Sudo: facts, and what follows from them.
        for company, agreements in self.sudo().grouped("company_id").items():
            today = company._service_today()
            allowances = agreements.coverage_ids.allowance_ids
            allowances._store_ledgers(allowances._get_ledgers(today), today)

    def _change_ledgers(self):
        """What the agreements allow is different from what it was: bring their ledgers
        up to date. Hook: who pays is decided again.
        """
        # Sudo: it follows from what happened, which may be a customer's signature.
        agreements = self.sudo().filtered("coverage_ids.allowance_ids")
        agreements._with_replaced().lock_for_update()
        agreements._refresh_ledgers()

    # EXTENDS: what changes what is granted

    def _after_activate(self):
        result = super()._after_activate()
        self._change_ledgers()
        return result

    def _after_suspend(self):
        result = super()._after_suspend()
        self._change_ledgers()
        return result

    def _after_resume(self, day):
        result = super()._after_resume(day)
        self._change_ledgers()
        return result

    def _after_renew(self):
        result = super()._after_renew()
        self._change_ledgers()
        return result

    def _after_end(self):
        result = super()._after_end()
        self._change_ledgers()
        return result

    def _after_take_back_end(self):
        result = super()._after_take_back_end()
        self._change_ledgers()
        return result

    def _after_coverage(self, day):
        result = super()._after_coverage(day)
        self._change_ledgers()
        return result


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    def _is_granting_on(self, day):
        self.ensure_one()
        spans = self._get_granting_spans()
        return any(start <= day and (end is None or day < end) for start, end in spans)
