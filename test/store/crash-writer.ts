/**
 * Run by the crash test as a process of its own, to be killed at any moment: saves files without end, several at a
 * time, and each begins with its length and the byte that fills it.
 */
import { openDiskStore } from "../../src/store/disk.ts";
import { rawPath } from "./temp-root.ts";

const store = openDiskStore(process.argv[2] ?? ".");
const run = process.argv[3] ?? "";
const CHUNK = 64 * 1_024;

// A commit waits longer than its writing takes: so many at once that some are in the middle whenever the end comes. Odd,
// so that each of them saves in both ways in turn.
const WRITERS = 11;

async function save(count: number): Promise<void> {
  const length = CHUNK * (1 + (count % 24));
  const names = count % 2 === 0 ? ["replaced.bin"] : [`made-${count % 5}`, `run-${run}-${count}.bin`];
  const upload = store.uploads?.begin(rawPath(names), { onExist: count % 2 === 0 ? "replace" : "rename" });
  const bytes = Buffer.alloc(CHUNK, count % 251);
  for (let position = 0; position < length; position += CHUNK) {
    if (position === 0) bytes.writeUInt32BE(length);
    upload?.write(bytes);
    bytes.fill(count % 251);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await upload?.commit();
}

async function write(first: number): Promise<never> {
  for (let count = first; ; count += WRITERS) await save(count);
}

for (let first = 0; first < WRITERS; first += 1) void write(first);
console.log("ready");
