/** `npm run bench -- <name>`: measures one part on this machine. Figures are worth what else runs there. */
import { attacks } from "./attacks/attacks.ts";
import { dispatch } from "./dispatch.ts";
import { engine } from "./engine.ts";
import { heartbeat } from "./heartbeat.ts";
import { lists } from "./lists.ts";
import { load } from "./load.ts";
import { metrics } from "./metrics.ts";
import { soak } from "./soak.ts";
import { submit } from "./submit.ts";
import { truncate } from "./truncate.ts";

const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  attacks,
  dispatch,
  engine,
  heartbeat,
  lists,
  load,
  metrics,
  soak,
  submit,
  truncate,
};

const [name = ""] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench) await bench();
else {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join("|")}`);
  process.exitCode = 2;
}
