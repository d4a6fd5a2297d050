"""A real Chromium for browser tests; a failure leaves its picture behind.

    def test_it(demo_server, page):
        log_in(page, "olivia")
        page.goto("/odoo/…")

`page` is desktop wide, `phone` is 390 pixels wide; addresses may be relative.
"""

import os
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from devtool import programs
from devtool.errors import DevError
from devtool.paths import FAILURES
from tests.browser.steps import PHONE

CHROMIUM_ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-sync",
    # Without these it asks for hosts outside, which a closed network refuses.
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
DESKTOP = {"width": 1400, "height": 900}
# Not what a page may take, but when a machine that has other work has failed.
LONGEST_WAIT = 30_000  # milliseconds
# A customer's page is there before its scripts are: they ignore what is done meanwhile.
WITHOUT_SCRIPTS = "body:has(#wrapwrap):not([is-ready])"
expect.set_options(timeout=LONGEST_WAIT)


@pytest.fixture(scope="session")
def browser():
    """Start Chromium once."""
    try:
        path = programs.chromium()
    except DevError as error:
        pytest.fail(str(error), pytrace=False)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=[*CHROMIUM_ARGUMENTS, *sandbox]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser, demo_server, request):
    """Open pages as different people: each call is a browser of its own."""
    pages = []

    def open_page(viewport=DESKTOP):
        context = browser.new_context(base_url=demo_server.url, viewport=viewport)
        page = context.new_page()
        # Whatever is done on a page waits until this is gone.
        page.add_locator_handler(page.locator(WITHOUT_SCRIPTS), lambda: None)
        pages.append(page)
        return page

    yield open_page
    report = getattr(request.node, "report", None)
    for number, page in enumerate(pages, 1):
        if report and report.failed:
            _picture(page, f"{request.node.name}-{number}")
        page.context.close()


@pytest.fixture
def page(new_page):
    """Open a page, desktop wide."""
    return new_page()


@pytest.fixture
def phone(new_page):
    """Open a page, as wide as a phone."""
    return new_page(PHONE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test ended."""
    report = yield
    if call.when == "call":
        item.report = report
    return report


def _picture(page, name):
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / (re.sub(r"[^\w-]+", "-", name) + ".png")
    page.screenshot(path=path)
    print(f"screenshot: {path}\nat: {page.url}")  # noqa: T201
