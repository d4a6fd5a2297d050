from . import test_capacity_access, test_capacity_run, test_capacity_warning
