import { Component, onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const PERIOD = 2500;

/**
 * Reads a form anew while its record is running, until it no longer is. A page that
 * nobody looks at, or that somebody edits, is left alone.
 */
export class Running extends Component {
    static template = "service_agreement.Running";
    static props = { ...standardWidgetProps };

    setup() {
        let timer;
        onMounted(() => {
            timer = browser.setInterval(() => this.refresh(), PERIOD);
        });
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get isRunning() {
        return this.props.record.data.state === "running";
    }

    async refresh() {
        if (this.isRunning && !document.hidden && !(await this.props.record.isDirty())) {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("service_agreement_running", {
    component: Running,
    fieldDependencies: [{ name: "state", type: "selection" }],
});
