import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { KEPT_BELOW_BYTES } from "../../src/base/uncached-write.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Store, UnfinishedUpload, UnfinishedUploads } from "../../src/store/store.ts";
import { sweepAbandonedUploads } from "../../src/store/sweep.ts";
import { ManualClock } from "../support/manual-clock.ts";
import {
  allNames,
  findText,
  makeTempRoot,
  storeErrorKind,
  type TempRoot,
  urlPath,
  WAYS,
} from "./temp-root.ts";

const DAY_MS = 86_400_000;
const PLAIN = { onExist: "refuse" } as const;

describe.each([...WAYS])("unfinished uploads, %s", (way) => {
  let temp: TempRoot;
  let clock: ManualClock;
  let store: Store;
  beforeEach(() => {
    temp = makeTempRoot();
    clock = new ManualClock(Date.now());
    store = openDiskStore(temp.root, { way, clock, unfinished: { count: 3 } });
  });
  afterEach(() => temp.remove());

  const uploads = (): UnfinishedUploads => {
    if (store.unfinished === undefined) throw new Error("none");
    return store.unfinished;
  };
  const restart = () => {
    store = openDiskStore(temp.root, { way, clock });
  };
  const begin = (path = "/sub/a.txt", text = "hel") => {
    const upload = uploads().create(urlPath(path), PLAIN, { method: "PUT" });
    upload.write(Buffer.from(text));
    return upload;
  };
  const reopen = (token: string): UnfinishedUpload => {
    const upload = uploads().find(token);
    if (upload === undefined) throw new Error("It is gone");
    return upload;
  };
  const hiddenNames = () => [...temp.list(), ...(existsSync(temp.at("sub")) ? temp.list("sub") : [])];
  const recordPath = () => temp.at(temp.list().find((name) => name.endsWith(".json")) ?? "none");
  const dataPath = () => temp.at(`sub/${temp.list("sub").find((name) => name.endsWith(".data")) ?? "none"}`);
  const rewrite = (change: (record: Record<string, unknown>) => object) => {
    const record = JSON.parse(readFileSync(recordPath(), "utf8")) as Record<string, unknown>;
    writeFileSync(recordPath(), JSON.stringify(change(record)));
  };

  test("of large files are as they came, in pieces of any size, before and after they are taken up", async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7) % 251));
    const options = { ...PLAIN, sizeBytes: KEPT_BELOW_BYTES };
    const first = uploads().create(urlPath("/large.txt"), options, { method: "PUT" });
    for (const [start, end] of [
      [0, 3],
      [3, 300_000],
      [300_000, 600_001],
    ])
      first.write(bytes.subarray(start, end));
    first.close();
    const second = reopen(first.token);
    expect(second.writtenBytes).toBe(600_001);
    second.write(bytes.subarray(600_001));
    await second.commit(PLAIN);
    expect(readFileSync(temp.at("large.txt")).equals(bytes)).toBe(true);
  });

  test("outlive their request and their process, and then get their name as a whole", async () => {
    const first = begin();
    first.close();
    restart();
    const second = reopen(first.token);
    expect([second.writtenBytes, second.names, second.note]).toEqual([
      3,
      ["sub", "a.txt"],
      { method: "PUT" },
    ]);
    second.write(Buffer.from("lo"));
    expect(findText(store, "/sub/a.txt")).toBeUndefined();
    const committed = await second.commit(PLAIN);
    expect([committed.names, committed.isNew]).toEqual([["sub", "a.txt"], true]);
    expect(findText(store, "/sub/a.txt")).toBe("file: hello");
    expect(hiddenNames()).toEqual(["sub", "a.txt"]);
    expect(uploads().find(first.token)).toBeUndefined();
  });

  test("are named by 128 random bits that don't stand on the disk", () => {
    const tokens = [begin(), begin("/sub/b.txt"), begin("/c.txt")].map((upload) => {
      upload.close();
      return upload.token;
    });
    expect(new Set(tokens).size).toBe(3);
    const texts = temp
      .list()
      .map((name) => name + (name.endsWith(".json") ? readFileSync(temp.at(name), "utf8") : ""));
    for (const token of tokens) {
      expect(token).toMatch(/^[\w-]{22}$/);
      expect([...texts, ...temp.list("sub")].join("\n")).not.toContain(token);
    }
  });

  test.each(["", "x", "../../etc/passwd", "A".repeat(22), "A".repeat(23), "%2e", "\0".repeat(22)])(
    "are not found by %p",
    (token) => {
      begin().close();
      expect(uploads().find(token)).toBeUndefined();
    },
  );

  test("are seen by nobody", async () => {
    begin().close();
    for (const name of [...temp.list(), ...temp.list("sub")].filter((each) => each.startsWith("."))) {
      expect([findText(store, `/${name}`), findText(store, `/sub/${name}`)]).toEqual([undefined, undefined]);
    }
    const folder = store.folder(urlPath("/"));
    expect(await allNames(folder!)).toEqual([{ kind: "folder", name: "sub" }]);
    folder?.close();
  });

  test("take back what hasn't been promised, and nothing else", async () => {
    const upload = begin();
    await upload.sync();
    upload.write(Buffer.from("yy"));
    upload.truncate(3);
    expect(upload.writtenBytes).toBe(3);
    expect(await storeErrorKind(() => upload.truncate(2))).toBe("failed");
    upload.write(Buffer.from("lo"));
    await upload.commit(PLAIN);
    expect(findText(store, "/sub/a.txt")).toBe("file: hello");
  });

  test("go on after a loss of power with what had been made durable", async () => {
    const upload = begin();
    await upload.sync();
    upload.write(Buffer.from("not promised"));
    upload.close();
    rewrite((record) => ({ ...record, machine: "another boot" }));
    const found = reopen(upload.token);
    expect(found.writtenBytes).toBe(3);
    found.write(Buffer.from("lo"));
    found.close();
    expect(reopen(upload.token).writtenBytes).toBe(5);
  });

  test("are over when bytes that were promised are gone", async () => {
    const upload = begin();
    await upload.sync();
    upload.close();
    writeFileSync(dataPath(), "he");
    rewrite((record) => ({ ...record, machine: "another boot" }));
    expect(uploads().find(upload.token)).toBeUndefined();
    expect(hiddenNames()).toEqual([]);
  });

  test("leave no trace when they are dropped, also by a later process", () => {
    const first = begin("/sub/deep/a.txt");
    first.close();
    restart();
    reopen(first.token).discard();
    expect(temp.list()).toEqual([]);
  });

  test("leave the folders that were there, or hold something else", () => {
    temp.file("sub/other.txt");
    const upload = begin("/sub/deep/a.txt");
    temp.file("sub/deep/b.txt");
    upload.discard();
    expect([temp.list(), temp.list("sub"), temp.list("sub/deep")]).toEqual([
      ["sub"],
      ["deep", "other.txt"],
      ["b.txt"],
    ]);
  });

  test("are refused like every upload", async () => {
    temp.file("old.txt");
    expect(await storeErrorKind(() => begin("/old.txt"))).toBe("exists");
    expect(await storeErrorKind(() => begin("/.hidden.txt"))).toBe("bad-name");
    expect(await storeErrorKind(() => begin("/new/%2e%2e/a.txt"))).toBe("bad-name");
    expect(await storeErrorKind(() => begin("/old.txt/a.txt"))).toBe("conflict");
    expect(temp.list()).toEqual(["old.txt"]);
  });

  test("don't replace what has come in between", async () => {
    const upload = begin("/a.txt");
    temp.file("a.txt", "somebody else's");
    expect(await storeErrorKind(() => upload.commit(PLAIN))).toBe("exists");
    expect([temp.list(), findText(store, "/a.txt")]).toEqual([["a.txt"], "file: somebody else's"]);
  });

  test("are few", async () => {
    const held = [begin("/1.txt"), begin("/2.txt"), begin("/3.txt")];
    expect(await storeErrorKind(() => begin("/4.txt"))).toBe("busy");
    held.pop()?.discard();
    begin("/4.txt").close();
    for (const upload of held) upload.close();
  });

  test("are few again after a sweep that finds what another process has ended", async () => {
    const held = [begin("/1.txt"), begin("/2.txt"), begin("/3.txt")];
    for (const upload of held) upload.close();
    const another = openDiskStore(temp.root, { way, clock });
    another.unfinished?.find(held[0]?.token ?? "")?.discard();
    expect(await uploads().sweep()).toBe(0);
    begin("/4.txt").close();
    expect(await storeErrorKind(() => begin("/5.txt"))).toBe("busy");
  });

  test("of another process are counted from the next sweep on: the root isn't read for each that begins", async () => {
    begin("/1.txt").close();
    const another = openDiskStore(temp.root, { way, clock });
    another.unfinished?.create(urlPath("/2.txt"), PLAIN, {}).close();
    another.unfinished?.create(urlPath("/3.txt"), PLAIN, {}).close();
    begin("/4.txt").discard();
    await uploads().sweep();
    expect(await storeErrorKind(() => begin("/4.txt"))).toBe("busy");
  });

  test("that end while a sweep reads the root are not counted", async () => {
    const held = [begin("/1.txt"), begin("/2.txt"), begin("/3.txt")];
    const sweep = uploads().sweep();
    for (const upload of held) upload.discard();
    await sweep;
    for (const name of ["/1.txt", "/2.txt", "/3.txt"]) begin(name).close();
    expect(await storeErrorKind(() => begin("/4.txt"))).toBe("busy");
  });

  test("that begin while a sweep reads the root are counted", async () => {
    begin("/1.txt").close();
    const sweep = uploads().sweep();
    begin("/2.txt").close();
    begin("/3.txt").close();
    await sweep;
    expect(await storeErrorKind(() => begin("/4.txt"))).toBe("busy");
  });

  test("that couldn't begin are not counted", async () => {
    temp.file("a.txt");
    for (let count = 0; count < 4; count += 1)
      expect(await storeErrorKind(() => begin("/a.txt/b.txt"))).toBe("conflict");
    begin("/1.txt").close();
  });

  test("end when nothing was written to them for a day, and not before", async () => {
    const upload = begin();
    expect(upload.expiresMs).toBeGreaterThan(clock.nowMs() + DAY_MS - 10_000);
    upload.close();
    clock.advance(DAY_MS - 10_000);
    expect(await uploads().sweep()).toBe(0);
    reopen(upload.token).close();
    clock.advance(20_000);
    expect(uploads().find(upload.token)).toBeUndefined();
    expect(temp.list()).toEqual([]);
  });

  test("that have expired are swept, the others left", async () => {
    const [old, other] = [begin("/sub/old.txt"), begin("/b.txt")];
    old.close();
    other.close();
    writeFileSync(temp.at(".netfile-upload-0.json"), "not ours");
    expect(await uploads().sweep()).toBe(0);
    clock.advance(DAY_MS + 10_000);
    expect(await uploads().sweep()).toBe(2);
    expect(temp.list()).toEqual([".netfile-upload-0.json"]);
  });

  test("are left alone by the sweep of plain ones, which removes only what has lost its record", async () => {
    begin().close();
    expect(await sweepAbandonedUploads(temp.root, { way, clock })).toBe(0);
    unlinkSync(recordPath());
    clock.advance(3 * DAY_MS);
    expect(await sweepAbandonedUploads(temp.root, { way, clock })).toBe(1);
    expect(temp.list("sub")).toEqual([]);
  });

  // SECURITY: whoever writes in the folder can write records, too.
  test.each<[string, (record: Record<string, unknown>) => object]>([
    ["leaves the root", (record) => ({ ...record, names: ["..", "www-secret", "x.txt"] })],
    ["holds a slash", (record) => ({ ...record, names: ["../www-secret/x.txt"] })],
    ["is hidden", (record) => ({ ...record, names: [".ssh", "x.txt"] })],
    ["is no text", (record) => ({ ...record, names: [1] })],
    ["is missing", (record) => ({ ...record, names: [] })],
    ["is elsewhere", (record) => ({ ...record, names: ["gone", "x.txt"] })],
    ["comes with a wrong count", (record) => ({ ...record, madeCount: -1 })],
    ["comes with no note", (record) => ({ ...record, note: { a: 1 } })],
  ])("are not found when a record's name %s, and the record is swept", async (_, change) => {
    const upload = begin();
    upload.close();
    rewrite(change);
    expect(uploads().find(upload.token)).toBeUndefined();
    expect(await uploads().sweep()).toBe(1);
    expect(temp.list()).toEqual(["sub"]);
  });

  test("are not found in a record that is cut", () => {
    const upload = begin();
    upload.close();
    writeFileSync(recordPath(), readFileSync(recordPath()).subarray(0, 20));
    expect(uploads().find(upload.token)).toBeUndefined();
  });

  test("never write through a link or to another file's second name", () => {
    const upload = begin();
    upload.close();
    const path = dataPath();
    unlinkSync(path);
    symlinkSync(`${temp.outside}/secret.txt`, path);
    expect(uploads().find(upload.token)).toBeUndefined();
    unlinkSync(path);
    linkSync(`${temp.outside}/secret.txt`, path);
    expect(uploads().find(upload.token)).toBeUndefined();
  });

  test("don't follow a folder that was replaced by a link to the outside", () => {
    const upload = begin();
    upload.close();
    renameSync(temp.at("sub"), `${temp.outside}/sub`);
    symlinkSync(`${temp.outside}/sub`, temp.at("sub"));
    expect(uploads().find(upload.token)).toBeUndefined();
    unlinkSync(temp.at("sub"));
    mkdirSync(temp.at("sub"));
    expect(uploads().find(upload.token)).toBeUndefined();
  });
});
