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
            self._decide(waiting[-1])

    def _look_at_misses(self, _day):
        now = self.timeline.env.cr.now()
        missed = self.clocks.search(
            [("wake_at", "<=", now), ("deadline", "<", now - SEEN_AFTER)]
        )
        missed._warn_each()
        if now > self.timeline.now - UNDECIDED:
            return
        for credit in self.credits.search([("clock_id", "in", missed.ids)]):
            tomorrow = now + timedelta(hours=22)
            self.timeline.at(tomorrow, self._decide, credit)

    def _decide(self, credit):
        credit = credit.with_user(self.cora)
        reason, note = NOTES[credit.clock_id.metric]
        credit.write(
            {
                "miss_reason_id": self.timeline.env.ref(
                    f"service_agreement.{reason}"
                ).id,
                "miss_note": note,
            }
        )
        credit.action_grant()
