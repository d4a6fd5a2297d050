"""The same promise on OCA's helpdesk, as a technician and his coordinator see it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import log_in, move_to_stage, open_record, send_message

# A customer with a promise writes; Tom, who reads no agreement, works in the team.
PREPARE = """
tom = env["res.users"].search([("login", "=", "tom")])
tom.group_ids += env.ref("helpdesk_mgmt.group_helpdesk_user")
team = env["helpdesk.ticket.team"].create({"name": "Desk", "user_ids": tom.ids})
carla = env["res.users"].search([("login", "=", "carla.whitfield@example.com")])
ticket = {"team_id": team.id, "user_id": tom.id, "description": "Since this morning"}
env["helpdesk.ticket"].create([
    {**ticket, "name": "A question", "priority": "0"},
    {**ticket, "name": "Cinema: no picture", "partner_id": carla.partner_id.id},
])
env.cr.commit()
"""


@pytest.fixture(scope="module")
def demo_server(demo_database):
    """The demo with OCA's helpdesk, with which our bridge to it comes."""
    demo_database.odoo("-i", "helpdesk_mgmt")
    demo_database.script(PREPARE)
    with demo_database.serve() as server:
        yield server


def test_a_technician_works_a_ticket_and_the_clocks_follow(page):
    log_in(page, "tom")
    page.goto("/odoo/helpdesk-breaks-next")
    first = page.locator(".o_data_row").first
    expect(first).to_contain_text("Cinema: no picture")
    expect(first).to_contain_text("left")
    open_record(page, first)
    promises = page.locator(".o_service_promise")
    answer, solution = (promises.locator(".o_sla_promise").nth(i) for i in range(2))
    expect(answer).to_contain_text("First answer")
    expect(answer).to_contain_text("left")

    send_message(page, "We are on our way")
    expect(answer).to_contain_text("done")
    for stage, shown in (
        ("Awaiting", "until the customer answers"),
        ("In Progress", "left"),
        ("Done", "done"),
        ("In Progress", "left"),
    ):
        move_to_stage(page, stage)
        expect(solution).to_contain_text(shown)


def test_the_same_board_gives_tickets_out(page):
    log_in(page, "tom")
    page.goto("/odoo/helpdesk-dispatch")
    card = page.locator(".o_kanban_record:has-text('Cinema: no picture')")
    expect(card).to_contain_text(re.compile("left|late|kept|paused"))
    column = page.locator(".o_kanban_group").filter(has=card)
    expect(column).to_contain_text("Tom Alvarez")
