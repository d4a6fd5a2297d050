"""The mission in one story: agreed, signed, billed, and a promise that is kept."""

import re

from playwright.sync_api import expect

from tests.browser.steps import (
    assert_no_horizontal_scroll,
    log_in,
    open_action,
    open_record,
    pick,
    search,
    send_message,
)

CUSTOMER = "carla.whitfield@example.com"


def test_from_an_offer_to_a_kept_promise(new_page):
    owner = new_page()
    log_in(owner, "olivia")
    number = make_and_send_an_agreement(owner)

    customer = new_page({"width": 390, "height": 844})
    log_in(customer, CUSTOMER, "carla")
    sign_it(customer, number)

    bill_it(owner, number)
    ask_for_service(customer, number)

    technician = new_page()
    log_in(technician, "tom")
    see_and_keep_the_promise(technician)
    see_that_it_was_kept(customer)


def make_and_send_an_agreement(page):
    """:return: its number"""
    open_action(page, "action_service_agreement")
    page.get_by_role("button", name="New", exact=True).click()
    pick(page, "partner_id", "Carla Whitfield")
    pick(page, "tier_id", "Platinum")
    expect(page.locator(".o_field_one2many[name=line_ids] .o_data_row")).to_have_count(
        1
    )
    page.get_by_role("button", name="Send Proposal").click()
    composer = page.locator(".modal")
    expect(composer).to_contain_text("Send the Proposal")
    composer.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Proposed")
    return page.locator(".oe_title, .o_form_view h1").first.inner_text().strip()


def sign_it(page, number):
    page.goto("/my/agreements")
    page.get_by_role("link", name=number).first.click()
    expect(page.locator("body")).to_contain_text("How fast we are")
    assert_no_horizontal_scroll(page)
    page.get_by_role("button", name="Accept & sign").first.click()
    modal = page.locator("#modalaccept")
    name = modal.locator("input[name=signer], .o_web_sign_name_and_signature input")
    name.first.fill("Carla Whitfield")
    draw_a_signature(page, modal)
    modal.get_by_role("button", name="Accept & Sign").click()
    expect(page.locator("body")).to_contain_text("Thank you", timeout=30_000)
    expect(page.locator("body")).to_contain_text("Carla Whitfield")


def draw_a_signature(page, modal):
    draw = modal.get_by_text("Draw", exact=True)
    if draw.count():
        draw.first.click()
    canvas = modal.locator("canvas").first
    canvas.wait_for()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 20 + 20 * step, box["y"] + 20 + 10 * (step % 3))
    page.mouse.up()


def bill_it(page, number):
    open_action(page, "action_service_agreement")
    search(page, number)
    open_record(page, page.locator(".o_data_row").filter(has_text=number))
    expect(page.locator(".o_arrow_button_current")).to_have_text("Active")
    page.get_by_role("button", name="Bill Now").click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Posted")
    lines = page.locator(".o_field_widget[name=invoice_line_ids] .o_data_row")
    expect(lines.first).to_contain_text("Platinum")


def ask_for_service(page, number):
    page.goto("/my/agreements")
    page.get_by_role("link", name=number).first.click()
    expect(page.locator("body")).to_contain_text(re.compile(r"INV/\d{4}/"))
    page.get_by_role("link", name="Request service").first.click()
    page.fill("input[name=subject]", "The cinema is silent")
    page.fill("textarea[name=description]", "Picture, but no sound since this morning.")
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("body")).to_contain_text("We answer")
    assert_no_horizontal_scroll(page)


def see_and_keep_the_promise(page):
    open_action(page, "action_service_desk_ticket")
    row = page.locator(".o_data_row, .o_kanban_record").filter(
        has_text="The cinema is silent"
    )
    expect(row.first).to_contain_text("left")
    row.first.click()
    form = page.locator(".o_form_view")
    expect(form).to_contain_text("Platinum")
    expect(form).to_contain_text("First answer")
    send_message(page, "We are on it: power-cycling the amp.")
    page.reload()
    expect(form).to_contain_text(re.compile("kept", re.I))


def see_that_it_was_kept(page):
    page.reload()
    expect(page.locator("body")).to_contain_text("The cinema is silent")
