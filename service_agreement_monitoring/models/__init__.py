from . import (
    service_monitoring_source,
    service_monitoring_site,
    service_monitoring_delivery,
    service_monitoring_event,
    service_monitoring_alert,
    service_monitoring_alert_reading,
    service_monitoring_outage,
    service_monitoring_alert_ticket,
    service_agreement_ticket,
)
