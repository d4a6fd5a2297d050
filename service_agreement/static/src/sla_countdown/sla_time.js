/**
 * What a deadline says to a person, as pure functions of its values and of now.
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

/** @param {number} seconds @returns {string} in days, from a day on: "4 d" */
function formatAge(seconds) {
    return formatSpan(seconds < DAY ? seconds : seconds - (seconds % DAY));
}

/**
 * @param {object} clock
 * @param {"running"|"paused"|"kept"|"met"|"missed"|"cancelled"|false} clock.phase as of
 *     the last fact
 * @param {number|false} clock.deadline in milliseconds, of what is still to be done
 * @param {number|false} clock.riskAt in milliseconds
 * @param {number} now in milliseconds
 * @returns {{tone: string, text: string}} tone: late, risk, time, paused, kept or none
 */
export function readDeadline({ phase, deadline, riskAt }, now) {
    if (deadline && (phase === "running" || phase === "missed")) {
        const left = (deadline - now) / 1000;
        if (left < 0) {
            return { tone: "late", text: _t("missed %s ago", formatAge(-left)) };
        }
        const tone = riskAt && riskAt <= now ? "risk" : "time";
        return { tone, text: _t("%s left", formatSpan(left)) };
    }
    const labels = {
        running: ["time", ""],
        paused: ["paused", _t("paused")],
        kept: ["kept", _t("kept")],
        met: ["kept", _t("kept")],
        missed: ["late", _t("missed")],
        cancelled: ["none", _t("cancelled")],
    };
    const [tone, text] = labels[phase] || ["none", ""];
    return { tone, text };
}
