import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { KEPT_BELOW_BYTES } from "../../src/base/uncached-write.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Committed, Store, Upload, UploadOptions } from "../../src/store/store.ts";
import type { UrlPath } from "../../src/wire/target.ts";
import {
  findFile,
  findText,
  makeSpecial,
  makeTempRoot,
  rawPath,
  SECRET,
  storeErrorKind,
  type TempRoot,
  urlPath,
  WAYS,
} from "./temp-root.ts";

describe.each([...WAYS])("uploads by the %s way", (way) => {
  let temp: TempRoot;
  let store: Store;
  beforeEach(() => {
    temp = makeTempRoot();
    store = openDiskStore(temp.root, { way });
  });
  afterEach(() => {
    expect(readFileSync(join(temp.outside, "secret.txt"), "utf8")).toBe(SECRET);
    expect(readdirSync(temp.outside)).toEqual(["secret.txt"]);
    temp.remove();
  });

  function begin(path: string | UrlPath, options: Partial<UploadOptions> = {}): Upload {
    const uploads = store.uploads;
    if (uploads === undefined) throw new Error("no uploads");
    return uploads.begin(typeof path === "string" ? urlPath(path) : path, { onExist: "refuse", ...options });
  }

  async function save(
    path: string | UrlPath,
    text: string,
    options: Partial<UploadOptions> = {},
  ): Promise<Committed> {
    const upload = begin(path, options);
    upload.write(Buffer.from(text));
    return await upload.commit();
  }

  describe("begin() and commit()", () => {
    test("saves a file, with nothing under its name before", async () => {
      const upload = begin("/a.txt");
      upload.write(Buffer.from("hello "));
      expect(findText(store, "/a.txt")).toBeUndefined();
      const bytes = Buffer.from("world");
      upload.write(bytes);
      bytes.fill(0);
      upload.write(new Uint8Array(0));
      expect(upload.writtenBytes).toBe(11);
      expect(temp.list()).toEqual([expect.stringMatching(/^\.netfile-.*\.part$/)]);
      const committed = await upload.commit();
      expect(committed).toMatchObject({ names: ["a.txt"], isNew: true, isSettled: true });
      expect(findText(store, "/a.txt")).toBe("file: hello world");
      expect(temp.list()).toEqual(["a.txt"]);
    });

    test("saves what comes of a large file as it is, in pieces of any size", async () => {
      const bytes = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7) % 251));
      const upload = begin("/large.txt", { sizeBytes: KEPT_BELOW_BYTES });
      for (let at = 0, step = 1; at < bytes.length; at += step, step = step * 3 + 1)
        upload.write(bytes.subarray(at, at + step));
      expect(upload.writtenBytes).toBe(bytes.length);
      await upload.commit();
      expect(readFileSync(temp.at("large.txt")).equals(bytes)).toBe(true);
    });

    test("saves an empty file", async () => {
      await begin("/empty.txt").commit();
      expect(findText(store, "/empty.txt")).toBe("file: ");
    });

    test("tells the version and time that find() tells, and they are proof", async () => {
      for (const onExist of ["refuse", "replace", "replace", "rename"] as const) {
        const committed = await save("/a.txt", onExist, { onExist });
        const file = findFile(store, `/${committed.names.join("/")}`);
        expect(committed).toMatchObject({
          version: file.version,
          modifiedMs: file.modifiedMs,
          isSettled: true,
        });
        file.close();
      }
    });

    test.each([
      "日本語.txt",
      "🦊👩‍👩‍👧.png",
      "e\u0301.txt",
      "a b#%?'\".txt",
      "-rf",
      `${"x".repeat(251)}.txt`,
      `${"é".repeat(125)}.txt`,
      "con",
      "a..b",
    ])("saves under the name %j", async (name) => {
      const committed = await save(rawPath(["sub", name]), "content");
      expect(committed.names).toEqual(["sub", name]);
      expect(findText(store, rawPath(["sub", name]))).toBe("file: content");
      expect(temp.list("sub")).toEqual([name]);
    });

    test.each([
      ["..", ["..", "x.txt"]],
      ["the way to a sibling", ["..", "www-secret", "x.txt"]],
      ["a slash", ["../www-secret/x.txt"]],
      ["a backslash", ["..\\www-secret\\x.txt"]],
      ["an absolute path", ["/etc/x.txt"]],
      ["NUL", ["x\0.txt"]],
      ["a drive", ["C:x.txt"]],
      ["nothing", ["sub", ""]],
      ["an empty folder", ["", "x.txt"]],
      [".", ["."]],
      ["a hidden name", [".htaccess"]],
      ["a hidden folder", [".git", "hooks", "post-commit"]],
      ["our own temporary file", [".netfile-1-2-3-4.part"]],
      ["a line break", ["x\n.txt"]],
      ["an escape sequence", ["x\u001b[2J.txt"]],
      ["256 bytes", ["x".repeat(256)]],
      ["256 bytes for a folder", ["x".repeat(256), "x.txt"]],
    ])("refuses a name with %s, and makes nothing", async (_, names) => {
      expect(await storeErrorKind(() => begin(rawPath(["new", ...names])))).toBe("bad-name");
      expect(await storeErrorKind(() => begin(rawPath(names), { onExist: "replace" }))).toBe("bad-name");
      expect(temp.list()).toEqual([]);
      expect(readdirSync(join(temp.root, ".."))).toEqual(["www", "www-secret"]);
    });

    test("refuses a path that is too long to be found again, and takes the longest one", async () => {
      const room = 4_095 - Buffer.byteLength(`${temp.root}/`);
      const folders = Array.from({ length: Math.floor((room - 50) / 200) }, () => "y".repeat(199));
      const last = "z".repeat(room - folders.length * 200);
      expect(await storeErrorKind(() => save(rawPath([...folders, `${last}z`]), "x"))).toBe("bad-name");
      expect(temp.list()).toEqual([]);
      // A folder that can be made but, by way of a link, not entered: nothing is left either.
      mkdirSync(temp.at("q".repeat(200)));
      symlinkSync("q".repeat(200), temp.at("s"));
      expect(
        await storeErrorKind(() => save(rawPath(["s", ...folders.slice(0, -1), "w".repeat(199), "x"]), "x")),
      ).toBeString();
      expect(temp.list("s")).toEqual([]);
      if (way === "descriptor") begin(rawPath([...folders, last])).discard();
    });

    test("is in conflict with what is a folder, or has a file as its folder", async () => {
      mkdirSync(temp.at("folder"));
      temp.file("file");
      symlinkSync("folder", temp.at("link"));
      for (const onExist of ["refuse", "replace"] as const) {
        for (const path of ["/", "/folder/", "/new/", "/folder", "/file/x.txt", "/file/sub/x.txt"]) {
          expect([path, await storeErrorKind(() => begin(path, { onExist }))]).toEqual([path, "conflict"]);
        }
      }
      expect(await storeErrorKind(() => begin("/link", { onExist: "replace" }))).toBe("conflict");
      expect(temp.list()).toEqual(["file", "folder", "link"]);
    });

    test("is in conflict with a folder that came meanwhile", async () => {
      for (const onExist of ["refuse", "replace"] as const) {
        const upload = begin("/a.txt", { onExist });
        mkdirSync(temp.at("a.txt"));
        expect(await storeErrorKind(() => upload.commit())).toBe("conflict");
        expect(temp.list()).toEqual(["a.txt"]);
        rmSync(temp.at("a.txt"), { recursive: true });
      }
    });

    test("makes folders on the way, by the umask", async () => {
      await save("/a/b/c/d.txt", "deep");
      expect(findText(store, "/a/b/c/d.txt")).toBe("file: deep");
      expect(lstatSync(temp.at("a/b")).mode & 0o777).toBe(0o777 & ~process.umask());
      expect(lstatSync(temp.at("a/b/c/d.txt")).mode & 0o777).toBe(0o666 & ~process.umask());
    });

    test("saves through a linked folder inside the root, at its real place", async () => {
      mkdirSync(temp.at("real"));
      symlinkSync("real", temp.at("link"));
      symlinkSync(temp.at("real"), temp.at("absolute"));
      await save("/link/sub/a.txt", "one");
      await save("/absolute/b.txt", "two");
      expect(temp.list("real")).toEqual(["b.txt", "sub"]);
      expect(temp.list("real/sub")).toEqual(["a.txt"]);
    });

    test.each([
      ["outside", "../www-secret"],
      ["above", ".."],
      ["to the root of the disk", "/"],
      ["to nothing", "nothing"],
      ["to nothing outside", "../www-secret/nothing"],
      ["to itself", "link"],
      ["to a hidden folder", ".git"],
      ["to a file outside", "../www-secret/secret.txt"],
    ])("denies a link that leads %s as a folder", async (_, target) => {
      mkdirSync(temp.at(".git"));
      symlinkSync(target, temp.at("link"));
      for (const onExist of ["refuse", "replace", "rename"] as const) {
        for (const path of [
          "/link/x.txt",
          "/link/sub/x.txt",
          "/link/www-secret/secret.txt",
          "/link/secret.txt",
        ]) {
          expect([path, await storeErrorKind(() => begin(path, { onExist }))]).toEqual([path, "denied"]);
        }
      }
      expect(temp.list()).toEqual([".git", "link"]);
      expect(temp.list(".git")).toEqual([]);
    });

    test.each(["../www-secret/secret.txt", "../www-secret/new.txt", "nothing", "link.txt", "/dev/null"])(
      "never writes through a link to %s, but replaces the link",
      async (target) => {
        symlinkSync(target, temp.at("link.txt"));
        expect(await storeErrorKind(() => begin("/link.txt"))).toBe("exists");
        expect(readlinkSync(temp.at("link.txt"))).toBe(target);
        const numbered = await save("/link.txt", "numbered", { onExist: "rename" });
        expect(numbered.names).toEqual(["link-1.txt"]);
        // What the link leads to is not to be seen, so for a peer the file is new.
        expect(await save("/link.txt", "new", { onExist: "replace" })).toMatchObject({ isNew: true });
        expect(lstatSync(temp.at("link.txt")).isFile()).toBe(true);
        expect(findText(store, "/link.txt")).toBe("file: new");
      },
    );

    test("replaces a link to a file inside, and leaves that file alone", async () => {
      temp.file("a.txt", "kept");
      symlinkSync("a.txt", temp.at("link.txt"));
      expect(await save("/link.txt", "new", { onExist: "replace" })).toMatchObject({ isNew: false });
      expect(findText(store, "/a.txt")).toBe("file: kept");
      expect(findText(store, "/link.txt")).toBe("file: new");
    });

    test("denies to replace what is neither file nor folder", async () => {
      if (!makeSpecial("mkfifo", temp.at("fifo.txt"))) return;
      expect(await storeErrorKind(() => begin("/fifo.txt", { onExist: "replace" }))).toBe("denied");
      expect(await storeErrorKind(() => begin("/fifo.txt"))).toBe("exists");
      expect(await storeErrorKind(() => begin("/fifo.txt/x.txt"))).toBe("conflict");
      expect(lstatSync(temp.at("fifo.txt")).isFIFO()).toBe(true);
    });
  });

  describe("onExist", () => {
    test("refuse: refuses early, and at the end when a file came meanwhile", async () => {
      const upload = begin("/a.txt");
      upload.write(Buffer.from("late"));
      temp.file("a.txt", "first");
      expect(await storeErrorKind(() => begin("/a.txt"))).toBe("exists");
      expect(await storeErrorKind(() => upload.commit())).toBe("exists");
      expect(findText(store, "/a.txt")).toBe("file: first");
      expect(temp.list()).toEqual(["a.txt"]);
    });

    test("refuse: exactly one of many writers wins, and the file is all his", async () => {
      const writers = Array.from({ length: 20 }, (_, index) => ({ index, upload: begin("/a.txt") }));
      for (const { index, upload } of writers) upload.write(Buffer.from(`writer ${index} `.repeat(1_000)));
      const results = await Promise.allSettled(writers.map(async ({ upload }) => await upload.commit()));
      const winners = results.flatMap((result, index) => (result.status === "fulfilled" ? [index] : []));
      expect(winners).toHaveLength(1);
      expect(findText(store, "/a.txt")).toBe(`file: ${`writer ${winners[0]} `.repeat(1_000)}`);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ kind: "exists" });
      }
    });

    test("replace: replaces, keeps the mode, and says that the file is not new", async () => {
      temp.file("a.txt", "old");
      chmodSync(temp.at("a.txt"), 0o4640);
      const inode = statSync(temp.at("a.txt")).ino;
      const upload = begin("/a.txt", { onExist: "replace" });
      upload.write(Buffer.from("new"));
      expect(findText(store, "/a.txt")).toBe("file: old");
      const [part] = temp.list();
      expect(lstatSync(temp.at(part ?? "")).mode & 0o137).toBe(0);
      expect(await upload.commit()).toMatchObject({ names: ["a.txt"], isNew: false });
      expect(findText(store, "/a.txt")).toBe("file: new");
      expect(statSync(temp.at("a.txt"))).toMatchObject({ mode: 0o100640 });
      expect(statSync(temp.at("a.txt")).ino).not.toBe(inode);
    });

    test("replace: makes the file when there is none, and lets the last of many writers win whole", async () => {
      const uploads = Array.from({ length: 10 }, () => begin("/a.txt", { onExist: "replace" }));
      for (const [index, upload] of uploads.entries()) upload.write(Buffer.from(`${index}`.repeat(10_000)));
      const committed = await Promise.all(uploads.map(async (upload) => await upload.commit()));
      expect(committed.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(findText(store, "/a.txt")).toMatch(/^file: (\d)\1{9999}$/);
      expect(temp.list()).toEqual(["a.txt"]);
    });

    test("replace: replaces a large file", async () => {
      temp.file("a.txt", "");
      truncateSync(temp.at("a.txt"), 40_000_000);
      await save("/a.txt", "small", { onExist: "replace" });
      expect(findText(store, "/a.txt")).toBe("file: small");
    });

    test("rename: numbers the names that are taken", async () => {
      const saved: string[] = [];
      for (let count = 0; count < 4; count += 1) {
        saved.push(...(await save("/photo.tar.gz", `${count}`, { onExist: "rename" })).names);
      }
      expect(saved).toEqual(["photo.tar.gz", "photo.tar-1.gz", "photo.tar-2.gz", "photo.tar-3.gz"]);
      expect(findText(store, "/photo.tar.gz")).toBe("file: 0");
      mkdirSync(temp.at("README"));
      expect((await save("/README", "x", { onExist: "rename" })).names).toEqual(["README-1"]);
    });

    test("rename: gives each of many writers a name of his own", async () => {
      const uploads = Array.from({ length: 20 }, () => begin("/a.txt", { onExist: "rename" }));
      for (const [index, upload] of uploads.entries()) upload.write(Buffer.from(`${index}`));
      const committed = await Promise.all(uploads.map(async (upload) => await upload.commit()));
      expect(new Set(committed.map(({ names }) => names.join("/"))).size).toBe(20);
      for (const [index, { names }] of committed.entries()) {
        expect(findText(store, `/${names.join("/")}`)).toBe(`file: ${index}`);
      }
    });

    test("rename: cuts a long name between characters so that the number fits", async () => {
      const name = `${"🦊".repeat(62)}ab.txt`;
      expect(Buffer.byteLength(name)).toBe(254);
      await save(rawPath([name]), "1", { onExist: "rename" });
      const { names } = await save(rawPath([name]), "2", { onExist: "rename" });
      expect(names).toEqual([`${"🦊".repeat(62)}a-1.txt`]);
      expect(findText(store, rawPath(names))).toBe("file: 2");
    });
  });

  describe("mayReplace", () => {
    test("is asked with the file that is there, at the last moment", async () => {
      const seen: (string | undefined)[] = [];
      const mayReplace: UploadOptions["mayReplace"] = (current) => {
        seen.push(current?.version);
        return true;
      };
      const first = await save("/a.txt", "one", { onExist: "replace", mayReplace });
      await save("/a.txt", "two", { onExist: "replace", mayReplace });
      expect(seen).toEqual([undefined, first.version]);
    });

    test("stops the commit with kind changed, and nothing is left", async () => {
      temp.file("a.txt", "old");
      for (const onExist of ["replace", "rename"] as const) {
        expect(await storeErrorKind(() => save("/a.txt", "new", { onExist, mayReplace: () => false }))).toBe(
          "changed",
        );
      }
      expect(
        await storeErrorKind(() =>
          save("/new/b.txt", "b", { mayReplace: (current) => current !== undefined }),
        ),
      ).toBe("changed");
      expect(findText(store, "/a.txt")).toBe("file: old");
      expect(temp.list()).toEqual(["a.txt"]);
    });

    test("lets only one of two writers replace the version that both have seen: no lost update", async () => {
      for (let round = 0; round < 20; round += 1) {
        const { version } = await save("/a.txt", `round ${round}`, { onExist: "replace" });
        const mayReplace: UploadOptions["mayReplace"] = (current) => current?.version === version;
        const kinds = await Promise.all(
          ["one", "two"].map(
            async (text) =>
              await storeErrorKind(() => save("/a.txt", text, { onExist: "replace", mayReplace })),
          ),
        );
        expect(kinds.filter((kind) => kind === "changed")).toHaveLength(1);
        expect(kinds).toContain(undefined);
      }
    });

    test("fails the commit when it throws", async () => {
      expect(await storeErrorKind(() => save("/a.txt", "x", { mayReplace: mistake }))).toBe("failed");
      expect(temp.list()).toEqual([]);
    });

    test("does not see through a link that leaves the root", async () => {
      symlinkSync("../www-secret/secret.txt", temp.at("link.txt"));
      const seen: unknown[] = [];
      const mayReplace: UploadOptions["mayReplace"] = (current) => {
        seen.push(current);
        return true;
      };
      await save("/link.txt", "x", { onExist: "replace", mayReplace });
      expect(seen).toEqual([undefined]);
    });
  });

  describe("discard()", () => {
    test("leaves nothing, folders that were made included, and may be called again", () => {
      mkdirSync(temp.at("kept"));
      const upload = begin("/kept/a/b/c/d.txt");
      upload.write(Buffer.from("x"));
      upload.discard();
      upload.discard();
      expect(temp.list()).toEqual(["kept"]);
      expect(temp.list("kept")).toEqual([]);
    });

    test("leaves folders that others use by then, and those that were there", async () => {
      const first = begin("/a/b/first.txt");
      const second = begin("/a/b/second.txt");
      first.discard();
      expect(temp.list("a")).toEqual(["b"]);
      second.write(Buffer.from("second"));
      await second.commit();
      expect(temp.list("a/b")).toEqual(["second.txt"]);
      const third = begin("/a/b/third.txt");
      third.discard();
      expect(temp.list("a/b")).toEqual(["second.txt"]);
    });

    test("removes no folder that took the place of one that was made", () => {
      const upload = begin("/a/b/x.txt");
      renameSync(temp.at("a"), temp.at("moved"));
      symlinkSync("../www-secret", temp.at("a"));
      mkdirSync(join(temp.outside, "b"));
      upload.discard();
      expect(readdirSync(temp.outside)).toEqual(["b", "secret.txt"]);
      rmSync(join(temp.outside, "b"), { recursive: true });
    });

    test("after a commit leaves the file; after a failed one there is nothing to do", async () => {
      const upload = begin("/a.txt");
      await upload.commit();
      upload.discard();
      expect(temp.list()).toEqual(["a.txt"]);
      const late = begin("/sub/b.txt", { mayReplace: () => false });
      expect(await storeErrorKind(() => late.commit())).toBe("changed");
      late.discard();
      expect(temp.list()).toEqual(["a.txt"]);
    });

    test("during a commit stops it", async () => {
      const upload = begin("/sub/a.txt");
      upload.write(Buffer.from("x"));
      const commit = storeErrorKind(() => upload.commit());
      upload.discard();
      upload.discard();
      expect(await commit).toBe("failed");
      expect(temp.list()).toEqual([]);
    });

    test("ends the upload: no more writes, no commit, and not twice", async () => {
      const upload = begin("/a.txt");
      upload.discard();
      expect(await storeErrorKind(() => upload.write(Buffer.from("x")))).toBe("failed");
      expect(await storeErrorKind(() => upload.commit())).toBe("failed");
      const done = begin("/b.txt");
      await done.commit();
      expect(await storeErrorKind(() => done.commit())).toBe("failed");
      expect(await storeErrorKind(() => done.write(Buffer.from("x")))).toBe("failed");
      expect(temp.list()).toEqual(["b.txt"]);
    });
  });

  describe("what goes wrong", () => {
    test("a size that can't fit is refused before the first byte", async () => {
      const disk = statfsSync(temp.root);
      const sizeBytes = (disk.bavail + 1_000_000) * disk.bsize;
      expect(await storeErrorKind(() => begin("/new/a.txt", { sizeBytes }))).toBe("full");
      expect(temp.list()).toEqual([]);
      begin("/a.txt", { sizeBytes: 1 }).discard();
    });

    test("the folder is removed, or moved, during the upload", async () => {
      const removed = begin("/sub/a.txt");
      rmSync(temp.at("sub"), { recursive: true });
      expect(await storeErrorKind(() => removed.commit())).toBe("conflict");
      expect(temp.list()).toEqual([]);
      const moved = begin("/sub/a.txt");
      moved.write(Buffer.from("x"));
      renameSync(temp.at("sub"), temp.at("other"));
      // By descriptors the file goes where its folder went; the portable way must not guess.
      expect(await storeErrorKind(() => moved.commit())).toBe(way === "descriptor" ? undefined : "conflict");
      if (way === "descriptor") expect(temp.list("other")).toEqual(["a.txt"]);
    });

    test("the temporary file is removed during the upload", async () => {
      for (const onExist of ["refuse", "replace", "rename"] as const) {
        const upload = begin("/a.txt", { onExist });
        for (const name of temp.list()) rmSync(temp.at(name));
        expect(await storeErrorKind(() => upload.commit())).toBe("conflict");
      }
      expect(temp.list()).toEqual([]);
    });
  });

  test.skipIf(process.platform !== "linux")("keeps no descriptor, however uploads end", async () => {
    temp.file("a.txt");
    temp.file("file");
    mkdirSync(temp.at("sub"));
    await save("/warm-up.txt", "x");
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 10; round += 1) {
      begin(`/new/${round}/x.txt`).discard();
      await save("/sub/a.txt", "x", { onExist: "replace" });
      await save(`/made/${round}/a.txt`, "x");
      for (const path of ["/a.txt", "/file/x/y.txt", "/", "/sub", "/..", "/new/folder/"]) {
        expect(await storeErrorKind(() => begin(path))).toBeString();
      }
      expect(await storeErrorKind(() => save("/no/b.txt", "x", { mayReplace: () => false }))).toBe("changed");
    }
    // The runtime may open and close some of its own; one kept a round would be ten.
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 8);
  });
});

function mistake(): never {
  throw new Error("a mistake");
}
