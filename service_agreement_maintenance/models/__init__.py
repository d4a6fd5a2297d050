from . import service_agreement_work_type
from . import service_agreement_system
from . import service_agreement_device
from . import maintenance_equipment
from . import maintenance_request
from . import service_agreement_fault
from . import service_agreement_sheet
from . import service_agreement_demo
