"""A customer upgrades on his phone, after he has seen what it costs."""

import re

from playwright.sync_api import expect

from tests.browser.steps import (
    PHONE,
    assert_no_horizontal_scroll,
    log_in,
    open_action,
    open_record,
)

CUSTOMER = "carla.whitfield@example.com"
MONEY = re.compile(r"\d[\d,]*\.\d\d")


def test_a_customer_upgrades_and_reads_what_it_costs_first(new_page):
    phone = new_page(PHONE)
    log_in(phone, CUSTOMER, "carla")
    number, tier = see_the_agreement(phone)
    chosen, price = choose_a_higher_tier(phone, tier)
    confirm(phone, chosen, price)
    see_it_is_done_once(phone, chosen)

    owner = new_page()
    log_in(owner, "olivia")
    see_the_to_do(owner, number)


def see_the_agreement(page):
    """:return: (number of the agreement, name of its tier)"""
    page.goto("/my/agreements")
    card = page.locator(".o_agreement_card", has_text="In force").first
    tier = card.locator(".fs-5").inner_text()
    card.locator("a").first.click()
    expect(page.locator(".o_agreement_nav")).to_be_visible()
    assert_no_horizontal_scroll(page)
    heading = page.locator(".o_agreement_header .text-muted").inner_text()
    page.locator(".o_agreement_nav a", has_text="Change").click()
    page.locator("#agreement_services a", has_text="Choose another tier").click()
    return heading.split()[-1], tier


def choose_a_higher_tier(page, held):
    """:return: (name of the tier, amount of the next invoice)"""
    tiers = page.locator(".o_agreement_tiers a")
    expect(tiers.filter(has_text=held)).to_have_count(0)
    chosen = tiers.last.locator("strong").inner_text().strip()
    expect(page.locator(".o_agreement_confirm")).to_have_count(0)
    tiers.last.click()
    expect(page.locator(".o_agreement_money")).to_contain_text("Your next invoices")
    expect(page.locator(".o_agreement_compared").first).to_contain_text(held)
    assert_no_horizontal_scroll(page)
    ahead = page.locator(".o_agreement_invoice_ahead").first
    return chosen, MONEY.search(ahead.inner_text()).group()


def confirm(page, chosen, price):
    page.get_by_role("button", name=f"Change to {chosen}").click()
    done = page.locator(".alert-success")
    expect(done).to_contain_text("Your service agreement is changed.")
    expect(page.locator(".o_agreement_header h2")).to_have_text(chosen)
    expect(page.locator(".o_agreement_glance")).to_contain_text(price)


def see_it_is_done_once(page, chosen):
    page.go_back()
    page.get_by_role("button", name=f"Change to {chosen}").click()
    expect(page.locator(".o_agreement_header h2")).to_have_text(chosen)
    expect(page.locator(".alert-success")).to_contain_text("is changed")


def see_the_to_do(page, number):
    open_action(page, "action_service_agreement")
    rows = page.locator(".o_data_row").filter(has_text=number)
    open_record(page, rows, "partner_id")
    expect(page.locator(".o-mail-Activity").first).to_contain_text("Carla Whitfield")
