// Opens the scratch folder named by the first argument, says so, and lives until it is killed.
import { Scratch } from "../attempt/workspace.ts";

await new Scratch(process.argv[2]!).open();
console.log("open");
setInterval(() => undefined, 60_000);
