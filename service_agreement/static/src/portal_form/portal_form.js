import { rpc } from "@web/core/network/rpc";
import { Interaction } from "@web/public/interaction";

/**
 * A form that shows at once what its choices come to. Without this it has a button that
 * asks the server.
 */
export class PortalForm extends Interaction {
    setup() {
        this.asked = 0;
    }

    start() {
        if (isFormTouched(this.el)) {
            this.refresh();
        }
    }

    /** Ask for what is chosen by now, and show it. */
    async refresh() {
        throw new Error("What is asked for is the form's to say.");
    }

    /**
     * @param {string} url
     * @param {Object} choices
     * @param {HTMLElement} busy what waits for the answer
     * @returns {Promise<Object|undefined>} the answer; none where something else was
     *     chosen meanwhile: of several choices in a row only the last one counts
     */
    async ask(url, choices, busy) {
        const number = ++this.asked;
        busy.setAttribute("aria-busy", "true");
        try {
            const answer = await this.waitFor(rpc(url, choices));
            return number === this.asked ? answer : undefined;
        } finally {
            if (number === this.asked) {
                busy.removeAttribute("aria-busy");
            }
        }
    }
}

/**
 * Whether a form says something else than the page that brought it: chosen before the
 * page was ready, or kept by the browser when somebody comes back.
 *
 * @param {HTMLFormElement} form
 */
function isFormTouched(form) {
    return [...form.elements].some((field) => {
        if (field.type === "checkbox" || field.type === "radio") {
            return field.checked !== field.defaultChecked;
        }
        if (field.tagName === "SELECT") {
            const initial = [...field.options].findIndex((o) => o.defaultSelected);
            return field.selectedIndex !== Math.max(initial, 0);
        }
        return field.type === "number" && field.value !== field.defaultValue;
    });
}
