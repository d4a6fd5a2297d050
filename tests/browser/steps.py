"""What every browser test does, by name."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import TimeoutError, expect

PHONE = {"width": 390, "height": 844}


def log_in(page, login, password=None):
    """Log in by the form, as a person does; the demo's passwords are first names."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password or login.split("@")[0].split(".")[0])
    page.click("button[type=submit]:has-text('Log in')")
    page.wait_for_url(lambda url: "/web/login" not in url)


def open_action(page, name):
    """Open one of our actions by its name."""
    page.goto(f"/odoo/action-service_agreement.{name}")
    page.locator(".o_control_panel").wait_for()


def edit_cell(row, field):
    """Click a cell of an editable list until it can be typed in: a list that has just
    come redraws itself once more, and the click before is lost.
    """
    cell = row.locator(f"td[name={field}]")
    for _try in range(6):
        cell.click()
        try:
            cell.locator("input").wait_for(timeout=5000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{field} could not be edited")


def pick(page, field, text):
    """Choose a record in a many2one by typing, as a person does.

    The server's answer to the choice before redraws the form, and what was typed
    meanwhile is lost: a person types again.
    """
    box = page.locator(f".o_field_widget[name={field}] input").first
    choice = page.locator(".o-autocomplete--dropdown-item", has_text=text).first
    for _try in range(6):
        box.fill("")
        box.fill(text)
        try:
            choice.click(timeout=5000)
            expect(box).to_have_value(re.compile(re.escape(text)), timeout=5000)
        except (TimeoutError, AssertionError):
            continue
        return
    raise AssertionError(f"{text} could not be chosen for {field}")


def send_message(page, text):
    """Answer the customer on the record that is open."""
    page.click("button:has-text('Send message')")
    page.locator(".o-mail-Composer-input").fill(text)
    page.locator(".o-mail-Composer-send:visible").click()
    expect(page.locator(".o-mail-Message").first).to_contain_text(text)


def send_proposal(page, button):
    """Send the proposal that is open, by the mail as it stands.

    :return: the address in the mail that the customer gets, without its host
    """
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.locator(".modal-dialog")
    expect(dialog).to_contain_text("Compare and choose")
    dialog.get_by_role("button", name=re.compile("^Send")).click()
    expect(dialog).to_have_count(0)
    link = page.locator(".o-mail-Message a", has_text="Compare and choose").first
    parts = urlsplit(link.get_attribute("href"))
    return f"{parts.path}?{parts.query}"


def sign_as(page, name):
    """Type a signature, and send it."""
    page.locator(".o_web_sign_name_input").fill(name)
    page.locator(".o_portal_sign_submit").click()


def move_to_stage(page, stage):
    """Click a stage; those that are folded are in the list behind the dots."""
    bar = page.locator(".o_statusbar_status")
    button = bar.locator(f"button:visible:has-text('{stage}')")
    if not button.count():
        bar.locator("button.dropdown-toggle:visible").last.click()
        button = page.locator(f".o-dropdown-item:visible:has-text('{stage}')")
    button.first.click()


def assert_no_horizontal_scroll(page):
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} scrolls {wide} px sideways at 390 px"
