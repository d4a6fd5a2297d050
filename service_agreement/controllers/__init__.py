from . import portal
from . import statement
from . import ticket
from . import visit
