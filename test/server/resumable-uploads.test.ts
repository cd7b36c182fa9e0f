/** Uploads that are resumed, over sockets: what is on the wire, and what is left when either side dies. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { upload } from "../../src/client/upload.ts";
import { makeSession, makeTemporaryFolder, type TemporaryFolder, urlOn } from "../support/client-session.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { RawClient, type RawAnswer } from "../support/raw-client.ts";
import { startSite, type RunningSite } from "../support/running-site.ts";

const KIB = 1024;
const SIZE = 300 * KIB + 1;
const CONTENT = Buffer.from(crypto.getRandomValues(new Uint8Array(64 * KIB)));
const FILE = Buffer.concat([CONTENT, CONTENT, CONTENT, CONTENT, CONTENT]).subarray(0, SIZE);

const creation = (more = "") =>
  `PUT /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: ${SIZE}\r\nUpload-Complete: ?1\r\nUpload-Draft-Interop-Version: 8\r\n${more}\r\n`;
const patch = (location: string, offset: number, length: number, complete = "?1") =>
  `PATCH ${location} HTTP/1.1\r\nHost: h\r\nContent-Type: application/partial-upload\r\nUpload-Offset: ${offset}\r\nUpload-Complete: ${complete}\r\nContent-Length: ${length}\r\n\r\n`;

async function offsetOf(port: number, location: string): Promise<number> {
  const client = await RawClient.connect(port);
  await client.send(`HEAD ${location} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const [answer] = await client.answers(1);
  client.close();
  expect(answer?.status).toBe(204);
  return Number(answer?.fields.get("upload-offset"));
}

async function locationOf(client: RawClient): Promise<string> {
  const [offer] = await client.answers(1);
  expect(offer?.status).toBe(104);
  return offer?.fields.get("location") ?? "";
}

/** Waits until the server has so many bytes; HEAD would cut the request that brings them. */
async function untilStored(root: string, sizeBytes: number): Promise<void> {
  for (;;) {
    const name = readdirSync(root).find((each) => each.endsWith(".data"));
    if (name !== undefined && readFileSync(join(root, name)).length >= sizeBytes) return;
    await Bun.sleep(2);
  }
}

function statuses(answers: readonly RawAnswer[]): readonly number[] {
  return answers.map(({ status }) => status);
}

describe("a resumable upload on the wire", () => {
  let site: RunningSite;
  let client: RawClient;
  beforeEach(async () => {
    site = startSite({ policy: { upload: { maxBytes: 10_000_000, onExist: "refuse" } } });
    client = await RawClient.connect(site.port);
  });
  afterEach(async () => {
    client.close();
    await site.stop();
  });

  const saved = () => readFileSync(join(site.root, "a.txt"));

  test("is offered before the body is asked for, and the connection goes on after it (draft §5)", async () => {
    await client.send(creation("Expect: 100-continue\r\n"));
    expect(statuses(await client.answers(2))).toEqual([104, 100]);
    await client.send(FILE);
    await client.answers(3);
    await client.send("GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n");
    const answers = await client.answers(4);
    expect(statuses(answers)).toEqual([104, 100, 201, 200]);
    expect(answers[3]?.body.equals(FILE)).toBe(true);
    expect(answers[0]?.head).toStartWith("HTTP/1.1 104 Upload Resumption Supported\r\n");
  });

  test("is not offered for what is refused", async () => {
    await client.send(creation('If-Match: "x"\r\nExpect: 100-continue\r\n'));
    expect(statuses(await client.answers(1))).toEqual([412]);
  });

  test("loses nothing of what the server has taken, wherever it is cut", async () => {
    await client.send(creation());
    const location = await locationOf(client);
    let sender = client;
    for (let offset = 0; offset < SIZE; offset = await offsetOf(site.port, location)) {
      const end = Math.min(SIZE, offset + 1 + Math.floor(Math.random() * 50 * KIB));
      if (sender !== client) await sender.send(patch(location, offset, SIZE - offset));
      await sender.send(FILE.subarray(offset, end));
      if (end === SIZE) break;
      await untilStored(site.root, end);
      sender.close();
      expect(await offsetOf(site.port, location)).toBe(end);
      sender = await RawClient.connect(site.port);
    }
    expect((await sender.answers(1)).at(-1)?.status).toBe(201);
    sender.close();
    expect(saved().equals(FILE)).toBe(true);
    expect(readdirSync(site.root)).toEqual(["a.txt"]);
  });

  test("is taken over by a second writer, and the first is told to go", async () => {
    await client.send(creation());
    const location = await locationOf(client);
    await client.send(FILE.subarray(0, 1000));
    await untilStored(site.root, 1000);
    const second = await RawClient.connect(site.port);
    await second.send(patch(location, 1000, SIZE - 1000));
    await second.send(FILE.subarray(1000, 2000));
    await untilStored(site.root, 2000);
    await client.send(Buffer.alloc(5000, "X"));
    expect((await client.untilClosed()).toString("latin1")).toContain("HTTP/1.1 409 Conflict");
    await second.send(FILE.subarray(2000));
    expect(statuses(await second.answers(1))).toEqual([201]);
    second.close();
    expect(saved().equals(FILE)).toBe(true);
  });

  test("keeps what came before a body that is no HTTP any more", async () => {
    await client.send(creation().replace(`Content-Length: ${SIZE}`, "Transfer-Encoding: chunked"));
    const location = await locationOf(client);
    await client.send("3\r\nabc\r\nnonsense\r\n");
    expect((await client.untilClosed()).toString("latin1")).toContain("HTTP/1.1 400 ");
    expect(await offsetOf(site.port, location)).toBe(3);
  });

  test("keeps what came before the client fell silent", async () => {
    await site.stop();
    site = startSite({
      policy: { upload: { maxBytes: 10_000_000, onExist: "refuse" } },
      limits: { bodyWindowMs: 300 },
    });
    client = await RawClient.connect(site.port);
    await client.send(creation());
    const location = await locationOf(client);
    await client.send(FILE.subarray(0, 1000));
    expect((await client.untilClosed()).toString("latin1")).toContain("HTTP/1.1 408 ");
    expect(await offsetOf(site.port, location)).toBe(1000);
  });
});

describe("a server that is killed in the middle of an upload", () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  async function startProcess(wantedPort = 0) {
    const main = join(import.meta.dir, "../../src/main.ts");
    const command = [process.execPath, main, "serve", `${wantedPort}`, folder.path, "--upload", "--quiet"];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
    const { value } = await child.stdout.getReader().read();
    const port = Number(/:(\d+)\//.exec(Buffer.from(value ?? new Uint8Array(0)).toString())?.[1]);
    return { child, port };
  }

  test("goes on from there when it is started again", async () => {
    let location = "";
    for (let offset = 0; offset < SIZE;) {
      const { child, port } = await startProcess();
      const client = await RawClient.connect(port);
      if (location === "") {
        await client.send(creation());
        location = await locationOf(client);
      } else {
        const at = await offsetOf(port, location);
        expect(at).toBe(offset);
        await client.send(patch(location, offset, SIZE - offset));
      }
      const end = Math.min(SIZE, offset + 100 * KIB);
      await client.send(FILE.subarray(offset, end));
      if (end < SIZE) await untilStored(folder.path, end);
      else expect((await client.answers(1)).at(-1)?.status).toBe(201);
      offset = end;
      client.close();
      child.kill("SIGKILL");
      await child.exited;
    }
    expect(folder.names()).toEqual(["a.txt"]);
    expect(readFileSync(folder.at("a.txt")).equals(FILE)).toBe(true);
  }, 30_000);

  test("is waited for by our client, which then goes on", async () => {
    const source = makeTemporaryFolder();
    const content = Buffer.alloc(8 * 1024 * KIB, FILE);
    writeFileSync(source.at("a.txt"), content);
    let { child, port } = await startProcess();
    let restarted: Promise<void> | undefined;
    const restart = async () => {
      child.kill("SIGKILL");
      await child.exited;
      ({ child } = await startProcess(port));
    };
    const change = (chunk: Buffer, position: number) => {
      if (position > 3 * 1024 * KIB) restarted ??= restart();
      return chunk;
    };
    const proxy = await startCuttingProxy({ targetPort: port, cutAfter: () => undefined, change });
    const session = makeSession();
    try {
      const result = await upload(session, { path: source.at("a.txt"), url: urlOn(proxy), method: "PUT" });
      await restarted;
      expect(result.answer.status).toBe(201);
      expect(readFileSync(folder.at("a.txt")).equals(content)).toBe(true);
      expect([restarted !== undefined, proxy.passedBytes() < content.length * 1.9]).toEqual([true, true]);
    } finally {
      session.close();
      proxy.stop();
      child.kill("SIGKILL");
      source.remove();
    }
  }, 30_000);
});
