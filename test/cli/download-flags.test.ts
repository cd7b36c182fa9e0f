import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { basicCredentials, parseNetrc, readNetrc, readUser } from "../../src/cli/credentials.ts";
import {
  DOWNLOAD_ARGS,
  readChecksum,
  readDownloadSettings,
  readSettingsForMany,
} from "../../src/cli/download-flags.ts";
import { readConnectionSettings, wordsToRepeat } from "../../src/cli/connection-flags.ts";
import { readEnvironment } from "../../src/cli/environment.ts";
import { UsageError } from "../../src/cli/exit.ts";
import { readProxies } from "../../src/cli/proxies.ts";
import { resumeCommand } from "../../src/cli/resume-command.ts";
import { readStrictArgs } from "../../src/cli/strict-args.ts";
import type { Origin } from "../../src/client/origin.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";

const HEX = "a".repeat(64);
const origin = (host: string, port = 80): Origin => ({ scheme: "http", host, port });
const read = (...words: string[]) => {
  const args = readStrictArgs(words, DOWNLOAD_ARGS);
  const connecting = readConnectionSettings(args, readEnvironment({ NETFILE_PASSWORD: "geheim" }));
  const ownFields = connecting.ownFieldsFor?.(origin("h"));
  return { ...readDownloadSettings(args), family: connecting.family, ownFields };
};

describe("readDownloadSettings()", () => {
  test("retries five times and chooses the connections itself, unless told otherwise", () => {
    expect(read()).toEqual({
      retries: 5,
      connections: "auto",
      checksum: undefined,
      requireDigest: false,
      ownFields: [],
      pace: undefined,
      family: undefined,
    });
  });

  test.each<[string[], object]>([
    [["--retries", "0"], { retries: 0 }],
    [["-x", "4"], { connections: 4 }],
    [["-x16"], { connections: 16 }],
    [["--limit-rate", "2M"], { pace: expect.objectContaining({ rateBytesPerS: 2 * 1024 * 1024 }) }],
    [["--require-digest"], { requireDigest: true }],
    [
      ["-H", "X-A: b", "-H", "Cookie: c=d"],
      {
        ownFields: [
          ["X-A", "b"],
          ["Cookie", "c=d"],
        ],
      },
    ],
    [["--user", "ann:p:w"], { ownFields: [["Authorization", "Basic YW5uOnA6dw=="]] }],
    [
      ["--user", "ann"],
      { ownFields: [["Authorization", basicCredentials({ name: "ann", password: "geheim" })]] },
    ],
  ])("%p", (words, expected) => {
    expect(read(...words)).toMatchObject(expected);
  });

  test.each([
    [["--retries", "-1"]],
    [["-x", "0"]],
    [["-x", "33"]],
    [["--limit-rate", "0"]],
    [["--checksum", "md5:00"]],
    [["-H", "no field"]],
    [["-H", "A: b\r\nC: d"]],
    [["-H", "Range: bytes=0-"]],
    [["-H", "Content-Length: 3"]],
    [["-H", "Authorization: x", "--user", "a:b"]],
  ])("refuses %p", (words) => {
    expect(() => read(...words)).toThrow(UsageError);
  });

  test("-4 and -6 exclude each other", () => {
    expect(read("-4").family).toBe(4);
    expect(read("-6").family).toBe(6);
    expect(() => read("-4", "-6")).toThrow(UsageError);
  });

  test("many files take one connection each, and no one's checksum", () => {
    expect(many()).toMatchObject({ connections: 1, retries: 5 });
    expect(many("-x", "2")).toMatchObject({ connections: 2 });
    expect(() => many("--checksum", `sha-256:${HEX}`)).toThrow(UsageError);
  });
});

describe("readChecksum()", () => {
  test.each([
    `sha-256:${HEX}`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA-256=${HEX}`,
    `sha-256:${Buffer.from(HEX, "hex").toString("base64")}`,
  ])("reads %s", (text) => {
    expect(Buffer.from(readChecksum(text).digest).toString("hex")).toBe(HEX);
  });

  test.each(["", HEX, "sha-256:", `sha-256:${HEX}00`, `sha-512:${HEX}`, `sha-1:${HEX}`, "sha-256:zz"])(
    "refuses %p",
    (text) => {
      expect(() => readChecksum(text)).toThrow(UsageError);
    },
  );
});

describe("parseNetrc()", () => {
  const text = `# machine h login comment password no
machine other login a password b
machine H.example login ann
  account x password se#cret
macdef init
machine h login macro password no

default login anonymous password guest`;
  test.each([
    ["other", { name: "a", password: "b" }],
    ["h.example", { name: "ann", password: "se#cret" }],
    ["h", { name: "anonymous", password: "guest" }],
  ])("finds what %s is given", (host, expected) => {
    expect(parseNetrc(text, host)).toEqual(expected);
  });

  test("reads words in quotes", () => {
    const quoted = 'machine h login "a b" password "s3:cr \\"et\\\\"';
    expect(parseNetrc(quoted, "h")).toEqual({ name: "a b", password: 's3:cr "et\\' });
  });

  test("finds nothing where there is nothing, and not the default before it", () => {
    expect(parseNetrc("machine a login b password c", "h")).toBeUndefined();
    expect(parseNetrc("", "h")).toBeUndefined();
  });

  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = makeTemporaryFolder();
  });
  afterEach(() => folder.remove());

  test("reads the file, and says when there is none", () => {
    writeFileSync(folder.at(".netrc"), "machine h login a password b");
    expect(readNetrc(folder.at(".netrc"), "h")).toEqual({ name: "a", password: "b" });
    expect(() => readNetrc(folder.at("missing"), "h")).toThrow(UsageError);
    expect(() => readNetrc(undefined, "h")).toThrow(UsageError);
  });
});

test("CVE-2024-23770: a password need not stand on the command line", () => {
  expect(readUser("ann", "from the environment")).toEqual({ name: "ann", password: "from the environment" });
  expect(() => readUser("ann", undefined)).toThrow(/NETFILE_PASSWORD/);
});

const many = (...words: string[]) => readSettingsForMany(readStrictArgs(words, DOWNLOAD_ARGS));
const proxyOf = (exceptions: string | undefined, target: Origin) =>
  readProxies("http://ann:p%40w@proxy:3128/", exceptions)?.(target);

describe("readProxies()", () => {
  test("reads the proxy and its credentials", () => {
    const proxy: Origin = { ...origin("proxy", 3128), isProxy: true };
    expect(proxyOf(undefined, origin("h"))).toEqual({
      origin: proxy,
      authorization: basicCredentials({ name: "ann", password: "p@w" }),
    });
    expect(readProxies("proxy:3128", undefined)?.(origin("h"))?.origin).toEqual(proxy);
    expect(readProxies(undefined, "*")).toBeUndefined();
  });

  test.each<[string, Origin, boolean]>([
    ["*", origin("h"), true],
    ["h", origin("h"), true],
    ["h", origin("xh"), false],
    [".example.org, localhost", origin("a.example.org"), true],
    ["example.org", origin("a.example.org"), true],
    ["example.org", origin("badexample.org"), false],
    ["h:81", origin("h", 80), false],
    ["h:81", origin("h", 81), true],
    ["::1", origin("::1"), true],
    ["[::1]", origin("::1"), true],
    ["127.0.0.0/8", origin("127.1.2.3"), true],
    ["127.0.0.0/8", origin("128.0.0.1"), false],
    ["10.0.0.0/8,192.168.1.0/25", origin("192.168.1.127"), true],
    ["10.0.0.0/8,192.168.1.0/25", origin("192.168.1.128"), false],
    ["10.1.2.3/32", origin("10.1.2.3"), true],
    ["0.0.0.0/0", origin("8.8.8.8"), true],
    ["0.0.0.0/0", origin("::1"), false],
    ["fd00::/8", origin("fd12::1"), true],
    ["[fd00::]/8", origin("fd12::1"), true],
    ["fd00::/8", origin("fe80::1"), false],
    ["127.0.0.0/8", origin("localhost"), false],
    ["127.0.0.0/33", origin("127.0.0.1"), false],
    ["127.0.0.0/", origin("127.0.0.1"), false],
    ["h/8", origin("h"), false],
  ])("no_proxy=%s", (exceptions, target, isDirect) => {
    expect(proxyOf(exceptions, target) === undefined).toBe(isDirect);
  });

  test.each(["socks5://127.0.0.1:1080", "https://a:secret@proxy"])(
    "%s is no proxy that is known",
    (proxy) => {
      expect(() => readProxies(proxy, undefined)).toThrow("is not a proxy that speaks HTTP");
    },
  );

  test("a proxy that is none is refused, without its password", () => {
    expect(() => readProxies("http://a:secret@bad host", undefined)).toThrow(UsageError);
    expect(() => readProxies("http://a:secret@bad host", undefined)).not.toThrow(/secret/);
  });

  test("CVE-2016-5385: HTTP_PROXY in capitals is not read", () => {
    expect(readEnvironment({ HTTP_PROXY: "http://evil/" }).proxy).toBeUndefined();
    expect(readEnvironment({ http_proxy: "http://p/" }).proxy).toBe("http://p/");
  });
});

describe("resumeCommand()", () => {
  test.each([
    ["http://h/a.txt", ".", "netfile get http://h/a.txt"],
    ["http://h/a.txt?x=1&y=2", "it's here/", "netfile get 'http://h/a.txt?x=1&y=2' 'it'\\''s here/'"],
  ])("%s to %s", (url, path, expected) => {
    expect(resumeCommand(parseRemoteUrl(url), path, [])).toBe(expected);
  });

  test("has the flags that the server wants, and no secret", () => {
    const words = ["--user", "ann:secret", "-H", "X-Key: secret", "-H", "Accept:"];
    const flags = wordsToRepeat(readStrictArgs(words, DOWNLOAD_ARGS));
    expect(resumeCommand(parseRemoteUrl("http://h/a"), ".", flags)).toBe(
      "netfile get http://h/a --user ann -H 'X-Key: ...' -H Accept:",
    );
    expect(wordsToRepeat(readStrictArgs(["--netrc"], DOWNLOAD_ARGS))).toEqual(["--netrc"]);
  });
});
