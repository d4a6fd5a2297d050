from . import (
    res_company,
    res_config_settings,
    service_agreement_ticket,
    service_agreement_capacity_run,
    service_agreement_capacity_simulation,
    service_agreement_capacity_what_if,
    service_agreement_capacity_result,
    service_agreement_capacity_words,
    service_agreement_capacity_records,
    service_agreement_capacity_warning,
    service_agreement_demo,
)
