/**
 * tus-js-client in its IETF mode: drafts 03 and 05 of resumable uploads, as its users have them.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Upload, type UploadOptions } from "tus-js-client";
import { startCuttingProxy, type CuttingProxy } from "../support/cutting-proxy.ts";
import { startSite, type RunningSite } from "../support/running-site.ts";

declare module "tus-js-client" {
  interface UploadOptions {
    /** Missing in its types. */
    protocol?: string;
  }
}

const SIZE = 3_000_001;
const FILE = Buffer.alloc(SIZE, "0123456789abcdef-");

let site: RunningSite;
let proxy: CuttingProxy | undefined;
beforeEach(() => {
  site = startSite({ policy: { allow: "all", upload: { maxBytes: 2 * SIZE, onExist: "replace" } } });
});
afterEach(async () => {
  proxy?.stop();
  proxy = undefined;
  await site.stop();
});

/** Starts an upload of `FILE` to `a.bin`; resolves when it is done. */
function send(port: number, options: Partial<UploadOptions>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  new Upload(FILE, {
    endpoint: `http://127.0.0.1:${port}/a.bin`,
    retryDelays: [0, 10, 20, 40, 80],
    storeFingerprintForResuming: false,
    onSuccess: () => resolve(),
    onError: reject,
    ...options,
  }).start();
  return promise;
}

function sixTimes(index: number): number | undefined {
  return index < 6 ? 400_000 : undefined;
}

function expectSaved(): void {
  expect(readdirSync(site.root)).toEqual(["a.bin"]);
  expect(readFileSync(join(site.root, "a.bin")).equals(FILE)).toBe(true);
}

describe.each(["ietf-draft-03", "ietf-draft-05"])("tus-js-client, %s", (protocol) => {
  test.each([
    ["after an empty creation", false, Number.POSITIVE_INFINITY],
    ["in parts after an empty creation", false, 1_000_000],
    ["with the creation", true, Number.POSITIVE_INFINITY],
    ["in parts, the first with the creation", true, 1_000_000],
  ])("sends a file %s, and once more in its place", async (_, uploadDataDuringCreation, chunkSize) => {
    const options = { protocol, uploadDataDuringCreation, chunkSize };
    await send(site.port, options);
    expectSaved();
    await send(site.port, options);
    expectSaved();
  });

  test("goes on after cuts", async () => {
    proxy = await startCuttingProxy({ targetPort: site.port, cutAfter: sixTimes });
    await send(proxy.port, { protocol, chunkSize: 1_000_000 });
    expectSaved();
    expect(proxy.connections()).toBeGreaterThan(3);
  });

  test("goes on with an upload whose address it has kept", async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const first = new Upload(FILE, {
      endpoint: `http://127.0.0.1:${site.port}/a.bin`,
      protocol,
      chunkSize: 1_000_000,
      storeFingerprintForResuming: false,
      onChunkComplete: () => void first.abort().then(resolve),
    });
    first.start();
    await stopped;
    const uploadUrl = first.url ?? "";
    expect(uploadUrl).toContain("/.netfile-upload/");
    await send(site.port, { protocol, uploadUrl });
    expectSaved();
  });

  test("gives an upload up", async () => {
    const { promise: stopped, resolve, reject } = Promise.withResolvers<void>();
    const upload = new Upload(FILE, {
      endpoint: `http://127.0.0.1:${site.port}/a.bin`,
      protocol,
      chunkSize: 1_000_000,
      storeFingerprintForResuming: false,
      onChunkComplete: () => void upload.abort(true).then(resolve, reject),
    });
    upload.start();
    await stopped;
    expect(readdirSync(site.root)).toEqual([]);
  });

  test("hears why a file isn't taken", async () => {
    await site.stop();
    site = startSite({ policy: { upload: { maxBytes: 2 * SIZE, onExist: "refuse" } } });
    const sending = send(site.port, { protocol, retryDelays: [] });
    const error = await sending.then(() => undefined, String);
    expect(error).toContain("response code: 403");
  });
});
