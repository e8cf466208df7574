#!/usr/bin/env node
import { launch } from "../../../scripts/launch.js";

await launch(new URL("../src/cli/entry.ts", import.meta.url));
