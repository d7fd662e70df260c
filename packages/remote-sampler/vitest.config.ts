import { packageTests } from "../../vitest.base.js";

export default packageTests("remote-sampler");
