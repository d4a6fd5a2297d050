from . import (
    service_monitoring_remote_fix,
    service_monitoring_secret,
    service_monitoring_try,
)
