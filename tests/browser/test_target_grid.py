"""What a tier promises, typed into one grid."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import SHORT, log_in, open_action, until_done


@pytest.fixture
def grid(page):
    """Open Gold's promises."""
    log_in(page, "olivia")
    open_action(page, "action_service_agreement_tier")
    tab = page.get_by_role("tab", name="Promises")

    def open_gold():
        if not tab.count():
            page.locator(".o_kanban_record", has_text="Gold").first.click(timeout=SHORT)
        tab.click(timeout=SHORT)

    until_done(open_gold, "Gold is open")
    return page.locator(".o_sa_target_grid")


def test_a_duration_typed_is_a_promise(page, grid):
    medium, low = _cell(grid, "on_site", "1"), _cell(grid, "on_site", "0")
    medium.locator("input").fill("1h30")
    medium.locator("input").press("Tab")
    expect(low.locator("input")).to_be_focused()
    expect(medium.locator("input")).to_have_value("1 h 30 min")
    medium.locator("select").select_option(label="Day and night")
    low.locator("input").fill("4h")
    _save(page)
    page.reload()
    page.get_by_role("tab", name="Promises").click()
    expect(medium.locator("input")).to_have_value("1 h 30 min")
    expect(medium.locator("select")).to_have_value("")
    expect(low.locator("input")).to_have_value("4 h")

    medium.locator("input").fill("")
    low.locator("input").fill("")
    _save(page)
    for cell in (medium, low):
        expect(cell.locator("select")).to_have_count(0)


def test_what_is_no_duration_stays_and_is_not_saved(page, grid):
    cell = _cell(grid, "update", "0")
    cell.locator("input").fill("soon")
    cell.locator("input").press("Tab")
    expect(cell).to_contain_text("Write 4h, 90m or 1h30")
    expect(page.locator(".o_form_button_save")).to_be_disabled()
    expect(cell.locator("input")).to_have_value("soon")
    cell.locator("input").fill("2h")
    _save(page)
    expect(cell.locator("input")).to_have_value("2 h")
    cell.locator("input").fill("")
    _save(page)


def test_discarded_it_is_as_it_was(page, grid):
    known, new = _cell(grid, "resolution", "3"), _cell(grid, "update", "0")
    before = known.locator("input").input_value()
    known.locator("input").fill("")
    new.locator("input").fill("3h")
    new.locator("input").press("Tab")
    expect(new.locator("select")).to_be_visible()
    page.locator(".o_form_button_cancel").click()
    expect(known.locator("input")).to_have_value(before)
    expect(new.locator("input")).to_have_value("")


def _cell(grid, metric, priority):
    return grid.locator(f"[data-metric={metric}] [data-priority='{priority}']")


def _save(page):
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_form_button_save")).to_be_hidden()
