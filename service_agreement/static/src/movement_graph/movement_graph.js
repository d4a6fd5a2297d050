/**
 * The graph of revenue movements: what is gained in cool colours, what is lost in warm
 * ones. Odoo deals its palette by position, and paints expansions red.
 */
import { registry } from "@web/core/registry";
import { SEP } from "@web/views/graph/graph_model";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

const COLORS = {
    new: "#4EA7F2",
    expansion: "#43C5B1",
    reactivation: "#8481DD",
    contraction: "#F4A261",
    churn: "#EA6175",
};

export class MovementGraphRenderer extends GraphRenderer {
    /** @override */
    getBarChartData() {
        const data = super.getBarChartData();
        const colors = Object.fromEntries(
            this.model.metaData.fields.kind.selection.map(([kind, label]) => [label, COLORS[kind]])
        );
        for (const dataset of data.datasets) {
            const kind = (dataset.label || "").split(SEP).find((label) => label in colors);
            if (kind) {
                dataset.backgroundColor = colors[kind];
            }
        }
        return data;
    }
}

registry.category("views").add("service_agreement_movement_graph", {
    ...graphView,
    Renderer: MovementGraphRenderer,
});
