from . import portal
from . import visit
