/** `put` and `shell` through the proxy that the environment names, as `get` goes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { startForwardProxy } from "../support/forward-proxy.ts";
import type { ForwardProxy } from "../support/forward-proxy.ts";
import { startSite } from "../support/running-site.ts";
import type { RunningSite } from "../support/running-site.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const MIB = 1024 * 1024;
const LARGE = Buffer.alloc(6 * MIB + 7, "0123456789abcdef-");
/** ann:p@w */
const AUTHORIZATION = "Basic YW5uOnBAdw==";

let folder: TemporaryFolder;
let site: RunningSite;
let proxy: ForwardProxy;
beforeEach(async () => {
  folder = makeTemporaryFolder();
  site = startSite({ policy: { allow: "all", upload: { maxBytes: 100 * MIB, onExist: "replace" } } });
  proxy = await startForwardProxy(AUTHORIZATION);
  writeFileSync(folder.at("large.bin"), LARGE);
  writeFileSync(folder.at("a.txt"), "a");
});
afterEach(async () => {
  proxy.stop();
  await site.stop();
  folder.remove();
});

async function run(words: readonly string[], options: { stdin?: string; environment?: object } = {}) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder.path,
    env: {
      PATH: process.env["PATH"] ?? "",
      http_proxy: `http://ann:p%40w@127.0.0.1:${proxy.port}`,
      ...options.environment,
    },
    stdin: new Blob([options.stdin ?? ""]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const [err, code] = await Promise.all([child.stderr.text(), child.exited]);
  return { code, err };
}

const at = (path: string, port = site.port) => `http://127.0.0.1:${port}${path}`;
const saved = (name: string) => readFileSync(`${site.root}/${name}`);
const asked = () => proxy.requests.map(({ method, url }) => `${method} ${url}`);

describe("netfile put through http_proxy", () => {
  test.each([
    ["a.txt", ["--post"], "POST"],
    ["large.bin", [], "PUT"],
  ])("sends %s with %j, and logs in to the proxy", async (name, flags, method) => {
    const { code } = await run(["put", name, at("/up/"), ...flags]);
    expect(code).toBe(0);
    expect(saved(`up/${name}`).equals(readFileSync(folder.at(name)))).toBe(true);
    expect(asked()).toEqual([`${method} ${at(`/up/${name}`)}`]);
  });

  test("goes on after a cut with what the server has", async () => {
    const cutting = await startCuttingProxy({
      targetPort: site.port,
      cutAfter: (index) => (index === 0 ? 3 * MIB : undefined),
    });
    const { code, err } = await run(["put", "large.bin", at("/large.bin", cutting.port)]);
    cutting.stop();
    expect({ code, goesOn: err.includes("going on with the upload") }).toEqual({ code: 0, goesOn: true });
    expect(saved("large.bin").equals(LARGE)).toBe(true);
    expect(proxy.requests.map(({ method }) => method)).toEqual(["PUT", "HEAD", "PATCH"]);
    expect(cutting.passedBytes()).toBeLessThan(LARGE.length * 1.1);
  });

  test("sends a folder", async () => {
    mkdirSync(folder.at("in"));
    writeFileSync(folder.at("in/b.txt"), "b");
    expect((await run(["put", "-r", "in", at("/up/")])).code).toBe(0);
    expect(saved("up/b.txt").toString()).toBe("b");
    expect(asked()).toEqual([`GET ${at("/up/")}`, `PUT ${at("/up/b.txt")}`]);
  });

  test("leaves it out where no_proxy says so", async () => {
    const { code } = await run(["put", "a.txt", at("/a.txt")], { environment: { no_proxy: "127.0.0.1" } });
    expect([code, saved("a.txt").toString(), asked()]).toEqual([0, "a", []]);
  });

  test("is refused by a proxy that wants another password", async () => {
    const environment = { http_proxy: `http://ann:secret@127.0.0.1:${proxy.port}` };
    const { code, err } = await run(["put", "large.bin", at("/large.bin")], { environment });
    expect([code, asked()]).toEqual([3, []]);
    expect(err).toContain("407");
    expect(err).not.toContain("secret");
  });
});

test.each([
  [
    "http://127.0.0.1:1",
    "Cannot connect to 127.0.0.1:1, the proxy that http_proxy names: nothing listens there",
  ],
  ["http://none.invalid", 'Cannot resolve "none.invalid", the proxy that http_proxy names: '],
])("with http_proxy=%s netfile get says that it is the proxy that can't be had", async (url, message) => {
  const words = ["get", at("/b.txt"), "--retries", "0", "--connect-timeout", "5"];
  const { code, err } = await run(words, { environment: { http_proxy: url } });
  expect(code).toBe(4);
  expect(err).toContain(message);
});

test("netfile shell fetches and sends through http_proxy", async () => {
  writeFileSync(`${site.root}/b.txt`, "b");
  const { code } = await run(["shell", "127.0.0.1", String(site.port)], {
    stdin: "get b.txt\nput a.txt\n",
  });
  expect([code, readFileSync(folder.at("b.txt"), "utf8"), saved("a.txt").toString()]).toEqual([0, "b", "a"]);
  expect(asked()).toEqual([`GET ${at("/b.txt")}`, `PUT ${at("/a.txt")}`]);
});
