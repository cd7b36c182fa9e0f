import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Folder, Store } from "../../src/store/store.ts";
import {
  allNames,
  FAST_BASE,
  findText,
  makeSpecial,
  makeTempRoot,
  rawPath,
  storeErrorKind,
  type TempRoot,
  urlPath,
  WAYS,
} from "./temp-root.ts";

describe.each([...WAYS])("folder() by the %s way", (way) => {
  let temp: TempRoot;
  let store: Store;
  beforeEach(() => {
    temp = makeTempRoot();
    store = openDiskStore(temp.root, { way });
  });
  afterEach(() => temp.remove());

  function open(path = "/"): Folder {
    const folder = store.folder(urlPath(path));
    if (folder === undefined) throw new Error(`no folder at ${path}`);
    return folder;
  }

  async function listed(path = "/"): Promise<string[]> {
    const folder = open(path);
    const names = await allNames(folder);
    folder.close();
    return names.map(({ kind, name }) => `${kind} ${name}`).sort();
  }

  test("lists files, folders and links, without hidden names and what is neither", async () => {
    temp.file("a.txt");
    temp.file("sub/b.txt");
    temp.file(".hidden");
    temp.file(".git/config");
    temp.file(".netfile-1-2-3-4.part");
    temp.file("日本語 🦊.txt");
    temp.file("C:x");
    temp.file("back\\slash");
    symlinkSync("a.txt", temp.at("link"));
    makeSpecial("mkfifo", temp.at("fifo"));
    expect(await listed()).toEqual(["file a.txt", "file 日本語 🦊.txt", "folder sub", "link link"]);
    expect(await listed("/sub/")).toEqual(["file b.txt"]);
  });

  test("lists an empty folder", async () => {
    mkdirSync(temp.at("empty"));
    expect(await listed("/empty")).toEqual([]);
  });

  test.each(["/a.txt", "/none", "/.git", "/out", "/../www-secret", "/loop", "/fifo"])(
    "is absent at %s",
    (path) => {
      temp.file("a.txt");
      temp.file(".git/config");
      symlinkSync("../www-secret", temp.at("out"));
      symlinkSync("loop", temp.at("loop"));
      makeSpecial("mkfifo", temp.at("fifo"));
      expect(store.folder(urlPath(path))).toBeUndefined();
    },
  );

  test("measures files and folders", () => {
    temp.file("a.txt", "12345");
    mkdirSync(temp.at("sub"));
    utimesSync(temp.at("a.txt"), 1_700_000_000, 1_700_000_000.25);
    utimesSync(temp.at("sub"), 1_600_000_000, 1_600_000_000);
    const folder = open();
    expect(folder.measure("a.txt")).toEqual({
      kind: "file",
      name: "a.txt",
      sizeBytes: 5,
      modifiedMs: 1_700_000_000_250,
    });
    expect(folder.measure("sub")).toEqual({ kind: "folder", name: "sub", modifiedMs: 1_600_000_000_000 });
    folder.close();
  });

  test("measures a link as what it leads to, and not at all when find() would not follow it", () => {
    temp.file("a.txt", "12345");
    temp.file(".hidden");
    mkdirSync(temp.at("sub"));
    const targets: [string, string, object | undefined][] = [
      ["to-file", "a.txt", { kind: "file", name: "to-file", sizeBytes: 5 }],
      ["to-folder", "sub", { kind: "folder", name: "to-folder" }],
      ["to-outside", "../www-secret/secret.txt", undefined],
      ["to-outside-folder", "../www-secret", undefined],
      ["to-hidden", ".hidden", undefined],
      ["to-nothing", "nothing", undefined],
      ["to-itself", "to-itself", undefined],
      ["to-device", "/dev/zero", undefined],
    ];
    const folder = open();
    for (const [name, target, expected] of targets) {
      symlinkSync(target, temp.at(name));
      const entry = folder.measure(name);
      if (expected === undefined) expect(entry).toBeUndefined();
      else expect(entry).toMatchObject(expected);
      expect(entry === undefined).toBe(findText(store, rawPath([name])) === undefined);
    }
    folder.close();
  });

  test.each([
    "..",
    ".",
    "",
    "../www-secret/secret.txt",
    "a/b",
    ".hidden",
    "x\0",
    "none",
    "x".repeat(300),
    "a.txt/",
  ])("does not measure %j", (name) => {
    temp.file("a.txt");
    temp.file(".hidden");
    const folder = open();
    expect(folder.measure(name)).toBeUndefined();
    folder.close();
  });

  test("measures neither a FIFO nor a socket", () => {
    makeSpecial("mkfifo", temp.at("fifo"));
    const listener = Bun.listen({ unix: temp.at("socket"), socket: { data: () => undefined } });
    const folder = open();
    expect(folder.measure("fifo")).toBeUndefined();
    expect(folder.measure("socket")).toBeUndefined();
    folder.close();
    listener.stop(true);
  });

  test("lists every name that find() finds, and no other", async () => {
    const names = ["a.txt", ".b", "c:d", "x:y", "e\\f", "con", "g\n", "~", "é".repeat(127), "🦊"];
    for (const name of names) writeFileSync(temp.at(name), "");
    const folder = open();
    const inList = new Set((await allNames(folder)).map(({ name }) => name));
    folder.close();
    for (const name of names) {
      expect([name, inList.has(name)]).toEqual([name, findText(store, rawPath([name])) !== undefined]);
    }
  });

  test.skipIf(process.platform !== "linux")(
    "leaves out names that are not UTF-8, which nobody can ask for",
    async () => {
      writeFileSync(Buffer.concat([Buffer.from(`${temp.root}/bad-`), Buffer.from([0xff, 0xfe])]), "");
      writeFileSync(temp.at("good-\ufffd"), "");
      expect(await listed()).toEqual(["file good-\ufffd"]);
    },
  );

  test("stays with its folder when that is renamed, and fails when it is removed", async () => {
    temp.file("sub/a.txt", "here");
    const folder = open("/sub");
    renameSync(temp.at("sub"), temp.at("moved"));
    mkdirSync(temp.at("sub"));
    temp.file("sub/other.txt");
    // The portable way can't follow a folder; it then fails rather than show another one.
    if (way === "descriptor") expect((await allNames(folder)).map(({ name }) => name)).toEqual(["a.txt"]);
    else expect(await storeErrorKind(() => allNames(folder))).toBe("failed");
    expect(folder.measure("other.txt")).toBeUndefined();
    rmSync(temp.at("moved"), { recursive: true });
    expect(await storeErrorKind(() => allNames(folder))).toBe("failed");
    if (way === "descriptor") expect(() => folder.measure("a.txt")).toThrow("The folder is gone");
    else expect(folder.measure("a.txt")).toBeUndefined();
    folder.close();
  });

  test("can be closed at any time, also while it is being read", async () => {
    for (let index = 0; index < 50; index += 1) temp.file(`${index}.txt`);
    const folder = open();
    const reading = allNames(folder);
    folder.close();
    folder.close();
    expect([0, 50]).toContain((await reading).length);
    expect(folder.measure("1.txt")).toBeUndefined();
    expect(await allNames(folder)).toEqual([]);
  });

  describe("of 20,000 names", () => {
    let many: TempRoot;
    let openMany: () => Folder;
    beforeAll(() => {
      many = makeTempRoot(FAST_BASE);
      for (let index = 0; index < 20_000; index += 1) writeFileSync(many.at(`${index}`), "");
      const manyStore = openDiskStore(many.root, { way });
      openMany = () => manyStore.folder(urlPath("/"))!;
    });
    afterAll(() => many.remove());

    test("comes in batches of at most 2,000", async () => {
      const folder = openMany();
      const batches = await Array.fromAsync(folder.names());
      folder.close();
      expect(new Set(batches.flat().map(({ name }) => name)).size).toBe(20_000);
      expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(2_000);
    });

    test("is read no further when it is closed, or when nobody wants more", async () => {
      const heldBefore = holdersOf(many.root);
      const closed = openMany();
      const read: number[] = [];
      for await (const batch of closed.names()) {
        read.push(batch.length);
        closed.close();
      }
      const left = openMany();
      for await (const _ of left.names()) break;
      left.close();
      expect(read).toHaveLength(1);
      expect(holdersOf(many.root)).toBe(heldBefore);
    });
  });
});

/** How many descriptors of this process lead to `path`; 0 where that can't be known. */
function holdersOf(path: string): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;
}
