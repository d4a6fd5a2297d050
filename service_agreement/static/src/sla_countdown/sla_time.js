/**
 * What a countdown says to a person, as pure functions of its values and of now.
 *
 * @typedef {Object} Countdown as the server gives it, see service.agreement.sla.clock,
 *     _get_countdown; instants and spans are seconds
 * @property {"running"|"paused"|"missed"|"met"|"kept"|"cancelled"} state as of the last fact
 * @property {boolean} [rests] we wait for the customer
 * @property {number} [at] the instant of the reading
 * @property {number} [left] service time that was left then, negative if late
 * @property {[number, number][]} [openings] when it gets less, from `at` on
 * @property {number|false} [deadline]
 * @property {number|false} [risk_at]
 * @property {string} [label] what is promised
 */
import { _t } from "@web/core/l10n/translation";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @param {number} seconds @returns {string} the two largest units: "2 h 10 min" */
export function formatSpan(seconds) {
    seconds = Math.max(0, Math.floor(seconds));
    const days = Math.floor(seconds / DAY);
    const hours = Math.floor((seconds % DAY) / HOUR);
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    if (days) {
        return hours ? _t("%(days)s d %(hours)s h", { days, hours }) : _t("%(days)s d", { days });
    }
    if (hours) {
        return minutes
            ? _t("%(hours)s h %(minutes)s min", { hours, minutes })
            : _t("%(hours)s h", { hours });
    }
    return minutes ? _t("%(minutes)s min", { minutes }) : _t("%(seconds)s s", { seconds });
}

/** Service time has no days, but hours of service. */
function formatService(seconds) {
    const hours = Math.floor(seconds / HOUR);
    return hours < 24 ? formatSpan(seconds) : _t("%(hours)s h", { hours });
}

/**
 * @param {Countdown} countdown
 * @param {number} now
 * @returns {number} seconds of service time left, negative if late
 */
export function readLeft({ at, left, openings }, now) {
    for (const [from, to] of openings) {
        left -= Math.max(0, Math.min(now, to) - Math.max(at, from));
    }
    return left;
}

/**
 * @param {Countdown} countdown
 * @param {number} now
 * @returns {number|false} when it counts again, if it does not now
 */
export function readReopening({ openings }, now) {
    const next = openings.find(([, to]) => now < to);
    return Boolean(next) && now < next[0] && next[0];
}

/**
 * @param {Countdown|false} countdown
 * @param {number} now
 * @returns {{tone: string, text: string, opens: number|false}} tone: late, risk, time,
 *     paused, kept or none; opens: when a countdown that stands still goes on
 */
export function readCountdown(countdown, now) {
    const { state, left } = countdown || {};
    if (left === undefined) {
        return { ...readOutcome(state), opens: false };
    }
    const seconds = readLeft(countdown, now);
    const opens = readReopening(countdown, now);
    if (seconds < 0) {
        return { tone: "late", text: readLateness(countdown, -seconds), opens };
    }
    if (countdown.rests) {
        return { tone: "paused", text: _t("paused, %s left", formatService(seconds)), opens };
    }
    const risky = countdown.risk_at && countdown.risk_at <= now;
    return {
        tone: risky ? "risk" : "time",
        text: _t("%s left", formatService(seconds)),
        opens,
    };
}

function readLateness({ rests }, seconds) {
    const late = formatService(seconds);
    return rests ? _t("paused, %s late", late) : _t("%s late", late);
}

function readOutcome(state) {
    const outcomes = {
        paused: ["paused", _t("paused")],
        kept: ["kept", _t("kept")],
        met: ["kept", _t("kept")],
        missed: ["late", _t("missed")],
        cancelled: ["none", _t("cancelled")],
    };
    const [tone, text] = outcomes[state] || ["none", ""];
    return { tone, text };
}
