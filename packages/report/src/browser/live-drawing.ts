import type uPlot from "uplot";
import type { ChartDescription } from "../chart-description.js";
import type { ChartColours } from "./chart-colours.js";

/** Draws the interval of each point as a bar with feet. */
export function drawIntervals(plot: uPlot, { lines }: ChartDescription, colours: ChartColours): void {
  within(plot, (context, ratio) => {
    context.globalAlpha = 0.6;
    context.lineWidth = Math.round(1.2 * ratio);
    context.setLineDash([]);
    for (const { style, isFaint, points } of lines) {
      context.strokeStyle = colours.line(style).colour;
      context.beginPath();
      for (const { x, interval } of isFaint ? [] : points) {
        if (interval === undefined) continue;
        const at = Math.round(plot.valToPos(x, "x", true)) + 0.5; // on pixels, so that the thin lines are sharp
        const [low, high] = [plot.valToPos(interval[0], "y", true), plot.valToPos(interval[1], "y", true)];
        const foot = 2.5 * ratio;
        for (const [fromX, fromY, toX, toY] of [
          [at - foot, low, at + foot, low],
          [at, low, at, high],
          [at - foot, high, at + foot, high],
        ] as const) {
          context.moveTo(fromX, fromY);
          context.lineTo(toX, toY);
        }
      }
      context.stroke();
    }
  });
}

/** Draws where something began: a dashed line with its name on the side that has room. */
export function drawMarks(
  plot: uPlot,
  { marks }: ChartDescription,
  { colour, font }: { readonly colour: string; readonly font: string },
): void {
  within(plot, (context, ratio) => {
    const { left, top, width, height } = plot.bbox;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = ratio;
    context.setLineDash([2 * ratio, 3 * ratio]);
    context.font = font.replace(/^[\d.]+/, (size) => String(Number(size) * ratio));
    context.textBaseline = "top";
    for (const { x, label } of marks) {
      const at = plot.valToPos(x, "x", true);
      const isFarRight = at - left > width * 0.7;
      context.beginPath();
      context.moveTo(at, top);
      context.lineTo(at, top + height);
      context.stroke();
      context.textAlign = isFarRight ? "right" : "left";
      context.fillText(label, at + (isFarRight ? -4 : 4) * ratio, top + 2 * ratio);
    }
  });
}

/** Draws inside the axes; `ratio` is pixels of the canvas per pixel of the page. */
function within(plot: uPlot, draw: (context: CanvasRenderingContext2D, ratio: number) => void): void {
  const { left, top, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(left, top, width, height);
  plot.ctx.clip();
  draw(plot.ctx, plot.ctx.canvas.width / plot.width);
  plot.ctx.restore();
}
