"""A technician works a ticket, and the promises on it follow."""

from playwright.sync_api import expect

from tests.browser.steps import log_in, move_to_stage, open_record, send_message


def test_answer_wait_resume_solve_reopen(page):
    log_in(page, "tom")
    page.goto("/odoo/tickets")
    open_record(page, page.locator(".o_data_row", has_text="Booking panels"))
    promises = page.locator(".o_service_promise")
    answer = promises.locator("[data-metric=first_response]")
    solution = promises.locator("[data-metric=resolution]")
    expect(answer).to_contain_text("left")

    send_message(page, "We look into it: is it all three rooms?")
    expect(answer).to_contain_text("kept")
    for stage, shown in (
        ("Waiting for Customer", "Paused until the customer answers"),
        ("In Progress", "left"),
        ("Solved", "kept"),
        ("In Progress", "left"),
    ):
        move_to_stage(page, stage)
        expect(solution).to_contain_text(shown)
    expect(answer).to_contain_text("kept")
