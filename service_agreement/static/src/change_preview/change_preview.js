/**
 * What a change of an agreement would do: credits and charges, the next invoices with and
 * without it, and the difference in promise. The server computes all of it.
 */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

export class ChangePreviewField extends Component {
    static template = "service_agreement.ChangePreviewField";
    static props = { ...standardFieldProps };

    get preview() {
        return this.props.record.data[this.props.name] || false;
    }

    money(amount) {
        const currencyId = this.props.record.data.currency_id?.id;
        return formatMonetary(amount, { currencyId });
    }

    /** An amount of a list that may not have it. */
    moneyIf(amount, isThere = amount !== null) {
        return isThere ? this.money(amount) : "–";
    }

    /** "+ $ 40.65": of differences the sign is what matters. */
    difference(amount) {
        if (!amount) {
            return "–";
        }
        return `${amount > 0 ? "+" : "−"} ${this.money(Math.abs(amount))}`;
    }

    kind(invoice) {
        return { credit: _t("Credit note"), forfeit: _t("Not given") }[invoice.kind] || "";
    }
}

export const changePreviewField = {
    component: ChangePreviewField,
    displayName: _t("Preview of a change"),
    supportedTypes: ["json"],
    isEmpty: () => false,
    fieldDependencies: [{ name: "currency_id", type: "many2one", relation: "res.currency" }],
};

registry.category("fields").add("sa_change_preview", changePreviewField);
