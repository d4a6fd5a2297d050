from . import queue_job
from . import service_agreement
from . import service_agreement_billing_run
