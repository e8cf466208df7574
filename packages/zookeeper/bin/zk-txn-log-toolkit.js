#!/usr/bin/env node
// Finds the Node that the project pins, whatever the machine's is, and runs the command on it.
import { launch } from "../../../scripts/launch.js";

await launch(new URL("../src/cli/zk-txn-log-toolkit/entry.ts", import.meta.url));
