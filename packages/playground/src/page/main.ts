import { Playground } from "./playground.js";

new Playground(document).start();
