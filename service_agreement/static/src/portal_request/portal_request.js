import { registry } from "@web/core/registry";
import { PortalForm } from "../portal_form/portal_form";

/** Shows what a request costs beside what is chosen for it. */
export class PortalRequest extends PortalForm {
    static selector = ".o_agreement_request_form";
    dynamicContent = {
        "select[name=system_id]": { "t-on-change": this.refresh },
        "input[name=work_type_id]": { "t-on-change": this.refresh },
        "input[name=priority]": { "t-on-change": this.refresh },
    };

    getChoices() {
        const form = new FormData(this.el);
        return Object.fromEntries(
            ["system_id", "work_type_id", "priority", "approver"].map((name) => [
                name,
                form.get(name) || "",
            ])
        );
    }

    async refresh() {
        const price = this.el.querySelector(".o_request_price");
        // Nobody approves what was shown for another choice.
        price.querySelector("input[name=approve]")?.setAttribute("disabled", "disabled");
        const answer = await this.ask(this.el.dataset.priceUrl, this.getChoices(), price);
        if (answer?.html) {
            price.innerHTML = answer.html;
        }
    }
}

registry
    .category("public.interactions")
    .add("service_agreement.portal_request", PortalRequest);
