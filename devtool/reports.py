"""What a stage of tests came to: read from pytest's report, summed, shown."""

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field

from .progress import say

LINES_OF_A_FAILURE = 12


@dataclass
class Result:
    """The outcome of one stage: how many of what, and why each failure."""

    stage: str
    counts: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)  # (test, reason)
    passed: set = field(default_factory=set)
    # Those of them that failed before: (test, reason)
    second_try: list = field(default_factory=list)

    def add(self, test, outcome, reason=""):
        """Count one test."""
        self.counts[outcome] += 1
        if outcome == "failed":
            self.failures.append((test, reason))
        elif outcome == "passed":
            self.passed.add(test)

    def try_again(self, second):
        """Let those that failed pass that passed when they were run once more."""
        again = [failure for failure in self.failures if failure[0] in second.passed]
        self.failures = [each for each in self.failures if each not in again]
        self.counts.update(failed=-len(again), passed=len(again))
        self.passed.update(test for test, _reason in again)
        self.second_try += again


def read_junit(stage, path, exit_code):
    """Read pytest's report; a run that broke off counts as a failure."""
    result = Result(stage)
    if path.exists():
        outcomes = {}
        for case in ET.parse(path).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            # An error while tearing down comes as a second case of the same test.
            if outcomes.get(name, ("",))[0] != "failed":
                outcomes[name] = _outcome(case)
        for name, (outcome, reason) in outcomes.items():
            result.add(name, outcome, reason)
    if exit_code not in (0, 5) and not result.failures:
        result.add(stage, "failed", f"pytest ended with code {exit_code}")
    return result


def _outcome(case):
    for kind in ("failure", "error"):
        element = case.find(kind)
        if element is not None:
            return "failed", element.text or element.get("message") or kind
    return ("skipped" if case.find("skipped") is not None else "passed"), ""


def show(results):
    """Print the failures and the one closing line; return the exit code."""
    for result in results:
        for test, reason in result.failures:
            _show_reason(f"FAILED [{result.stage}] {test}", reason)
    for result in results:
        for test, reason in result.second_try:
            _show_reason(f"passed at the second try [{result.stage}] {test}", reason)
    total = sum((result.counts for result in results), Counter())
    if not total["passed"] + total["failed"]:
        total["failed"] += 1
        say("no test was run, which counts as a failure")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    say(f"\n{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] else 0


def _show_reason(title, reason):
    shown = reason.strip().splitlines()[-LINES_OF_A_FAILURE:]
    say("\n".join(("", title, *(f"    {line}" for line in shown))))
