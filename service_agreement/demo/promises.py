"""What became of promises that were missed: on record, explained, credited."""

from datetime import timedelta

# After that a miss is old news, and nobody's to-do.
SEEN_AFTER = timedelta(days=3)
# What was missed in these days waits for Cora, but for one.
UNDECIDED = timedelta(days=75)
NOTES = {
    "first_response": (
        "sla_miss_reason_overlooked",
        "It lay in the wrong inbox over the morning.",
    ),
    "update": (
        "sla_miss_reason_capacity",
        "Two of us were ill that week.",
    ),
    "on_site": (
        "sla_miss_reason_capacity",
        "The day's other visit took until the evening.",
    ),
    "resolution": (
        "sla_miss_reason_harder",
        "The part had to be ordered, and came a day late.",
    ),
}


class Promises:
    """Looks every noon, as the scheduled action does."""

    def __init__(self, timeline):
        self.timeline = timeline
        self.clocks = timeline.env["service.agreement.sla.clock"]
        self.credits = timeline.env["service.agreement.sla.credit"]
        self.cora = timeline.named("user_cora")

    def plan(self):
        self.timeline.every_day(12, self._look_at_misses)

    def leave_on_the_desk(self):
        """One that is granted and on no invoice yet; the rest is for Cora."""
        waiting = self.credits.search([("decision", "=", "proposed")])
        if len(waiting) > 1:
            self._explain(waiting[-1].clock_id)
            self._grant(waiting[-1])

    def _look_at_misses(self, _day):
        now = self.timeline.env.cr.now()
        missed = self.clocks.search(
            [("wake_at", "<=", now), ("deadline", "<", now - SEEN_AFTER)]
        )
        missed._warn_each()
        if now > self.timeline.now - UNDECIDED:
            return
        tomorrow = now + timedelta(hours=22)
        for clock in missed:
            self.timeline.at(tomorrow, self._explain, clock)
        for credit in self.credits.search([("clock_id", "in", missed.ids)]):
            self.timeline.at(tomorrow, self._grant, credit)

    def _explain(self, clock):
        reason, note = NOTES[clock.metric]
        reason = self.timeline.env.ref(f"service_agreement.{reason}")
        clock.with_user(self.cora).write(
            {"miss_reason_id": reason.id, "miss_note": note}
        )

    def _grant(self, credit):
        credit.with_user(self.cora).action_grant()
