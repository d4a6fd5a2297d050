"""A customer sees what a request costs, approves it, and that is what is billed."""

import re

from playwright.sync_api import expect

from tests.browser.steps import PHONE, assert_no_horizontal_scroll, log_in, open_action

CUSTOMER = "carla.whitfield@example.com"
SUBJECT = "A scene for the winter evenings"
PRICE = re.compile(r"\d+\.\d\d per hour")


def test_a_customer_approves_the_price_of_what_is_not_covered(new_page):
    customer = new_page(PHONE)
    log_in(customer, CUSTOMER, "carla")
    ask_for_something_new(customer)
    price = approve_on_the_ticket(customer)

    technician = new_page()
    log_in(technician, "tom")
    see_that_it_is_approved(technician, price)


def ask_for_something_new(page):
    page.goto("/my/agreements")
    page.locator(".o_agreement_list a", has_text="In force").first.click()
    page.get_by_role("link", name="Request service").first.click()
    page.fill("input[name=subject]", SUBJECT)
    panel = page.locator(".o_request_price")
    page.get_by_text("New Work", exact=True).click()
    expect(panel).to_contain_text("Not covered")
    expect(panel).to_contain_text(PRICE)
    expect(panel.get_by_role("checkbox")).not_to_be_checked()
    assert_no_horizontal_scroll(page)
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("body")).to_contain_text("We have your request.")


def approve_on_the_ticket(page):
    """:return: str, the price that was shown"""
    page.get_by_role("link", name=re.compile(SUBJECT)).first.click()
    section = page.locator("#ticket_price")
    expect(section).to_contain_text("Not covered")
    price = PRICE.search(section.inner_text()).group()
    assert_no_horizontal_scroll(page)
    section.get_by_role("button", name="Approve").click()
    expect(section).to_contain_text("Carla Whitfield approved on")
    expect(section).to_contain_text(price)
    expect(section.get_by_role("button", name="Approve")).to_have_count(0)
    return price


def see_that_it_is_approved(page, price):
    open_action(page, "action_service_desk_ticket")
    card = page.locator(".o_data_row, .o_kanban_record").filter(has_text=SUBJECT)
    card.first.click()
    said = page.locator("div[name=service_approval]")
    expect(said).to_contain_text("Carla Whitfield approved on")
    expect(said).to_contain_text(price)
