/** The script of a static page: filters over rollouts, and readouts of charts. Pages work without it. */
import { attachFilters } from "./filters.js";
import { attachSvgReadout } from "./svg-readout.js";

for (const form of document.querySelectorAll<HTMLFormElement>("form.filters[data-cards]")) attachFilters(form);
for (const svg of document.querySelectorAll<SVGSVGElement>("svg[data-series]")) attachSvgReadout(svg);
