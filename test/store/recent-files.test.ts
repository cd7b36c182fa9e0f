import { afterEach, describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { libc } from "../../src/base/libc.ts";
import { diskChanges } from "../../src/store/changes.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { rememberFiles } from "../../src/store/recent-files.ts";
import type { Found, OpenFile, Store } from "../../src/store/store.ts";
import { parseUrlPath, type UrlPath } from "../../src/wire/target.ts";
import { wrap } from "../support/slow-store.ts";
import { makeTempRoot, storeErrorKind, type TempRoot } from "./temp-root.ts";

const roots: TempRoot[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) root.remove();
});

/** A folder with `a.txt`, settled, and a store with memory on it that counts how often the disk is asked. */
async function setUp(options = { fileBytes: 1000, totalBytes: 100_000 }) {
  const root = makeTempRoot();
  roots.push(root);
  root.file("a.txt", "alpha");
  const disk = openDiskStore(root.root);
  const state = { finds: 0 };
  const counting: Store = {
    find: (path) => {
      state.finds += 1;
      return disk.find(path);
    },
    folder: (path) => disk.folder(path),
    ...(disk.uploads === undefined ? {} : { uploads: disk.uploads }),
    ...(disk.unfinished === undefined ? {} : { unfinished: disk.unfinished }),
  };
  const store = rememberFiles(counting, options);
  await settled(disk, "/a.txt");
  return { root, store, state, disk };
}

function at(path: string): UrlPath {
  const parsed = parseUrlPath(path);
  if (parsed === undefined) throw new Error(`not a path: ${path}`);
  return parsed;
}

function fileOf(found: Found | undefined): OpenFile {
  if (found?.kind !== "file") throw new Error("no file was found");
  return found.file;
}

function textAt(store: Store, path: string): string | undefined {
  const found = store.find(at(path));
  if (found?.kind !== "file") return found?.kind;
  const bytes = new Uint8Array(found.file.sizeBytes);
  const count = found.file.read(bytes, 0);
  found.file.close();
  return new TextDecoder().decode(bytes.subarray(0, count));
}

function isKept(store: Store, path: string): boolean {
  const file = fileOf(store.find(at(path)));
  file.close();
  return file.kept !== undefined;
}

/** Waits until the last change of the file can be told from the next one. */
async function settled(store: Store, path: string): Promise<void> {
  for (;;) {
    const file = fileOf(store.find(at(path)));
    file.close();
    if (file.isSettled) return;
    await Bun.sleep(1);
  }
}

/** A store with memory on a folder below another one that may be moved, with a settled file in it. */
async function setUpBelow(path: string) {
  const root = makeTempRoot();
  roots.push(root);
  root.file(`${path}/b.txt`, "beta");
  const disk = openDiskStore(root.at(path));
  await settled(disk, "/b.txt");
  return { root, disk, store: rememberFiles(disk, { fileBytes: 1000, totalBytes: 100_000 }) };
}

/** Moves the folder `dir` out of the root, and puts a link to it in its place. */
function leadOut(root: TempRoot): void {
  renameSync(root.at("dir"), `${root.outside}/dir`);
  symlinkSync(`${root.outside}/dir`, root.at("dir"));
}

/** Waits for the turn in which what no event tells is asked anew. */
async function aSecondLater(): Promise<void> {
  for (const mark = diskChanges.doubtMark; diskChanges.doubtMark === mark;) await Bun.sleep(10);
}

/** What a disk says that is broken. */
function failToRead(): never {
  throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
}

/** The next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

describe("rememberFiles()", () => {
  test("gives the same file to all who ask in one turn, and asks the disk once", async () => {
    const { store, state } = await setUp();
    const first = fileOf(store.find(at("/a.txt")));
    const second = fileOf(store.find(at("/a.txt")));
    expect(second.kept).toBe(first.kept);
    expect(first.kept?.whole).toEqual(new TextEncoder().encode("alpha"));
    expect(state.finds).toBe(1);
  });

  test("gives it still after a look in later turns, and after it was closed", async () => {
    const { store, state } = await setUp();
    fileOf(store.find(at("/a.txt"))).close();
    await nextTurn();
    expect(textAt(store, "/a.txt")).toBe("alpha");
    expect(state.finds).toBe(1);
  });

  const changes: [string, (root: TempRoot) => void, string | undefined][] = [
    ["written anew", (root) => writeFileSync(root.at("a.txt"), "ALPHA"), "ALPHA"],
    [
      "replaced by one of the same size and time",
      (root) => {
        writeFileSync(root.at("new.txt"), "ALPHA");
        utimesSync(root.at("new.txt"), 1, 1);
        renameSync(root.at("new.txt"), root.at("a.txt"));
      },
      "ALPHA",
    ],
    ["removed", (root) => rmSync(root.at("a.txt")), undefined],
    [
      "replaced by a folder",
      (root) => {
        rmSync(root.at("a.txt"));
        mkdirSync(root.at("a.txt"));
      },
      "folder",
    ],
    [
      "replaced by a link that leaves the root",
      (root) => {
        rmSync(root.at("a.txt"));
        symlinkSync(`${root.outside}/secret.txt`, root.at("a.txt"));
      },
      undefined,
    ],
  ];
  describe.each([
    ["asked for once", 1],
    ["asked for often", 4],
  ])("a file %s", (_, times) => {
    test.each(changes)(
      "and then %s is not given from memory in the next turn",
      async (__, change, expected) => {
        const { root, store } = await setUp();
        for (let time = 0; time < times; time++) {
          expect(textAt(store, "/a.txt")).toBe("alpha");
          await nextTurn();
        }
        change(root);
        await nextTurn();
        expect(textAt(store, "/a.txt")).toBe(expected);
      },
    );
  });

  const ways: [string, (root: TempRoot) => { path: string; real: string }][] = [
    [
      "by another name that it has",
      (root) => {
        root.file("other/b.txt", "alpha");
        mkdirSync(root.at("dir"));
        linkSync(root.at("other/b.txt"), root.at("dir/b.txt"));
        return { path: "/dir/b.txt", real: root.at("other/b.txt") };
      },
    ],
    [
      "behind a link to its folder",
      (root) => {
        root.file("real/b.txt", "alpha");
        symlinkSync(root.at("real"), root.at("dir"));
        return { path: "/dir/b.txt", real: root.at("real/b.txt") };
      },
    ],
    [
      "behind a link to itself",
      (root) => {
        root.file("real/b.txt", "alpha");
        symlinkSync(root.at("real/b.txt"), root.at("b.txt"));
        return { path: "/b.txt", real: root.at("real/b.txt") };
      },
    ],
    [
      "after its folder was replaced by a link",
      (root) => {
        root.file("dir/b.txt", "alpha");
        return { path: "/dir/b.txt", real: root.at("moved/b.txt") };
      },
    ],
  ];
  test.each(ways)("a file that is changed %s is read anew in the next turn", async (_, make) => {
    const { root, store, disk } = await setUp();
    const { path, real } = make(root);
    await settled(disk, path);
    for (let time = 0; time < 3; time++) {
      expect(textAt(store, path)).toBe("alpha");
      await nextTurn();
    }
    if (real.includes("moved")) {
      renameSync(root.at("dir"), root.at("moved"));
      symlinkSync(root.at("moved"), root.at("dir"));
      await nextTurn();
      expect(textAt(store, path)).toBe("alpha");
      await nextTurn();
    }
    writeFileSync(real, "ALPHA");
    await nextTurn();
    expect(textAt(store, path)).toBe("ALPHA");
  });

  test.skipIf(libc() === undefined)(
    "a folder on the way that now leads out of the root is noticed in the next turn",
    async () => {
      const { root, store, disk } = await setUp();
      root.file("dir/b.txt", "beta");
      await settled(disk, "/dir/b.txt");
      expect(textAt(store, "/dir/b.txt")).toBe("beta");
      leadOut(root);
      await nextTurn();
      expect(textAt(store, "/dir/b.txt")).toBeUndefined();
    },
  );

  test.skipIf(libc() === undefined)(
    "a file that is not current any more stays so, also below a link that has come",
    async () => {
      const { root, disk } = await setUp();
      root.file("dir/b.txt", "beta");
      await settled(disk, "/dir/b.txt");
      const file = fileOf(disk.find(at("/dir/b.txt")));
      expect(file.isCurrent?.()).toBe(true);
      renameSync(root.at("dir"), root.at("moved"));
      symlinkSync("moved", root.at("dir"));
      await nextTurn();
      expect([file.isCurrent?.(), file.isCurrent?.()]).toEqual([false, false]);
      file.close();
    },
  );

  test("and within a second where no folder is watched, as of a file with two names", async () => {
    const { root, store, disk } = await setUp();
    linkSync(root.file("dir/b.txt", "beta"), root.at("c.txt"));
    await settled(disk, "/dir/b.txt");
    expect(textAt(store, "/dir/b.txt")).toBe("beta");
    leadOut(root);
    await aSecondLater();
    expect(textAt(store, "/dir/b.txt")).toBeUndefined();
  });

  test("a link in the place of a folder above the root is noticed within a second", async () => {
    const { root, disk, store } = await setUpBelow("above/root");
    expect(textAt(store, "/b.txt")).toBe("beta");
    await nextTurn();
    renameSync(root.at("above"), root.at("moved"));
    symlinkSync(root.at("moved"), root.at("above"));
    await aSecondLater();
    expect(textAt(store, "/b.txt")).toBeUndefined();
    expect(textAt(disk, "/b.txt")).toBeUndefined();
  });

  test("another folder above the root is noticed within a second, and then every change in it at once", async () => {
    const { root, disk, store } = await setUpBelow("above/root");
    expect(textAt(store, "/b.txt")).toBe("beta");
    renameSync(root.at("above"), root.at("moved"));
    const file = root.file("above/root/b.txt", "other");
    await settled(disk, "/b.txt");
    await aSecondLater();
    expect(textAt(store, "/b.txt")).toBe("other");
    expect(isKept(store, "/b.txt")).toBe(true);
    await nextTurn();
    writeFileSync(file, "again");
    await nextTurn();
    expect(textAt(store, "/b.txt")).toBe("again");
  });

  test("an upload that was resumed is read back at once", async () => {
    const { store } = await setUp();
    expect(textAt(store, "/a.txt")).toBe("alpha");
    const begun = store.unfinished?.create(at("/a.txt"), { onExist: "replace" }, {});
    begun?.write(new TextEncoder().encode("NEW"));
    begun?.close();
    await store.unfinished?.find(begun?.token ?? "")?.commit({ onExist: "replace" });
    expect(textAt(store, "/a.txt")).toBe("NEW");
  });

  test("an upload is read back at once", async () => {
    const { store } = await setUp();
    expect(textAt(store, "/a.txt")).toBe("alpha");
    const upload = store.uploads?.begin(at("/a.txt"), { onExist: "replace" });
    upload?.write(new TextEncoder().encode("NEW"));
    await upload?.commit();
    expect(textAt(store, "/a.txt")).toBe("NEW");
  });

  test("longer content is one for all who have it open, and its memory is given back after the last of them", async () => {
    const { root, store, disk } = await setUp({ fileBytes: 10_000, totalBytes: 100_000 });
    const text = "long ".repeat(1000);
    root.file("long.txt", text);
    await settled(disk, "/long.txt");
    const [first, second] = [fileOf(store.find(at("/long.txt"))), fileOf(store.find(at("/long.txt")))];
    const whole = first.kept?.whole;
    expect(second.kept?.whole).toBe(whole);
    first.close();
    writeFileSync(root.at("long.txt"), "other");
    await nextTurn();
    expect(textAt(store, "/long.txt")).toBe("other");
    expect(first.kept?.isCurrent()).toBe(false);
    const bytes = new Uint8Array(6000);
    expect(second.read(bytes, 0)).toBe(5000);
    expect(new TextDecoder().decode(bytes.subarray(0, 5000))).toBe(text);
    expect(() => first.read(bytes, 0)).toThrow("closed");
    second.close();
    second.close();
    if (process.platform !== "linux" || !("kind" in (whole ?? {}))) return;
    const memory = whole instanceof Uint8Array ? undefined : whole?.file;
    expect(memory).toMatchObject({ heldBytes: 0 });
  });

  test("a file over the size is not kept", async () => {
    const { root, store, disk } = await setUp({ fileBytes: 5, totalBytes: 100_000 });
    root.file("big.txt", "123456");
    await settled(disk, "/big.txt");
    const [small, big] = [fileOf(store.find(at("/a.txt"))), fileOf(store.find(at("/big.txt")))];
    expect([small.kept?.whole.length, big.kept]).toEqual([5, undefined]);
    big.close();
  });

  test("a file that may still be changing is not kept", async () => {
    const { root, store } = await setUp();
    root.file("new.txt", "new");
    const file = fileOf(store.find(at("/new.txt")));
    expect(file.isSettled).toBe(false);
    expect(file.kept).toBeUndefined();
    file.close();
  });

  test("a file that is changed while it is read is neither kept nor given as it was", async () => {
    const { root, disk } = await setUp();
    let isCalm = false;
    const racing: Store = {
      folder: (path) => disk.folder(path),
      find(path) {
        const found = disk.find(path);
        if (found?.kind !== "file" || isCalm) return found;
        isCalm = true;
        const { file } = found;
        const read = file.read.bind(file);
        file.read = (target, position) => {
          writeFileSync(root.at("a.txt"), "OTHER");
          return read(target, position);
        };
        return found;
      },
    };
    const file = fileOf(rememberFiles(racing).find(at("/a.txt")));
    expect(file.kept).toBeUndefined();
    const now = fileOf(disk.find(at("/a.txt")));
    expect(file.version).toBe(now.version);
    file.close();
    now.close();
  });

  test("a file that can't be read is an error, and doesn't stay open", async () => {
    const { disk } = await setUp();
    let closings = 0;
    const failing = wrap(disk, {
      find(path) {
        const file = fileOf(disk.find(path));
        const close = () => {
          closings += 1;
          file.close();
        };
        return { kind: "file", file: wrap(file, { read: failToRead, close }) };
      },
    });
    expect(await storeErrorKind(() => rememberFiles(failing).find(at("/a.txt")))).toBe("failed");
    expect(closings).toBe(1);
  });

  test("keeps no more than it may: what was read longest ago goes first", async () => {
    const { root, store, state, disk } = await setUp({ fileBytes: 1000, totalBytes: 7 * 1024 });
    for (const name of ["1.txt", "2.txt", "3.txt"]) root.file(name, name);
    await settled(disk, "/3.txt");
    for (const name of ["1.txt", "2.txt", "3.txt"]) textAt(store, `/${name}`);
    expect(isKept(store, "/2.txt")).toBe(true);
    // A newcomer has to come again before somebody makes way.
    let times = 1;
    for (; !isKept(store, "/3.txt"); times++) expect(times).toBeLessThan(100);
    expect(times).toBeGreaterThan(3);
    state.finds = 0;
    textAt(store, "/3.txt");
    textAt(store, "/2.txt");
    expect(state.finds).toBe(0);
    expect(isKept(store, "/1.txt")).toBe(false);
  });

  test("a name that holds a slash is never taken for a path", async () => {
    const { root, store, disk } = await setUp();
    root.file("dir/b.txt", "beta");
    await settled(disk, "/dir/b.txt");
    expect(textAt(store, "/dir/b.txt")).toBe("beta");
    expect(textAt(store, "/dir%2Fb.txt")).toBeUndefined();
  });

  test("a file is found only without a slash at its end", async () => {
    const { store } = await setUp();
    expect(textAt(store, "/a.txt")).toBe("alpha");
    expect(textAt(store, "/a.txt/")).toBeUndefined();
  });
});
