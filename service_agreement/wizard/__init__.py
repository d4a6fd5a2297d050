from . import service_agreement_change
from . import service_agreement_end
from . import service_agreement_billing_run
from . import service_agreement_write_off
