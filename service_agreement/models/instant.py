"""What time it is, and on whose clock."""

from zoneinfo import ZoneInfo


def now(env):
    """:return: naive UTC datetime in whole seconds, as the database keeps instants:
    what is computed in Python and what is searched for in SQL agree to the second
    """
    return env.cr.now().replace(microsecond=0)


def zone(*names):
    """:param names: time zones, best first; empty ones and those that this server
        does not know (a customer keeps what his old server knew) are passed over
    :return: ZoneInfo of the first that can be read, else of UTC
    """
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        # ZoneInfoNotFoundError is a KeyError; the others are odd names and folders.
        except (KeyError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")
