from . import service_agreement
