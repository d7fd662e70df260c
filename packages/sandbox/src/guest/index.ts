/**
 * The part of a world that is written in JavaScript and runs inside it. The host evaluates this file once, takes the
 * harness from the global object, and keeps the memory that results as the start of every world.
 */
import { installClock, installRandom } from "./clock.js";
import { installConsole } from "./console.js";
import { define } from "./define.js";
import { createHarness, type Emit } from "./harness.js";
import { installMath } from "./math.js";
import { installText } from "./text.js";

interface Boot {
  emit?: Emit;
  harness?: unknown;
}

const boot = (globalThis as unknown as { boot: Boot }).boot;
const setSeed = installRandom();
const clock = installClock(globalThis);
const harness = createHarness({ emit: boot.emit!, clock, setSeed, installMath: () => installMath(globalThis, define) });
installConsole(globalThis, harness.write);
define(globalThis, "queueMicrotask", harness.queueMicrotask);
installText(globalThis);
// Memory that could be shared is of no use to a single thread.
delete (globalThis as { SharedArrayBuffer?: unknown }).SharedArrayBuffer;
boot.harness = harness;
