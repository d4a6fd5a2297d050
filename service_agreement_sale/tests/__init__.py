from . import test_access
from . import test_delivered_project
from . import test_free
from . import test_order
from . import test_price
from . import test_proposal
from . import test_portal
from . import test_routes
