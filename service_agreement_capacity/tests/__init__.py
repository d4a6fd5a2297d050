from . import test_capacity_access, test_capacity_run, test_capacity_warning
from . import test_public_surface
