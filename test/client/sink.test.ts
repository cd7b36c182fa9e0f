import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { FileSink } from "../../src/client/sink.ts";
import { reserveRoom } from "../../src/base/reserve-room.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { makeTemporaryFolder, transferErrorOf, type TemporaryFolder } from "../support/client-session.ts";

const BYTES = Buffer.from("new content");
const always = () => {};
const MIB = 1024 * 1024;

/** What a file takes of the disk, in bytes. */
const roomOf = (path: string) => statSync(path).blocks * 512;

/** Whether room can be reserved where temporary files are. */
function canReserve(): boolean {
  const folder = makeTemporaryFolder();
  const fd = openSync(folder.at("a"), "w");
  try {
    return reserveRoom(fd, MIB);
  } finally {
    closeSync(fd);
    folder.remove();
  }
}

describe("FileSink", () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  const sinkFor = (name: string, isForced = false) =>
    new FileSink({ folder: folder.path, name, isForced }, folder.at(".part"));

  test("shows nothing under the name until it is committed", async () => {
    const sink = sinkFor("a");
    sink.write(BYTES, 0, "soon");
    expect(folder.names()).toEqual([".part"]);
    await sink.commit(always);
    sink.discard();
    expect(folder.names()).toEqual(["a"]);
    expect(readFileSync(folder.at("a"), "utf8")).toBe("new content");
  });

  test("writes what nobody reads soon as well, in any order", async () => {
    const sink = sinkFor("a");
    const bytes = Buffer.alloc(MIB + 321, "0123456789abcdef!");
    sink.write(bytes.subarray(500_000), 500_000, "later");
    sink.write(bytes.subarray(0, 300_001), 0, "later");
    sink.write(bytes.subarray(300_001, 500_000), 300_001, "soon");
    await sink.commit(always);
    expect(readFileSync(folder.at("a")).equals(bytes)).toBe(true);
  });

  test("leaves nothing when it is discarded, twice too", () => {
    const sink = sinkFor("a");
    sink.write(BYTES, 0, "soon");
    sink.discard();
    sink.discard();
    expect(folder.names()).toEqual([]);
  });

  test.each(["file", "folder", "dangling link"])(
    "CVE-2020-8177: never overwrites a %s that came under the name meanwhile",
    async (kind) => {
      const sink = sinkFor("a");
      sink.write(BYTES, 0, "soon");
      if (kind === "file") writeFileSync(folder.at("a"), "other");
      else if (kind === "folder") mkdirSync(folder.at("a"));
      else symlinkSync("/nonexistent/target", folder.at("a"));
      const error = await transferErrorOf(sink.commit(always));
      sink.discard();
      expect(error.phase).toBe("exists");
      expect(folder.names()).toEqual(["a"]);
      if (kind === "file") expect(readFileSync(folder.at("a"), "utf8")).toBe("other");
    },
  );

  test("replaces a file when forced; a link is replaced itself, not what it leads to", async () => {
    writeFileSync(folder.at("target"), "target");
    symlinkSync(folder.at("target"), folder.at("a"));
    const sink = sinkFor("a", true);
    sink.write(BYTES, 0, "soon");
    await sink.commit(always);
    expect(lstatSync(folder.at("a")).isFile()).toBe(true);
    expect(readFileSync(folder.at("target"), "utf8")).toBe("target");
  });

  test.skipIf(process.platform === "win32").each([0o600, 0o755, 0o444, 0o4755])(
    "keeps who may do what with the file that it replaces: %o",
    async (mode) => {
      writeFileSync(folder.at("a"), "old");
      chmodSync(folder.at("a"), mode);
      const sink = sinkFor("a", true);
      sink.write(BYTES, 0, "soon");
      await sink.commit(always);
      expect(readFileSync(folder.at("a"), "utf8")).toBe("new content");
      expect(lstatSync(folder.at("a")).mode & 0o7777).toBe(mode & 0o777);
    },
  );

  test("does not replace a folder even if forced", async () => {
    mkdirSync(folder.at("a"));
    const sink = sinkFor("a", true);
    expect((await transferErrorOf(sink.commit(always))).phase).toBe("save");
    sink.discard();
    expect(folder.names()).toEqual(["a"]);
  });

  test("gives no name when it isn't wanted any more", async () => {
    const sink = sinkFor("a");
    sink.write(BYTES, 0, "soon");
    const unwanted = sink.commit(() => {
      throw new Error("no");
    });
    expect(await unwanted.catch((error: Error) => error.message)).toBe("no");
    sink.discard();
    expect(folder.names()).toEqual([]);
  });

  test("says that its folder is gone", async () => {
    const missing = { folder: folder.at("missing"), name: "a", isForced: false };
    expect(() => new FileSink(missing, folder.at("missing/.part"))).toThrow(
      "its folder is not there any more",
    );
    const sink = sinkFor("a");
    rmSync(folder.path, { recursive: true });
    expect((await transferErrorOf(sink.commit(always))).phase).toBe("save");
    sink.discard();
  });

  test("says that a file is too large for the disk, and that it can hold another", () => {
    const sink = sinkFor("a");
    expect(() => sink.reserve(Number.MAX_SAFE_INTEGER)).toThrow("the disk is full; make room and try again");
    sink.reserve(BYTES.length);
    expect(sink.sizeBytes).toBe(0);
    sink.discard();
  });

  test.skipIf(!canReserve())("reserves room without a length, and gives back what is not needed", () => {
    const part = folder.at(".part");
    const reserved = sinkFor("a");
    reserved.reserve(MIB);
    reserved.write(BYTES, 0, "soon");
    expect(reserved.sizeBytes).toBe(BYTES.length);
    expect(roomOf(part)).toBeGreaterThanOrEqual(MIB);
    reserved.keep();
    expect(roomOf(part)).toBeLessThan(MIB);
    const again = sinkFor("a");
    again.reserve(MIB);
    again.clear();
    expect(roomOf(part)).toBe(0);
    again.discard();
  });

  test("fails to save, and not otherwise, when the disk refuses", () => {
    const sink = sinkFor("a");
    sink.discard();
    expect(() => sink.write(BYTES, 0, "soon")).toThrow(TransferError);
  });
});
