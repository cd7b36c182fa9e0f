import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskFlush, syncFolder } from "../../src/base/disk-flush.ts";

const STEP = Buffer.alloc(32 * 1024 * 1024, "x");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netfile-flush-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Whether `flush` is idle at once. */
function isIdle(flush: DiskFlush): boolean {
  let called = false;
  flush.whenIdle(() => (called = true));
  return called;
}

describe("DiskFlush", () => {
  test("begins when much has been written, is not idle meanwhile, and is at the end", async () => {
    const fd = openSync(join(folder, "a"), "w");
    const flush = new DiskFlush(fd);
    flush.noteWritten(writeSync(fd, STEP, 0, STEP.length - 1));
    expect(isIdle(flush)).toBe(true);
    flush.noteWritten(writeSync(fd, STEP, 0, 1));
    expect(isIdle(flush)).toBe(false);
    const idle = Promise.withResolvers<void>();
    flush.whenIdle(idle.resolve);
    await flush.finish();
    expect(isIdle(flush)).toBe(true);
    await idle.promise;
    closeSync(fd);
  });

  test("keeps an error for whoever asks at the end", async () => {
    // A descriptor that can be written to, and nothing else.
    const fd = openSync("/dev/null", "w");
    const flush = new DiskFlush(fd);
    flush.noteWritten(STEP.length);
    const idle = Promise.withResolvers<void>();
    flush.whenIdle(idle.resolve);
    await idle.promise;
    expect(await flush.finish().catch((error: Error) => error)).toMatchObject({ code: "EINVAL" });
    closeSync(fd);
  });
});

describe("syncFolder()", () => {
  test("serves all who ask while the disk is busy by one more call", async () => {
    const first = syncFolder(folder);
    const second = syncFolder(folder);
    expect(second).not.toBe(first);
    expect(syncFolder(folder)).toBe(second);
    const other = syncFolder(tmpdir());
    expect(other).not.toBe(second);
    await Promise.all([first, second, other]);
    const later = syncFolder(folder);
    expect(later).not.toBe(second);
    await later;
  });

  test("of a folder that is not there is nobody's trouble", async () => {
    await syncFolder(join(folder, "missing"));
  });
});
