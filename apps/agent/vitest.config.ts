import { packageTests } from "../../vitest.base.js";

export default packageTests("example-agent");
