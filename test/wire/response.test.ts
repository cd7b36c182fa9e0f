import { describe, expect, test } from "bun:test";
import { DEFAULT_LIMITS, Exchange } from "../../src/wire/exchange.ts";
import { encodeLatin1 } from "../../src/base/bytes.ts";
import { ask, kinds, playResponse } from "./harness.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const EMPTY = `${OK}Content-Length: 0\r\n\r\n`;

describe("a status-line", () => {
  test.each([
    ["HTTP/1.1 200 OK", "1.1", 200, "OK"],
    ["HTTP/1.0 404 Not Found", "1.0", 404, "Not Found"],
    ["HTTP/1.2 200 OK", "1.1", 200, "OK"],
    ["HTTP/1.1 200 ", "1.1", 200, ""],
    ["HTTP/1.1 200", "1.1", 200, ""],
    ["HTTP/1.1 599 \xe9\t a", "1.1", 599, "\xe9\t a"],
    ["HTTP/1.1 200  OK", "1.1", 200, " OK"],
  ])("%j is accepted (RFC 9112 §4)", (line, version, status, reason) => {
    const told = playResponse(`${line}\r\nContent-Length: 0\r\n\r\n`);
    expect(told[0]).toMatchObject({ kind: "response", version, status, reason });
  });

  test.each([
    "",
    "200 OK",
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 200OK",
    "HTTP/1.1 2OO OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.1 -20 OK",
    "HTTP/1.1 0200 OK",
    "HTTP/1.1 099 X",
    "HTTP/1.1 000 X",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 200\tOK",
    "HTTP/1.1 200 \x00",
    "HTTP/1.1 200 O\x1bK",
    "HTTP/1.1 200 O\x7fK",
    "http/1.1 200 OK",
    "HTTP/2.0 200 OK",
    "HTTP/2 200 OK",
    "HTTP/0.9 200 OK",
    "HTTP/11 200 OK",
    "HTTP/1.10 200 OK",
    "HTTP/1. 200 OK",
    " HTTP/1.1 200 OK",
    "ICY 200 OK",
    "\x00HTTP/1.1 200 OK",
    "<html>",
    "\r\nHTTP/1.1 200 OK",
    "\nHTTP/1.1 200 OK",
    "HTTP/1.1 200 OK\r",
    "HTTP/1.1 20\xb2 OK",
    "HTTP/1.1 0x1 OK",
    "HTTP/1.1 2e2 OK",
  ])("%j is refused (RFC 9112 §4)", (line) => {
    expect(kinds(playResponse(`${line}\r\nContent-Length: 0\r\n\r\n`)).at(0)).toStartWith("error");
  });

  test.each(["HTTP/1.1 600 X", "HTTP/1.1 999 X"])("%j is invalid, and read (RFC 9110 §15)", (line) => {
    expect(kinds(playResponse(`${line}\r\nContent-Length: 0\r\n\r\n`)).at(0)).toBe("response");
  });
});

describe("the framing of a response", () => {
  test.each([
    ["Content-Length: 5\r\n", { kind: "length", length: 5 }],
    ["Transfer-Encoding: chunked\r\n", { kind: "chunked" }],
    ["transfer-encoding: \tCHUNKED \r\n", { kind: "chunked" }],
    ["", { kind: "until-close" }],
    ["Connection: keep-alive\r\n", { kind: "until-close" }],
  ])("%j (RFC 9112 §6.3)", (fields, framing) => {
    expect(playResponse(`${OK}${fields}\r\n`)[0]).toMatchObject({ kind: "response", framing });
  });

  test.each([
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: 5,6\r\n",
    "Content-Length: -5\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 0x5\r\n",
    "Content-Length: \r\n",
    "Content-Length: 5;\r\n",
    "Content-Length: 9007199254740992\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: \r\n",
    "Transfer-Encoding: xchunked\r\n",
    'Transfer-Encoding: "chunked"\r\n',
    "Transfer-Encoding: chunked;a=b\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Content-Length : 5\r\n",
    "Content-Length:\r\n 5\r\n",
    "Transfer-Encoding: chunked\r\n , identity\r\n",
    " A: b\r\n",
    " A: b\r\n",
    "A: b\rC: d\r\n",
    "A\r\n",
    "A: \x00\r\n",
    "A: \x1b[2J\r\n",
    "A b: c\r\n",
  ])("%j is refused", (fields) => {
    for (const status of ["200 OK", "204 X", "304 X", "103 X"]) {
      expect(
        kinds(playResponse(`HTTP/1.1 ${status}\r\n${fields}\r\n5\r\nhello\r\n0\r\n\r\n`)).at(0),
      ).toStartWith("error");
    }
    expect(kinds(playResponse(`${OK}${fields}\r\n`, { method: "HEAD" })).at(0)).toStartWith("error");
  });

  test.each([
    ["A: b\r\n c\r\n", "b c"],
    ["A: b\r\n\t \tc \r\n d\r\n", "b c d"],
    ["A:\r\n b\r\n", "b"],
    ["A: b\r\n \r\n", "b"],
    ["A: b\r\n C: d\r\n", "b C: d"],
  ])("%j is one field (RFC 9112 §5.2)", (fields, value) => {
    const told = playResponse(`${OK}${fields}Content-Length: 5\r\n\r\nhello`);
    expect(kinds(told)).toEqual(["response", "body", "end"]);
    expect(told[0]).toMatchObject({
      fields: [
        ["A", value],
        ["Content-Length", "5"],
      ],
    });
  });

  test("Transfer-Encoding is refused on HTTP/1.0", () => {
    const text = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect(kinds(playResponse(text)).at(0)).toStartWith("error");
  });

  test.each([
    ["HEAD", 200],
    ["HEAD", 404],
    ["GET", 204],
    ["GET", 304],
  ])("the answer to %s with %i has no body, whatever it announces (RFC 9112 §6.3)", (method, status) => {
    for (const fields of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""]) {
      const text = `HTTP/1.1 ${status} X\r\n${fields}\r\n`;
      expect(kinds(playResponse(text, { method }))).toEqual(["response", "end"]);
      // What follows is not its body: nobody asked for it.
      expect(kinds(playResponse(`${text}hello`, { method }))).toEqual(["response", "end", "error 400"]);
    }
  });

  test("a body until the end of the connection ends there, and not before", () => {
    expect(kinds(playResponse(`${OK}\r\nhello`))).toEqual(["response", "body"]);
    const told = playResponse(`${OK}\r\nhello`, { isEnded: true });
    expect(told.slice(1)).toEqual([
      { kind: "body", text: "hello" },
      { kind: "end", trailers: [] },
      { kind: "closed" },
    ]);
    expect(kinds(playResponse(`${OK}\r\n`, { isEnded: true }))).toEqual(["response", "end", "closed"]);
  });
});

describe("lines that end with LF alone (RFC 9112 §2.2)", () => {
  test.each([
    "HTTP/1.1 200 OK\nA: b\nContent-Length: 7\n\n",
    "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 7\r\n\n",
    "HTTP/1.1 200 OK\nA: b\r\nContent-Length: 7\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 7\r\n\r\n",
    "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 7\r\n\r\n",
  ])("%j is a head, however it is cut; what follows is the body, and the last that is read", (head) => {
    const body = "\n\r\n\r\nA:";
    const told = playResponse(`${head}${body}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);
    const whole = told.filter(({ kind }) => kind === "body").map((event) => (event as { text: string }).text);
    expect(whole.join("")).toBe(body);
    expect(told.find(({ kind }) => kind === "response")).toMatchObject({
      framing: { kind: "length", length: 7 },
      fields: [
        ["A", "b"],
        ["Content-Length", "7"],
      ],
      persists: false,
    });
  });

  test.each([
    ["a chunk size", "5\nhello\r\n0\r\n\r\n"],
    ["a chunk", "5\r\nhello\n0\r\n\r\n"],
    ["trailers", "5\r\nhello\r\n0\r\nA: b\n\r\n"],
  ])("are refused behind %s", (_name, body) => {
    const told = kinds(playResponse(`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${body}`));
    expect(told.at(-1)).toBe("error 400");
  });
});

describe("a response that is cut", () => {
  test.each(["", "H", "HTTP/1.1 200 OK", OK, `${OK}Content-Length: 0\r\n`, `${OK}Content-Length: 0\r\n\r`])(
    "after %j is an error (RFC 9112 §8)",
    (text) => {
      const told = playResponse(text, { isEnded: true });
      expect(told).toEqual([
        expect.objectContaining({ kind: "error", message: expect.stringContaining("closed before") }),
      ]);
    },
  );

  test.each([
    `${OK}Content-Length: 5\r\n\r\n`,
    `${OK}Content-Length: 5\r\n\r\nhell`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`,
  ])("after %j is an error, and its end is not told", (text) => {
    const told = kinds(playResponse(text, { isEnded: true }));
    expect(told.at(-1)).toBe("error 400");
    expect(told).not.toContain("end");
  });
});

describe("bytes that were not asked for", () => {
  test.each(["x", "\r\n", EMPTY, "\x00"])("%j after a response are an error", (garbage) => {
    expect(kinds(playResponse(EMPTY + garbage))).toEqual(["response", "end", "error 400"]);
    const closing = `${OK}Connection: close\r\nContent-Length: 0\r\n\r\n`;
    expect(kinds(playResponse(closing + garbage))).toEqual(["response", "end", "error 400"]);
  });

  test("before the first request are an error", () => {
    const exchange = new Exchange("client");
    exchange.receive(encodeLatin1(EMPTY));
    expect(() => exchange.next()).toThrow("no request asked for");
    expect(() => ask(exchange)).toThrow("may not be sent now");
  });
});

describe("informational responses", () => {
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

  test("precede the final one (RFC 9110 §15.2)", () => {
    const told = playResponse(`HTTP/1.1 100 Continue\r\n\r\n${early}${EMPTY}`);
    expect(kinds(told)).toEqual(["informational", "informational", "response", "end"]);
    expect(told[1]).toEqual({ kind: "informational", status: 103, fields: [["Link", "</a>"]] });
  });

  test.each([
    [1000, "end"],
    [1001, "error 400"],
  ])("%i of them where 1000 are allowed: %s", (count, kind) => {
    expect(kinds(playResponse(early.repeat(count) + EMPTY)).at(-1)).toBe(kind);
  });

  test("have no body, whatever they announce", () => {
    expect(kinds(playResponse(`HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n${EMPTY}`)).at(-1)).toBe("end");
  });

  test("of 101 are refused: no upgrade was asked for", () => {
    expect(kinds(playResponse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"))).toEqual([
      "error 400",
    ]);
  });
});

describe("limits of a response's head", () => {
  const limits = { ...DEFAULT_LIMITS, headBytes: 200, fieldCount: 3 };

  test.each([
    ["an endless status-line", `${OK.trim()}${"x".repeat(300)}`],
    ["an endless field", `${OK}A: ${"x".repeat(300)}`],
    ["endless fields", `${OK}${"A: b\r\n".repeat(300)}`],
    ["too many fields", `${OK}${"A: b\r\n".repeat(4)}\r\n`],
  ])("%s is refused", (_name, text) => {
    expect(kinds(playResponse(text, { limits }))).toEqual(["error 431"]);
  });
});
