"""Whether JSON is as a JSON Schema says: of the standard's words those that we use.

So the file that is published is the one that counts; `jsonschema`, which knows all
words, is no part of Odoo.
"""

from .reading import FormatError, to_instant

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
}
# What says nothing about what is allowed.
NOTES = {"$schema", "$id", "title", "description", "examples"}


def check(value, schema, where="$"):
    """
    :param dict schema: a JSON Schema
    :param str where: in the whole, for the reason
    :raise FormatError: it is not as the schema says
    """
    for word, wanted in schema.items():
        if word not in NOTES:
            CHECKS[word](value, wanted, where)


def _check_type(value, wanted, where):
    if not isinstance(value, TYPES[wanted]):
        raise FormatError("wrong_type", where=where, wanted=wanted)


def _check_required(value, wanted, where):
    for name in wanted:
        if name not in value:
            raise FormatError("missing", where=f"{where}.{name}")


def _check_properties(value, wanted, where):
    for name, schema in wanted.items():
        if name in value:
            check(value[name], schema, f"{where}.{name}")


def _check_items(value, wanted, where):
    for position, item in enumerate(value):
        check(item, wanted, f"{where}[{position}]")


def _check_enum(value, wanted, where):
    if value not in wanted:
        raise FormatError("not_one_of", where=where, wanted=", ".join(wanted))


def _check_min_items(value, wanted, where):
    if len(value) < wanted:
        raise FormatError("empty", where=where)


def _check_min_length(value, wanted, where):
    if len(value.strip()) < wanted:
        raise FormatError("empty", where=where)


def _check_most(value, wanted, where):
    if len(value) > wanted:
        raise FormatError("too_long", where=where, wanted=wanted)


def _check_format(value, wanted, where):
    if wanted == "date-time" and not to_instant(value):
        raise FormatError("no_time", where=where)


CHECKS = {
    "type": _check_type,
    "required": _check_required,
    "properties": _check_properties,
    "items": _check_items,
    "enum": _check_enum,
    "minItems": _check_min_items,
    "minLength": _check_min_length,
    "maxItems": _check_most,
    "maxLength": _check_most,
    "format": _check_format,
}
