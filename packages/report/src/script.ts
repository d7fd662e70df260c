/** The page's script: filters over rollouts, and a readout under the pointer on charts. It holds no data of the run. */
export const SCRIPT = `
"use strict";
for (const form of document.querySelectorAll("form.filters")) {
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
for (const svg of document.querySelectorAll("svg[data-series]")) {
  const series = JSON.parse(svg.dataset.series);
  const output = svg.closest("figure").querySelector("output");
  const before = output.textContent;
  const cursor = svg.querySelector(".cursor");
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    let nearest;
    for (const [, points] of series) for (const point of points) {
      if (!nearest || Math.abs(point[2] - x) < Math.abs(nearest[2] - x)) nearest = point;
    }
    cursor.setAttribute("x1", nearest[2]);
    cursor.setAttribute("x2", nearest[2]);
    svg.classList.add("hover");
    const values = series.map(([name, points]) => {
      const point = points.find((candidate) => candidate[0] === nearest[0]);
      return point && (series.length > 1 ? name + " " : "") + point[1];
    });
    output.textContent = "step " + nearest[0] + ": " + values.filter(Boolean).join(", ");
  });
  svg.addEventListener("pointerleave", () => {
    svg.classList.remove("hover");
    output.textContent = before;
  });
}
`;
