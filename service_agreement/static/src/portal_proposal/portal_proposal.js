import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";
import { isFormTouched } from "../portal_form/portal_form";

/**
 * Shows at once what another tier, plan, quantity or extra costs. Without this the form
 * has a button that asks the server.
 */
export class PortalProposal extends Interaction {
    static selector = ".o_proposal_form";
    dynamicContent = {
        "input:not([type=hidden])": { "t-on-change": this.refreshPrices },
        ".o_proposal_less": { "t-on-click": () => this.step(-1) },
        ".o_proposal_more": { "t-on-click": () => this.step(1) },
    };

    setup() {
        this.asked = 0;
    }

    start() {
        if (isFormTouched(this.el)) {
            this.refreshPrices();
        }
    }

    step(by) {
        const input = this.el.querySelector("input[name=quantity]");
        const wanted = (parseInt(input.value) || 0) + by;
        const value = Math.min(Math.max(wanted, input.min), input.max);
        if (String(value) !== input.value) {
            input.value = value;
            this.refreshPrices();
        }
    }

    getChoices() {
        const form = new FormData(this.el);
        return {
            access_token: form.get("access_token"),
            option: form.get("option"),
            plan: form.get("plan"),
            quantity: form.get("quantity"),
            extra: form.getAll("extra"),
        };
    }

    async refreshPrices() {
        const number = ++this.asked;
        this.el.setAttribute("aria-busy", "true");
        try {
            const answer = await this.waitFor(
                rpc(this.el.dataset.quoteUrl, this.getChoices())
            );
            // Of several choices in a row only the last one counts.
            if (number === this.asked) {
                this.show(answer);
            }
        } finally {
            if (number === this.asked) {
                this.el.removeAttribute("aria-busy");
            }
        }
    }

    show({ parts = {}, error }) {
        const alert = this.el.querySelector(".o_proposal_error");
        alert.textContent = error || "";
        alert.classList.toggle("d-none", !error);
        for (const [name, html] of Object.entries(parts)) {
            this.el.querySelector(`[data-quote-part="${name}"]`).innerHTML = html;
        }
    }
}

registry
    .category("public.interactions")
    .add("service_agreement.portal_proposal", PortalProposal);
