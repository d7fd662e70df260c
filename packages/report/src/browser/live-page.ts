import { LiveChart } from "./live-chart.js";

const drawn = new WeakMap<Element, LiveChart>();

/**
 * Puts markup with live charts into a place that may have had such before. What a reader has open, focused or zoomed in stays so: charts are
 * known again by their titles, fields by their names.
 */
export function showLive(place: HTMLElement, html: string): void {
  const before = new Map(plotsIn(place).map((plot) => [keyOf(plot), plot]));
  const open = new Set([...place.querySelectorAll("details[open]")].map(keyOf));
  const focused = place.contains(document.activeElement) ? keyOf(document.activeElement!) : undefined;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const plot of plotsIn(fresh.content)) {
    const key = keyOf(plot);
    const known = before.get(key);
    if (known === undefined) continue;
    drawn.get(known)!.update(plot);
    plot.replaceWith(known);
    before.delete(key);
  }
  for (const plot of before.values()) drawn.get(plot)?.destroy();
  place.replaceChildren(fresh.content);
  for (const plot of plotsIn(place)) {
    const known = drawn.get(plot);
    if (known === undefined) drawn.set(plot, new LiveChart(plot));
    else known.resume();
  }
  for (const details of place.querySelectorAll("details")) if (open.has(keyOf(details))) details.open = true;
  if (focused === undefined) return;
  const fields = [...place.querySelectorAll<HTMLElement>("select, input, summary, .plot")];
  fields.find((element) => keyOf(element) === focused)?.focus({ preventScroll: true });
}

function plotsIn(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(".plot[data-chart]")];
}

/** What stays the same of an element when its place is filled again. */
function keyOf(element: Element): string {
  if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement) {
    return `field ${element.name} ${element.type === "checkbox" ? element.value : ""}`;
  }
  const heading = element.closest(".charts")?.previousElementSibling?.textContent ?? "";
  const title = element.closest("figure")?.querySelector("b")?.textContent ?? "";
  return `${element.tagName} ${heading.split(" ")[0]} ${title}`;
}
