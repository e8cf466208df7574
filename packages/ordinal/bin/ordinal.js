#!/usr/bin/env node
import { launch } from "../../../scripts/launch.js";

await launch(new URL("../src/cli.ts", import.meta.url));
