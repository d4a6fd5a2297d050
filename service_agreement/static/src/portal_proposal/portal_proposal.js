import { registry } from "@web/core/registry";
import { PortalForm } from "../portal_form/portal_form";

/** Shows at once what another tier, plan, quantity or extra costs. */
export class PortalProposal extends PortalForm {
    static selector = ".o_proposal_form";
    dynamicContent = {
        "input:not([type=hidden])": { "t-on-change": this.refresh },
        ".o_proposal_less": { "t-on-click": () => this.step(-1) },
        ".o_proposal_more": { "t-on-click": () => this.step(1) },
    };

    step(by) {
        const input = this.el.querySelector("input[name=quantity]");
        const wanted = (parseInt(input.value) || 0) + by;
        const value = Math.min(Math.max(wanted, input.min), input.max);
        if (String(value) !== input.value) {
            input.value = value;
            this.refresh();
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

    async refresh() {
        const answer = await this.ask(this.el.dataset.quoteUrl, this.getChoices(), this.el);
        if (answer) {
            this.show(answer);
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
