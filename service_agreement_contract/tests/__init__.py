from . import test_contract_tier
from . import test_contract_follow
from . import test_contract_billing
from . import test_contract_move
from . import test_contract_portal
from . import test_public_surface
