from . import test_alert
from . import test_portal
from . import test_sold
from . import test_worth
