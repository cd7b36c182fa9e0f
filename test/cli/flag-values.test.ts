import { describe, expect, test } from "bun:test";

import { UsageError } from "../../src/cli/exit.ts";
import {
  readAllow,
  readCorsOrigin,
  readCount,
  readHeader,
  readHost,
  readLogFormat,
  readOnExist,
  readPort,
  readRemotePort,
  readSeconds,
  readSize,
} from "../../src/cli/flag-values.ts";

describe("readPort()", () => {
  test.each([
    ["0", 0],
    ["8080", 8080],
    ["65535", 65_535],
    ["00080", 80],
  ])("reads %p", (text, port) => {
    expect(readPort(text, "The port")).toBe(port);
  });

  test.each(["65536", "99999", "100000", "-1", "+1", "80.0", "8o", "0x50", "1e3", " 80", "８０"])(
    "refuses %p",
    (text) => {
      expect(() => readPort(text, "The port")).toThrow(UsageError);
    },
  );

  test("refuses 0 for a server to connect to", () => {
    expect(() => readRemotePort("0")).toThrow("leads nowhere");
  });
});

describe("readHost()", () => {
  test.each([
    ["localhost", "localhost"],
    ["192.168.1.5", "192.168.1.5"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["bücher.example", "bücher.example"],
  ])("reads %p", (text, host) => {
    expect(readHost(text)).toBe(host);
  });

  test.each([
    "8080",
    "localhost:8080",
    "a b",
    "a/b",
    "user@host",
    "[::1",
    "a\u0000",
    "a%2Fb/",
    "",
    "a\r\nHost: b",
  ])("refuses %j", (text) => {
    expect(() => readHost(text)).toThrow(UsageError);
  });
});

describe("readAllow()", () => {
  test.each<[string[], string[]]>([
    [[], []],
    [["pdf,svg"], ["pdf", "svg"]],
    [
      ["pdf", "SVG"],
      ["pdf", "svg"],
    ],
    [
      [".pdf", "*.md"],
      ["pdf", "md"],
    ],
    [["pdf, svg"], ["pdf", "svg"]],
  ])("adds %j to the default types", (values, added) => {
    const allowed = readAllow(values);
    expect([...(allowed as Set<string>)]).toEqual(["txt", "jpg", "jpeg", "png", "html", "htm", ...added]);
  });

  test("lifts the whitelist with all", () => {
    expect(readAllow(["all"])).toBe("all");
    expect(readAllow(["ALL"])).toBe("all");
  });

  test.each([["pdf,"], ["a/b"], ["all,pdf"], ["tar.gz"], ["a b"], ["."], ["\u001b"]])(
    "refuses %j",
    (value) => {
      expect(() => readAllow([value])).toThrow(UsageError);
    },
  );
});

describe("readHeader()", () => {
  test.each([
    ["X-A: b", ["X-A", "b"]],
    ["X-A:b", ["X-A", "b"]],
    ["X-A:   b  ", ["X-A", "b"]],
    ["X-Empty:", ["X-Empty", ""]],
    ["Cache-Control: max-age=60", ["Cache-Control", "max-age=60"]],
  ])("reads %j (RFC 9110 §5.1)", (text, field) => {
    expect(readHeader(text)).toEqual(field as [string, string]);
  });

  test.each([
    "no colon",
    ": value",
    "A B: c",
    "A : c",
    "A: b\r\nSet-Cookie: x",
    "A: b\nC: d",
    "A\r\n: b",
    "A: \u0000",
    "A: \u007f",
    "A: ☃",
    "Ä: b",
    "Content-Length: 5",
    "transfer-encoding: chunked",
    "Connection: close",
    "ETag: x",
  ])("refuses %j", (text) => {
    expect(() => readHeader(text)).toThrow(UsageError);
  });
});

describe("readCorsOrigin()", () => {
  test.each(["*", "null", "https://example.org", "http://localhost:3000", "http://[::1]:80"])(
    "takes %p",
    (text) => {
      expect(readCorsOrigin(text)).toBe(text);
    },
  );

  test.each([
    "example.org",
    "https://a/",
    "https://a/b",
    "https://a, https://b",
    "https://a\r\nX: y",
    "ftp://a",
    "https://",
  ])("refuses %j", (text) => {
    expect(() => readCorsOrigin(text)).toThrow(UsageError);
  });
});

describe("sizes, times, counts and choices", () => {
  test("are read", () => {
    expect(readSize("10M", "--max-upload")).toBe(10 * 1024 ** 2);
    expect(readSeconds("0.5", "--timeout")).toBe(500);
    expect(readCount("1000000", "--max-connections")).toBe(1_000_000);
    expect(readOnExist("rename")).toBe("rename");
    expect(readLogFormat("json")).toBe("json");
  });

  test.each<[() => unknown, string]>([
    [() => readSize("0", "--max-upload"), 'The value "0" of --max-upload is not a size'],
    [() => readSize("many", "--max-upload"), "is not a size"],
    [() => readSeconds("0", "--timeout"), 'The value "0" of --timeout is not a time'],
    [() => readSeconds("soon", "--timeout"), "is not a time"],
    [() => readCount("0", "--max-connections"), "is not a count"],
    [() => readCount("1000001", "--max-connections"), "is not a count"],
    [() => readCount("1.5", "--max-connections"), "is not a count"],
    [() => readOnExist("relpace"), 'did you mean "replace"?'],
    [() => readOnExist("ask"), "write refuse, replace or rename"],
    [() => readLogFormat("xml"), 'The value "xml" of --log-format is not known; write combined or json'],
  ])("are refused with a sentence (%#)", (read, message) => {
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });
});
