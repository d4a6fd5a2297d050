from . import service_agreement_end
