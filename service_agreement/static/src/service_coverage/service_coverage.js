import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * @typedef {Object} Coverage who pays, in words, as coverage_words.py tells it
 * @property {"covered"|"partly"|"used_up"|"uncovered"|"no_agreement"} state
 * @property {string} title who pays
 * @property {string[]} notes what is left then, and what the rest costs
 * @property {string|false} choice who chose the payer
 * @property {{name: string, outcome: string, pays: boolean,
 *     reasons: {met: boolean, text: string}[]}[]} candidates
 */

// What of a ticket may change who pays.
const WATCHED = [
    "partner_id",
    "work_type_id",
    "system_id",
    "device_id",
    "exclusion_id",
    "payer_id",
    "project_id",
    "team_id",
    "company_id",
];
const ICONS = { covered: "fa-check-circle", partly: "fa-adjust" };

/** Every agreement that might pay, with what it met and what it failed. */
export class ServiceCoverageDialog extends Component {
    static template = "service_agreement.ServiceCoverageDialog";
    static components = { Dialog };
    static props = { coverage: Object, close: Function };

    get title() {
        return _t("Who pays, and why");
    }
}

/** Who pays, in a few lines; the reasons are a click away. */
export class ServiceCoverage extends Component {
    static template = "service_agreement.ServiceCoverage";
    static props = { coverage: Object };

    setup() {
        this.dialog = useService("dialog");
    }

    get icon() {
        return ICONS[this.props.coverage.state] || "fa-exclamation-circle";
    }

    explain() {
        this.dialog.add(ServiceCoverageDialog, { coverage: this.props.coverage });
    }
}

/** Who paid for a piece of work. */
export class ServiceCoverageField extends Component {
    static template = "service_agreement.ServiceCoverageField";
    static components = { ServiceCoverage };
    static props = { ...standardFieldProps };

    get coverage() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("service_coverage", {
    component: ServiceCoverageField,
    displayName: _t("Who Pays"),
    supportedTypes: ["json"],
    isEmpty: () => false,
});

/**
 * Who pays for the work on the ticket that is open: asked once it is shown, so that the
 * ticket opens without waiting for it, and again when something else was chosen.
 */
export class ServicePayer extends Component {
    static template = "service_agreement.ServicePayer";
    static components = { ServiceCoverage };
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({ coverage: false });
        // Not awaited: nobody waits for it to see the ticket.
        useRecordObserver((record) => void this.ask(record));
    }

    async ask(record) {
        const { resModel, resId, dirty } = record;
        const values = this.read(record);
        const question = JSON.stringify([resId, dirty, values]);
        if (question === this.question) {
            return;
        }
        this.question = question;
        this.state.coverage = await this.keepLast.add(
            this.orm.silent.call(resModel, "get_service_coverage", [
                resId ? [resId] : [],
                dirty || !resId ? values : {},
            ])
        );
    }

    /** @returns {Object<string, number|false>} what the server has to know */
    read(record) {
        const names = WATCHED.filter((name) => name in record.data);
        return Object.fromEntries(names.map((name) => [name, record.data[name].id || false]));
    }
}

registry.category("view_widgets").add("service_payer", { component: ServicePayer });
