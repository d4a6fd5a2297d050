"""What a form or a script sends, whatever it sends, as what it should be.

How to use::

    to_text(" Anna\\x00 ")   # "Anna"
    to_int("12")             # 12
    to_int([1])              # 0
"""


def to_text(value):
    """:return: str, trimmed; empty for what is no text"""
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def to_int(value):
    """:return: int, 0 for what is no number"""
    try:
        return 0 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def pick(records, value):
    """
    :param records: anything with ``filtered``, of records with an ``id``
    :return: that one of the records, none if it is not among them
    """
    number = to_int(value)
    return records.filtered(lambda record: record.id == number)
