from . import portal
from . import ticket
from . import visit
