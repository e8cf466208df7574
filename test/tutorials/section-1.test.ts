import { playTutorial } from "./play.ts";

playTutorial("section-1.yaml", ["namespaces", "processes"]);
