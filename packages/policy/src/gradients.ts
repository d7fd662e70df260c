// In Node, tfjs-core registers no gradients on its own; scripts/bundle-gradients.mjs makes them loadable.
import "./gradients.generated.js";
