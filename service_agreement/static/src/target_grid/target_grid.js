/**
 * All that a tier promises as one grid: what is promised down, priorities across.
 *
 * A cell is a target: typing a duration into an empty one adds it, emptying it removes
 * it. What nobody can read as a duration stays in the cell, marked, and keeps the form
 * from being saved.
 */
import { Component, onWillStart, toRaw, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { formatMinutes, parseMinutes } from "../service_minutes/service_minutes";

export class TargetGridField extends Component {
    static template = "service_agreement.TargetGridField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        // What is typed, by cell, as long as the form does not hold it.
        this.typed = useState({});
        this.state = useState({ calendars: [] });
        // One change after the other: a save waits for the last one.
        this.changes = Promise.resolve();
        onWillStart(() => this.loadCalendars());
        useEffect(
            (invalid) => {
                if (!invalid) {
                    this.forgetMistakes();
                }
            },
            () => [this.props.record.isFieldInvalid(this.props.name)]
        );
        const { bus } = this.props.record.model;
        useBus(bus, "NEED_LOCAL_CHANGES", ({ detail }) => detail.proms.push(this.commitAll()));
        useBus(bus, "WILL_SAVE_URGENTLY", () => this.commitAll());
    }

    get pausesTitle() {
        return _t("Stops while we wait for the customer");
    }

    get runsTitle() {
        return _t("Goes on while we wait for the customer");
    }

    get list() {
        return this.props.record.data[this.props.name];
    }

    /** In the order in which they are promised: what is most urgent comes first. */
    get priorities() {
        return [...this.list.fields.priority.selection].reverse();
    }

    /** Readonly, only what is promised at all. */
    get metrics() {
        const metrics = this.list.fields.metric.selection;
        if (!this.props.readonly) {
            return metrics;
        }
        return metrics.filter(([metric]) =>
            this.list.records.some((target) => target.data.metric === metric)
        );
    }

    async loadCalendars() {
        if (this.props.readonly) {
            return;
        }
        const company = this.props.record.data.company_id;
        const domain = company ? [["company_id", "in", [company.id, false]]] : [];
        this.state.calendars = await this.orm.searchRead("resource.calendar", domain, [
            "display_name",
        ]);
    }

    key(metric, priority) {
        return `${metric}/${priority}`;
    }

    targetOf(metric, priority) {
        return this.list.records.find(
            ({ data }) => data.metric === metric && data.priority === priority
        );
    }

    text(metric, priority) {
        const typed = this.typed[this.key(metric, priority)];
        return typed?.text ?? this.duration(this.targetOf(metric, priority));
    }

    duration(target) {
        return target?.data.minutes ? formatMinutes(target.data.minutes) : "";
    }

    isInvalid(metric, priority) {
        return Boolean(this.typed[this.key(metric, priority)]?.invalid);
    }

    /** The calendars to choose from: also an archived one that is in use. */
    calendars(target) {
        const used = target.data.calendar_id;
        const known = this.state.calendars;
        return !used || known.some(({ id }) => id === used.id) ? known : [...known, used];
    }

    onInput(metric, priority, ev) {
        this.typed[this.key(metric, priority)] = { metric, priority, text: ev.target.value };
        this.props.record.model.bus.trigger("FIELD_IS_DIRTY", true);
        this.markMistakes();
    }

    /** Down from a duration to its hours: Tab goes on to the next duration. */
    onKeydown(ev) {
        if (ev.key === "Enter") {
            ev.target.blur();
        } else if (ev.key === "ArrowDown") {
            ev.target.closest("td").querySelector("select")?.focus();
            ev.preventDefault();
        }
    }

    commitAll() {
        for (const { metric, priority } of Object.values(this.typed)) {
            this.commit(metric, priority);
        }
        return this.changes;
    }

    /** Give the form what is typed in a cell, once. */
    commit(metric, priority) {
        const key = this.key(metric, priority);
        const typed = this.typed[key];
        if (!typed || typed.invalid) {
            return;
        }
        const minutes = this.parse(typed.text);
        if (minutes === undefined) {
            typed.invalid = true;
            this.markMistakes();
            return;
        }
        this.changes = this.changes
            .then(() => this.setMinutes(metric, priority, minutes))
            .then(() => this.forget(key, typed));
    }

    /** What the form holds now; unless more was typed meanwhile. */
    forget(key, typed) {
        if (toRaw(this.typed[key]) === toRaw(typed)) {
            delete this.typed[key];
            this.props.record.model.bus.trigger("FIELD_IS_DIRTY", false);
        }
    }

    /** @returns {number|undefined} minutes; 0 of nothing, none of what is no duration */
    parse(text) {
        if (!text.trim()) {
            return 0;
        }
        try {
            return parseMinutes(text) || undefined;
        } catch {
            return undefined;
        }
    }

    async setMinutes(metric, priority, minutes) {
        const target = this.targetOf(metric, priority);
        if (!minutes) {
            return target && this.list.delete(target);
        }
        if (target) {
            return target.update({ minutes });
        }
        const added = await this.list.addNewRecord({
            context: {
                default_metric: metric,
                default_priority: priority,
                default_minutes: minutes,
                default_calendar_id: this.usualCalendar(metric),
            },
            mode: "readonly",
            position: "bottom",
        });
        return added.update({ minutes });
    }

    /** The service hours of the same row; else of the grid; else of the company. */
    usualCalendar(metric) {
        const { records } = this.list;
        const alike = records.find(({ data }) => data.metric === metric) || records[0];
        const usual = alike ? alike.data.calendar_id : this.props.record.data.service_calendar_id;
        return usual ? usual.id : false;
    }

    onCalendar(target, ev) {
        const id = Number(ev.target.value);
        const calendar = this.calendars(target).find((known) => known.id === id);
        return target.update({ calendar_id: calendar || false });
    }

    togglePause(target) {
        return target.update({ pausable: !target.data.pausable });
    }

    markMistakes() {
        const { record, name } = this.props;
        const invalid = Object.values(this.typed).some((typed) => typed.invalid);
        if (invalid) {
            record.setInvalidField(name);
        } else if (record.isFieldInvalid(name)) {
            record.resetFieldValidity(name);
        }
    }

    /** The form was discarded: what was wrong in it is gone, too. */
    forgetMistakes() {
        for (const [key, typed] of Object.entries(this.typed)) {
            if (typed.invalid) {
                delete this.typed[key];
            }
        }
    }
}

export const targetGridField = {
    component: TargetGridField,
    displayName: _t("Grid of Promises"),
    supportedTypes: ["one2many"],
    useSubView: true,
    fieldDependencies: [{ name: "company_id", type: "many2one", relation: "res.company" }],
};

registry.category("fields").add("service_target_grid", targetGridField);
