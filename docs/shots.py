"""The screens of docs/images, desktop and phone wide: `./dev shots` calls `main`."""

import os

from playwright.sync_api import sync_playwright

WIDTHS = {
    "desktop": {"width": 1400, "height": 900},
    "phone": {"width": 390, "height": 844},
}
ACTION = "/odoo/action-service_agreement."
OWNER, COORDINATOR = ("olivia", "olivia"), ("cora", "cora")
CUSTOMER = ("carla.whitfield@example.com", "carla")


def choose_gold(page):
    """From the list of agreements into the preview of a change, which is not made."""
    silver = page.locator(".o_data_row", has_text="Copper Lantern")
    silver.filter(has_text="Silver").first.locator("td[name=name]").click()
    page.get_by_role("button", name="Change…").click()
    tier = page.locator(".modal .o_field_widget[name=tier_id]")
    tier.locator("input").fill("Gold")
    tier.locator(".o-autocomplete--dropdown-item", has_text="Gold").first.click()


def ask_who_pays(page):
    """From the list of tickets to the reasons why one of them is not covered."""
    ticket = page.locator(".o_data_row, .o_kanban_record", has_text="thunderstorm")
    name = ticket.locator("td[name=name]")
    (name if name.count() else ticket).first.click()
    page.get_by_role("button", name="Who pays, and why").click()


def open_allowances(page):
    """From the list of agreements to what one of them includes, used and left."""
    agreement = page.locator(".o_data_row", has_text="Fenwick").first
    agreement.locator("td[name=name]").click()
    page.locator("button[name=action_view_allowances]").first.click()
    page.locator(".o_breadcrumb", has_text="Allowances").wait_for()


def look_as_the_customer(page):
    """From the list of proposals to the page that the customer chooses on."""
    proposal = page.locator(".o_data_row, .o_kanban_record", has_text="Tran Residence")
    name = proposal.locator("td[name=partner_id]")
    (name if name.count() else proposal).first.click()
    page.get_by_role("button", name="Preview").click()


def open_statement(page):
    """From the customer's agreements to what the last quarter was worth."""
    in_force = page.locator(".o_agreement_card", has_text="In force")
    in_force.locator("a").first.click()
    page.locator("a[href*='/statements/']").first.click()


# name: (who, address, what must be there, what to click or to do first)
SCREENS = {
    "tiers": (
        OWNER,
        ACTION + "action_service_agreement_tier",
        ".o_kanban_record",
        None,
    ),
    "agreements": (
        OWNER,
        ACTION + "action_service_agreement",
        ".o_kanban_record, .o_data_row",
        None,
    ),
    "agreement": (
        OWNER,
        ACTION + "action_service_agreement?view_type=list",
        ".o_form_view .o_field_widget",
        ".o_data_row:has-text('Whitfield') .o_data_cell, "
        ".o_kanban_record:has-text('Whitfield')",
    ),
    "change": (
        OWNER,
        ACTION + "action_service_agreement?view_type=list",
        ".modal .o_sa_preview_row",
        choose_gold,
    ),
    "customers": (
        OWNER,
        ACTION + "action_service_agreement_customer",
        ".o_data_row, .o_kanban_record",
        None,
    ),
    "tickets": (
        OWNER,
        ACTION + "action_service_desk_ticket",
        ".o_kanban_record, .o_data_row",
        None,
    ),
    "dispatch": (COORDINATOR, "/odoo/dispatch", ".o_kanban_record", None),
    "targets": (
        OWNER,
        ACTION + "action_service_agreement_tier",
        ".o_form_view .o_field_widget",
        ".o_kanban_record:has-text('Gold')",
    ),
    "ticket": (
        OWNER,
        ACTION + "action_service_desk_ticket",
        ".o_form_view .o_field_widget",
        ".o_data_row:has-text('thunderstorm') .o_data_cell[name=name], "
        ".o_kanban_record:has-text('thunderstorm')",
    ),
    "who-pays": (
        COORDINATOR,
        ACTION + "action_service_desk_ticket",
        ".modal .o_service_candidate",
        ask_who_pays,
    ),
    "allowances": (
        COORDINATOR,
        ACTION + "action_service_agreement?view_type=list",
        ".o_data_row td[name=drawn]",
        open_allowances,
    ),
    "settle": (
        OWNER,
        "/odoo/settle-the-month",
        "button[name=action_goodwill]:visible",
        "button[name=action_view_open]:visible",
    ),
    "given-away": (
        OWNER,
        "/odoo/service-given-away",
        ".o_graph_renderer canvas, .o_kanban_record",
        None,
    ),
    "alerts": (
        COORDINATOR,
        "/odoo/action-service_agreement_monitoring.action_service_monitoring_alert",
        ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)",
        None,
    ),
    "cockpit": (OWNER, "/odoo/service-cockpit", ".o_form_view .o_field_widget", None),
    "register": (
        OWNER,
        "/odoo/service-clients",
        ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)",
        None,
    ),
    "price": (
        OWNER,
        ACTION + "action_service_agreement_tier_replay",
        ".o_form_view .o_field_widget",
        ".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)",
    ),
    "debt": (
        OWNER,
        "/odoo/service-promise-debt",
        ".o_data_row, .o_kanban_record",
        None,
    ),
    "worth": (OWNER, "/odoo/service-worth", ".o_data_row", None),
    "capacity": (
        OWNER,
        "/odoo/can-we-back-it-up",
        ".o_form_view .o_sa_run",
        ".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)",
    ),
    "customer": (
        OWNER,
        ACTION + "action_service_agreement_customer",
        ".o_form_view .o_field_widget",
        ".o_data_row:has-text('Sandoval') .o_data_cell, "
        ".o_kanban_record:has-text('Sandoval')",
    ),
    "portal-agreements": (CUSTOMER, "/my/agreements", "a:has-text('SA0')", None),
    "portal-agreement": (
        CUSTOMER,
        "/my/agreements",
        "#agreement_document, .o_agreement_chapter",
        ".o_agreement_card:has-text('In force') a",
    ),
    "proposal": (
        COORDINATOR,
        ACTION + "action_service_agreement_proposal",
        ".o_proposal_card",
        look_as_the_customer,
    ),
    "statement": (CUSTOMER, "/my/agreements", ".o_statement_page", open_statement),
}
# What nobody prepares on a phone.
ONLY_WIDE = {"allowances", "change"}


def main(base_url, folder, chromium):
    """Take every screen in both widths.

    :return: exit code; 1 where a screen could not be taken
    """
    failed = 0
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for width, viewport in WIDTHS.items():
            for who in (OWNER, COORDINATOR, CUSTOMER):
                context = browser.new_context(base_url=base_url, viewport=viewport)
                failed += _take_all(context.new_page(), who, width, folder)
                context.close()
        browser.close()
    return 1 if failed else 0


def _take_all(page, who, width, folder):
    page.goto("/web/login")
    page.fill("input[name=login]", who[0])
    page.fill("input[name=password]", who[1])
    page.click("button[type=submit]:has-text('Log in')")
    page.wait_for_url(lambda url: "/web/login" not in url)
    failed = 0
    for name, (owner, address, there, first) in SCREENS.items():
        if owner == who and not (width == "phone" and name in ONLY_WIDE):
            failed += not _take(
                page, f"{folder}/{name}-{width}.png", address, there, first
            )
    return failed


def _take(page, path, address, there, first):
    try:
        page.goto(address)
        if callable(first):
            first(page)
        elif first:
            page.locator(first).first.click()
        page.locator(there).first.wait_for()
        # Fonts and avatars; the bus keeps the network from ever being idle.
        page.wait_for_timeout(1500)
        page.screenshot(path=path)
    except Exception as error:  # noqa: BLE001 - one screen must not cost the others
        print(f"{path}: {error}")  # noqa: T201
        return False
    print(path)  # noqa: T201
    return True
