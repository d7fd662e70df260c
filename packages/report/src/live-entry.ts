/**
 * Charts of pages that go on: markup with {@link chartFigure}'s live charts is put into a page, where uPlot draws them. For browsers; uPlot's own
 * style sheet, `uplot/dist/uPlot.min.css`, belongs into the page.
 *
 * @packageDocumentation
 */
export { showLive } from "./browser/live-page.js";
