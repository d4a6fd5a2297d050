from . import mail_compose_message
from . import service_agreement_change
from . import service_agreement_end
from . import service_agreement_suspend
from . import service_agreement_write_off
from . import service_agreement_catalogue_update
from . import service_agreement_ticket_fact_add
from . import service_agreement_ticket_explanation
