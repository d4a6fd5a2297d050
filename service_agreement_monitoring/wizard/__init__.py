from . import service_monitoring_remote_fix
