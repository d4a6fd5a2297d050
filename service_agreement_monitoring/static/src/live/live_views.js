import { onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

const PERIOD = 15000;

/**
 * Reads what is shown anew every few seconds, unless nobody looks at the page or
 * somebody has ticked something.
 *
 * @param {Object} controller of a list or a kanban
 */
function useLive(controller) {
    let timer;
    const refresh = async () => {
        const root = controller.model.root;
        if (!document.hidden && !root.editedRecord && !root.selection?.length) {
            await root.load();
        }
    };
    onMounted(() => {
        timer = browser.setInterval(refresh, PERIOD);
    });
    onWillUnmount(() => browser.clearInterval(timer));
}

class LiveListController extends ListController {
    setup() {
        super.setup();
        useLive(this);
    }
}

class LiveKanbanController extends KanbanController {
    setup() {
        super.setup();
        useLive(this);
    }
}

registry.category("views").add("service_monitoring_live_list", {
    ...listView,
    Controller: LiveListController,
});
registry.category("views").add("service_monitoring_live_kanban", {
    ...kanbanView,
    Controller: LiveKanbanController,
});
