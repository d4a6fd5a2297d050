"""What breaks in houses and meeting rooms, and what was done about it."""

from typing import NamedTuple


class Story(NamedTuple):
    subject: str
    priority: str
    request: str
    answer: str
    note: str
    solution: str
    minutes: int


LOW, MEDIUM, HIGH, URGENT = "0", "1", "2", "3"

HOMES = [
    Story(
        "No sound in cinema room",
        HIGH,
        "We have a picture but not a sound from any speaker. It worked on Sunday.",
        "I can see the receiver from here and it is awake. I restart it now, please"
        " try again in five minutes.",
        "Receiver had fallen back to TV audio after last night's firmware.",
        "The receiver listened to the wrong input after an update. It is set right and"
        " automatic updates now wait for our visit.",
        40,
    ),
    Story(
        "Keypad in master bedroom dead",
        MEDIUM,
        "The keypad next to the bed shows nothing at all. The others are fine.",
        "That sounds like its power supply. I have a spare and can come by, does the"
        " afternoon suit you?",
        "Spare keypad from the van, serial noted in the record.",
        "Keypad replaced and programmed like the old one, all six buttons tested.",
        75,
    ),
    Story(
        "Wi-Fi drops on terrace",
        MEDIUM,
        "As soon as we sit outside the phones lose the Wi-Fi every few minutes.",
        "I see the terrace access point losing its link. I will look at the cable run"
        " remotely first and tell you what I find.",
        "Port negotiates down to 100 Mbit, corroded plug in the outdoor box.",
        "New outdoor plug and a sealed box. Forty minutes of video on the far bench"
        " without a drop.",
        110,
    ),
    Story(
        "Shades in living room stop halfway",
        LOW,
        "Two of the five shades stop in the middle when I press Evening.",
        "Their end points are lost, probably since the power cut. I can teach them"
        " again from here, please keep the window sills clear.",
        "Limits retaught for shades 2 and 4.",
        "End points set again, Evening scene run three times.",
        25,
    ),
    Story(
        "Gate camera shows a black picture",
        HIGH,
        "The camera at the gate is black day and night, the others are fine.",
        "It still answers on the network, so it is the camera itself. I restart it"
        " and check the night mode.",
        "Infrared filter stuck; restart did not help, claim opened with the maker.",
        "Loan camera mounted, yours is on its way to the manufacturer.",
        95,
    ),
    Story(
        "Music stops after ten minutes in the kitchen",
        LOW,
        "Every time after about ten minutes the music goes silent in the kitchen only.",
        "I follow the log of that zone today and write to you this afternoon.",
        "Amplifier zone goes to standby: signal sensing too strict for quiet music.",
        "The zone no longer sleeps while music is playing softly.",
        30,
    ),
    Story(
        "Touch panel at the entrance is frozen",
        MEDIUM,
        "The panel shows Good Morning since yesterday and does not react.",
        "I have restarted it from here; it should show the menu within a minute.",
        "Memory full of door station snapshots, clean-up set to weekly.",
        "Panel runs again and clears its snapshots every week.",
        20,
    ),
    Story(
        "Remote for the bedroom TV lost its pairing",
        LOW,
        "The remote only blinks red. We already changed the batteries.",
        "Please hold Home and Back for ten seconds, I open the pairing from our side.",
        "Walked the customer through by phone, first fifteen minutes.",
        "Paired again together by phone.",
        15,
    ),
    Story(
        "Projector shuts off after half an hour",
        HIGH,
        "Movie night ends after thirty minutes, the projector says temperature.",
        "Please let it rest tonight. I bring a filter and measure the air flow.",
        "Filter solid with dust, hush box fan turning at half speed.",
        "Filter changed, fan replaced, two hours of film without a warning.",
        120,
    ),
    Story(
        "Lights in the hallway turn on at night",
        MEDIUM,
        "Three nights in a row the hallway lights came on at two o'clock.",
        "I have the log here: a motion sensor fires at that time. I lower its"
        " sensitivity for tonight and look into the cause.",
        "Heating vent below the sensor; schedule of the boiler starts at 2:00.",
        "Sensor moved away from the vent and its night scene dimmed.",
        55,
    ),
    Story(
        "Doorbell no longer rings upstairs",
        MEDIUM,
        "Visitors stand outside, we only hear the bell on the ground floor.",
        "The upstairs speakers are muted by a schedule. I correct it now.",
        "Nap schedule from last summer was still active.",
        "The old schedule is removed, bell tested with your housekeeper.",
        20,
    ),
    Story(
        "Pool audio hums",
        LOW,
        "There is a deep hum on the pool speakers, also without music.",
        "That is usually a ground loop. I bring an isolator on the next round.",
        "Isolator fitted at the pool house amplifier.",
        "The hum is gone; measured below what one can hear.",
        65,
    ),
    Story(
        "Everything offline after thunderstorm",
        URGENT,
        "Since the storm nothing works, no internet, no lights scenes, no music.",
        "I am on my way. Please leave the rack switched off until I am there.",
        "Surge through the cable modem, switch port 1-4 dead. Loan switch installed.",
        "Loan switch in place and everything back. Your insurer gets our report.",
        210,
    ),
    Story(
        "House does not arm from the app",
        HIGH,
        "The app says not ready and does not tell me why.",
        "The garden door contact reports open. Could you close it firmly once?",
        "Contact shifted by 4 mm, door has warped.",
        "Contact moved, arms and disarms from all three phones.",
        60,
    ),
    Story(
        "Streaming box asks for a new account",
        LOW,
        "All our shows are gone, it wants an account again.",
        "The maker has changed its sign-in. I send you the three steps.",
        "Maker's change, not covered; goodwill, ten minutes.",
        "Signed in again with your own account.",
        10,
    ),
    Story(
        "Video on the patio screen lags behind the sound",
        LOW,
        "Lips and words do not match outside, inside it is fine.",
        "I can set the delay of that zone from here. Do you have a game on tonight?",
        "180 ms of delay on the patio zone.",
        "Delay set while you were watching, looks right now.",
        25,
    ),
    Story(
        "Intercom echo between main house and guest house",
        MEDIUM,
        "When we call the guest house we hear ourselves a second later.",
        "I lower the microphone gain of the guest house station and call you back.",
        "Echo cancelling was off after the firmware of last week.",
        "Echo cancelling is on again, tested with both houses.",
        35,
    ),
    Story(
        "Thermostats show dashes",
        HIGH,
        "All four thermostats show dashes and it is getting cold.",
        "Their gateway has lost its address. I restart it, heating runs by hand until"
        " then: turn the dial to III.",
        "Gateway moved to a fixed address.",
        "All four report again, and the gateway cannot lose its address any more.",
        45,
    ),
]

BUSINESSES = [
    Story(
        "Meeting room 2: camera not found in calls",
        HIGH,
        "The room system says no camera, we have a client call at three.",
        "I restart the camera port now. If it is not back by one I bring a spare.",
        "USB extender hung up, power cycled by the rack controller.",
        "Camera is back; the extender is now restarted every night.",
        35,
    ),
    Story(
        "No sound from the stage microphones",
        URGENT,
        "Microphones are dead and people arrive in two hours.",
        "I am in the car. Please check that the mixer shows scene 3.",
        "Stage box lost its clock, second network card not connected.",
        "Both stage lines work, spare handhelds stay with you until the part is here.",
        165,
    ),
    Story(
        "Background music plays in the wrong zone",
        LOW,
        "The dining room music plays in the restrooms and the other way round.",
        "I swap the two zones from here before lunch.",
        "Outputs 3 and 4 swapped after yesterday's cleaning behind the rack.",
        "Zones swapped back, plugs labelled.",
        20,
    ),
    Story(
        "Reception screen shows no signal",
        MEDIUM,
        "The screen in reception is blue since this morning.",
        "The player runs, so it is the cable or the screen. I come by today.",
        "HDMI extender replaced from stock.",
        "New extender, the welcome loop plays again.",
        70,
    ),
    Story(
        "Booking panels do not show today's meetings",
        MEDIUM,
        "All panels show the rooms as free, the calendar is full.",
        "The calendar service refused its password. Who in your IT can renew it?",
        "App password expired after 90 days.",
        "New service account without an expiry date, all panels in step.",
        40,
    ),
    Story(
        "Hearing loop crackles",
        MEDIUM,
        "Two visitors told us that the loop crackles in the front rows.",
        "Thank you for telling us. I measure it before the weekend.",
        "Loose terminal on the loop driver.",
        "Terminal tightened, field strength measured and noted.",
        80,
    ),
    Story(
        "Classroom panel: touch is off by an inch",
        LOW,
        "The pen writes an inch below where it touches.",
        "I start the calibration from here, please touch the four crosses.",
        "Calibrated with the teacher by phone.",
        "Calibrated, handwriting fits again.",
        20,
    ),
    Story(
        "Streaming of the service stops every ten minutes",
        HIGH,
        "Viewers at home lose the picture again and again.",
        "The encoder drops at the upload. I lower its rate now and watch it.",
        "Upload shared with guest Wi-Fi, guests limited to 10 Mbit.",
        "Guests have their own limit; ninety minutes without a break.",
        90,
    ),
    Story(
        "Projector in the auditorium needs a lamp",
        LOW,
        "It says: lamp life nearly ended.",
        "The lamp is a consumable and not in the agreement; it is $389 with the change"
        " included in our next visit. Shall I order it?",
        "Lamp quoted and ordered.",
        "Lamp changed during the visit, counter reset.",
        30,
    ),
    Story(
        "Guest TVs on floor 3 without channels",
        HIGH,
        "Eleven rooms on the third floor have no channels, guests complain.",
        "I see the floor switch restarting. I am with you within two hours.",
        "Switch overheated, fan blocked by a linen bag.",
        "Switch replaced, closet cleared, temperature alarm set.",
        140,
    ),
    Story(
        "Board room lights flicker during video calls",
        MEDIUM,
        "On camera the lights flicker, the room itself looks normal.",
        "That is the dimmer frequency against the camera. I change the camera first.",
        "Shutter set to 1/60.",
        "Flicker gone at every dimming level.",
        30,
    ),
    Story(
        "Ceiling speaker rattles above table 14",
        LOW,
        "Guests at table 14 ask to be moved.",
        "I bring a replacement on Thursday before you open.",
        "Cone torn, replaced with the same model.",
        "Speaker replaced before opening.",
        50,
    ),
    Story(
        "Door station does not call the front desk",
        HIGH,
        "Deliveries ring and nobody hears it.",
        "The call goes to an extension that no longer exists. I redirect it now.",
        "Phone provider renumbered the desk.",
        "Calls ring at the desk and after 30 seconds at the manager.",
        25,
    ),
    Story(
        "Digital menu shows last week's prices",
        MEDIUM,
        "We changed the prices on Monday, the screens still show the old ones.",
        "The player has not fetched anything since Sunday. I restart it.",
        "Clock of the player was wrong, certificate refused.",
        "Menus are up to date, the clock now follows the network.",
        25,
    ),
    Story(
        "Wireless presentation asks for a code nobody has",
        LOW,
        "Visitors cannot share their screen without the code.",
        "The code is shown on the start page; I put it back there.",
        "Start page was reset by the update.",
        "Code is on the screen again.",
        15,
    ),
    Story(
        "Network slow in the whole building",
        URGENT,
        "Nothing moves, cash registers neither.",
        "I see a loop on the second floor and switch that port off now.",
        "Cleaner's new phone plugged into two wall ports. Loop guard was off there.",
        "Loop removed, loop guard on for all ports.",
        55,
    ),
]

# What the customer writes back, and what we ask when we need him.
QUESTIONS = [
    "We need to get to the rack for this. Which day suits you?",
    "Could you send us a photo of the display, please?",
    "Is it all right if we restart the network at noon? It takes four minutes.",
    "The part is $145 and not in the agreement. May we order it?",
]
REPLIES = [
    "Thursday after ten is fine, the side door is open.",
    "Sorry for the delay, we were away. Yes, please go ahead.",
    "Here you are. It looks the same as yesterday.",
    "Yes, please do. Thank you for asking.",
]
THANKS = [
    "Works again, thank you!",
    "Perfect, thanks for the quick help.",
    "All good now. Please thank your colleague as well.",
]
LATE = "I am sorry that this took longer than we promised. It is on our side."

# Where a program is changed and nothing is broken.
PROGRAMMING = {
    "Lights in the hallway turn on at night",
    "Booking panels do not show today's meetings",
    "Door station does not call the front desk",
}
# What no agreement covers, by the pick-list of exclusions.
EXCLUDED = {
    "Everything offline after thunderstorm": "force_majeure",
    "Streaming box asks for a new account": "manufacturer_update",
    "Projector in the auditorium needs a lamp": "consumables",
    "Digital menu shows last week's prices": "provider",
}
