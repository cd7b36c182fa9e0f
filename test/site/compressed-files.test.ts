import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { LineUp } from "../../src/base/line-up.ts";
import { keepCompressed, recallCompressed } from "../../src/site/compressed-files.ts";
import type { Reply } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import type { Derived, KeptContent, OpenFile, Store } from "../../src/store/store.ts";
import { makeRequest, makeSite, readReply } from "../support/requests.ts";

const TEXT = "all work and no play ".repeat(500);

/** A file that is in memory until it is forgotten. */
function inMemory(text = TEXT) {
  const bytes = new TextEncoder().encode(text);
  const derived = new LineUp<Derived>();
  const forget = (): void => {
    for (const each of derived) each.end();
  };
  const state = { isCurrent: true, forget };
  const kept: KeptContent = {
    whole: bytes,
    quietMark: 1,
    isCurrent: () => state.isCurrent,
    derived,
    hold: () => {},
    close: () => {},
  };
  const file: OpenFile = {
    kept,
    sizeBytes: bytes.length,
    modifiedMs: 0,
    version: "v",
    isSettled: true,
    read: (target, position) => {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    close: () => {},
  };
  return { file, kept, state };
}

describe("a small file for a client that accepts a coding", () => {
  test("is compressed once: then its length is known", async () => {
    const { file } = inMemory();
    const store: Store = {
      find: (path) => (path.names.at(-1) === "a.txt" ? { kind: "file", file } : undefined),
      folder: () => undefined,
    };
    const ask = (): Reply =>
      respond(
        makeRequest("GET", "/a.txt", { fields: { "Accept-Encoding": "gzip" } }),
        makeSite(store),
      ) as Reply;
    const first = ask();
    expect(first.body.kind).toBe("stream");
    const made = (await readReply(first)).body;
    expect(gunzipSync(made).toString()).toBe(TEXT);
    const second = ask();
    expect(second.body.kind).toBe("bytes");
    expect((await readReply(second)).body).toEqual(made);
    expect(second.fields).toEqual(first.fields);
  });
});

describe("keepCompressed()", () => {
  test("keeps what a file was compressed to until the file is forgotten", () => {
    const { file, state } = inMemory();
    keepCompressed(file, "gzip", new Uint8Array(1));
    keepCompressed(file, "br", new Uint8Array(2));
    expect([recallCompressed(file, "gzip")?.length, recallCompressed(file, "br")?.length]).toEqual([1, 2]);
    expect(recallCompressed(file, "zstd")).toBeUndefined();
    state.forget();
    expect(recallCompressed(file, "gzip")).toBeUndefined();
  });

  test("keeps nothing of a file that is not current any more", () => {
    const { file, state } = inMemory();
    state.isCurrent = false;
    keepCompressed(file, "gzip", new Uint8Array(1));
    expect(recallCompressed(file, "gzip")).toBeUndefined();
  });

  test("leaves nothing at a file, however often it lost its place", () => {
    const { file, kept } = inMemory();
    for (let time = 0; time < 3; time += 1) {
      keepCompressed(file, "gzip", new Uint8Array(1));
      expect(kept.derived.size).toBe(1);
      for (let index = 0; index < 8; index += 1)
        keepCompressed(inMemory().file, "gzip", new Uint8Array(4 * 1024 * 1024));
      expect(recallCompressed(file, "gzip")).toBeUndefined();
      expect(kept.derived.size).toBe(0);
    }
  });

  test("lets the longest kept go when there is too much", () => {
    const files = Array.from({ length: 9 }, () => inMemory().file);
    for (const file of files) keepCompressed(file, "gzip", new Uint8Array(4 * 1024 * 1024));
    expect(recallCompressed(files[0]!, "gzip")).toBeUndefined();
    expect(recallCompressed(files[8]!, "gzip")).toBeDefined();
  });
});
