import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { openDiskStore } from "../../src/store/disk.ts";
import type { Store } from "../../src/store/store.ts";
import {
  allNames,
  findFile,
  findText,
  makeSpecial,
  makeTempRoot,
  rawPath,
  readAll,
  storeErrorKind,
  type TempRoot,
  urlPath,
  WAYS,
} from "./temp-root.ts";

const IS_ROOT = process.getuid?.() === 0;

describe.each([...WAYS])("openDiskStore() by the %s way", (way) => {
  let temp: TempRoot;
  let store: Store;
  beforeEach(() => {
    temp = makeTempRoot();
    store = openDiskStore(temp.root, { way });
  });
  afterEach(() => temp.remove());

  describe("find()", () => {
    test("finds files and folders, a file only without a slash at the end", () => {
      temp.file("a.txt", "hello");
      temp.file("sub/deep/b.txt");
      temp.file("empty.txt", "");
      expect(findText(store, "/a.txt")).toBe("file: hello");
      expect(findText(store, "/sub/deep/b.txt")).toBe("file: sub/deep/b.txt");
      expect(findText(store, "/empty.txt")).toBe("file: ");
      expect(findText(store, "/a.txt/")).toBeUndefined();
      expect(findText(store, "/a.txt/b")).toBeUndefined();
      expect(findText(store, "/sub")).toBe("folder");
      expect(findText(store, "/sub/")).toBe("folder");
      expect(findText(store, "/")).toBe("folder");
      expect(findText(store, "/missing")).toBeUndefined();
      expect(findText(store, "/missing/a.txt")).toBeUndefined();
    });

    test.each([
      "a b#%?'\".txt",
      "héllo.txt",
      "日本語.txt",
      "🦊👩‍👩‍👧.png",
      "e\u0301 and é.txt",
      "a\nb.txt",
      "x (deleted)",
      "<script>.html",
      "-rf",
      `${"x".repeat(251)}.txt`,
      "é".repeat(127),
    ])("finds a file named %j", (name) => {
      temp.file(name, "named");
      expect(findText(store, rawPath([name]))).toBe("file: named");
    });

    test.each([
      "/../www-secret/secret.txt",
      "/%2e%2e/www-secret/secret.txt",
      "/..%2fwww-secret%2fsecret.txt",
      "/sub/../../www-secret/secret.txt",
      "/sub/..%5c..%5cwww-secret%5csecret.txt",
      "/%252e%252e/www-secret/secret.txt",
      "/.%2e/www-secret/secret.txt",
      "/./a.txt",
      "//a.txt",
      "/sub//b.txt",
      "/sub/./b.txt",
      "/sub/../a.txt",
      "/a.txt%00",
      "/a.txt%00.html",
      "/a.txt%2f",
      "/%2fetc%2fpasswd",
      "/C:/a.txt",
      "/.hidden.txt",
      "/.git/config",
      "/sub/.hidden/x.txt",
      "/.netfile-1-2-3-4.part",
      "/..",
      "/.",
      "/...",
    ])("finds nothing at %s", (path) => {
      for (const name of ["a.txt", "sub/b.txt", ".hidden.txt", ".git/config", "sub/.hidden/x.txt"])
        temp.file(name);
      temp.file(".netfile-1-2-3-4.part");
      expect(findText(store, path)).toBeUndefined();
      expect(findText(store, path.endsWith("/") ? path : `${path}/`)).toBeUndefined();
    });

    test("finds nothing under names and paths that are too long for the disk", () => {
      expect(findText(store, rawPath(["x".repeat(256)]))).toBeUndefined();
      expect(findText(store, rawPath(Array.from({ length: 50 }, () => "y".repeat(200))))).toBeUndefined();
      expect(findText(store, rawPath(Array.from({ length: 5_000 }, () => "z")))).toBeUndefined();
    });

    test("follows links inside the root", () => {
      temp.file("real/a.txt", "linked");
      symlinkSync("real/a.txt", temp.at("file-link.txt"));
      symlinkSync(temp.at("real"), temp.at("absolute-link"));
      symlinkSync("../real", temp.at("real/around"));
      symlinkSync("file-link.txt", temp.at("link-to-link.txt"));
      expect(findText(store, "/file-link.txt")).toBe("file: linked");
      expect(findText(store, "/link-to-link.txt")).toBe("file: linked");
      expect(findText(store, "/absolute-link/a.txt")).toBe("file: linked");
      expect(findText(store, "/absolute-link/around/around/a.txt")).toBe("file: linked");
      expect(findText(store, "/absolute-link")).toBe("folder");
      expect(findText(store, "/file-link.txt/")).toBeUndefined();
    });

    test("follows a link that leaves the root and comes back", () => {
      temp.file("a.txt", "back again");
      symlinkSync("../www/a.txt", temp.at("around.txt"));
      expect(findText(store, "/around.txt")).toBe("file: back again");
    });

    test.each([
      ["to a file outside", "../www-secret/secret.txt"],
      ["to a folder outside", "../www-secret"],
      ["to the folder above", ".."],
      ["to the root of the disk", "/"],
      ["to a system file", "/etc/passwd"],
      ["to nothing", "nowhere"],
      ["to itself", "link"],
      ["to a hidden file", ".hidden.txt"],
      ["to a hidden folder", ".git"],
      ["to a file in a hidden folder", ".git/config"],
      ["to a name that is empty", "a.txt/"],
      ["to a device", "/dev/null"],
      ["to the process itself", "/proc/self/environ"],
    ])("finds nothing at a link %s", (_, target) => {
      temp.file("a.txt");
      temp.file(".hidden.txt");
      temp.file(".git/config");
      symlinkSync(target, temp.at("link"));
      for (const path of ["/link", "/link/", "/link/secret.txt", "/link/config", "/link/etc/passwd"]) {
        expect(findText(store, path)).toBeUndefined();
      }
    });

    test("finds nothing behind a link to another store's root with the same beginning", () => {
      symlinkSync(join(temp.outside, "secret.txt"), temp.at("a.txt"));
      symlinkSync(temp.outside, temp.at("b"));
      expect(findText(store, "/a.txt")).toBeUndefined();
      expect(findText(store, "/b/secret.txt")).toBeUndefined();
    });

    test("finds no FIFO, and does not wait for its writer", () => {
      if (!makeSpecial("mkfifo", temp.at("fifo.txt"))) return;
      symlinkSync("fifo.txt", temp.at("link.txt"));
      expect(findText(store, "/fifo.txt")).toBeUndefined();
      expect(findText(store, "/fifo.txt/")).toBeUndefined();
      expect(findText(store, "/link.txt")).toBeUndefined();
    });

    test("finds no socket", () => {
      const listener = Bun.listen({ unix: temp.at("socket.txt"), socket: { data: () => undefined } });
      try {
        expect(findText(store, "/socket.txt")).toBeUndefined();
      } finally {
        listener.stop(true);
      }
    });

    test.skipIf(!IS_ROOT)("finds no device (needs the rights to make one)", () => {
      if (!makeSpecial("mknod", temp.at("zero.txt"), "c", "1", "5")) return;
      expect(findText(store, "/zero.txt")).toBeUndefined();
    });

    test("denies what the system denies", () => {
      temp.file("a.txt");
      temp.file("locked/b.txt");
      chmodSync(join(temp.root, ".."), 0o755);
      chmodSync(temp.at("a.txt"), 0);
      chmodSync(temp.at("locked"), 0);
      // May be entered and not read; may be read and not entered.
      for (const [name, mode] of [
        ["entered", 0o111],
        ["read", 0o444],
      ] as const) {
        temp.file(`${name}/c.txt`);
        chmodSync(temp.at(name), mode);
      }
      const script = `
        import { openDiskStore } from ${JSON.stringify(join(import.meta.dir, "../../src/store/disk.ts"))};
        const store = openDiskStore(${JSON.stringify(temp.root)}, { way: "${way}" });
        // The superuser may everything.
        if (process.getuid() === 0) process.setuid(65534);
        const kinds = [["a.txt"], ["locked", "b.txt"], ["locked"]].map((names) => {
          try { return store.find({ names, isFolder: false })?.kind; } catch (error) { return error.kind; }
        });
        for (const name of ["locked", "entered", "read"]) {
          try { store.folder({ names: [name], isFolder: true }); } catch (error) { kinds.push(error.kind); }
        }
        try { store.uploads.begin({ names: ["x.txt"], isFolder: false }, { onExist: "refuse" }); } catch (error) { kinds.push(error.kind); }
        console.log(kinds.join(" "));`;
      const run = Bun.spawnSync([process.execPath, "-e", script], { stderr: "inherit" });
      const upload = IS_ROOT ? " denied" : "";
      expect(run.stdout.toString()).toBe(`denied denied folder denied denied denied${upload}\n`);
      for (const name of ["locked", "entered", "read"]) chmodSync(temp.at(name), 0o755);
    });

    test("finds a file with two names under both", () => {
      temp.file("a.txt", "twice");
      linkSync(temp.at("a.txt"), temp.at("b.txt"));
      expect(findText(store, "/b.txt")).toBe("file: twice");
    });
  });

  describe("OpenFile", () => {
    test("reads at positions, short at the end, and says size and time", () => {
      temp.file("a.txt", "0123456789");
      utimesSync(temp.at("a.txt"), 1_700_000_000.5, 1_700_000_000.5);
      const file = findFile(store, "/a.txt");
      const target = new Uint8Array(4);
      expect(file.sizeBytes).toBe(10);
      expect(file.modifiedMs).toBe(1_700_000_000_500);
      expect(file.fd).toBeGreaterThan(2);
      expect(file.read(target, 3)).toBe(4);
      expect(Buffer.from(target).toString()).toBe("3456");
      expect(file.read(target, 8)).toBe(2);
      expect(file.read(target, 10)).toBe(0);
      expect(file.read(target, 2 ** 40)).toBe(0);
      expect(file.read(new Uint8Array(0), 0)).toBe(0);
      file.close();
    });

    test("closes once, and then neither reads nor tells a descriptor that may be another file's", async () => {
      temp.file("a.txt", "first");
      temp.file("b.txt", "second");
      const first = findFile(store, "/a.txt");
      first.close();
      const second = findFile(store, "/b.txt");
      first.close();
      expect(first.fd).toBeUndefined();
      expect(await storeErrorKind(() => first.read(new Uint8Array(1), 0))).toBe("failed");
      expect(readAll(second)).toBe("second");
      second.close();
    });

    test("reads the old bytes after the file was replaced or deleted", () => {
      temp.file("a.txt", "old");
      const file = findFile(store, "/a.txt");
      temp.file("new", "new content");
      renameSync(temp.at("new"), temp.at("a.txt"));
      expect(readAll(file)).toBe("old");
      unlinkSync(temp.at("a.txt"));
      expect(readAll(file)).toBe("old");
      expect(findText(store, "/a.txt")).toBeUndefined();
      file.close();
    });

    test("reads short when the file was truncated", () => {
      temp.file("a.txt", "0123456789");
      const file = findFile(store, "/a.txt");
      truncateSync(temp.at("a.txt"), 4);
      expect(file.read(new Uint8Array(10), 0)).toBe(4);
      expect(file.read(new Uint8Array(10), 4)).toBe(0);
      file.close();
    });

    test("changes its version with each change, also in place with the same size and a restored time", () => {
      temp.file("a.txt", "one");
      const versions = new Set<string>();
      const note = () => {
        const file = findFile(store, "/a.txt");
        versions.add(file.version);
        file.close();
      };
      const { atime, mtime } = statSync(temp.at("a.txt"));
      note();
      note();
      expect(versions.size).toBe(1);
      // Until the clock of the disk has ticked, two changes may look the same: that is what isSettled is for.
      waitForTick(temp);
      writeFileSync(temp.at("a.txt"), "two");
      utimesSync(temp.at("a.txt"), atime, mtime);
      note();
      expect(versions.size).toBe(2);
      waitForTick(temp);
      appendFileSync(temp.at("a.txt"), "!");
      note();
      temp.file("b", "two!");
      renameSync(temp.at("b"), temp.at("a.txt"));
      note();
      expect(versions.size).toBe(4);
    });

    test("is settled once the last change is 11 ms ago, by the clock that was given", () => {
      temp.file("a.txt");
      // As a whole number from the system: as a fraction it is rounded, now and then up to the next one.
      const changed = () => Number(statSync(temp.at("a.txt"), { bigint: true }).ctimeMs);
      const changedMs = changed();
      const isSettled = (nowMs: number) => {
        const clocked = openDiskStore(temp.root, {
          way,
          clock: { nowMs: () => nowMs, monotonicMs: () => 0 },
        });
        const file = findFile(clocked, "/a.txt");
        file.close();
        return file.isSettled;
      };
      expect(isSettled(changedMs)).toBe(false);
      expect(isSettled(changedMs + 10)).toBe(false);
      expect(isSettled(changedMs + 11)).toBe(true);
      utimesSync(temp.at("a.txt"), 4e9, 4e9);
      expect(isSettled(changed() + 11)).toBe(true);
    });

    test.each([-86_400, 0, 4_294_967_296, 9_000_000_000])(
      "takes a modification time of %d s as the disk has it",
      (seconds) => {
        temp.file("a.txt");
        utimesSync(temp.at("a.txt"), seconds, seconds);
        const file = findFile(store, "/a.txt");
        expect(file.modifiedMs).toBe(Math.floor(statSync(temp.at("a.txt")).mtimeMs));
        expect(file.version).toMatch(/^[0-9a-z-]+$/);
        file.close();
      },
    );
  });

  describe("a root that changes", () => {
    test("finds nothing when it was renamed, and what takes its place when something does", async () => {
      temp.file("a.txt", "old");
      const folder = store.folder(urlPath("/"))!;
      renameSync(temp.root, `${temp.root}-old`);
      expect(findText(store, "/a.txt")).toBeUndefined();
      expect(findText(store, "/")).toBeUndefined();
      expect(store.folder(urlPath("/"))).toBeUndefined();
      expect(await storeErrorKind(() => store.uploads?.begin(urlPath("/b.txt"), { onExist: "refuse" }))).toBe(
        "failed",
      );
      temp.file("a.txt", "new");
      expect(findText(store, "/a.txt")).toBe("file: new");
      folder.close();
    });

    test("finds nothing when it was removed, or became a file or a link", async () => {
      temp.file("a.txt");
      rmSync(temp.root, { recursive: true });
      expect(findText(store, "/a.txt")).toBeUndefined();
      writeFileSync(temp.root, "a file now");
      expect(findText(store, "/a.txt")).toBeUndefined();
      rmSync(temp.root);
      symlinkSync(temp.outside, temp.root);
      expect(findText(store, "/secret.txt")).toBeUndefined();
      expect(await storeErrorKind(() => store.uploads?.begin(urlPath("/b.txt"), { onExist: "refuse" }))).toBe(
        "failed",
      );
      expect(readdirSync(temp.outside)).toEqual(["secret.txt"]);
    });

    test("is served whatever it is called: relative, a link, with a slash at the end, the root of the disk", () => {
      temp.file("a.txt", "here");
      symlinkSync(temp.root, join(temp.outside, "link"));
      for (const root of [`${temp.root}/`, join(temp.outside, "link"), relative(process.cwd(), temp.root)]) {
        expect(findText(openDiskStore(root, { way }), "/a.txt")).toBe("file: here");
      }
      const whole = openDiskStore("/", { way });
      expect(findText(whole, rawPath(temp.at("a.txt").split("/").slice(1)))).toBe("file: here");
      expect(findText(whole, "/")).toBe("folder");
      expect(findText(whole, rawPath([temp.root.slice(1)]))).toBeUndefined();
    });
  });

  test.skipIf(process.platform !== "linux")("keeps no descriptor, whatever was asked", async () => {
    temp.file("a.txt");
    temp.file("sub/b.txt");
    symlinkSync("../www-secret", temp.at("out"));
    symlinkSync("loop", temp.at("loop"));
    makeSpecial("mkfifo", temp.at("fifo"));
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 50; round += 1) {
      for (const path of [
        "/a.txt",
        "/a.txt/",
        "/sub",
        "/out",
        "/out/secret.txt",
        "/loop",
        "/fifo",
        "/none",
        "/.x",
      ]) {
        findText(store, path);
        const folder = store.folder(urlPath(path));
        if (folder !== undefined) await allNames(folder);
        folder?.measure("b.txt");
        folder?.measure("out");
        folder?.close();
      }
    }
    // The runtime may open and close some of its own; one kept a round would be 50.
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 20);
  });

  test.skipIf(process.platform !== "linux")(
    "is busy when no descriptors are left, and well again when there are",
    () => {
      temp.file("a.txt", "content");
      const script = `
      import { openDiskStore } from ${JSON.stringify(join(import.meta.dir, "../../src/store/disk.ts"))};
      const store = openDiskStore(${JSON.stringify(temp.root)}, { way: "${way}" });
      const path = { names: ["a.txt"], isFolder: false };
      const open = [];
      let kind;
      try { for (;;) open.push(store.find(path).file); } catch (error) { kind = error.kind; }
      for (const file of open) file.close();
      const again = store.find(path);
      console.log(kind, again.file.sizeBytes);`;
      const shell = ["sh", "-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, script];
      const run = Bun.spawnSync(shell, { stderr: "inherit" });
      expect(run.stdout.toString()).toBe("busy 7\n");
    },
  );
});

/** Returns when the disk stamps files with a later time than before. */
function waitForTick(temp: TempRoot): void {
  const probe = temp.file("tick", "");
  const before = statSync(probe, { bigint: true }).ctimeNs;
  do writeFileSync(probe, "x");
  while (statSync(probe, { bigint: true }).ctimeNs === before);
  expect(readFileSync(probe, "utf8")).toBe("x");
}
