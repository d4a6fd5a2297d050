"""What a person sees while something takes long: plain lines, fit for a CI log too."""

import threading
import time
from contextlib import contextmanager

# The order in which a first run goes; the index is the number that is shown.
STEPS = ["Python packages", "Odoo", "programs", "PostgreSQL", "databases"]
SECONDS_BETWEEN_UPDATES = 5

_printing = threading.Lock()


def say(text=""):
    """Print one line at once, whole even when several threads talk."""
    with _printing:
        print(text, flush=True)  # noqa: T201


def duration(seconds):
    """Return a time span as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


class Step:
    """One long step: says what it does, how far it is, and how long it took."""

    def __init__(self, name):
        self.label = f"[{STEPS.index(name) + 1}/{len(STEPS)}] {name}"
        self.started = time.monotonic()
        self.updated = 0.0

    def say(self, text):
        """Print a line of this step."""
        self.updated = time.monotonic()
        say(f"{self.label}: {text}")

    def update(self, text):
        """Print how far it is, but not more often than a reader cares for."""
        if time.monotonic() - self.updated >= SECONDS_BETWEEN_UPDATES:
            self.say(text)

    def done(self, what):
        """Print the last line of this step."""
        self.say(f"{what}: done in {duration(time.monotonic() - self.started)}")


@contextmanager
def step(name, doing):
    """Frame a long step with its first and its last line."""
    current = Step(name)
    current.say(doing)
    yield current
    current.done(doing)
