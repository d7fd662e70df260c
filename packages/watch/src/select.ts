import { type Html, markup } from "@retool-ts/report";

/** A choice of values, with a word before it. */
export function renderSelect(
  name: string,
  label: string,
  values: readonly { readonly value: string; readonly label: string }[],
  chosen: string | undefined,
): Html {
  const options = values.map(({ value, label: text }) =>
    value === chosen ? markup`<option value="${value}" selected>${text}</option>` : markup`<option value="${value}">${text}</option>`,
  );
  return markup`<label>${label} <select name="${name}">${options}</select></label>`;
}
