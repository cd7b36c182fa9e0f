import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Store, Upload } from "../../src/store/store.ts";
import { openPaths, storeErrorKind, urlPath } from "./temp-root.ts";

const mountPoint = mkdtempSync(join(tmpdir(), "netfile-full-"));
const isMounted =
  process.platform === "linux" &&
  Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "netfile-test", mountPoint]).exitCode === 0;

describe.skipIf(!isMounted)("a disk of 1 MiB (needs the rights to mount one)", () => {
  let store: Store;
  const half = Buffer.alloc(512 * 1_024, "x");

  function begin(sizeBytes: number): Upload | undefined {
    return store.uploads?.begin(urlPath("/new.txt"), { onExist: "refuse", sizeBytes });
  }

  beforeAll(() => {
    store = openDiskStore(mountPoint);
    writeFileSync(join(mountPoint, "old.txt"), "old");
  });
  afterAll(() => {
    Bun.spawnSync(["umount", mountPoint]);
    rmdirSync(mountPoint);
  });

  test("is full in the middle of an upload: the write says so, nothing is saved, and there is room again", async () => {
    const upload = store.uploads?.begin(urlPath("/sub/old.txt"), { onExist: "replace" });
    upload?.write(half);
    expect(await storeErrorKind(() => upload?.write(Buffer.concat([half, half])))).toBe("full");
    expect(await storeErrorKind(() => upload?.commit())).toBe("full");
    upload?.discard();
    expect(readdirSync(mountPoint)).toEqual(["old.txt"]);
    const next = store.uploads?.begin(urlPath("/old.txt"), { onExist: "replace" });
    next?.write(half);
    await next?.commit();
    expect(readFileSync(join(mountPoint, "old.txt"))).toHaveLength(half.length);
  });

  test("keeps the old file when there is no room for the new one", async () => {
    const before = readFileSync(join(mountPoint, "old.txt"));
    const upload = store.uploads?.begin(urlPath("/old.txt"), { onExist: "replace" });
    expect(
      await storeErrorKind(() => {
        for (let count = 0; count < 10; count += 1) upload?.write(half);
      }),
    ).toBe("full");
    upload?.discard();
    expect(readFileSync(join(mountPoint, "old.txt"))).toEqual(before);
    expect(readdirSync(mountPoint)).toEqual(["old.txt"]);
  });

  test("keeps nothing open of an unfinished upload that it can't go on with after a restart", async () => {
    const upload = store.unfinished?.create(urlPath("/new.txt"), { onExist: "refuse" }, {});
    upload?.close();
    const record = join(mountPoint, readdirSync(mountPoint).find((name) => name.endsWith(".json")) ?? "");
    const text = readFileSync(record, "utf8");
    writeFileSync(record, text.replace(/"machine":"[^"]*"/, '"machine":"another boot"'));
    const filler = store.uploads?.begin(urlPath("/filler.txt"), { onExist: "refuse" });
    await storeErrorKind(() => {
      for (;;) filler?.write(half.subarray(0, 4_096));
    });
    const held = openPaths().filter((path) => path === mountPoint).length;
    expect(await storeErrorKind(() => store.unfinished?.find(upload?.token ?? ""))).toBe("full");
    expect(openPaths().filter((path) => path === mountPoint)).toHaveLength(held);
    filler?.discard();
    store.unfinished?.find(upload?.token ?? "")?.discard();
    expect(readdirSync(mountPoint)).toEqual(["old.txt"]);
  });

  test("refuses at once what it can't hold, and takes what it can", async () => {
    expect(await storeErrorKind(() => begin(1_048_577))).toBe("full");
    begin(4_096)?.discard();
    expect(readdirSync(mountPoint)).toEqual(["old.txt"]);
  });
});

if (!isMounted) rmdirSync(mountPoint);
