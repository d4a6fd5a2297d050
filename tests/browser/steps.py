"""What every browser test does, by name."""


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


def pick(page, field, text):
    """Choose a record in a many2one by typing, as a person does.

    The answer to the choice redraws the form, and what is typed before is lost.
    """
    page.locator(f".o_field_widget[name={field}] input").first.fill(text)
    choice = page.locator(".o-autocomplete--dropdown-item", has_text=text).first
    with page.expect_response(lambda response: "onchange" in response.url):
        choice.click()
