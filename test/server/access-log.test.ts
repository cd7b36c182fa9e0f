import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { errorCode } from "../../src/base/failure.ts";
import { AccessLog, formatCombined, formatJson } from "../../src/server/access-log.ts";
import type { AnswerRecord } from "../../src/server/observer.ts";

const RECORD: AnswerRecord = {
  connectionId: 12,
  peerAddress: "127.0.0.1",
  peerPort: 51_234,
  startMs: Date.UTC(2000, 9, 1, 3, 5, 6, 789),
  durationMs: 12.3456,
  method: "GET",
  target: "/apache_pb.gif",
  version: "1.0",
  status: 200,
  bodyBytes: 2326,
  receivedBytes: 0,
  rttUs: 45,
  referer: "http://www.example.com/start.html",
  userAgent: "Mozilla/4.08 [en] (Win98; I ;Nav)",
  isWhole: true,
};

const HOSTILE = '\u001b]0;owned\u0007"\r\n127.0.0.1 - - [forged] \\\u009b2J\u00e4';

describe("formatCombined()", () => {
  test("writes the combined format", () => {
    expect(formatCombined(RECORD)).toBe(
      '127.0.0.1 - - [01/Oct/2000:03:05:06 +0000] "GET /apache_pb.gif HTTP/1.0" 200 2326 ' +
        '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"',
    );
  });

  test("writes - for what is absent, and for a request that could not be read", () => {
    const record = {
      ...RECORD,
      method: "-",
      target: "-",
      referer: undefined,
      userAgent: undefined,
      status: 400,
    };
    expect(formatCombined(record)).toEndWith('] "-" 400 2326 "-" "-"');
  });

  test("escapes what a peer may have put in (CVE-2009-4487, CVE-2009-4490 to 4492)", () => {
    const line = formatCombined({ ...RECORD, userAgent: HOSTILE, target: "/%1b\u001b", referer: '"' });
    expect(line).toContain('"GET /%1b\\x1b HTTP/1.0"');
    expect(line).toContain('"\\"" "\\x1b]0;owned\\x07\\"\\x0d\\x0a127.0.0.1 - - [forged] \\\\\\x9b2J\\xe4"');
    expect(line).toMatch(/^[\x20-\x7e]+$/);
  });

  test("writes no byte but printable ASCII, whatever the characters", () => {
    for (let code = 0; code < 0x300; code++) {
      const text = String.fromCharCode(code);
      const record = {
        ...RECORD,
        method: text,
        target: text,
        referer: text,
        userAgent: text,
        peerAddress: text,
      };
      expect(formatCombined(record)).toMatch(/^[\x20-\x7e]+$/);
    }
  });
});

describe("formatJson()", () => {
  test("writes all that is known", () => {
    expect(JSON.parse(formatJson(RECORD))).toEqual({
      time: "2000-10-01T03:05:06.789Z",
      connection: 12,
      address: "127.0.0.1",
      port: 51_234,
      method: "GET",
      target: "/apache_pb.gif",
      version: "1.0",
      status: 200,
      bytes: 2326,
      receivedBytes: 0,
      durationMs: 12.346,
      rttUs: 45,
      referer: "http://www.example.com/start.html",
      userAgent: "Mozilla/4.08 [en] (Win98; I ;Nav)",
      isWhole: true,
    });
  });

  test("leaves out method, target and version of a request that could not be read", () => {
    const line = formatJson({ ...RECORD, method: "-", target: "-", version: "-", status: 400 });
    expect(line).not.toMatch(/"(method|target|version)"/);
    expect(JSON.parse(line)).toMatchObject({ status: 400 });
  });

  test("reads UTF-8 in fields where it is that, and Latin-1 otherwise", () => {
    const userAgent = Buffer.from("Bär 🐻").toString("latin1");
    const line = formatJson({ ...RECORD, userAgent, referer: "B\u00e4r" });
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toMatchObject({ userAgent: "Bär 🐻", referer: "Bär" });
  });

  test("keeps what a peer has put in, escaped (CVE-2009-4487)", () => {
    const line = formatJson({ ...RECORD, userAgent: HOSTILE });
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect((JSON.parse(line) as { userAgent: string }).userAgent).toBe(HOSTILE);
  });
});

let folder: string;
let path: string;
const failures: string[] = [];
const onFailure = (text: string): void => void failures.push(text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "netfile-test-"));
  path = join(folder, "access.log");
  failures.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(name = path): string[] {
  return readFileSync(name, "utf8").split("\n").slice(0, -1);
}

describe("AccessLog", () => {
  test("appends a line for each answer, also to what is there", () => {
    for (const status of [200, 404]) {
      const log = new AccessLog({ path, format: "combined", onFailure });
      log.append({ ...RECORD, status });
      log.close();
    }
    expect(read().map((line) => / (\d{3}) /.exec(line)?.[1])).toEqual(["200", "404"]);
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  test("writes by itself soon after", async () => {
    const log = new AccessLog({ path, format: "json", onFailure });
    log.append(RECORD);
    log.append(RECORD);
    expect(read()).toEqual([]);
    while (read().length === 0) await Bun.sleep(10);
    expect(read()).toHaveLength(2);
    log.close();
  });

  test("writes at once when much is waiting", () => {
    const log = new AccessLog({ path, format: "combined", onFailure });
    for (let count = 0; count < 3000; count++) log.append(RECORD);
    expect(read().length).toBeGreaterThan(1000);
    log.close();
    expect(read()).toHaveLength(3000);
  });

  test("goes on in a new file after logrotate has renamed the old one", () => {
    const log = new AccessLog({ path, format: "combined", onFailure });
    log.append(RECORD);
    renameSync(path, `${path}.1`);
    log.append(RECORD);
    log.reopen();
    log.append(RECORD);
    log.close();
    expect(read(`${path}.1`)).toHaveLength(2);
    expect(read()).toHaveLength(1);
  });

  test("keeps the old file when the new one can't be opened, and says so once", () => {
    const log = new AccessLog({ path, format: "combined", onFailure });
    renameSync(folder, `${folder}-moved`);
    log.reopen();
    log.reopen();
    log.append(RECORD);
    log.close();
    renameSync(`${folder}-moved`, folder);
    expect(read()).toHaveLength(1);
    expect(failures).toHaveLength(1);
  });

  test.if(process.platform === "linux")("tells once of lines that are lost on a full disk", () => {
    const log = new AccessLog({ path: "/dev/full", format: "combined", onFailure });
    log.append(RECORD);
    log.flush();
    log.append(RECORD);
    log.flush();
    log.close();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toStartWith("Cannot write the log file: the disk is full; lines are lost");
  });

  test("can't be opened where there is no folder", () => {
    expect(() => new AccessLog({ path: join(folder, "no", "a.log"), format: "json", onFailure })).toThrow(
      "ENOENT",
    );
  });
});

/** All that is in a pipe now, in whole lines. */
function readLines(reader: number): readonly string[] {
  const buffer = Buffer.alloc(1_000_000);
  let length = 0;
  for (let count = 1; count > 0; length += count) {
    try {
      count = readSync(reader, buffer, length, buffer.length - length, -1);
    } catch (error) {
      // Nothing more, and somebody could still write.
      expect(errorCode(error)).toBe("EAGAIN");
      count = 0;
    }
  }
  const text = buffer.toString("latin1", 0, length);
  expect(text).toEndWith("\n");
  return text.slice(0, -1).split("\n");
}

describe.skipIf(process.platform !== "linux")("AccessLog on a pipe", () => {
  let pipe: string;

  beforeEach(() => {
    pipe = join(folder, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
  });

  function openReader(): number {
    return openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  test("writes whole lines in pieces that other processes can't cut (PIPE_BUF)", () => {
    const reader = openReader();
    const log = new AccessLog({ path: pipe, format: "combined", onFailure });
    const long = { ...RECORD, userAgent: "y".repeat(6000) };
    const records = Array.from({ length: 200 }, (_, index) => (index === 100 ? long : RECORD));
    for (const record of records) log.append(record);
    log.close();
    expect(readLines(reader)).toEqual(records.map(formatCombined));
    expect(failures).toEqual([]);
    closeSync(reader);
  });

  test("waits for no reader: what the pipe doesn't take is lost, and told once", () => {
    const log = new AccessLog({ path: pipe, format: "combined", onFailure });
    for (let count = 0; count < 3000; count += 1) {
      log.append(RECORD);
      if (count % 10 === 0) log.flush();
    }
    log.flush();
    expect(failures).toEqual([
      "Cannot write the log file: it is a pipe whose reader does not keep up; lines are lost",
    ]);
    const reader = openReader();
    const kept = readLines(reader);
    expect(kept.length).toBeGreaterThan(100);
    expect(new Set(kept)).toEqual(new Set([formatCombined(RECORD)]));
    log.append({ ...RECORD, status: 404 });
    log.close();
    expect(readLines(reader)).toEqual([formatCombined({ ...RECORD, status: 404 })]);
    closeSync(reader);
  });
});
