from . import test_helpdesk_ticket
from . import test_helpdesk_portal
from . import test_helpdesk_coverage
from . import test_helpdesk_register
from . import test_public_surface
