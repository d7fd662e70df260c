import "uplot/dist/uPlot.min.css";
import { Playground } from "./playground.js";

new Playground(document).start();
