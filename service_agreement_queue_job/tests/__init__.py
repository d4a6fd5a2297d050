from . import test_billing_jobs
from . import test_public_surface
