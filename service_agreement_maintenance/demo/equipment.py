"""The demo customers' devices as equipment, and what was requested for them."""

from datetime import timedelta
from typing import NamedTuple


class Fault(NamedTuple):
    """A corrective request, so many days ago; mended days later, or still open."""

    serial: str
    days_ago: int
    words: str
    mended_after: int | None = 2


# What a device is called, and the category of equipment it goes to.
CATEGORIES = {
    "Sound Devices": (
        *("AV Receiver", "Subwoofer", "Matrix Amplifier", "Soundbar", "Music Player"),
        *("Ceiling Microphones", "Digital Mixer", "Stage Box", "Mixer"),
    ),
    "Control Devices": (
        *("Keypad Kitchen", "Lighting Processor", "Shade Motor Living Room"),
        *("Control Processor", "Room Controller", "Heating Interface", "Touch Panel"),
    ),
    "Screens and Projectors": (
        *("Projector", "Laser Projector", "Projector Left", "Display", "Screen"),
        "Reception Screen",
    ),
    "Network Devices": (
        *("Router", "Terrace Access Point", "Core Switch", "Gateway", "Headend"),
        "Floor 3 Switch",
    ),
    "Cameras": ("Conference Camera", "Gate Camera"),
}
# Of these there are several at work.
PRODUCTS = (
    "AV Receiver",
    "Control Processor",
    "Display",
    "Music Player",
    "Touch Panel",
)
FAULTS = [
    Fault("PJ-70431-A", 330, "Image flickers"),
    Fault("MX-3008", 300, "Zone 2 stays silent", 6),
    Fault("RX-118260", 210, "No sound from the streaming box"),
    Fault("TP-2603", 200, "Screen does not react", 4),
    Fault("MP-6001", 150, "Stops after an hour"),
    Fault("CP-4411", 120, "Scenes start late"),
    Fault("GW-99120", 100, "Restarts at night"),
    Fault("MX-3008", 90, "Zone 4 stays silent", 3),
    Fault("CM-40061", 70, "Image is foggy", 9),
    Fault("RC-5511", 60, "Blinds do not answer"),
    Fault("DM-1604", 40, "Channel 7 crackles", 5),
    Fault("TP-2606", 30, "Loses the network"),
    Fault("PJ-81120", 25, "Switches itself off", 7),
    Fault("DS-3302", 3, "Stays dark", None),
]


def load(env):
    """Make equipment of the devices, with their categories, and note their faults."""
    devices = env["service.agreement.device"].search([])
    company = env.ref("base.main_company")
    devices = devices.filtered(lambda device: device.company_id == company)
    _set_products(env, devices)
    devices._make_equipment()
    _set_categories(env, company, devices)
    today = company._service_today()
    by_serial = devices.grouped("serial")
    requests = env["maintenance.request"].with_context(
        mail_create_nosubscribe=True, mail_auto_subscribe_no_notify=True
    )
    requests.create(
        [
            _prepare_request(env, by_serial[fault.serial], fault, today)
            for fault in FAULTS
            if fault.serial in by_serial
        ]
    )


def _set_products(env, devices):
    for name in PRODUCTS:
        product = env["product.product"].create({"name": name, "type": "consu"})
        devices.filtered(lambda d, name=name: d.name == name).product_id = product


def _set_categories(env, company, devices):
    for name, names in CATEGORIES.items():
        category = env["maintenance.equipment.category"].create(
            {"name": name, "company_id": company.id}
        )
        these = devices.filtered(lambda d, names=names: d.name in names)
        these.equipment_id.category_id = category


def _prepare_request(env, device, fault, today):
    day = today - timedelta(days=fault.days_ago)
    values = {
        "name": fault.words,
        "company_id": device.company_id.id,
        "equipment_id": device.equipment_id.id,
        "request_date": day,
    }
    if fault.mended_after is None:
        return values
    return {
        **values,
        "stage_id": env.ref("maintenance.stage_3").id,
        "close_date": day + timedelta(days=fault.mended_after),
    }
