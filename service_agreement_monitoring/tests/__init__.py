from . import test_door
from . import test_door_handling
from . import test_door_routes
from . import test_door_sites
from . import test_door_source
