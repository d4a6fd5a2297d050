import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { readCountdown } from "./sla_time";
import { useTicker } from "./ticker";

/** @param {luxon.DateTime} instant @returns {string} "Mon 09:00", or with its date */
function formatInstant(instant) {
    const now = luxon.DateTime.now();
    const near = instant > now.minus({ days: 2 }) && instant < now.plus({ days: 6 });
    return instant.toFormat(near ? "ccc HH:mm" : "ccc d LLL HH:mm");
}

function fromSeconds(seconds) {
    return luxon.DateTime.fromSeconds(seconds);
}

/**
 * One countdown in service time. It goes on by itself, without asking the server; a
 * tick renders it only when its text or colour has changed, that is once a minute.
 */
export class SlaCountdown extends Component {
    static template = "service_agreement.SlaCountdown";
    static props = {
        countdown: { optional: true },
        // Also say what it is and when it goes on, where there is room.
        detailed: { type: Boolean, optional: true },
    };

    setup() {
        this.reading = useState(this.read(this.props));
        onWillUpdateProps((props) => this.update(props));
        useTicker(() => this.update(this.props));
    }

    update(props) {
        Object.assign(this.reading, this.read(props));
    }

    read({ countdown }) {
        return readCountdown(countdown, luxon.DateTime.now().toSeconds());
    }

    get icon() {
        const icons = { paused: "fa-pause", kept: "fa-check" };
        const icon = this.reading.opens ? "fa-moon-o" : "fa-clock-o";
        return icons[this.reading.tone] || icon;
    }

    /** What a resting countdown waits for. */
    get note() {
        const { countdown } = this.props;
        if (countdown?.rests) {
            return _t("Paused until the customer answers");
        }
        if (this.reading.opens) {
            const when = formatInstant(fromSeconds(this.reading.opens));
            return _t("Closed now: counts again %s", when);
        }
        return "";
    }

    get title() {
        const { deadline, label } = this.props.countdown || {};
        const due = deadline && _t("due %s", formatInstant(fromSeconds(deadline)));
        return [label, due, this.note].filter(Boolean).join("\n");
    }
}

/** What breaks next of a ticket, in a list or on a card. */
export class SlaCountdownField extends Component {
    static template = "service_agreement.SlaCountdownField";
    static components = { SlaCountdown };
    static props = { ...standardFieldProps, detailed: { type: Boolean, optional: true } };

    get countdown() {
        return this.props.record.data.sla_next;
    }
}

export const slaCountdownField = {
    component: SlaCountdownField,
    displayName: _t("Countdown"),
    supportedTypes: ["datetime"],
    isEmpty: () => false,
    fieldDependencies: [{ name: "sla_next", type: "json" }],
    extractProps: ({ options }) => ({ detailed: Boolean(options.detailed) }),
};

registry.category("fields").add("sla_countdown", slaCountdownField);

/** All promises of a ticket, in words and with their countdowns. */
export class SlaPromisesField extends Component {
    static template = "service_agreement.SlaPromisesField";
    static components = { SlaCountdown };
    static props = { ...standardFieldProps };

    get promises() {
        return (this.props.record.data[this.props.name] || []).map((clock) => ({
            ...clock,
            // What is done says how it ended; only what is not, counts.
            countdown: clock.countdown || { state: clock.state },
        }));
    }

    when(clock) {
        if (clock.state === "cancelled") {
            return "";
        }
        if (clock.stopped_at) {
            return _t("done %s", formatInstant(deserializeDateTime(clock.stopped_at)));
        }
        if (clock.deadline) {
            return _t("due %s", formatInstant(deserializeDateTime(clock.deadline)));
        }
        return "";
    }
}

export const slaPromisesField = {
    component: SlaPromisesField,
    displayName: _t("Promises"),
    supportedTypes: ["json"],
    isEmpty: () => false,
};

registry.category("fields").add("sla_promises", slaPromisesField);
