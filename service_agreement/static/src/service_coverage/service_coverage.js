import { Component } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * @typedef {Object} Coverage who pays, in words: see service.agreement.ticket.mixin,
 *     coverage_summary
 * @property {"covered"|"partly"|"used_up"|"uncovered"|"no_agreement"} state
 * @property {string} label of the state
 * @property {string} title who pays
 * @property {string[]} notes what is left then, and what the rest costs
 * @property {string|false} choice who chose the payer
 * @property {{name: string, outcome: string, pays: boolean,
 *     reasons: {met: boolean, text: string}[]}[]} candidates
 */

/** Every agreement that might pay, with what it met and what it failed. */
export class ServiceCoverageDialog extends Component {
    static template = "service_agreement.ServiceCoverageDialog";
    static components = { Dialog };
    static props = { coverage: Object, close: Function };
}

/** Who pays for the work on a ticket, or for a piece of work. */
export class ServiceCoverageField extends Component {
    static template = "service_agreement.ServiceCoverageField";
    static props = { ...standardFieldProps };

    setup() {
        this.dialog = useService("dialog");
    }

    get coverage() {
        return this.props.record.data[this.props.name];
    }

    get icon() {
        const icons = { covered: "fa-check-circle", partly: "fa-adjust" };
        return icons[this.coverage.state] || "fa-exclamation-circle";
    }

    explain() {
        this.dialog.add(ServiceCoverageDialog, { coverage: this.coverage });
    }
}

export const serviceCoverageField = {
    component: ServiceCoverageField,
    displayName: _t("Who Pays"),
    supportedTypes: ["json"],
    isEmpty: () => false,
};

registry.category("fields").add("service_coverage", serviceCoverageField);
