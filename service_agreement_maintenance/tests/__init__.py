from . import test_equipment, test_fault, test_fault_sheet, test_public_surface
