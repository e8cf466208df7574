import { playTutorial } from "./play.ts";

playTutorial("section-4.yaml", ["namespaces"]);
