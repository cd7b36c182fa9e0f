/** RFC 9112 §5 and RFC 9110 §5 over a socket: field lines, their names and values, and how many of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AFTERWARDS, JudgedSite, SENTINEL } from "../support/judged-site.ts";

let site: JudgedSite;
beforeAll(async () => {
  site = await JudgedSite.start();
});
afterAll(() => site.stop());

const LINE = "GET /digits.txt HTTP/1.1\r\nHost: x\r\n";

describe("field lines", () => {
  test.each([
    ["RFC 9112 §5.1", "a space before the colon", "A : b"],
    ["RFC 9112 §5.1", "a tab before the colon", "A\t: b"],
    ["RFC 9112 §5.1", "a space before the colon of Content-Length", "Content-Length : 5"],
    ["RFC 9112 §5.1", "a space before the colon of Transfer-Encoding", "Transfer-Encoding : chunked"],
    ["RFC 9112 §5.1", "a form feed before the colon", "A\x0c: b"],
    ["RFC 9112 §5", "no colon", "A"],
    ["RFC 9112 §5", "a line of white space", " "],
    ["RFC 9110 §5.1", "no name", ": b"],
    ["RFC 9110 §5.1", "a name of white space", " : b"],
    ["RFC 9110 §5.1", "a name with a space", "A B: c"],
    ["RFC 9110 §5.1", "a name with an at sign", "Fo@: c"],
    ["RFC 9110 §5.1", "a name in brackets", "[A]: c"],
    ["RFC 9110 §5.1", "a name in parentheses", "(A): c"],
    ["RFC 9110 §5.1", "a name in quotes", '"A": c'],
    ["RFC 9110 §5.1", "a name with a slash", "A/B: c"],
    ["RFC 9110 §5.1", "a name with a backslash", "A\\B: c"],
    ["RFC 9110 §5.1", "a name with a comma", "A,B: c"],
    ["RFC 9110 §5.1", "a name with a semicolon", "A;B: c"],
    ["RFC 9110 §5.1", "a name with an equals sign", "A=B: c"],
    ["RFC 9110 §5.1", "a name with a question mark", "A?B: c"],
    ["RFC 9110 §5.1", "a name with NUL", "A\0B: c"],
    ["RFC 9110 §5.1", "a name with a control character", "A\x01B: c"],
    ["RFC 9110 §5.1", "a name with DEL", "A\x7fB: c"],
    ["RFC 9110 §5.1", "a name of another alphabet", "\xc3\x84: c"],
    ["RFC 9110 §5.1", "a name with a no-break space", "A\xa0: c"],
    ["RFC 9110 §5.5", "a value with NUL", "A: b\0c"],
    ["RFC 9110 §5.5", "a value with BEL", "A: b\x07c"],
    ["RFC 9110 §5.5", "a value with a backspace", "A: b\x08c"],
    ["RFC 9110 §5.5", "a value with a vertical tab", "A: b\x0bc"],
    ["RFC 9110 §5.5", "a value with a form feed", "A: b\x0cc"],
    ["RFC 9110 §5.5", "a value with ESC", "A: b\x1b[31mc"],
    ["RFC 9110 §5.5", "a value with DEL", "A: b\x7fc"],
    ["RFC 9110 §5.5", "a value with a bare CR", "A: b\rc"],
    ["RFC 9110 §5.5", "a value with a bare LF", "A: b\nc: d"],
    ["RFC 9110 §5.5", "a value that ends with a bare CR", "A: b\r"],
    ["RFC 9110 §5.5", "nothing but NUL", "A: \0"],
    ["RFC 9112 §5.2", "a folded line", "A: b\r\n c"],
    ["RFC 9112 §5.2", "a line folded with a tab", "A: b\r\n\tc"],
    ["RFC 9112 §5.2", "a folded empty line", "A: b\r\n "],
    ["RFC 9112 §5.2", "a fold behind an empty value", "A:\r\n b"],
    ["RFC 9112 §5.2", "a fold that hides Content-Length", "A: b\r\n Content-Length: 5"],
    ["RFC 9112 §5.2", "a fold that hides Transfer-Encoding", "A: b\r\n Transfer-Encoding: chunked"],
    ["RFC 9112 §5.2", "a folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked"],
    ["RFC 9112 §5.2", "a folded Host", "Host:\r\n y"],
  ])("%s: %s is refused", async (_section, _title, line) => {
    const { answers, statuses } = await site.say(`${LINE}${line}\r\n\r\n${AFTERWARDS}`);
    expect(statuses).toEqual([400]);
    expect(answers[0]!.fields.get("connection")).toBe("close");
  });

  test.each([
    ["RFC 9112 §5.1", "no space behind the colon", "A:b"],
    ["RFC 9112 §5.1", "white space around the value", "A: \t b \t "],
    ["RFC 9110 §5.5", "an empty value", "A:"],
    ["RFC 9110 §5.5", "a value of white space", "A: \t "],
    ["RFC 9110 §5.5", "a tab in a value", "A: b\tc"],
    ["RFC 9110 §5.5", "obs-text in a value", "A: D\xfcsseldorf \xff\x80"],
    ["RFC 9110 §5.5", "a value of every visible character", "A: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ["RFC 9110 §5.5", "a quote that stays open", 'A: "b'],
    ["RFC 9110 §5.1", "a name of every tchar", "!#$%&'*+-.^_`|~09AZaz: b"],
    ["RFC 9110 §5.1", "a name of digits", "123: b"],
    ["RFC 9110 §5.1", "a name that nobody knows", "X-Unknown: b"],
    ["RFC 9110 §5.3", "a field twice", "A: b\r\nA: c"],
    ["RFC 9110 §5.1", "a name in other letters", "aCCEPT: */*"],
    ["RFC 9112 §5", "a colon in the value", "A: b:c::"],
    ["RFC 9110 §10.1.5", "an absurd User-Agent", `User-Agent: ${"Mozilla/5.0 ".repeat(60)}`],
    ["RFC 9110 §5.4", "a line of 8,000 octets", `A: ${"b".repeat(7997)}`],
    ["RFC 9110 §5.4", "sixteen kilobytes of cookies", `Cookie: ${"c=d; ".repeat(3200)}`],
    ["RFC 9110 §7.8", "Upgrade, which is ignored", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c"],
    ["RFC 9110 §7.8", "a WebSocket's Upgrade", "Connection: Upgrade\r\nUpgrade: websocket"],
    ["RFC 9110 §5.4", "98 fields", Array.from({ length: 98 }, (_, n) => `A${n}: b`).join("\r\n")],
  ])("%s: %s is taken", async (_section, _title, line) => {
    const { answers, statuses } = await site.say(`${LINE}${line}\r\n\r\n${AFTERWARDS}`);
    expect(statuses).toEqual([200, 200]);
    expect(answers[1]!.body.toString()).toBe(SENTINEL);
  });

  test.each([
    ["101 fields", Array.from({ length: 100 }, (_, n) => `A${n}: b\r\n`).join("")],
    ["a thousand fields", Array.from({ length: 1000 }, (_, n) => `A${n}: b\r\n`).join("")],
    ["a field of 40,000 octets", `A: ${"b".repeat(40_000)}\r\n`],
    ["a name of 40,000 octets", `${"A".repeat(40_000)}: b\r\n`],
    ["a field of a megabyte", `A: ${"b".repeat(1_000_000)}\r\n`],
    ["40,000 octets of fields", `A: ${"b".repeat(996)}\r\n`.repeat(40)],
  ])("RFC 6585 §5: %s are 431", async (_title, lines) => {
    const { statuses } = await site.say(`${LINE}${lines}\r\n${AFTERWARDS}`);
    expect(statuses).toEqual([431]);
  });

  test("RFC 6585 §5: fields that never end are 431", async () => {
    const client = await site.connect();
    await client.send(LINE);
    await client.send("A: b\r\n".repeat(10_000));
    expect((await client.answers(1))[0]?.status).toBe(431);
    client.close();
  });

  test("RFC 9112 §8: a head that is cut by FIN is refused", async () => {
    for (let length = 1; length < LINE.length; length += 1) {
      const { statuses } = await site.say(LINE.slice(0, length));
      expect(statuses).toEqual([400]);
    }
  });

  test("RFC 9112 §5.1: a head that comes octet by octet is the same head", async () => {
    const client = await site.connect();
    for (const octet of `${LINE}\r\n${AFTERWARDS}`) await client.send(octet);
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body.toString())).toEqual(["0123456789", SENTINEL]);
    client.close();
  });
});
