from . import (
    account_move,
    payment_token,
    payment_transaction,
    res_company,
    res_config_settings,
    service_agreement,
    service_agreement_autopay_attempt,
    service_agreement_autopay_consent,
    service_agreement_demo,
    service_agreement_worth,
)
