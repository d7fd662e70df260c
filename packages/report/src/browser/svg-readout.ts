import { Readout } from "./readout.js";

/** Lines as a static chart holds them: of each point the step, its text, and where it is drawn. */
type DrawnLines = readonly (readonly [name: string, points: readonly (readonly [x: number, text: string, place: string])[]])[];

/** Gives a chart that was drawn as SVG its readout. */
export function attachSvgReadout(svg: SVGSVGElement): void {
  const drawn = JSON.parse(svg.dataset["series"]!) as DrawnLines;
  const places = new Map(drawn.flatMap(([, points]) => points.map(([x, , place]) => [x, Number(place)] as const)));
  const lines = drawn.map(([name, points]) => ({ name, points: points.map(([x, text]) => ({ x, text })) }));
  const cursor = svg.querySelector(".cursor")!;
  const readout = new Readout(svg, { x: svg.dataset["x"]!, lines }, (step) => {
    svg.classList.toggle("hover", step !== undefined);
    if (step === undefined) return;
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, String(places.get(step)));
  });
  const tell = ({ clientX }: PointerEvent) => {
    const box = svg.getBoundingClientRect();
    const at = ((clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
    const distance = (step: number) => Math.abs(places.get(step)! - at);
    readout.tell(readout.steps.reduce((best, step) => (distance(step) < distance(best) ? step : best)));
  };
  svg.addEventListener("pointermove", tell);
  svg.addEventListener("pointerdown", tell);
  svg.addEventListener("pointerleave", () => readout.leave());
}
