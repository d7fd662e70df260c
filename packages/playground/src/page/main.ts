import "uplot/dist/uPlot.min.css";
import { Playground } from "./playground.js";

// Inside another page it is shorter: what to change and what to read is on the page of its own.
document.documentElement.classList.toggle("framed", window.self !== window.top);
new Playground(document).start();
