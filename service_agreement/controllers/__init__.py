from . import portal
from . import proposal
from . import ticket
from . import visit
