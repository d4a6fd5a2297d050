/**
 * Whether a form says something else than the page that brought it: chosen before the
 * page was ready, or kept by the browser when somebody comes back.
 *
 * @param {HTMLFormElement} form
 */
export function isFormTouched(form) {
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
