/**
 * The script of the dashboard: it asks for parts of the page, puts them in their places without closing or leaving what a reader has open, and
 * asks again when the server says that a run has changed. All markup and all escaping is the server's; uPlot draws the charts.
 */
import { showLive } from "@retool-ts/report/live";

type Part = "runs-part" | "curves-part" | "rollouts-part" | "diff-part" | "config-part";
type Query = (readonly [name: string, value: string])[];

const params = new URLSearchParams(location.hash.slice(1));
if (params.has("token")) sessionStorage.setItem("token", params.get("token")!);
const token = sessionStorage.getItem("token");
const byId = (id: string): HTMLElement => document.getElementById(id)!;
const status = byId("status");
const ticked = new Set<string>();
const shown = new Map<Part, string>();

const ask = (path: string, query: Query = []): Promise<Response> =>
  fetch(`${path}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
const fieldsOf = (form: HTMLFormElement | null): Query =>
  form === null ? [] : [...new FormData(form)].map(([name, value]) => [name, value as string] as const);
const values = (id: Part): Query => fieldsOf(byId(id).querySelector<HTMLFormElement>("form.query"));
const runs = (): Query => [...ticked].map((id) => ["run", id] as const);
const boxes = (place: Element): HTMLInputElement[] => [...place.querySelectorAll<HTMLInputElement>("input[name=run]")];
const queries: Readonly<Record<Part, () => Query>> = {
  "runs-part": () => [],
  "curves-part": () => [...runs(), ...fieldsOf(byId("curves-form") as HTMLFormElement)],
  "rollouts-part": () => [["run", [...ticked][0] ?? ""], ...values("rollouts-part")],
  "diff-part": () => [...runs(), ...values("diff-part")],
  "config-part": () => values("config-part"),
};

/** Asks for a part again; false where it is the same as before. */
async function load(id: Part): Promise<boolean> {
  const place = byId(id);
  if (place.contains(document.activeElement) && document.activeElement!.matches("input:not([type=checkbox])")) return false;
  const response = await ask(`/parts/${id.slice(0, -5)}`, queries[id]());
  const text = await response.text();
  const html = response.ok ? text : "";
  if (!response.ok) {
    const { error = response.status } = JSON.parse(text || "{}") as { readonly error?: string };
    place.textContent = `This part cannot be shown: ${error}`;
    shown.delete(id);
    return true;
  }
  if (shown.get(id) === html) return false;
  shown.set(id, html);
  showLive(place, html);
  for (const box of boxes(place)) box.checked = ticked.has(box.value);
  return true;
}

let isLoading = false;
let isStale = false;
async function refresh(): Promise<void> {
  if (document.hidden || isLoading) {
    isStale = true;
    return;
  }
  isLoading = true;
  try {
    do {
      isStale = false;
      await load("runs-part");
      if (ticked.size === 0) tickFirst();
      await load("curves-part");
      const hasNewRollouts = await load("rollouts-part");
      if (hasNewRollouts || !shown.has("diff-part")) await load("diff-part");
      if (!shown.has("config-part")) await load("config-part");
    } while (isStale && !document.hidden);
  } catch {
    isStale = true;
  } finally {
    isLoading = false;
  }
}

/** Runs that are going on, else the last one. */
function tickFirst(): void {
  const rows = [...byId("runs-part").querySelectorAll("tbody tr")];
  const going = rows.filter((row) => row.querySelector(".running"));
  for (const row of going.length > 0 ? going : rows.slice(-1)) {
    const box = boxes(row)[0]!;
    box.checked = true;
    ticked.add(box.value);
  }
}

document.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", () => void (isStale && refresh()));
document.addEventListener("change", (event) => {
  const field = event.target as HTMLInputElement | HTMLSelectElement;
  if (field instanceof HTMLInputElement && field.name === "run") {
    if (field.checked) ticked.add(field.value);
    else ticked.delete(field.value);
    void refresh();
    void load("diff-part");
    return;
  }
  const form = field.closest<HTMLFormElement>("form.query");
  if (form === null) return;
  const page = form.elements.namedItem("page");
  if (field.name !== "page" && page instanceof HTMLSelectElement) page.value = "1";
  if (field.matches("input")) field.blur();
  void load((form.closest("[id$=-part]")?.id ?? "curves-part") as Part);
});

/** Follows the events, and connects again where that ends. */
async function follow(): Promise<void> {
  for (let wait = 500; ; wait = Math.min(8000, 2 * wait)) {
    try {
      const response = await ask("/events");
      if (response.status === 401) {
        status.textContent = "This server wants its token: open the whole address that retool watch printed.";
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      status.textContent = "live";
      wait = 500;
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const end = text.lastIndexOf("\n\n");
        if (end < 0) continue;
        text = text.slice(end + 2);
        void refresh();
      }
    } catch {
      // Said below, and tried again.
    }
    status.textContent = "no connection to retool watch; trying again";
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
void follow();
