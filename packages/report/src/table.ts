import { markup, type Html, type HtmlValue } from "./markup.js";

/** What a {@link renderTable} is called, for readers that do not see it, and its looks. */
export interface TableOptions {
  readonly label: string;
  readonly kind?: string;
}

/**
 * A table whose first column names the rows. It scrolls in itself where it is too wide, also by keyboard; in a narrow window each row is a list
 * of its cells, with the column's heading before each.
 */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly HtmlValue[])[],
  { label, kind = "" }: TableOptions,
): Html {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table class="${kind}">
        <thead>
          <tr>
            ${headings.map((heading) => markup`<th scope="col">${heading}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, ...cells]) =>
              markup`<tr>
                <th scope="row">${name}</th>
                ${cells.map((cell, index) => markup`<td data-label="${headings[index + 1]}">${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
