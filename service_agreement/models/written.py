"""How a mail came to be: what a person wrote answers, what a program sends does not."""

from enum import Enum


class Written(str, Enum):
    """In a context, as `service_agreement_written`: how a mail came to be.

    Compared with ``is``: a context that comes over the API has plain values only, so
    nobody says of his own message that a program wrote it, or of a program's that he
    did.
    """

    BY_HAND = "by hand"
    BY_ITSELF = "by itself"
