from . import (
    test_autopay_charge,
    test_autopay_portal,
    test_portal_budget,
    test_public_surface,
    test_retries,
    test_routes,
    test_worth,
)
