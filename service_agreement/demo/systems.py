"""What stands at customers: systems, their devices, what was broken at first."""

from datetime import timedelta
from typing import NamedTuple

from odoo.fields import Command


class Device(NamedTuple):
    """Days are counted from today: installed so long ago, warranty until then."""

    name: str
    serial: str
    installed: int
    warranty: int
    monitored: bool = False
    defect: str = ""
    repaired: int = 0


class System(NamedTuple):
    customer: str
    name: str
    inspected: int
    devices: tuple
    site: str = ""
    key: str = ""


SYSTEMS = [
    System(
        "whitfield",
        "Home Theater",
        391,
        (
            Device("Projector", "PJ-70431-A", 760, -30),
            Device("AV Receiver", "RX-118260", 760, -30, True),
            Device("Subwoofer", "SW-2207", 760, 335, False, "Driver rattles", 350),
        ),
        key="whitfield_theater",
    ),
    System(
        "whitfield",
        "Network",
        391,
        (
            Device("Router", "GW-99120", 410, 320, True),
            Device("Terrace Access Point", "AP-55471", 410, 320, True),
        ),
        key="whitfield_network",
    ),
    System(
        "okafor",
        "Whole-House Audio",
        430,
        (
            Device("Matrix Amplifier", "MX-3008", 900, -170, True),
            Device("Keypad Kitchen", "KP-14402", 900, -170),
        ),
    ),
    System(
        "lindqvist",
        "Lighting and Shades",
        432,
        (
            Device("Lighting Processor", "LP-6610", 600, 130, True),
            Device(
                "Shade Motor Living Room",
                "SM-20917",
                1400,
                -670,
                False,
                "Loses its end points",
            ),
        ),
    ),
    System(
        "delacroix",
        "Home Theater",
        333,
        (
            Device("Laser Projector", "PJ-90077", 340, 755, True),
            Device("Control Processor", "CP-4411", 340, 755, True),
        ),
    ),
    System(
        "hargrove",
        "Main House",
        300,
        (
            Device("Core Switch", "CS-77120", 310, 45, True),
            Device("Control Processor", "CP-5198", 310, 420, True),
            Device("Gate Camera", "CM-40061", 1200, -470, True),
        ),
    ),
    System(
        "ito",
        "Home Theater",
        270,
        (
            Device("AV Receiver", "RX-120094", 280, 80),
            Device("Screen", "SC-800", 280, 450),
        ),
    ),
    System(
        "kestrel",
        "Chalet",
        265,
        (
            Device("Gateway", "GW-99457", 270, 95, True),
            Device(
                "Heating Interface", "HI-2203", 1900, -1170, True, "Drops out in frost"
            ),
        ),
    ),
    System("rosenthal", "Family Room", 390, (Device("Soundbar", "SB-3310", 400, 330),)),
    *(
        System(
            "fenwick",
            f"Meeting Room {number}",
            420,
            (
                Device("Conference Camera", f"CC-{7100 + number}", 425, 305, True),
                Device("Display", f"DS-{3300 + number}", 425, 670),
            ),
            key=f"fenwick_{number}",
        )
        for number in range(1, 5)
    ),
    *(
        System(
            "corvane",
            f"Floor {number}",
            360,
            (
                Device("Room Controller", f"RC-{5500 + number}", 365, 60, True),
                Device("Ceiling Microphones", f"MC-{810 + number}", 365, 730, True),
            ),
            key=f"corvane_{number}",
        )
        for number in (11, 12)
    ),
    System(
        "pinecrest",
        "Practice Westport",
        395,
        (
            Device("Music Player", "MP-6001", 400, -35),
            Device("Reception Screen", "DS-9001", 400, 695),
        ),
        key="pinecrest_westport",
    ),
    System(
        "pinecrest",
        "Practice Norwalk",
        395,
        (Device("Music Player", "MP-6002", 400, -35),),
        site="pinecrest_norwalk",
        key="pinecrest_norwalk",
    ),
    System(
        "pinecrest",
        "Practice Danbury",
        395,
        (Device("Music Player", "MP-6003", 200, 165),),
        site="pinecrest_danbury",
        key="pinecrest_danbury",
    ),
    # Six are agreed: somebody has to talk to them about the seventh.
    *(
        System(
            "elmhollow",
            f"Classroom {100 + number}",
            365 if number < 7 else 0,
            (
                Device(
                    "Touch Panel", f"TP-{2600 + number}", 370 if number < 7 else 20, 725
                ),
            ),
            key=f"elmhollow_{number}",
        )
        for number in range(1, 8)
    ),
    System(
        "gannet",
        "Ballroom",
        335,
        (
            Device("Digital Mixer", "DM-1604", 340, 25, True),
            Device("Stage Box", "SB-0032", 340, 25, True),
            Device("Projector Left", "PJ-81120", 1100, -370, False, "Lamp is dim", 300),
        ),
        key="gannet_ballroom",
    ),
    System(
        "gannet",
        "Guest Television",
        335,
        (
            Device("Headend", "HE-2209", 340, 390, True),
            Device("Floor 3 Switch", "CS-77303", 1400, -670, True),
        ),
        key="gannet_tv",
    ),
    System("tran", "Home Theater", 0, (Device("AV Receiver", "RX-99012", 1300, -570),)),
    System("cedar", "Sound Desk", 0, (Device("Mixer", "DM-1109", 2100, -1370),)),
]


def install(timeline):
    """Make them; the first one of a customer is what his tickets are about.

    :return: {customer: service.agreement.system}
    """
    first = {}
    for plan in SYSTEMS:
        system = timeline.env["service.agreement.system"].create(
            _prepare_values(timeline, plan)
        )
        timeline.name(f"system_{plan.key or plan.customer}", system)
        first.setdefault(plan.customer, system)
    return first


def _prepare_values(timeline, plan):
    today = timeline.today
    return {
        "name": plan.name,
        "partner_id": timeline.named(f"partner_{plan.customer}").id,
        "site_id": plan.site and timeline.named(f"partner_{plan.site}").id,
        "company_id": timeline.company.id,
        "inspected_on": plan.inspected and today - timedelta(days=plan.inspected),
        "device_ids": [
            Command.create(_prepare_device(today, device)) for device in plan.devices
        ],
    }


def _prepare_device(today, device):
    return {
        "name": device.name,
        "serial": device.serial,
        "installed_on": today - timedelta(days=device.installed),
        "warranty_until": today + timedelta(days=device.warranty),
        "is_monitored": device.monitored,
        "known_defect": device.defect,
        "defect_until": device.repaired and today - timedelta(days=device.repaired),
    }
