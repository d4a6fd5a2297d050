"""What the customers were told of the last quarters."""

from datetime import timedelta

from ..models.service_agreement_statement_run import PATIENCE
from ..tools.statement import last_span

QUARTERS = 2
# Of the last quarter, still to be looked at.
WAITING = ("pinecrest", "cedar")


class Statements:
    def __init__(self, timeline):
        self.timeline = timeline

    def plan(self):
        """Each quarter, when its months have had their time to be settled."""
        first = self.timeline.today
        for number in range(QUARTERS):
            span = last_span(first, 3)
            first = span[0]
            ready = self.timeline.instant(span[1] + PATIENCE + timedelta(days=1), 7)
            self.timeline.at(ready, self._tell, span, number == 0)

    def _tell(self, span, is_last):
        line = self.timeline
        agreements = line.env["service.agreement"]
        domain = agreements._get_to_tell_domain(line.company, "quarterly", span)
        statements = agreements.search(domain)._make_statements(span)
        statements.goes_out = False
        if is_last:
            waiting = line.env["res.partner"].union(
                *(line.named(f"partner_{name}") for name in WAITING)
            )
            statements = statements.filtered(
                lambda each: each.commercial_partner_id not in waiting
            )
        # Nobody gets a mail about last year.
        statements._mark_sent()
