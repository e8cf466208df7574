/** What a `LeftoverGuard` becomes when its runtime is gone. Arguments: home, mark of the run, then the sessions of its programs. */
import { HOME_MARK, killAll, marked, ofSessions, RUN_MARK } from "./pod-marks.ts";

const [home = "", run = "", ...sessions] = process.argv.slice(2);
const known = new Set(sessions.map(Number));
const carriers = marked({ [HOME_MARK]: home, [RUN_MARK]: run });
await killAll(() => [...carriers(), ...ofSessions(known)]);
