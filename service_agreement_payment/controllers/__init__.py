from . import invoice, portal
