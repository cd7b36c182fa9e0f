import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { download, type DownloadResult } from "../../src/client/download.ts";
import type { Session } from "../../src/client/session.ts";
import {
  makeSession,
  makeTemporaryFolder,
  transferErrorOf,
  urlOn,
  type TemporaryFolder,
} from "../support/client-session.ts";
import {
  hear,
  say,
  startScriptedServer,
  type ScriptedServer,
  type Step,
} from "../support/scripted-server.ts";

let folder: TemporaryFolder;
let session: Session;
let servers: ScriptedServer[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  session = makeSession();
  servers = [];
});
afterEach(() => {
  session.close();
  for (const server of servers) server.stop();
  folder.remove();
});

function serve(...scripts: (readonly Step[])[]): ScriptedServer {
  const server = startScriptedServer(scripts);
  servers.push(server);
  return server;
}

function get(server: ScriptedServer, target = "/first.txt"): Promise<DownloadResult> {
  return download(session, {
    url: urlOn(server, target),
    destination: { kind: "path", path: folder.path },
    force: false,
  });
}

const redirect = (location: string, status = 302) =>
  say(`HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 4\r\n\r\ngone`);
const file = say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
const hops = (count: number) =>
  Array.from({ length: count }, (_, index) => [hear, redirect(`/${index}`)]).flat();
const targetsOf = (server: ScriptedServer) =>
  server.received.flatMap((text) => Array.from(text.matchAll(/^GET (\S+) /gm), (match) => match[1]));

describe("download(): redirects (RFC 9110 §15.4)", () => {
  test.each([301, 302, 303, 307, 308])("follows %p, over the same connection", async (status) => {
    const server = serve([hear, redirect("/second.txt", status), hear, file]);
    const result = await get(server);
    expect(targetsOf(server)).toEqual(["/first.txt", "/second.txt"]);
    expect(server.received).toHaveLength(1);
    expect(result.answer.url.target).toBe("/second.txt");
    // The connection was made for this transfer, and its phases say so.
    expect(result.answer.connection.isReused).toBe(false);
    expect(result.phases.connectMs).toBeGreaterThan(0);
  });

  test.each([
    ["second.txt", "/sub/second.txt"],
    ["../second.txt", "/second.txt"],
    ["?x=1", "/sub/first.txt?x=1"],
    ["/\u00c3\u00bc#fragment", "/%C3%BC"],
    ["/a b", "/a%20b"],
  ])("resolves %p against the URL that was asked (RFC 9110 §10.2.2)", async (location, target) => {
    const server = serve([hear, redirect(location), hear, file]);
    await get(server, "/sub/first.txt");
    expect(targetsOf(server)).toEqual(["/sub/first.txt", target]);
  });

  test("follows to another server, with the Host of that one", async () => {
    const other = serve([hear, file]);
    const server = serve([hear, redirect(`http://127.0.0.1:${other.port}/x`)]);
    await get(server);
    expect(other.received[0]).toContain(`Host: 127.0.0.1:${other.port}\r\n`);
  });

  test("CVE-2022-27776, CVE-2021-31879: tells the next server nothing of the first", async () => {
    const other = serve([hear, file]);
    const server = serve([hear, redirect(`http://127.0.0.1:${other.port}/x`)]);
    await get(server);
    expect(other.received[0]).not.toMatch(/^(authorization|cookie|referer|proxy-authorization):/im);
    expect(other.received[0]).not.toContain(String(server.port));
  });

  test.each(["/.bashrc", "/..%2F..%2Fevil", "/sub/other.txt", "/", "/%2e%2e%2fevil"])(
    "CVE-2019-10751: the name comes from the first URL, not from %p",
    async (location) => {
      const server = serve([hear, redirect(location), hear, file]);
      expect((await get(server)).savedPath).toBe(folder.at("first.txt"));
      expect(folder.names()).toEqual(["first.txt"]);
      expect(readFileSync(folder.at("first.txt"), "utf8")).toBe("hello");
    },
  );

  test.each([
    "https://127.0.0.1/x",
    "ftp://127.0.0.1/.bash_profile",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "gopher://127.0.0.1/x",
  ])("CVE-2016-4971: refuses to go to %p", async (location) => {
    const server = serve([hear, redirect(location), hear, file]);
    expect(await transferErrorOf(get(server))).toMatchObject({ phase: "answer", status: 302 });
    expect(folder.names()).toEqual([]);
  });

  test.each(["http://", "//", "http://a%2Fb/", "http://u:secret@127.0.0.1/", "http://h:0/"])(
    "refuses the Location %p",
    async (location) => {
      const server = serve([hear, redirect(location), hear, file]);
      const error = await transferErrorOf(get(server));
      expect(error.phase).toBe("answer");
      expect(error.message).not.toContain("secret");
    },
  );

  test("refuses a redirect that leads nowhere, or to two places", async () => {
    const nowhere = serve([hear, say("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")]);
    expect((await transferErrorOf(get(nowhere))).message).toContain("without saying where");
    const both = serve([
      hear,
      say("HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
    ]);
    expect((await transferErrorOf(get(both))).message).toContain("several places");
  });

  test.each(["/first.txt", "first.txt", "", "#x", "./../first.txt"])(
    "notices a circle: %p",
    async (location) => {
      const server = serve([hear, redirect(location), hear, redirect(location)]);
      const error = await transferErrorOf(get(server));
      expect(error.message).toContain("in a circle");
      expect(targetsOf(server)).toHaveLength(1);
    },
  );

  test("notices a circle over two servers", async () => {
    const one: Step[] = [hear];
    const first = serve(one);
    const second = serve([hear, redirect(`http://127.0.0.1:${first.port}/first.txt`)]);
    one.push(redirect(`http://127.0.0.1:${second.port}/x`));
    expect((await transferErrorOf(get(first))).message).toContain("in a circle");
  });

  test("follows ten redirects, and not an eleventh", async () => {
    const ten = serve([...hops(10), hear, file]);
    expect((await get(ten)).bodyBytes).toBe(5);
    const eleven = serve([...hops(11), hear, file]);
    expect(await transferErrorOf(get(eleven, "/x"))).toMatchObject({ phase: "answer", status: 302 });
    expect(targetsOf(eleven)).toHaveLength(11);
  });

  test("does not wait for a long body of a redirect, and opens another connection", async () => {
    const server = serve(
      [
        hear,
        say("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000\r\n\r\n"),
        say("x".repeat(100_000)),
      ],
      [hear, file],
    );
    const startMs = performance.now();
    expect((await get(server)).bodyBytes).toBe(5);
    // A second is what a slow body is given; this one is refused for its length.
    expect(performance.now() - startMs).toBeLessThan(900);
  });
});
