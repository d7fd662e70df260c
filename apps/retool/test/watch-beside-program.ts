// A run in little: it starts the dashboard beside itself, says its address, and computes from then on without a pause.
import { watchBeside } from "../src/commands/watch-beside.js";

const [cli, run] = process.argv.slice(2);
const say = (text: string) => {
  process.stderr.write(`${text}\n`, () => {
    for (;;);
  });
};
watchBeside(run!, [process.execPath, cli!], {
  reporter: { say, step() {}, close() {}, status: () => ({ update() {}, done() {} }), progress: () => ({ update() {}, done() {} }) },
});
setInterval(() => {}, 1_000);
