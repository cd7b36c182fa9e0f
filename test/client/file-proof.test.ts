import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/base/clock.ts";
import { FileHash } from "../../src/client/file-hash.ts";
import { FileProof } from "../../src/client/file-proof.ts";
import { PartStore } from "../../src/client/part-store.ts";
import { makeTemporaryFolder, type TemporaryFolder, transferErrorOf } from "../support/client-session.ts";

const SIZE = 4 * 1024 * 1024;

let folder: TemporaryFolder;
let store: PartStore;
beforeEach(() => {
  folder = makeTemporaryFolder();
  const place = { folder: folder.path, name: "a.txt", isForced: false };
  store = new PartStore(place, "http://localhost/a.txt", systemClock);
});
afterEach(() => {
  store.discard();
  folder.remove();
});

describe("FileProof.check()", () => {
  test("ends when it is interrupted", async () => {
    const content = Buffer.alloc(SIZE);
    store.begin({ validator: undefined, totalBytes: SIZE, sha256: undefined });
    store.write(content, 0, "soon");
    const digest = new Bun.CryptoHasher("sha256").update(content).digest();
    const controller = new AbortController();
    const proof = new FileProof(store, new FileHash(store), {
      checksum: { algorithm: "sha-256", digest },
      signal: controller.signal,
    });
    const checking = transferErrorOf(proof.check(SIZE));
    controller.abort();
    expect((await checking).message).toBe("The transfer was interrupted");
  });
});
