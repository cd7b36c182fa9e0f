/** Answers that take long to be made: a client that knows interim answers is told that the server is at work. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { probe } from "../../src/client/probe.ts";
import { upload } from "../../src/client/upload.ts";
import { makeSession, makeTemporaryFolder, urlOn } from "../support/client-session.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { startSite, type RunningSite } from "../support/running-site.ts";
import { slowReads } from "../support/slow-store.ts";

setDefaultTimeout(60_000);

const MIB = 1024 * 1024;
const CONTENT = Buffer.alloc(32 * MIB, "0123456789abcdef-");
const DIGEST = createHash("sha256").update(CONTENT).digest();
/** 256 KiB are read at a time: the whole takes 1.5 s. */
const READ_MS = 12;
/** Less than that, and more than what lies between two words. */
const SILENCE_MS = 1000;

const cutFirst = (index: number) => (index === 0 ? 30 * MIB : undefined);

let site: RunningSite;
beforeEach(() => {
  site = startSite({
    policy: { allow: "all", upload: { maxBytes: 100 * MIB, onExist: "refuse" } },
    limits: { interimMs: 100 },
    wrapStore: (store) => slowReads(store, READ_MS),
  });
  writeFileSync(`${site.root}/a.txt`, CONTENT);
});
afterEach(() => site.stop());

/** The statuses of all answers to one request. */
async function statusesOf(request: string): Promise<readonly number[]> {
  const client = await RawClient.connect(site.port);
  await client.send(request);
  const text = (await client.untilClosed(15_000)).toString("latin1");
  client.close();
  return [...text.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map(([, status]) => Number(status));
}

describe("a digest that takes long to be found", () => {
  test("is waited for by a client that hears of the work", async () => {
    const session = makeSession({ silenceMs: SILENCE_MS });
    const facts = await probe(session, urlOn(site), { wantsDigest: true });
    session.close();
    expect(facts.sha256).toEqual(new Uint8Array(DIGEST));
  });

  test("102 comes now and then, and the answer in the end", async () => {
    const statuses = await statusesOf(
      "HEAD /a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\nWant-Repr-Digest: sha-256=1\r\n\r\n",
    );
    expect(statuses.at(-1)).toBe(200);
    expect(statuses.slice(0, -1)).toEqual(Array(statuses.length - 1).fill(102));
    expect(statuses.length).toBeGreaterThan(2);
  });

  test.each([
    ["HTTP/1.0", "HEAD /a.txt HTTP/1.0\r\nHost: h\r\nWant-Repr-Digest: sha-256=1\r\n\r\n"],
    [
      "a client of which nobody knows",
      "HEAD /a.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\nWant-Digest: sha-256\r\n\r\n",
    ],
  ])("no such word goes to %s", async (_, request) => {
    expect(await statusesOf(request)).toEqual([200]);
  });
});

test("the end of an upload is waited for while it is compared with its digest", async () => {
  const folder = makeTemporaryFolder();
  writeFileSync(folder.at("b.bin"), CONTENT);
  const proxy = await startCuttingProxy({ targetPort: site.port, cutAfter: cutFirst });
  const session = makeSession({ silenceMs: SILENCE_MS });
  const notices: string[] = [];
  const { answer } = await upload(session, {
    path: folder.at("b.bin"),
    url: urlOn(proxy, "/b.bin"),
    method: "PUT",
    onNotice: (text) => notices.push(text),
  });
  session.close();
  proxy.stop();
  folder.remove();
  expect([answer.status, readFileSync(`${site.root}/b.bin`).equals(CONTENT)]).toEqual([201, true]);
  // Of the cut, and of no silence.
  expect(notices).toHaveLength(1);
}, 20_000);
