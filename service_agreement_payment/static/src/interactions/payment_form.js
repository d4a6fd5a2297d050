import { PaymentForm } from "@payment/interactions/payment_form";
import { patch } from "@web/core/utils/patch";

patch(PaymentForm.prototype, {
    /** Say that the customer agrees to autopay, where he was asked. */
    _prepareTransactionRouteParams() {
        const params = super._prepareTransactionRouteParams(...arguments);
        if (this.el.querySelector("[name='autopay_agree']")?.checked) {
            params.autopay = true;
        }
        return params;
    },
});
