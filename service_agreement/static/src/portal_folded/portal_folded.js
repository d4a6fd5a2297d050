import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";

/**
 * Fetches what is folded away when it is opened for the first time, and shows it in
 * place of the link that leads to the same page.
 */
export class PortalFolded extends Interaction {
    static selector = ".o_agreement_folded";
    dynamicContent = {
        _root: { "t-on-toggle": this.load },
    };

    async load() {
        if (!this.el.open || this.isLoaded) {
            return;
        }
        this.isLoaded = true;
        const place = this.el.querySelector(".o_agreement_document");
        const found = await this.waitFor(this.fetchDocument());
        if (found) {
            place.replaceWith(found);
        } else {
            // Nothing is lost: the link is still there, and so is another try.
            this.isLoaded = false;
        }
    }

    async fetchDocument() {
        try {
            const answer = await fetch(this.el.dataset.url);
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            return page.querySelector(".o_agreement_document");
        } catch {
            return null;
        }
    }
}

registry
    .category("public.interactions")
    .add("service_agreement.portal_folded", PortalFolded);
