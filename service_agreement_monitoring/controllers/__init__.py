from . import door, portal
