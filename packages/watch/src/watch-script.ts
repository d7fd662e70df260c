/**
 * What the dashboard does in the browser: it asks for parts of the page, puts them in their places without closing or leaving what a reader has
 * open, and asks again when the server says that a run has changed. All drawing and all escaping is the server's.
 */
export const WATCH_SCRIPT = `
const params = new URLSearchParams(location.hash.slice(1));
if (params.has("token")) sessionStorage.setItem("token", params.get("token"));
const token = sessionStorage.getItem("token");
const byId = (id) => document.getElementById(id);
const status = byId("status");
const ticked = new Set();
const shown = new Map();

const ask = (path, query = []) =>
  fetch(path + "?" + new URLSearchParams(query), { headers: token ? { authorization: "Bearer " + token } : {} });
const values = (id) => [...new FormData(byId(id).querySelector("form.query") ?? document.createElement("form"))];
const runs = () => [...ticked].map((id) => ["run", id]);
const queries = {
  "runs-part": () => [],
  "curves-part": () => [...runs(), ...new FormData(byId("curves-form"))],
  "rollouts-part": () => [["run", [...ticked][0] ?? ""], ...values("rollouts-part")],
  "diff-part": () => [...runs(), ...values("diff-part")],
  "config-part": () => values("config-part"),
};

async function load(id) {
  const place = byId(id);
  if (place.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox])")) return false;
  const response = await ask("/parts/" + id.slice(0, -5), queries[id]());
  const text = await response.text();
  const html = response.ok ? text : "";
  if (!response.ok) {
    place.textContent = "This part cannot be shown: " + (JSON.parse(text || "{}").error ?? response.status);
    shown.delete(id);
    return true;
  }
  if (shown.get(id) === html) return false;
  shown.set(id, html);
  swap(place, html);
  return true;
}

function keyOf(element) {
  const figure = element.closest("figure");
  let heading = element.closest(".charts")?.previousElementSibling?.textContent ?? "";
  return figure === null ? "more " + element.tagName : heading.split(" ")[0] + figure.querySelector("b").textContent + element.tagName;
}

function swap(place, html) {
  const open = new Set([...place.querySelectorAll("details[open]")].map(keyOf));
  const active = place.contains(document.activeElement) ? document.activeElement : undefined;
  const focus = active && (active.name ? [active.name, active.type === "checkbox" ? active.value : undefined] : keyOf(active));
  place.innerHTML = html;
  enhance(place);
  for (const details of place.querySelectorAll("details")) if (open.has(keyOf(details))) details.open = true;
  for (const box of place.querySelectorAll("input[name=run]")) box.checked = ticked.has(box.value);
  if (focus === undefined) return;
  const fits = (element) =>
    Array.isArray(focus) ? element.name === focus[0] && (focus[1] === undefined || element.value === focus[1]) : keyOf(element) === focus;
  [...place.querySelectorAll("select, input, svg[data-series], summary")].find(fits)?.focus({ preventScroll: true });
}

let isLoading = false;
let isStale = false;
async function refresh() {
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
function tickFirst() {
  const rows = [...byId("runs-part").querySelectorAll("tbody tr")];
  const going = rows.filter((row) => row.querySelector(".running"));
  for (const row of going.length > 0 ? going : rows.slice(-1)) {
    const box = row.querySelector("input[name=run]");
    box.checked = true;
    ticked.add(box.value);
  }
}

document.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", () => isStale && refresh());
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.name === "run" && field.type === "checkbox") {
    if (field.checked) ticked.add(field.value);
    else ticked.delete(field.value);
    refresh();
    load("diff-part");
    return;
  }
  const form = field.closest("form.query");
  if (form === null) return;
  if (field.name !== "page" && form.elements.page) form.elements.page.value = "1";
  if (field.matches("input")) field.blur();
  load(form.closest("[id$=-part]")?.id ?? "curves-part");
});

async function follow() {
  for (let wait = 500; ; wait = Math.min(8000, 2 * wait)) {
    try {
      const response = await ask("/events");
      if (response.status === 401) {
        status.textContent = "This server wants its token: open the whole address that retool watch printed.";
        return;
      }
      if (!response.ok) throw new Error(response.status);
      status.textContent = "live";
      wait = 500;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const end = text.lastIndexOf("\\n\\n");
        if (end < 0) continue;
        text = text.slice(end + 2);
        refresh();
      }
    } catch {}
    status.textContent = "no connection to retool watch; trying again";
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
follow();
`;
