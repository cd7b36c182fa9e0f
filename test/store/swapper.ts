/**
 * Run by the race tests as a process of its own: swaps the folder `dir` in a root for a link that leads out of it,
 * and back, as fast as it can, until its input ends. Prints how often.
 */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = process.argv[2] ?? "";
const [dir, link, parked] = ["dir", "link", "parked"].map((name) => join(root, name)) as [
  string,
  string,
  string,
];

let isOver = false;
process.stdin.on("data", () => undefined).on("end", () => (isOver = true));
console.log("ready");

function swap(): void {
  renameSync(dir, parked);
  renameOver(link, dir);
  renameSync(dir, link);
  renameOver(parked, dir);
}

/** In between, an upload may have made a folder of that name. */
function renameOver(from: string, to: string): void {
  for (;;) {
    try {
      return renameSync(from, to);
    } catch {
      rmSync(to, { recursive: true, force: true });
    }
  }
}

let swaps = 0;
function run(): void {
  for (let count = 0; count < 500; count += 1) swap();
  swaps += 500;
  if (isOver) console.log(swaps);
  else setImmediate(run);
}
run();
