from . import test_autopay_charge
