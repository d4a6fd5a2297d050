/**
 * Minutes, typed as people say them: "4h", "1h30", "1:30", "90m", "90".
 */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { InvalidNumberError } from "@web/views/fields/parsers";
import { useInputField } from "@web/views/fields/input_field_hook";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const HOURS = /^(\d+(?:[.,]\d+)?)\s*(?:h|hour|hours|hr|hrs)$/i;
const HOURS_MINUTES = /^(\d+)\s*(?::|h)\s*(\d{1,2})\s*(?:m|min|minutes)?$/i;
const MINUTES = /^(\d+)\s*(?:m|min|mins|minute|minutes)?$/i;

/** @param {string} text @returns {number} minutes */
export function parseMinutes(text) {
    text = text.trim();
    let match;
    if ((match = text.match(MINUTES))) {
        return parseInt(match[1]);
    }
    if ((match = text.match(HOURS))) {
        return Math.round(parseFloat(match[1].replace(",", ".")) * 60);
    }
    if ((match = text.match(HOURS_MINUTES))) {
        return parseInt(match[1]) * 60 + parseInt(match[2]);
    }
    throw new InvalidNumberError(`"${text}" is not a duration`);
}

/** @param {number} minutes @returns {string} which `parseMinutes` understands */
export function formatMinutes(minutes) {
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

export class ServiceMinutesField extends Component {
    static template = "service_agreement.ServiceMinutesField";
    static props = { ...standardFieldProps, placeholder: { type: String, optional: true } };

    setup() {
        useInputField({
            getValue: () => this.formattedValue,
            refName: "input",
            parse: (value) => (value.trim() ? parseMinutes(value) : 0),
        });
    }

    get formattedValue() {
        const minutes = this.props.record.data[this.props.name];
        return minutes ? formatMinutes(minutes) : "";
    }
}

export const serviceMinutesField = {
    component: ServiceMinutesField,
    displayName: _t("Minutes as hours and minutes"),
    supportedTypes: ["integer"],
    isEmpty: () => false,
    extractProps: ({ placeholder }) => ({ placeholder }),
};

registry.category("fields").add("service_minutes", serviceMinutesField);
