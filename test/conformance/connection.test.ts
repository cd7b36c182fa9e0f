/** RFC 9112 §9 over a socket: persistence, pipelining, HTTP/1.0, half-close, 100-continue, and how a connection ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AFTERWARDS, JudgedSite, PICTURE, request, SENTINEL, UPLOADS } from "../support/judged-site.ts";
import { readStrictAnswers } from "../support/strict-answers.ts";

let site: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start({ policy: UPLOADS });
});
afterAll(() => site.stop());

const GET = "GET /digits.txt";
const KEEP_ALIVE = "Connection: keep-alive\r\n";
const PUT = "PUT /up.txt HTTP/1.1\r\nHost: x\r\n";

function saved(): string | undefined {
  const path = join(site.root, "up.txt");
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "latin1");
  rmSync(path);
  return text;
}

describe("persistence", () => {
  test.each([
    ["HTTP/1.1 goes on", "HTTP/1.1\r\nHost: x", 2],
    ["HTTP/1.1 with close ends", "HTTP/1.1\r\nHost: x\r\nConnection: close", 1],
    ["close has no case", "HTTP/1.1\r\nHost: x\r\nConnection: CLOSE", 1],
    ["close in a list ends", "HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close", 1],
    ["close in a list without spaces ends", "HTTP/1.1\r\nHost: x\r\nConnection: TE,close,x", 1],
    ["close in a second field ends", "HTTP/1.1\r\nHost: x\r\nConnection: TE\r\nConnection: close", 1],
    ["empty elements are nothing", "HTTP/1.1\r\nHost: x\r\nConnection: ,, TE,,Keep-Alive,", 2],
    ["an unknown option is nothing", "HTTP/1.1\r\nHost: x\r\nConnection: closed, xclose, close-x", 2],
    ["keep-alive on HTTP/1.1 is nothing new", "HTTP/1.1\r\nHost: x\r\nConnection: keep-alive", 2],
    ["an empty Connection is nothing", "HTTP/1.1\r\nHost: x\r\nConnection:", 2],
    ["Proxy-Connection is not for us", "HTTP/1.1\r\nHost: x\r\nProxy-Connection: close", 2],
    ["HTTP/1.0 ends", "HTTP/1.0", 1],
    ["HTTP/1.0 with keep-alive goes on", "HTTP/1.0\r\nConnection: keep-alive", 2],
    ["keep-alive has no case", "HTTP/1.0\r\nConnection: Keep-Alive", 2],
    ["HTTP/1.0 with keep-alive and close ends", "HTTP/1.0\r\nConnection: keep-alive, close", 1],
    ["HTTP/1.0 with another option ends", "HTTP/1.0\r\nConnection: TE", 1],
    ["a Keep-Alive field alone is nothing", "HTTP/1.0\r\nKeep-Alive: timeout=5", 1],
    ["an unknown minor version goes on", "HTTP/1.7\r\nHost: x", 2],
  ])("§9.3: %s", async (_title, rest, count) => {
    const { answers } = await site.say(`${GET} ${rest}\r\n\r\n${AFTERWARDS}`);
    expect(answers.map(({ body }) => body.toString())).toEqual(["0123456789", SENTINEL].slice(0, count));
    expect(answers[0]!.fields.get("connection") === "close").toBe(count === 1);
  });

  test("§9.3: keep-alive is said to HTTP/1.0", async () => {
    const { answers } = await site.say(`${GET} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
    expect(answers[0]!.fields.get("connection")).toBe("keep-alive");
  });

  test.each(["/digits.txt", "/missing.txt", "/sub", "/", "/long.txt", "/tool.exe"])(
    "§2.3: HTTP/1.0 gets an answer of 1.1 without chunks, %s",
    async (target) => {
      const { answers } = await site.say(`GET ${target} HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n`);
      expect(answers[0]!.fields.has("transfer-encoding")).toBe(false);
      expect(answers[0]!.fields.get("connection")).toBe("close");
    },
  );

  test("§9.3: a listing on HTTP/1.0 ends with the connection, keep-alive or not", async () => {
    const { answers } = await site.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(answers[0]!.fields.get("connection")).toBe("close");
    expect(answers[0]!.body.toString()).toContain("</html>");
  });

  test.each([
    ["404", request("GET", "/missing.txt"), "GET"],
    ["403", request("GET", "/tool.exe"), "GET"],
    ["405", request("DELETE", "/digits.txt"), "DELETE"],
    ["501", request("FETCH", "/digits.txt"), "FETCH"],
    ["416", request("GET", "/digits.txt", "Range: bytes=99-"), "GET"],
    ["412", request("GET", "/digits.txt", 'If-Match: "x"'), "GET"],
    ["304", request("GET", "/digits.txt", "If-None-Match: *"), "GET"],
    ["204", request("OPTIONS", "*"), "OPTIONS"],
    ["308", request("GET", "/sub"), "GET"],
    ["HEAD", request("HEAD", "/picture.png"), "HEAD"],
    ["HEAD of what is missing", request("HEAD", "/missing.txt"), "HEAD"],
    ["HEAD of a listing", request("HEAD", "/"), "HEAD"],
    ["304 to HTTP/1.0", `${GET} HTTP/1.0\r\n${KEEP_ALIVE}If-None-Match: *\r\n\r\n`, "GET"],
    ["HEAD of a listing to HTTP/1.0", `HEAD / HTTP/1.0\r\n${KEEP_ALIVE}\r\n`, "HEAD"],
    [
      "HEAD of what would be compressed to HTTP/1.0",
      `HEAD /long.txt HTTP/1.0\r\n${KEEP_ALIVE}Accept-Encoding: gzip\r\n\r\n`,
      "HEAD",
    ],
  ])("§9.3: the connection goes on after %s", async (_title, text, method) => {
    const { answers } = await site.say(text + AFTERWARDS, method);
    expect(answers.map(({ body }) => body.toString()).at(-1)).toBe(SENTINEL);
    expect(answers).toHaveLength(2);
  });
});

describe("pipelining", () => {
  test("§9.3.2: answers come in the order of the requests", async () => {
    const targets = [
      "/digits.txt",
      "/picture.png",
      "/missing.txt",
      "/",
      "/empty.txt",
      "/long.txt",
      "/sub",
      "/sub/inner.txt",
    ];
    const many = Array.from({ length: 40 }, (_, n) => targets[n % targets.length]!);
    const { answers } = await site.say(
      many.map((target) => request("GET", target, "Accept-Encoding: gzip")).join(""),
    );
    const single = new Map<string, number>();
    for (const target of targets)
      single.set(target, (await site.get(target, "Accept-Encoding: gzip")).status);
    expect(answers.map(({ status }) => status)).toEqual(many.map((target) => single.get(target)!));
    expect(
      answers
        .filter(({ fields }) => fields.get("content-type") === "image/png")
        .every(({ body }) => body.equals(PICTURE)),
    ).toBe(true);
  });

  test("§9.3.2: methods of all kinds, with and without bodies", async () => {
    const text =
      `${PUT}Content-Length: 3\r\n\r\none` +
      request("GET", "/up.txt") +
      `${PUT}Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n` +
      request("GET", "/up.txt") +
      request("HEAD", "/up.txt") +
      request("DELETE", "/up.txt", "Content-Length: 4") +
      "GET " +
      request("OPTIONS", "*") +
      AFTERWARDS;
    const { answers } = await site.say(text, "PUT", "GET", "PUT", "GET", "HEAD", "DELETE", "OPTIONS");
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 204, 200, 200, 405, 204, 200]);
    expect(answers.map(({ body }) => body.toString())).toContain("one");
    expect(answers[3]!.body.toString()).toBe("two");
    expect(answers.at(-1)!.body.toString()).toBe(SENTINEL);
    saved();
  });

  test("§9.3.2: what follows a bad request is not answered, what precedes it is", async () => {
    const { statuses } = await site.say(`${AFTERWARDS}${AFTERWARDS}BAD\r\n\r\n${AFTERWARDS}`);
    expect(statuses).toEqual([200, 200, 400]);
  });

  test("§9.6: what follows close is not answered", async () => {
    const { statuses } = await site.say(
      `${request("GET", "/digits.txt", "Connection: close")}${AFTERWARDS.repeat(50)}`,
    );
    expect(statuses).toEqual([200]);
  });

  test("§2.2: an empty line behind a body is skipped", async () => {
    const { statuses } = await site.say(`${PUT}Content-Length: 3\r\n\r\none\r\n${AFTERWARDS}`);
    expect(statuses).toEqual([201, 200]);
    saved();
  });
});

describe("half-close", () => {
  test.each(["/digits.txt", "/picture.png", "/", "/missing.txt"])(
    "§9.6: a request followed at once by FIN gets its whole answer, %s",
    async (target) => {
      const { answers, end } = await site.say(request("GET", target));
      expect(answers).toHaveLength(1);
      expect(end).toBe("fin");
    },
  );

  test("§9.6: FIN without a request is answered with FIN", async () => {
    expect(await site.say("")).toEqual({ answers: [], statuses: [], end: "fin" });
    expect(await site.say("\r\n")).toEqual({ answers: [], statuses: [], end: "fin" });
  });

  test("§9.6: a large early 413 reaches a client that is still sending", async () => {
    const client = await site.connect();
    await client.send(`${PUT}Content-Length: 50000000\r\n\r\n`);
    await client.send(Buffer.alloc(4_000_000));
    const [answer] = readStrictAnswers(await client.until((bytes) => bytes.includes("\r\n\r\n")));
    expect(answer?.status).toBe(413);
    expect(answer?.fields.get("connection")).toBe("close");
    client.close();
  });
});

describe("100-continue (RFC 9110 §10.1.1)", () => {
  test("the body is asked for, then taken", async () => {
    const client = await site.connect();
    await client.send(`${PUT}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
    expect(
      readStrictAnswers(await client.until((bytes) => bytes.includes("\r\n\r\n"))).map(
        ({ status }) => status,
      ),
    ).toEqual([100]);
    await client.send(`hello${AFTERWARDS}`);
    client.halfClose();
    expect(readStrictAnswers(await client.untilClosed()).map(({ status }) => status)).toEqual([
      100, 201, 200,
    ]);
    expect(saved()).toBe("hello");
    client.close();
  });

  test("the same with chunks, whatever the case", async () => {
    const client = await site.connect();
    await client.send(`${PUT}Transfer-Encoding: chunked\r\nexpect: 100-Continue\r\n\r\n`);
    await client.until((bytes) => bytes.includes("\r\n\r\n"));
    await client.send("5\r\nhello\r\n0\r\n\r\n");
    client.halfClose();
    expect(readStrictAnswers(await client.untilClosed()).map(({ status }) => status)).toEqual([100, 201]);
    expect(saved()).toBe("hello");
    client.close();
  });

  test.each([
    [
      "a client that has begun with the body is not asked",
      `${PUT}Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello`,
      [201],
    ],
    ["no body, no 100", `${PUT}Expect: 100-continue\r\n\r\n`, [201]],
    ["an empty body, no 100", `${PUT}Content-Length: 0\r\nExpect: 100-continue\r\n\r\n`, [201]],
    [
      "HTTP/1.0 gets no 100",
      "PUT /up.txt HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
      [201],
    ],
    ["HTTP/1.0 may expect what it wants", "GET /digits.txt HTTP/1.0\r\nExpect: x\r\n\r\n", [200]],
    ["GET without a body, no 100", request("GET", "/digits.txt", "Expect: 100-continue"), [200]],
    ["another expectation is 417", request("GET", "/digits.txt", "Expect: 200-ok"), [417]],
    [
      "an expectation with a parameter is 417",
      request("GET", "/digits.txt", "Expect: 100-continue;x=y"),
      [417],
    ],
    [
      "one of two expectations is unknown: 417",
      request("GET", "/digits.txt", "Expect: 100-continue, x"),
      [417],
    ],
    ["417 for a PUT saves nothing", `${PUT}Content-Length: 5\r\nExpect: x\r\n\r\nhello`, [417]],
  ])("%s", async (_title, text, statuses) => {
    expect((await site.say(text)).statuses).toEqual(statuses);
    saved();
  });

  test.each([
    "Expect: 100-continue, 100-continue",
    "Expect: 100-continue,",
    "Expect: ,100-Continue",
    "Expect: 100-continue\r\nExpect: 100-continue",
  ])("the body is asked for with %j, too", async (expect100) => {
    const client = await site.connect();
    await client.send(`${PUT}Content-Length: 5\r\n${expect100}\r\n\r\n`);
    expect((await client.answers(1)).map(({ status }) => status)).toEqual([100]);
    await client.send("hello");
    expect((await client.answers(2)).map(({ status }) => status)).toEqual([100, 201]);
    expect(saved()).toBe("hello");
    client.close();
  });

  test.each([
    ["413", "/up.txt", "Content-Length: 50000000", 413],
    ["403", "/.hidden.txt", "Content-Length: 5", 403],
    ["412", "/up.txt", 'If-Match: "x"\r\nContent-Length: 5', 412],
    ["405", "/up.txt", "Content-Length: 5", 405],
    ["417", "/up.txt", "Content-Length: 5\r\nExpect: x", 417],
  ])("%s comes in place of 100, and the connection ends", async (_title, target, fields, status) => {
    const client = await site.connect();
    const method = status === 405 ? "DELETE" : "PUT";
    await client.send(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\nExpect: 100-continue\r\n\r\n`);
    const answers = await client.answers(1);
    expect(answers.map((answer) => answer.status)).toEqual([status]);
    expect(answers[0]?.fields.get("connection")).toBe("close");
    await client.send(AFTERWARDS);
    client.halfClose();
    expect(readStrictAnswers(await client.untilClosed())).toHaveLength(1);
    client.close();
  });
});
