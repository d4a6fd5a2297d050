from . import helpdesk_ticket
from . import helpdesk_ticket_stage
from . import service_agreement
from . import service_agreement_register
