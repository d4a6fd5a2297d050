/**
 * One timer for all countdowns of the page. It runs while somebody listens.
 */
import { onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

const PERIOD = 1000;
const listeners = new Set();
let timer = null;

function tick() {
    for (const listener of listeners) {
        listener();
    }
}

/** @param {() => void} callback called each second while the component is mounted */
export function useTicker(callback) {
    onMounted(() => {
        listeners.add(callback);
        timer ??= browser.setInterval(tick, PERIOD);
    });
    onWillUnmount(() => {
        listeners.delete(callback);
        if (!listeners.size) {
            browser.clearInterval(timer);
            timer = null;
        }
    });
}
