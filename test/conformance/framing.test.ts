/** RFC 9112 §6 and §7 over a socket: how long a body is, the chunked coding, and what must not be smuggled (§11.2). */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AFTERWARDS, JudgedSite, SENTINEL, UPLOADS } from "../support/judged-site.ts";

setDefaultTimeout(60_000);

let site: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start({ policy: UPLOADS });
});
afterAll(() => site.stop());

const PUT = "PUT /up.txt HTTP/1.1\r\nHost: x\r\n";
const CHUNKED = `${PUT}Transfer-Encoding: chunked\r\n\r\n`;

function saved(): string | undefined {
  const path = join(site.root, "up.txt");
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "latin1");
  rmSync(path);
  return text;
}

/** `text` is refused, nothing is saved, and what follows is not read as a request. */
async function expectRefusal(text: string, status: number): Promise<void> {
  const { answers, statuses } = await site.say(text + AFTERWARDS);
  expect(statuses).toEqual([status]);
  expect(answers[0]!.fields.get("connection")).toBe("close");
  expect(saved()).toBeUndefined();
}

/** `text` saves `content`, and what follows is the next request. */
async function expectSaved(text: string, content: string): Promise<void> {
  const { answers, statuses } = await site.say(text + AFTERWARDS);
  expect(statuses).toEqual([201, 200]);
  expect(answers[1]!.body.toString()).toBe(SENTINEL);
  expect(saved()).toBe(content);
}

describe("Content-Length", () => {
  test.each([
    ["§6.2", "a length", "Content-Length: 5\r\n\r\nhello", "hello"],
    ["RFC 9110 §8.6", "leading zeros", "Content-Length: 0005\r\n\r\nhello", "hello"],
    ["§5.1", "white space around it", "Content-Length: \t5 \t\r\n\r\nhello", "hello"],
    ["RFC 9110 §5.1", "other letters in the name", "cONTENT-lENGTH: 5\r\n\r\nhello", "hello"],
    ["§6.2", "no octets", "Content-Length: 0\r\n\r\n", ""],
    ["§6.3", "no length: no body", "\r\n", ""],
    [
      "§6.2",
      "a body that looks like a request",
      `Content-Length: ${AFTERWARDS.length}\r\n\r\n${AFTERWARDS}`,
      AFTERWARDS,
    ],
    ["§6.2", "a body of line ends", "Content-Length: 4\r\n\r\n\r\n\r\n", "\r\n\r\n"],
  ])("%s: %s", async (_section, _title, rest, content) => {
    await expectSaved(PUT + rest, content);
  });

  test.each([
    ["empty", ""],
    ["white space", "  "],
    ["signed +", "+5"],
    ["signed -", "-5"],
    ["minus zero", "-0"],
    ["in hex", "0x5"],
    ["in octal", "0o5"],
    ["with an underscore", "0_5"],
    ["with a decimal point", "5.0"],
    ["with an exponent", "5e0"],
    ["with a comma", "5,"],
    ["a comma first", ",5"],
    ["with a thousands separator", "1,000"],
    ["the same twice in a list", "5, 5"],
    ["different ones in a list", "5, 6"],
    ["two with a space", "5 5"],
    ["with a letter behind", "5a"],
    ["with a letter before", "a5"],
    ["with a semicolon", "5;"],
    ["in quotes", '"5"'],
    ["chunked", "chunked"],
    ["a word", "five"],
    ["NaN", "NaN"],
    ["Infinity", "Infinity"],
    ["Arabic digits in Latin-1", "\xd9\xa5"],
    ["superscript", "\xb2"],
    ["a no-break space before", "\xa05"],
    ["a next line before", "\x855"],
    ["2^53", "9007199254740992"],
    ["2^63", "9223372036854775808"],
    ["2^64 and five", "18446744073709551621"],
    ["2^32 and five is taken for what it is", "999999999999999999999999999999999999999999"],
    ["a thousand digits", "9".repeat(1000)],
  ])("RFC 9110 §8.6: Content-Length %s is refused", async (_title, value) => {
    await expectRefusal(`${PUT}Content-Length: ${value}\r\n\r\nhello`, 400);
    const { statuses } = await site.say(
      `GET /digits.txt HTTP/1.1\r\nHost: x\r\nContent-Length: ${value}\r\n\r\n${AFTERWARDS}`,
    );
    expect(statuses).toEqual([400]);
  });

  test.each([
    ["the same", "5", "5"],
    ["different ones", "5", "6"],
    ["a shorter one first", "0", "5"],
    ["an empty one first", "", "5"],
    ["an empty one last", "5", ""],
  ])("§6.3: Content-Length twice, %s, is refused", async (_title, first, second) => {
    await expectRefusal(`${PUT}Content-Length: ${first}\r\nContent-Length: ${second}\r\n\r\nhello`, 400);
    await expectRefusal(
      `${PUT}Content-Length: ${first}\r\nA: b\r\ncontent-length: ${second}\r\n\r\nhello`,
      400,
    );
  });

  test("RFC 9110 §15.5.14: a length beyond the limit is 413 before the body", async () => {
    const { statuses } = await site.say(`${PUT}Content-Length: 1000001\r\n\r\n`);
    expect(statuses).toEqual([413]);
    expect(saved()).toBeUndefined();
  });

  test("§6.3: a body that ends before its length saves nothing", async () => {
    const { statuses } = await site.say(`${PUT}Content-Length: 6\r\n\r\nhello`);
    expect(statuses).toEqual([400]);
    expect(saved()).toBeUndefined();
  });

  test("RFC 9110 §9.3.1: the body of a GET is read and means nothing", async () => {
    const body = AFTERWARDS.replace("sentinel", "digits");
    const { answers } = await site.say(
      `GET /digits.txt HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}${AFTERWARDS}`,
    );
    expect(answers.map((answer) => answer.body.toString())).toEqual(["0123456789", SENTINEL]);
  });

  test.each(["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "FETCH", "POST", "PUT"])(
    "§6: any method may have a body, %s",
    async (method) => {
      const target = method === "PUT" || method === "POST" ? "/.hidden.txt" : "/digits.txt";
      for (const rest of [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      ]) {
        const { answers } = await site.say(
          `${method} ${target} HTTP/1.1\r\nHost: x\r\n${rest}${AFTERWARDS}`,
          method,
        );
        expect(answers).toHaveLength(2);
        expect(answers[1]!.body.toString()).toBe(SENTINEL);
      }
    },
  );
});

describe("Transfer-Encoding", () => {
  const BODY = "5\r\nhello\r\n0\r\n\r\n";

  test.each([
    ["§7", "chunked in capitals", "Transfer-Encoding: CHUNKED"],
    ["§7", "white space around it", "Transfer-Encoding: \tchunked \t"],
    ["§5.1", "no space before it", "Transfer-Encoding:chunked"],
    ["RFC 9110 §5.6.1.2", "an empty element behind it", "Transfer-Encoding: chunked,"],
    ["RFC 9110 §5.6.1.2", "empty elements around it", "Transfer-Encoding: ,\t, chunked , ,"],
    ["RFC 9110 §5.6.1.2", "an empty field before it", "Transfer-Encoding:\r\nTransfer-Encoding: chunked"],
    ["RFC 9110 §5.1", "other letters in the name", "tRANSFER-eNCODING: chunked"],
    [
      "RFC 9110 §10.1.4",
      "TE, which speaks of the answer",
      "TE: gzip, trailers\r\nTransfer-Encoding: chunked",
    ],
  ])("%s: %s is understood", async (_section, _title, fields) => {
    await expectSaved(`${PUT}${fields}\r\n\r\n${BODY}`, "hello");
  });

  test.each([
    ["§6.3", "chunked and Content-Length", "Content-Length: 5\r\nTransfer-Encoding: chunked", 400],
    ["§6.3", "Content-Length behind chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5", 400],
    ["§6.3", "chunked and an empty Content-Length", "Transfer-Encoding: chunked\r\nContent-Length:", 400],
    ["§6.3", "chunked and a Content-Length of 0", "Transfer-Encoding: chunked\r\nContent-Length: 0", 400],
    ["§6.3", "identity and Content-Length", "Transfer-Encoding: identity\r\nContent-Length: 5", 400],
    ["§6.3", "an empty one and Content-Length", "Transfer-Encoding:\r\nContent-Length: 5", 400],
    ["§6.3", "an unknown coding and Content-Length", "Transfer-Encoding: x\r\nContent-Length: 5", 400],
    ["§6.3", "chunked and then another", "Transfer-Encoding: chunked, gzip", 400],
    ["§6.3", "chunked and then identity", "Transfer-Encoding: chunked, identity", 400],
    ["§6.1", "chunked twice", "Transfer-Encoding: chunked, chunked", 400],
    ["§6.1", "chunked in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400],
    [
      "§6.1",
      "chunked and, in another field, identity",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      400,
    ],
    [
      "§6.1",
      "chunked and, in another field, nonsense",
      "Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
      400,
    ],
    ["§6.3", "gzip alone", "Transfer-Encoding: gzip", 400],
    ["§6.3", "identity alone", "Transfer-Encoding: identity", 400],
    ["§6.3", "a coding that nobody knows", "Transfer-Encoding: pigeons", 400],
    ["§6.3", "nothing", "Transfer-Encoding:", 400],
    ["§6.3", "white space", "Transfer-Encoding: \t ", 400],
    ["§6.3", "a comma", "Transfer-Encoding: ,", 400],
    ["§7", "identity and then chunked", "Transfer-Encoding: identity, chunked", 400],
    ["§6.1", "gzip and then chunked", "Transfer-Encoding: gzip, chunked", 501],
    [
      "§6.1",
      "deflate and then chunked, in two fields",
      "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked",
      501,
    ],
    ["§6.1", "a coding that nobody knows and then chunked", "Transfer-Encoding: cow, chunked", 501],
    ["§7", "chunked with a parameter", "Transfer-Encoding: chunked;q=1", 400],
    ["§7", "chunked with a semicolon", "Transfer-Encoding: chunked;", 400],
    ["§7", "chunked in quotes", 'Transfer-Encoding: "chunked"', 400],
    ["§7", "chunked in single quotes", "Transfer-Encoding: 'chunked'", 400],
    ["§7", "chunked with a letter before", "Transfer-Encoding: xchunked", 400],
    ["§7", "chunked with a letter behind", "Transfer-Encoding: chunkedx", 400],
    ["§7", "chunked with a dash before", "Transfer-Encoding: -chunked", 400],
    ["§7", "chunked in brackets", "Transfer-Encoding: [chunked]", 400],
    ["§7", "chunked and a word", "Transfer-Encoding: chunked foo", 400],
    ["§7", "chunk", "Transfer-Encoding: chunk", 400],
    ["§7", "a colon too many", "Transfer-Encoding:: chunked", 400],
    ["§7", "a slash before", "Transfer-Encoding: /chunked", 400],
    ["§7", "a backslash before", "Transfer-Encoding: \\chunked", 400],
    ["§5.1", "a space before the colon", "Transfer-Encoding : chunked", 400],
    ["§5.1", "a tab before the colon", "Transfer-Encoding\t: chunked", 400],
    ["§2.2", "a space before the name", " Transfer-Encoding: chunked", 400],
    ["§5.2", "a fold before the value", "Transfer-Encoding:\r\n chunked", 400],
    ["§5.2", "a fold with a tab", "Transfer-Encoding:\r\n\tchunked", 400],
    ["§5.2", "a fold into the field before", "A: b\r\n Transfer-Encoding: chunked", 400],
    ["§2.2", "a bare CR before the name", "A: b\rTransfer-Encoding: chunked", 400],
    ["§2.2", "a bare LF before the name", "A: b\nTransfer-Encoding: chunked", 400],
    ["§2.2", "a bare CR before the value", "Transfer-Encoding:\rchunked", 400],
    ["§2.2", "a bare CR behind the value", "Transfer-Encoding: chunked\rA: b", 400],
    ["RFC 9110 §5.5", "NUL before the value", "Transfer-Encoding: \0chunked", 400],
    ["RFC 9110 §5.5", "NUL behind the value", "Transfer-Encoding: chunked\0", 400],
    ["RFC 9110 §5.5", "a vertical tab before the value", "Transfer-Encoding: \x0bchunked", 400],
    ["RFC 9110 §5.5", "a form feed behind the value", "Transfer-Encoding: chunked\x0c", 400],
    ["RFC 9110 §5.5", "DEL behind the value", "Transfer-Encoding: chunked\x7f", 400],
    ["§7", "a no-break space before the value", "Transfer-Encoding: \xa0chunked", 400],
    ["§7", "a no-break space behind the value", "Transfer-Encoding: chunked\xa0", 400],
    ["§7", "a next line behind the value", "Transfer-Encoding: chunked\x85", 400],
    ["§7", "an 8-bit letter behind the value", "Transfer-Encoding: chunked\xff", 400],
    ["RFC 9110 §5.1", "NUL in the name", "Transfer\0-Encoding: chunked", 400],
    ["RFC 9110 §5.1", "a no-break space behind the name", "Transfer-Encoding\xa0: chunked", 400],
    ["RFC 9110 §5.1", "a quote in the name", 'Transfer-Encoding": chunked', 400],
  ])("%s: %s is refused", async (_section, _title, fields, status) => {
    await expectRefusal(`${PUT}${fields}\r\n\r\n${BODY}`, status);
    const { statuses } = await site.say(
      `GET /digits.txt HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${BODY}${AFTERWARDS}`,
    );
    expect(statuses).toEqual([status]);
  });

  test.each([
    ["an underscore for the dash", "Transfer_Encoding: chunked"],
    ["a letter too many", "Transfer-Encodings: chunked"],
    ["a letter before", "XTransfer-Encoding: chunked"],
  ])("RFC 9110 §5.1: %s is another field", async (_title, field) => {
    await expectSaved(`${PUT}${field}\r\nContent-Length: 5\r\n\r\nhello`, "hello");
  });

  test.each([
    ["chunked", "Transfer-Encoding: chunked\r\n"],
    ["chunked with keep-alive", "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n"],
    ["chunked and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"],
  ])("§6.1: HTTP/1.0 with %s is refused and closed", async (_title, fields) => {
    await expectRefusal(`PUT /up.txt HTTP/1.0\r\nHost: x\r\n${fields}\r\n${BODY}`, 400);
  });

  test("§7.6.1 of RFC 9110: Connection cannot take the framing away", async () => {
    await expectSaved(`${PUT}Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello`, "hello");
    await expectSaved(
      `${PUT}Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`,
      "hello",
    );
  });
});

describe("request smuggling (RFC 9112 §11.2)", () => {
  const HIDDEN = "GET /digits.txt HTTP/1.1\r\nHost: x\r\n\r\n";

  test.each([
    ["CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"],
    [
      "CL.TE with a whole request",
      `Content-Length: ${5 + HIDDEN.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      "TE.CL",
      `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
    ],
    [
      "TE.TE, the second nonsense",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: 4\r\n\r\n5c\r\n",
    ],
    ["TE.TE, a space before the colon", "Content-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n5c\r\n"],
    [
      "TE.0",
      `Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
    ],
    ["CL.CL", `Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ["CL.CL in a list", `Content-Length: 0, ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ["a bare LF behind the chunk size", `Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ["a bare LF behind the chunk's data", `Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n${HIDDEN}`],
    ["a bare LF behind the extension", `Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ["a bare CR behind the chunk size", `Transfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n${HIDDEN}`],
    [
      "two octets in place of the chunk's CRLF",
      `Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n${HIDDEN}`,
    ],
    [
      "a chunk size that overflows",
      `Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ["a terminator of bare LF", `Transfer-Encoding: chunked\r\n\r\n0\n\n${HIDDEN}`],
    ["a bare LF for the last CRLF", `Transfer-Encoding: chunked\r\n\r\n0\r\n\n${HIDDEN}`],
    ["a last chunk with data behind", `Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n${HIDDEN}`],
    ["a funky extension", `Transfer-Encoding: chunked\r\n\r\n5;\nxx\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    [
      "an extension that hides a line end",
      `Transfer-Encoding: chunked\r\n\r\n5;a="\r\nhello\r\n0\r\n\r\n"\r\n${HIDDEN}`,
    ],
    [
      "Content-Length in the trailers",
      `Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n${HIDDEN}`,
    ],
    ["a request in place of trailers", `Transfer-Encoding: chunked\r\n\r\n0\r\n${HIDDEN}`],
  ])("%s: one answer at most, and it closes", async (_title, rest) => {
    const { answers } = await site.say(PUT + rest + AFTERWARDS);
    expect(answers).toHaveLength(1);
    expect(answers[0]!.status).toBeWithin(400, 502);
    expect(answers[0]!.fields.get("connection")).toBe("close");
    expect(saved()).toBeUndefined();
  });
});

describe("every octet at every place of Transfer-Encoding (RFC 9112 §11.2)", () => {
  const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

  test.each([
    ["before the name", (octet: string) => `${octet}Transfer-Encoding: chunked`],
    ["in the name", (octet: string) => `Transfer${octet}-Encoding: chunked`],
    ["behind the name", (octet: string) => `Transfer-Encoding${octet}: chunked`],
    ["behind the colon", (octet: string) => `Transfer-Encoding:${octet}chunked`],
    ["behind the space", (octet: string) => `Transfer-Encoding: ${octet}chunked`],
    ["in the value", (octet: string) => `Transfer-Encoding: chun${octet}ked`],
    ["behind the value", (octet: string) => `Transfer-Encoding: chunked${octet}`],
    ["between CR and LF", (octet: string) => `Transfer-Encoding: chunked\r${octet}\nA: b`],
    ["at the end of the field before", (octet: string) => `A: b${octet}Transfer-Encoding: chunked`],
    ["with a field before", (octet: string) => `A: b\r\n${octet}Transfer-Encoding: chunked`],
  ])(
    "%s: refused, or read by its length as what it is",
    async (_title, write) => {
      for (let code = 0; code < 256; code += 1) {
        const line = write(String.fromCharCode(code));
        const head = `${PUT}${line}\r\nContent-Length: ${CHUNKS.length}\r\n\r\n`;
        const { answers, statuses } = await site.say(head + CHUNKS + AFTERWARDS);
        if (statuses[0] === 201) {
          // Another field altogether: the length counts.
          expect(statuses).toEqual([201, 200]);
          expect(saved()).toBe(CHUNKS);
        } else {
          expect(statuses).toHaveLength(1);
          expect([400, 501]).toContain(statuses[0]!);
          expect(answers[0]!.fields.get("connection")).toBe("close");
          expect(saved()).toBeUndefined();
        }
      }
    },
    30_000,
  );
});

describe("every octet in place of a digit or a line end", () => {
  test.each([
    ["before a chunk size", (octet: string) => `${octet}5\r\nhello\r\n0\r\n\r\n`],
    ["behind a chunk size", (octet: string) => `5${octet}\r\nhello\r\n0\r\n\r\n`],
    ["for the CR of a chunk size", (octet: string) => `5${octet}\nhello\r\n0\r\n\r\n`],
    ["for the LF of a chunk size", (octet: string) => `5\r${octet}hello\r\n0\r\n\r\n`],
    ["for the CR behind the data", (octet: string) => `5\r\nhello${octet}\n0\r\n\r\n`],
    ["for the LF behind the data", (octet: string) => `5\r\nhello\r${octet}0\r\n\r\n`],
    ["for the last CR", (octet: string) => `5\r\nhello\r\n0\r\n${octet}\n`],
    ["for the last LF", (octet: string) => `5\r\nhello\r\n0\r\n\r${octet}`],
  ])(
    "§7.1: %s",
    async (_title, write) => {
      for (let code = 0; code < 256; code += 1) {
        const { statuses } = await site.say(CHUNKED + write(String.fromCharCode(code)) + AFTERWARDS);
        const content = saved();
        if (statuses[0] === 201) {
          expect(statuses).toEqual([201, 200]);
          expect(content).toBe("hello");
        } else {
          expect(statuses).toEqual([400]);
          expect(content).toBeUndefined();
        }
      }
    },
    30_000,
  );

  test("RFC 9110 §8.6: around the digits of Content-Length", async () => {
    for (let code = 0; code < 256; code += 1) {
      const octet = String.fromCharCode(code);
      for (const value of [`${octet}5`, `5${octet}`, `5${octet}5`]) {
        const { statuses } = await site.say(`${PUT}Content-Length: ${value}\r\n\r\n${"x".repeat(99)}`);
        const content = saved();
        const length = /^[\t ]*(\d+)[\t ]*$/.exec(value)?.[1];
        if (length === undefined) expect([statuses, content]).toEqual([[400], undefined]);
        else expect(content?.length ?? 99).toBe(Math.min(Number(length), 99));
      }
    }
  }, 30_000);
});

describe("chunked coding", () => {
  test.each([
    ["§7.1", "one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1", "two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"],
    ["§7.1", "no chunk", "0\r\n\r\n", ""],
    ["§7.1", "a last chunk of three zeros", "5\r\nhello\r\n000\r\n\r\n", "hello"],
    ["§7.1", "leading zeros", "0005\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1", "fifteen leading zeros", `${"0".repeat(15)}5\r\nhello\r\n0\r\n\r\n`, "hello"],
    ["§7.1", "hex in small letters", `a\r\n0123456789\r\n0\r\n\r\n`, "0123456789"],
    ["§7.1", "hex in capitals", `A\r\n0123456789\r\n0\r\n\r\n`, "0123456789"],
    ["§7.1", "data that looks like a chunk", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"],
    ["§7.1", "octets one by one", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"],
    ["§7.1.1", "an extension", "5;a=b\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1.1", "an extension without a value", "5;a\r\nhello\r\n0;b\r\n\r\n", "hello"],
    ["§7.1.1", "several extensions", "5;ilovew3;so=many;a=b\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1.1", "a quoted value", '5;a="b; c\\" \\\\"\r\nhello\r\n0\r\n\r\n', "hello"],
    ["§7.1.1", "white space around semicolon and equals sign", "5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1.1", "a tab before the semicolon", "5\t;a\r\nhello\r\n0\r\n\r\n", "hello"],
    ["§7.1.2", "trailers", "5\r\nhello\r\n0\r\nVary: *\r\nX: y\r\n\r\n", "hello"],
    ["§7.1.2", "an empty trailer", "5\r\nhello\r\n0\r\nX:\r\n\r\n", "hello"],
  ])("%s: %s", async (_section, _title, body, content) => {
    await expectSaved(CHUNKED + body, content);
  });

  test.each([
    ["§7.1", "no size", "\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a letter that is no hex digit", "g\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a minus sign", "-5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a plus sign", "+5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "0x", "0x5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "an underscore", "0_5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "h behind the size", "5h\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a space before the size", " 5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a space behind the size", "5 \r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a tab behind the size", "5\t\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a no-break space behind the size", "5\xa0\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a word behind the size", "5 abc\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a decimal point", "5.0\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a comma", "5,5\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a size in quotes", '"5"\r\nhello\r\n0\r\n\r\n'],
    ["§7.1", "2^53", "20000000000000\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "2^63", "8000000000000000\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "2^64 - 1", "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "2^64 and five", "10000000000000005\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "2^32 and five", "100000005;\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "a hundred digits", `${"f".repeat(100)}\r\nhello\r\n0\r\n\r\n`],
    ["§7.1", "data that is too long", "4\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "data that is too short", "6\r\nhello\r\n0\r\n\r\n"],
    ["§7.1", "no line end behind the data", "5\r\nhello0\r\n\r\n"],
    ["§7.1", "a line end too many behind the data", "5\r\nhello\r\n\r\n0\r\n\r\n"],
    ["§7.1", "a space behind the data", "5\r\nhello \r\n0\r\n\r\n"],
    ["§7.1", "NUL in the size", "5\0\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "a semicolon and nothing", "5;\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "two semicolons", "5;;a\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "no name", "5;=b\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "no value", "5;a=\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "a quote that stays open", '5;a="b\r\nhello\r\n0\r\n\r\n'],
    ["§7.1.1", "something behind the quotes", '5;a="b"c\r\nhello\r\n0\r\n\r\n'],
    ["§7.1.1", "a name with a space", "5;a b\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "a control character", "5;a\x01\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "a comma for a semicolon", "5,a\r\nhello\r\n0\r\n\r\n"],
    ["§7.1.1", "an extension of 5,000 octets", `5;${"a".repeat(5000)}\r\nhello\r\n0\r\n\r\n`],
    ["§7.1.2", "a trailer with a space before its colon", "5\r\nhello\r\n0\r\nX : y\r\n\r\n"],
    ["§7.1.2", "a trailer without a colon", "5\r\nhello\r\n0\r\nX\r\n\r\n"],
    ["§7.1.2", "a folded trailer", "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"],
    ["§7.1.2", "a trailer with a control character", "5\r\nhello\r\n0\r\nX: \x01\r\n\r\n"],
    ["§7.1.2", "a trailer with a bare LF", "5\r\nhello\r\n0\r\nX: y\n\r\n"],
    ["RFC 9110 §6.5.1", "Host as a trailer", "5\r\nhello\r\n0\r\nHost: y\r\n\r\n"],
    [
      "RFC 9110 §6.5.1",
      "Transfer-Encoding as a trailer",
      "5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ["RFC 9110 §6.5.1", "Content-Length as a trailer", "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"],
  ])("%s: %s is refused", async (_section, _title, body) => {
    await expectRefusal(CHUNKED + body, 400);
  });

  test("RFC 6585 §5: trailers without end are 431", async () => {
    await expectRefusal(`${CHUNKED}0\r\n${"X: y\r\n".repeat(5000)}\r\n`, 431);
  });

  test("§8: a chunked body that is cut saves nothing, wherever", async () => {
    const body = "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
    for (let length = 0; length < body.length; length += 1) {
      const { statuses } = await site.say(CHUNKED + body.slice(0, length));
      expect(statuses).toEqual([400]);
      expect(saved()).toBeUndefined();
    }
  });

  test("§7.1: a body that comes octet by octet is the same body", async () => {
    const client = await site.connect();
    for (const octet of `${CHUNKED}5;a="b"\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n${AFTERWARDS}`)
      await client.send(octet);
    expect((await client.answers(2)).map(({ status }) => status)).toEqual([201, 200]);
    expect(saved()).toBe("hello world");
    client.close();
  });

  test("RFC 9110 §15.5.14: a chunked body beyond the limit is 413", async () => {
    const { statuses } = await site.say(
      `${CHUNKED}${"1000\r\n".concat("x".repeat(4096), "\r\n").repeat(260)}0\r\n\r\n`,
    );
    expect(statuses).toEqual([413]);
    expect(saved()).toBeUndefined();
  });
});
