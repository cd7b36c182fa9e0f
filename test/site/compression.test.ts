import { afterEach, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { mayCompress } from "../../src/site/compression.ts";
import { closeBody, type Reply } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import { rememberFiles } from "../../src/store/recent-files.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { ask, get, makeRequest, makeSite, readReply } from "../support/requests.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

const TEXT = "all work and no play ".repeat(500);
const GZIP = { "Accept-Encoding": "gzip" };
const JSON_GZIP = { Accept: "application/json", ...GZIP };
/** As many as exist at a time. */
const MOST = 32;

function makeTextSite() {
  return makeSite(new MemoryStore({ "a.txt": TEXT }));
}

async function open(site: ReturnType<typeof makeSite>, path: string, fields = GZIP): Promise<Reply> {
  const outcome = await respond(makeRequest("GET", path, { fields }), site);
  if (outcome.kind !== "reply") throw new Error("No reply");
  return outcome;
}

function codingOf({ fields }: Reply): string | undefined {
  return fields.find(([name]) => name === "Content-Encoding")?.[1];
}

function valueOf({ fields }: Reply, wanted: string): string | undefined {
  return fields.find(([name]) => name === wanted)?.[1];
}

describe("compressors", () => {
  const unread: Reply[] = [];
  afterEach(() => {
    for (const { body } of unread.splice(0)) closeBody(body);
  });

  /** Answers that nobody reads, as many as get a coding. */
  async function useUp(site: ReturnType<typeof makeSite>): Promise<void> {
    while (mayCompress()) unread.push(await open(site, "/a.txt"));
  }

  test("are limited in number, whatever clients do; then content is sent as it is stored", async () => {
    const site = makeTextSite();
    for (let index = 0; index < MOST + 20; index += 1) unread.push(await open(site, "/a.txt"));
    expect(unread.map(codingOf)).toEqual(
      Array.from({ length: MOST + 20 }, (_, index) => (index < MOST ? "gzip" : undefined)),
    );
    const [first, last] = [unread[0]!, unread.at(-1)!];
    expect([valueOf(first, "Vary"), valueOf(last, "Vary")]).toEqual(["Accept-Encoding", "Accept-Encoding"]);
    expect(valueOf(first, "ETag")).toBe(valueOf(last, "ETag")?.replace(/"$/, '-gz"'));
    expect(valueOf(last, "Accept-Ranges")).toBe("bytes");
    expect((await readReply(last)).text).toBe(TEXT);
  });

  test.each(["a client that goes", "the end of the content"])("are given back by %s", async (how) => {
    const site = makeTextSite();
    await useUp(site);
    expect(unread).toHaveLength(MOST);
    const [one] = unread;
    if (how === "a client that goes") closeBody(one!.body);
    else if (one?.body.kind === "stream") {
      const chunks: Uint8Array[] = [];
      // Not closed: a slow client may not have read it yet.
      for (let bytes = await one.body.stream.next(); bytes; bytes = await one.body.stream.next())
        chunks.push(bytes);
      expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(TEXT);
    }
    expect(mayCompress()).toBe(true);
    unread.push(await open(site, "/a.txt"));
    expect([codingOf(unread.at(-1)!), mayCompress()]).toEqual(["gzip", false]);
  });

  test("are not taken by HEAD, nor by a 304", async () => {
    const site = makeTextSite();
    while (unread.length < MOST - 1) unread.push(await open(site, "/a.txt"));
    const tag = valueOf(unread[0]!, "ETag")!;
    const head = await respond(makeRequest("HEAD", "/a.txt", { fields: GZIP }), site);
    const cached = await get(site, "/a.txt", { ...GZIP, "If-None-Match": tag });
    expect([codingOf(head as Reply), cached.status, mayCompress()]).toEqual(["gzip", 304, true]);
    closeBody((head as Reply).body);
  });

  test("that are missing are told to a client that takes nothing else (503)", async () => {
    const site = makeTextSite();
    await useUp(site);
    const fields = { "Accept-Encoding": "gzip, identity;q=0" };
    const reply = await ask(site, "GET", "/a.txt", { fields });
    expect([reply.status, reply.fields.has("retry-after")]).toEqual([503, true]);
  });

  test("are needed neither for what was compressed before, nor is what is sent without them kept for others", async () => {
    using folder = new ScratchFolder({ "a.txt": TEXT, "b.txt": TEXT });
    const site = makeSite(rememberFiles(openDiskStore(folder.path)));
    await readReply(await open(site, "/a.txt"));
    await useUp(makeTextSite());
    const [before, without] = [await open(site, "/a.txt"), await open(site, "/b.txt")];
    expect([codingOf(before), codingOf(without)]).toEqual(["gzip", undefined]);
    closeBody(before.body);
    closeBody(without.body);
    closeBody(unread.pop()!.body);
    const again = await open(site, "/b.txt");
    expect(codingOf(again)).toBe("gzip");
    closeBody(again.body);
  });

  test("that are missing leave a listing as it is", async () => {
    const site = makeTextSite();
    await useUp(site);
    const reply = await get(site, "/", JSON_GZIP);
    expect(reply.fields.has("content-encoding")).toBe(false);
    expect(reply.fields.get("vary")).toBe("Accept, Accept-Encoding");
    expect(JSON.parse(reply.text).entries).toHaveLength(1);
  });
});
