import { visibleText } from "@retool-ts/runs/records";

/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** A value of a {@link markup} template. Text is escaped, markup is not; a list is joined; undefined is nothing. */
export type HtmlValue = string | number | Html | undefined | readonly HtmlValue[];

/** A template in which every value is escaped, for element content and for quoted attributes alike, unless it is {@link Html} already. */
export function markup(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, index) => part + (index < values.length ? markupOf(values[index]) : "")).join(""));
}

function markupOf(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map(markupOf).join("");
  return escapeHtml(visibleText(String(value)));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Text of a model as element content: escaped, and with what would act or hide made visible and marked. */
export function modelText(text: string): Html {
  return new Html(visibleText(escapeHtml(text), (picture) => `<b class="ctl">${picture}</b>`));
}
