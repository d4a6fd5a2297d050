"""What every browser test does, by name."""


def log_in(page, login, password=None):
    """Log in by the form, as a person does; the demo's passwords are first names."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password or login.split("@")[0].split(".")[0])
    page.click("button[type=submit]:has-text('Log in')")
    page.wait_for_url(lambda url: "/web/login" not in url)
