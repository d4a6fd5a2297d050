import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";
import { isFormTouched } from "../portal_form/portal_form";

/**
 * Shows what a request costs beside what is chosen for it. Without this the form has a
 * button that asks the server.
 */
export class PortalRequest extends Interaction {
    static selector = ".o_agreement_request_form";
    dynamicContent = {
        "select[name=system_id]": { "t-on-change": this.refreshPrice },
        "input[name=work_type_id]": { "t-on-change": this.refreshPrice },
        "input[name=priority]": { "t-on-change": this.refreshPrice },
    };

    setup() {
        this.asked = 0;
    }

    start() {
        if (isFormTouched(this.el)) {
            this.refreshPrice();
        }
    }

    getChoices() {
        const form = new FormData(this.el);
        return Object.fromEntries(
            ["system_id", "work_type_id", "priority", "approver"].map((name) => [
                name,
                form.get(name) || "",
            ])
        );
    }

    async refreshPrice() {
        const number = ++this.asked;
        const price = this.el.querySelector(".o_request_price");
        // Nobody approves what was shown for another choice.
        price.querySelector("input[name=approve]")?.setAttribute("disabled", "disabled");
        price.setAttribute("aria-busy", "true");
        try {
            const answer = await this.waitFor(
                rpc(this.el.dataset.priceUrl, this.getChoices())
            );
            // Of several choices in a row only the last one counts.
            if (number === this.asked && answer.html) {
                price.innerHTML = answer.html;
            }
        } finally {
            if (number === this.asked) {
                price.removeAttribute("aria-busy");
            }
        }
    }
}

registry
    .category("public.interactions")
    .add("service_agreement.portal_request", PortalRequest);
