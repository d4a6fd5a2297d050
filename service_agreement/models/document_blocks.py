"""What a section of a document consists of: plain values, which the page, the PDF and
the frozen document draw alike, see the template ``agreement_document_block``.

Every block is a dict of JSON's types only::

    {"kind": "text", "text": "…", "css": ""}
    {"kind": "bullets", "title": "…", "rows": [["text", "detail"]], "css": ""}
    {"kind": "columns", "columns": [block of kind bullets or lines, …]}
    {"kind": "lines", "title": "…", "rows": ["…"], "css": ""}
    {"kind": "facts", "rows": [["label", "text"]]}
    {"kind": "table", "head": ["…"], "css": "", "is_numeric": true,
     "rows": [{"cells": ["…"], "detail": "", "role": ""}]}
"""


def text(words, css=""):
    return {"kind": "text", "text": words, "css": css}


def bullets(rows, title="", css=""):
    """:param rows: list of str, or of (text, detail)"""
    pairs = [[row, ""] if isinstance(row, str) else list(row) for row in rows]
    return {"kind": "bullets", "title": title, "rows": pairs, "css": css}


def lines(title, rows, css=""):
    return {"kind": "lines", "title": title, "rows": rows, "css": css}


def columns(*blocks):
    return {"kind": "columns", "columns": list(blocks)}


def facts(rows):
    """:param rows: list of (label, text)"""
    return {"kind": "facts", "rows": [list(row) for row in rows]}


def table(head, rows, css="", is_numeric=False):
    """
    :param rows: as of :func:`row`
    :param bool is_numeric: all columns but the first are amounts
    """
    return {
        "kind": "table",
        "head": head,
        "rows": rows,
        "css": css,
        "is_numeric": is_numeric,
    }


def row(*cells, detail="", role="line"):
    """
    :param detail: below the first cell
    :param role: "line", "subtotal" or "total"
    """
    return {"cells": list(cells), "detail": detail, "role": role}
