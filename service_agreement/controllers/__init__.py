from . import portal
from . import proposal
from . import statement
from . import ticket
from . import visit
from . import self_service
