import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import type { DiskPath } from "../../src/store/confine.ts";
import { measureAt, openUnlinked } from "../../src/store/file-calls.ts";
import { type Measurement, measurementOf } from "../../src/store/measurement.ts";
import { makeSpecial, makeTempRoot, type TempRoot } from "./temp-root.ts";

const isLinux = process.platform === "linux";
const BIGINT = { bigint: true } as const;

let temp: TempRoot;
beforeEach(() => {
  temp = makeTempRoot();
});
afterEach(() => temp.remove());

function at(path: string): DiskPath {
  return join(temp.root, path) as DiskPath;
}

function statsAt(path: string): Measurement {
  return measurementOf(statSync(temp.at(path), BIGINT));
}

/** What it has opened, as read by its descriptor, which is closed. */
function contentAt(path: string): string | undefined {
  const opened = openUnlinked(at(path));
  if (opened === undefined) return undefined;
  try {
    expect(opened.measured).toEqual(measurementOf(fstatSync(opened.descriptor, BIGINT)));
    return readFileSync(opened.descriptor, "utf8");
  } finally {
    closeSync(opened.descriptor);
  }
}

describe("measureAt()", () => {
  test("tells what the runtime's stat does: of files, folders, links, several names", () => {
    temp.file("a.txt", "content");
    mkdirSync(temp.at("folder"));
    symlinkSync("a.txt", temp.at("link"));
    linkSync(temp.at("a.txt"), temp.at("second"));
    temp.file("日本語 🦊.txt", "x");
    for (const path of ["a.txt", "folder", "link", "second", "日本語 🦊.txt"])
      expect(measureAt(at(path))).toEqual(statsAt(path));
    expect(measureAt(at("a.txt"))?.nameCount).toBe(2);
  });

  test("tells sizes beyond 4 GiB and times before 1970", () => {
    truncateSync(temp.file("large.bin"), 5 * 2 ** 30 + 7);
    // `utimesSync` takes no time before 1970.
    Bun.spawnSync(["touch", "-d", "@-1.5", temp.at("large.bin")]);
    const measured = measureAt(at("large.bin"));
    expect(measured).toEqual(statsAt("large.bin"));
    expect(measured).toMatchObject({ sizeBytes: 5 * 2 ** 30 + 7, modifiedS: -2, modifiedNs: 500_000_000 });
  });

  test.each([
    ["nothing", "none.txt"],
    ["a link to nothing", "dangling"],
    ["a link to itself", "loop"],
    ["a name below a file", "a.txt/b.txt"],
    ["a name that is too long", "x".repeat(256)],
    ["a path that is too long", "x/".repeat(3000)],
  ])("finds nothing at %s", (_, path) => {
    temp.file("a.txt");
    symlinkSync("nowhere", temp.at("dangling"));
    symlinkSync("loop", temp.at("loop"));
    expect(measureAt(at(path))).toBeUndefined();
  });
});

describe.skipIf(!isLinux)("openUnlinked()", () => {
  test("opens a file for reading, in folders too, and measures it", () => {
    temp.file("a.txt", "content");
    temp.file("one/two/日本語.txt", "deep");
    expect(contentAt("a.txt")).toBe("content");
    expect(contentAt("one/two/日本語.txt")).toBe("deep");
  });

  test("does not pass its descriptor on to other programs", () => {
    temp.file("a.txt", "content");
    const opened = openUnlinked(at("a.txt"));
    const flags = /flags:\s+0(\d+)/.exec(
      readFileSync(`/proc/self/fdinfo/${opened!.descriptor}`, "utf8"),
    )?.[1];
    closeSync(opened!.descriptor);
    expect(Number.parseInt(flags ?? "", 8) & 0o2000000).toBe(0o2000000);
  });

  test.each([
    ["a link to a file", "link.txt"],
    ["a file by way of a link to a folder", "way/a.txt"],
    ["a link that leads out", "out.txt"],
    ["a folder", "folder"],
    ["a FIFO", "fifo.txt"],
    ["a socket", "socket.txt"],
    ["nothing", "none.txt"],
    ["a name below a file", "a.txt/b.txt"],
    ["a path that is too long", `${"x/".repeat(3000)}a.txt`],
  ])("leaves %s to others", (_, path) => {
    temp.file("folder/a.txt", "content");
    temp.file("a.txt", "content");
    symlinkSync("folder", temp.at("way"));
    symlinkSync("a.txt", temp.at("link.txt"));
    symlinkSync(join(temp.outside, "secret.txt"), temp.at("out.txt"));
    makeSpecial("mkfifo", temp.at("fifo.txt"));
    const listener = Bun.listen({ unix: temp.at("socket.txt"), socket: { data: () => undefined } });
    expect(contentAt(path)).toBeUndefined();
    listener.stop(true);
  });

  test("wakes nobody who waits at a FIFO", async () => {
    makeSpecial("mkfifo", temp.at("fifo.txt"));
    await using writer = Bun.spawn(["sh", "-c", 'echo woken > "$0"', temp.at("fifo.txt")]);
    for (let count = 0; count < 200; count++) {
      expect(openUnlinked(at("fifo.txt"))).toBeUndefined();
      await Bun.sleep(1);
    }
    expect(writer.exitCode).toBeNull();
    writer.kill();
  });

  test("never gives what lies behind a folder that is swapped for a link, and leaks no descriptor", () => {
    temp.file("folder/secret.txt", "inside");
    symlinkSync(temp.outside, temp.at("other"));
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 2000; count++) {
      renameSync(temp.at("folder"), temp.at("aside"));
      renameSync(temp.at("other"), temp.at("folder"));
      expect(contentAt("folder/secret.txt")).toBeUndefined();
      renameSync(temp.at("folder"), temp.at("other"));
      renameSync(temp.at("aside"), temp.at("folder"));
      expect(contentAt("folder/secret.txt")).toBe("inside");
    }
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });
});
