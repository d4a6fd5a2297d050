from . import sellable_price
