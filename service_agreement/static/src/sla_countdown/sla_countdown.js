import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { readDeadline } from "./sla_time";
import { useTicker } from "./ticker";

/**
 * One clock. A tick renders it only when its text or colour has changed, that is
 * once a minute.
 */
export class SlaCountdown extends Component {
    static template = "service_agreement.SlaCountdown";
    static props = {
        phase: { type: [String, Boolean], optional: true },
        deadline: { optional: true },
        riskAt: { optional: true },
        badge: { type: Boolean, optional: true },
    };

    setup() {
        this.reading = useState(this.read(this.props));
        onWillUpdateProps((props) => this.update(props));
        useTicker(() => this.update(this.props));
    }

    update(props) {
        Object.assign(this.reading, this.read(props));
    }

    read({ phase, deadline, riskAt }) {
        return readDeadline(
            { phase, deadline: deadline?.toMillis?.(), riskAt: riskAt?.toMillis?.() },
            luxon.DateTime.now().toMillis()
        );
    }

    get title() {
        return this.props.deadline ? formatDateTime(this.props.deadline) : "";
    }
}

/** The next deadline of a ticket, in a list, on a card or on a form. */
export class SlaCountdownField extends Component {
    static template = "service_agreement.SlaCountdownField";
    static components = { SlaCountdown };
    static props = { ...standardFieldProps };

    get clock() {
        const { data } = this.props.record;
        return {
            phase: data.sla_phase,
            deadline: data[this.props.name],
            riskAt: data.sla_risk_at,
        };
    }
}

export const slaCountdownField = {
    component: SlaCountdownField,
    displayName: _t("Countdown"),
    supportedTypes: ["datetime"],
    isEmpty: () => false,
    fieldDependencies: [
        { name: "sla_phase", type: "selection" },
        { name: "sla_risk_at", type: "datetime" },
    ],
};

registry.category("fields").add("sla_countdown", slaCountdownField);

/** All promises of a ticket, in words and with their countdowns. */
export class SlaPromisesField extends Component {
    static template = "service_agreement.SlaPromisesField";
    static components = { SlaCountdown };
    static props = { ...standardFieldProps };

    get promises() {
        const clocks = this.props.record.data[this.props.name] || [];
        return clocks.map((clock) => ({
            ...clock,
            deadline: clock.deadline && deserializeDateTime(clock.deadline),
            riskAt: clock.risk_at && deserializeDateTime(clock.risk_at),
            stoppedAt: clock.stopped_at && deserializeDateTime(clock.stopped_at),
        }));
    }

    /** A deadline in the past is counted only while something is still to be done. */
    countdown(clock) {
        return {
            phase: clock.state,
            deadline: clock.open && clock.deadline,
            riskAt: clock.riskAt,
            badge: true,
        };
    }

    when(clock) {
        if (clock.state === "cancelled") {
            return "";
        }
        if (clock.stoppedAt) {
            return _t("done %s", this.format(clock.stoppedAt));
        }
        if (clock.deadline) {
            return _t("due %s", this.format(clock.deadline));
        }
        return clock.state === "paused" ? _t("waiting for the customer") : "";
    }

    format(instant) {
        const day = instant.hasSame(luxon.DateTime.now(), "week") ? "ccc" : "ccc d LLL";
        return instant.toFormat(`${day} HH:mm`);
    }
}

export const slaPromisesField = {
    component: SlaPromisesField,
    displayName: _t("Promises"),
    supportedTypes: ["json"],
    isEmpty: () => false,
};

registry.category("fields").add("sla_promises", slaPromisesField);
