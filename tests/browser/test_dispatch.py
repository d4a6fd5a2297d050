"""A coordinator sees what breaks next, and gives it to somebody."""

import re

from playwright.sync_api import expect

from tests.browser.steps import SAVED, SHORT, log_in, until_done
from tests.support import wait_until


def test_what_breaks_next_is_on_top_and_given_out(page):
    log_in(page, "cora")
    by_deadline = _read_tickets_by_deadline(page)
    page.goto("/odoo/dispatch")
    nobody = _column(page, "Unassigned")
    cards = nobody.locator(".o_kanban_record:visible")
    expect(cards.first).to_contain_text(re.compile("left|late"))
    names = cards.locator(".o_sa_ticket_name").all_inner_texts()
    assert names[0] in by_deadline
    assert names == [name for name in by_deadline if name in names]

    given = _column(page, "Tom Alvarez").locator(".o_kanban_record", has_text=names[0])
    _give(page, cards.first, _column(page, "Tom Alvarez"), given)
    expect(nobody).not_to_contain_text(names[0])
    page.reload()
    expect(given).to_be_visible()

    _filter(page, "At Risk")
    badges = page.locator(".o_kanban_record:visible .o_sla_countdown")
    expect(page.locator(".o_facet_value", has_text="At Risk")).to_be_visible()
    expect(page.locator(".o_sla_time, .o_sla_late, .o_sla_paused")).to_have_count(0)
    expect(badges.first).to_have_class(re.compile("o_sla_risk"))


def test_on_a_phone_it_is_given_out_by_a_tap(phone):
    log_in(phone, "cora")
    phone.goto("/odoo/dispatch")
    card = _column(phone, "Unassigned").locator(".o_kanban_record:visible").last
    name = card.locator(".o_sa_ticket_name").inner_text()
    card.locator("[name=technician_id] .o_quick_assign, [name=technician_id] a").click()
    choices = phone.locator(".o-autocomplete--dropdown-item, .modal .o_kanban_record")
    with phone.expect_response(SAVED):
        choices.filter(has_text="Nadia Rahman").first.click()
    phone.reload()
    expect(_column(phone, "Nadia Rahman")).to_contain_text(name)


def test_a_countdown_goes_on_in_service_time_without_the_server(page):
    page.clock.install()
    log_in(page, "cora")
    page.goto("/odoo/tickets")
    running = _badge(page, "Gate camera shows a black picture")
    paused = _badge(page, "Hearing loop crackles")
    before, resting = _minutes(running), paused.inner_text()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.clock.run_for("30:00")
    wait_until(lambda: before - _minutes(running) in (29, 30, 31), 20, "it went on")
    assert paused.inner_text() == resting
    assert not [url for url in requests if "/web/dataset/" in url]


def _read_tickets_by_deadline(page):
    page.goto("/odoo/tickets")
    page.locator(".o_data_row").first.wait_for()
    return page.locator(".o_data_row td[name=name]").all_inner_texts()


def _column(page, name):
    header = page.locator(".o_kanban_header", has_text=name)
    return page.locator(".o_kanban_group").filter(has=header)


def _give(page, card, column, given):
    def drag():
        if not given.count():
            with page.expect_response(SAVED, timeout=SHORT):
                _drag(page, card, column)
        expect(given).to_be_visible(timeout=SHORT)

    until_done(drag, "the card is given")


def _drag(page, card, column):
    """As a hand does: a drag begins after some movement."""
    card.locator(".o_sa_ticket_name").hover()
    page.mouse.down()
    box = column.locator(".o_kanban_header").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60, steps=20)
    page.mouse.move(box["x"] + 60, box["y"] + 80, steps=5)
    page.mouse.up()


def _filter(page, name):
    page.locator(".o_searchview_dropdown_toggler").click()
    page.locator(".o_filter_menu .o_menu_item", has_text=name).first.click()
    page.keyboard.press("Escape")


def _badge(page, name):
    return page.locator(".o_data_row").filter(has_text=name).locator(".o_sla_countdown")


def _minutes(badge):
    """:return: what "4 h 58 min left" is in minutes"""
    hours, minutes = re.match(
        r"(?:(\d+) h)? ?(?:(\d+) min)?", badge.inner_text().strip()
    ).groups()
    return 60 * int(hours or 0) + int(minutes or 0)
