"""Photos that a customer sends with his request."""

from odoo.http import request

PHOTOS_MAX = 8
BYTES_MAX = 12 * 2**20
# What a browser draws. Others, such as SVG, may carry scripts.
HEADERS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def read_photos():
    """Read the files of the form that is being sent.

    :return: (list of (file name, bytes, type), list of the names of those that are no
        photo, too large or too many)
    """
    photos, refused = [], []
    for file in request.httprequest.files.getlist("photos"):
        if not file.filename:
            continue
        file.stream.seek(0)
        content = file.stream.read(BYTES_MAX + 1)
        kind = _get_type(content)
        if kind and len(content) <= BYTES_MAX and len(photos) < PHOTOS_MAX:
            photos.append((file.filename[:100], content, kind))
        else:
            refused.append(file.filename)
    return photos, refused


def _get_type(content):
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    found = (kind for header, kind in HEADERS.items() if content.startswith(header))
    return next(found, None)


def add_photos(ticket, photos):
    """Keep them with the ticket.

    Sudo: whoever sends a request may not attach anything to it afterwards.
    """
    request.env["ir.attachment"].sudo().create(
        [
            {
                "name": name,
                "raw": content,
                "mimetype": kind,
                "res_model": ticket._name,
                "res_id": ticket.id,
            }
            for name, content, kind in photos
        ]
    )
