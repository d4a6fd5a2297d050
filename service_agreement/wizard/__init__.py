from . import service_agreement_end
from . import service_agreement_suspend
from . import service_agreement_billing_run
