/** `npm run bench -- <name> [size]`: measures one part on this machine. Figures are worth what else runs there. */
import { attacks } from "./attacks/attacks.ts";
import { dispatch } from "./dispatch.ts";
import { engine } from "./engine.ts";
import { heartbeat } from "./heartbeat.ts";
import { lists } from "./lists.ts";
import { load } from "./load.ts";
import { memory } from "./memory.ts";
import { metrics } from "./metrics.ts";
import { rowSecurity } from "./row-security.ts";
import { series } from "./series.ts";
import { soak } from "./soak.ts";
import { submit } from "./submit.ts";
import { truncate } from "./truncate.ts";

const benches: Readonly<Record<string, (size?: number) => void | Promise<void>>> = {
  attacks,
  dispatch,
  engine,
  heartbeat,
  lists,
  load,
  memory,
  metrics,
  "row-security": rowSecurity,
  series,
  soak,
  submit,
  truncate,
};

const [name = "", size] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench) await bench(size === undefined ? undefined : Number(size));
else {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join("|")}`);
  process.exitCode = 2;
}
