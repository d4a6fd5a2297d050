"""What every browser test does, by name."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import TimeoutError, expect

PHONE = {"width": 390, "height": 844}
TRIES = 6
SHORT = 5000  # milliseconds, of one try
# What the form or the list asks of the server when something was changed in it.
SAVED = re.compile(r"/web/dataset/call_kw/.*/(web_save|write)\b")


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


def until_done(step, what):
    """Do a step again that came to nothing, as a person does: a page that has just
    come, or has just been answered by the server, draws itself once more, and lets go
    of what was clicked or typed before.

    :param step: a function of short waits that does all of it, and may be done twice
    """
    for _try in range(TRIES):
        try:
            return step()
        except (TimeoutError, AssertionError) as error:
            last = error
    raise AssertionError(f"{what}: not in {TRIES} tries") from last


def open_record(page, rows, field="name"):
    """Open the first of some rows of a list by one of its cells."""
    form = page.locator(".o_form_view")

    def click():
        if not form.count():
            rows.first.locator(f"td[name={field}]").click(timeout=SHORT)
        form.wait_for(timeout=SHORT)

    until_done(click, "the record is open")


def select_row(page, row):
    """Tick a row of a list, or its head for all of them, and see that it is ticked."""

    def tick():
        row.locator(".o_list_record_selector input").check(timeout=SHORT)
        expect(page.locator(".o_selection_box")).to_be_visible(timeout=SHORT)

    until_done(tick, "the row is selected")


def search(page, text):
    """Search for a text in the list that is open."""
    box = page.locator(".o_searchview_input")
    facet = page.locator(".o_facet_value", has_text=text)

    def type_and_enter():
        if not facet.count():
            box.fill(text, timeout=SHORT)
            box.press("Enter", timeout=SHORT)
        expect(facet).to_be_visible(timeout=SHORT)

    until_done(type_and_enter, f"{text} is searched for")


def fill_cell(row, field, text):
    """Type into a cell of an editable list."""
    cell = row.locator(f"td[name={field}]")

    def click_and_type():
        cell.click(timeout=SHORT)
        cell.locator("input").fill(text, timeout=SHORT)
        expect(cell.locator("input")).to_have_value(text, timeout=SHORT)

    until_done(click_and_type, f"{text} is in {field}")


def pick_in_cell(row, field, text):
    """Choose a record in a cell of an editable list."""

    def click_and_choose():
        row.locator(f"td[name={field}]").click(timeout=SHORT)
        _choose(row, field, text)

    until_done(click_and_choose, f"{text} is chosen for {field}")


def pick(page, field, text):
    """Choose a record in a many2one by typing."""

    def choose():
        _choose(page, field, text)

    until_done(choose, f"{text} is chosen for {field}")


def _choose(where, field, text):
    box = where.locator(f".o_field_widget[name={field}] input").first
    box.fill("", timeout=SHORT)
    box.fill(text, timeout=SHORT)
    # Of a row or a dialog they are found from the page, for there they may not lie.
    page = getattr(where, "page", where)
    choices = page.locator(".o-autocomplete--dropdown-item", has_text=text)
    choices.first.click(timeout=SHORT)
    expect(box).to_have_value(re.compile(re.escape(text)), timeout=SHORT)


def send_message(page, text):
    """Answer the customer on the record that is open."""
    box = page.locator(".o-mail-Composer-input")

    def write():
        if not box.count():
            page.click("button:has-text('Send message')", timeout=SHORT)
        box.fill(text, timeout=SHORT)
        expect(box).to_have_value(text, timeout=SHORT)

    until_done(write, "the message is written")
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
    folded = page.locator(f".o-dropdown-item:visible:has-text('{stage}')")

    def click():
        bar.locator("button:visible").first.wait_for(timeout=SHORT)
        if not button.count():
            bar.locator("button.dropdown-toggle:visible").last.click(timeout=SHORT)
            folded.first.click(timeout=SHORT)
        else:
            button.first.click(timeout=SHORT)

    until_done(click, f"the stage is {stage}")


def assert_no_horizontal_scroll(page):
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} scrolls {wide} px sideways at 390 px"
