"""The customer's pages on a phone: for everybody, also by keyboard and screen reader.

By axe-core; what it calls serious or critical is a failure.
"""

from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.browser.steps import assert_no_horizontal_scroll, log_in
from tests.browser.test_proposal import send_again

CUSTOMER = "carla.whitfield@example.com"
TICKET = "Wi-Fi drops"
AXE = files("axe_playwright_python") / "axe.min.js"
# Of the page as a whole, which is Odoo's: header, footer and editor are not ours.
OURS = "#wrap"
OURS_ON_A_TICKET = "#ticket_promises"
# The pad to sign on and the choice of payment methods are Odoo's, too.
THEIRS = (".o_web_sign_signature_group", ".o_payment_form")


@pytest.fixture
def carla(phone):
    """The customer, on her phone."""
    log_in(phone, CUSTOMER, "carla")
    return phone


def test_the_pages_of_an_agreement(carla):
    check(carla, "/my/agreements")
    card = carla.locator(".o_agreement_card", has_text="In force").first
    address = card.locator("a").first.get_attribute("href").partition("?")[0]
    check(carla, address)
    check(carla, f"{address}/request")
    check(carla, f"{address}/change/upgrade")
    check(carla, f"{address}/change/add_system")
    check(carla, f"{address}/autopay")


def test_the_page_of_a_ticket(carla):
    carla.goto("/my/agreements")
    card = carla.locator(".o_agreement_card", has_text="In force").first
    card.locator("a").first.click()
    tickets = carla.locator("#agreement_tickets a[href*='/my/tasks/']")
    address = tickets.filter(has_text=TICKET).first.get_attribute("href")
    check(carla, address, OURS_ON_A_TICKET)


def test_the_pages_of_a_proposal(page, phone):
    log_in(page, "cora")
    link = send_again(page, "Cedar Grove")
    check(phone, link)
    check(phone, link.replace("?", "/sign?"))
    check(phone, link.replace("?", "/decline?"))


def check(page, address, ours=OURS):
    page.goto(address)
    expect(page.locator(ours)).to_be_visible()
    assert_no_horizontal_scroll(page)
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "where => axe.run(where)",
        {"include": [[ours]], "exclude": [[each] for each in THEIRS]},
    )
    wrong = [
        f"{each['id']}: {node['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    assert not wrong, f"{address}:\n" + "\n".join(wrong)
