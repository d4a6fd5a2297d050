"""The one kind of error that a person is meant to read."""


class DevError(Exception):
    """Something is wrong that a person can mend: what happened, and what to do."""

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint

    def __str__(self):
        text = f"error: {super().__str__()}"
        return f"{text}\nwhat to do: {self.hint}" if self.hint else text
