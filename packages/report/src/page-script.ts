/**
 * What the script of every page defines: `enhance` adds filters over rollouts, and a readout to charts, for a pointer and for the arrow keys. It
 * holds no data of a run. Pages work without it.
 */
export const PAGE_SCRIPT = `
"use strict";
function enhance(root) {
  for (const form of root.querySelectorAll("form.filters[data-cards]")) enhanceFilters(form);
  for (const svg of root.querySelectorAll("svg[data-series]")) enhanceChart(svg);
}
function enhanceFilters(form) {
  const cards = [...form.nextElementSibling.querySelectorAll(".rollout")];
  const apply = () => {
    let shown = 0;
    for (const card of cards) {
      const fits = [...form.querySelectorAll("select")].every((s) => s.value === "" || card.dataset[s.name] === s.value);
      card.hidden = !fits;
      if (fits) shown++;
    }
    form.querySelector("output").textContent = shown + " of " + cards.length + " shown";
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}
function enhanceChart(svg) {
  const series = JSON.parse(svg.dataset.series);
  const places = new Map();
  for (const [, points] of series) for (const [x, , place] of points) places.set(x, Number(place));
  const steps = [...places.keys()].sort((a, b) => a - b);
  const output = svg.closest("figure").querySelector("output");
  const before = output.textContent;
  const cursor = svg.querySelector(".cursor");
  let at = steps.length - 1;
  const show = (index) => {
    at = Math.min(steps.length - 1, Math.max(0, index));
    cursor.setAttribute("x1", places.get(steps[at]));
    cursor.setAttribute("x2", places.get(steps[at]));
    svg.classList.add("hover");
    const values = series.map(([name, points]) => {
      const point = points.find(([x]) => x === steps[at]);
      return point && (series.length > 1 ? name + " " : "") + point[1];
    });
    output.textContent = svg.dataset.x + " " + steps[at] + ": " + values.filter(Boolean).join(", ");
    svg.setAttribute("aria-valuenow", steps[at]);
    svg.setAttribute("aria-valuetext", output.textContent);
  };
  const leave = () => {
    svg.classList.remove("hover");
    output.textContent = before;
  };
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "slider");
  svg.setAttribute("aria-valuemin", steps[0]);
  svg.setAttribute("aria-valuemax", steps.at(-1));
  svg.setAttribute("aria-valuenow", steps[at]);
  const nearestTo = (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    let nearest = 0;
    steps.forEach((step, index) => {
      if (Math.abs(places.get(step) - x) < Math.abs(places.get(steps[nearest]) - x)) nearest = index;
    });
    return nearest;
  };
  svg.addEventListener("pointermove", (event) => show(nearestTo(event)));
  svg.addEventListener("pointerdown", (event) => show(nearestTo(event)));
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("focus", () => show(at));
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    const far = Math.ceil(steps.length / 10);
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -far, PageUp: far, Home: -steps.length, End: steps.length };
    if (moves[event.key] === undefined) return;
    event.preventDefault();
    show(at + moves[event.key]);
  });
}
`;
