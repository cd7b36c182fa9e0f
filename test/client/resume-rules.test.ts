import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { linkSync, lstatSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { identifyThisProcess, type ProcessIdentity } from "../../src/base/process-identity.ts";
import { readJournal, writeJournal } from "../../src/client/journal.ts";
import { Pace } from "../../src/client/pace.ts";
import { PartLock } from "../../src/client/part-lock.ts";
import { RetryPolicy } from "../../src/client/retry.ts";
import { FileSink } from "../../src/client/sink.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import { strongValidator } from "../../src/client/validator.ts";
import { Fields } from "../../src/wire/fields.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { hasProcessNamespaces, inProcessNamespace } from "../support/program.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

const journalPath = () => folder.at(".j");
const takeLock = () => PartLock.take(folder.at(".l"), folder.at("a"), folder.at(".part"));
/** As if it had been written last so long ago. */
const age = (name: string, minutes: number) => {
  const at = Date.now() / 1000 - 60 * minutes;
  utimesSync(folder.at(name), at, at);
};
const leaveLock = (change: Partial<ProcessIdentity>) =>
  writeFileSync(folder.at(".l"), JSON.stringify({ ...identifyThisProcess(), ...change }));
const openPart = () => new FileSink({ folder: folder.path, name: "a", isForced: false }, folder.at(".part"));

const failure = (isRetryable: boolean) => new TransferError("receive", "cut", { isRetryable });

describe("RetryPolicy", () => {
  const NOTHING = { gainedBytes: 0, retryAfterMs: undefined };

  test("waits longer each time, by half of it at least, up to 30 s, and then no more", () => {
    const policy = new RetryPolicy({ retries: 9, random: () => 0.5 });
    const delays = Array.from({ length: 10 }, () => policy.delayAfter(failure(true), NOTHING));
    expect(delays).toEqual([375, 750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500, undefined]);
  });

  test("progress begins the count anew; what is too little is none", () => {
    const policy = new RetryPolicy({ retries: 1, random: () => 0 });
    for (let cut = 0; cut < 100; cut += 1) {
      expect(policy.delayAfter(failure(true), { ...NOTHING, gainedBytes: 1024 })).toBe(250);
    }
    expect(policy.delayAfter(failure(true), { ...NOTHING, gainedBytes: 1023 })).toBeUndefined();
  });

  test.each([
    ["what can't succeed later", failure(false), NOTHING, undefined],
    ["after much there is no need to wait", failure(true), { ...NOTHING, gainedBytes: 64 * 1024 }, 0],
    [
      "Retry-After is obeyed (RFC 9110 §10.2.3)",
      failure(true),
      { gainedBytes: 1e6, retryAfterMs: 7000 },
      7000,
    ],
    ["up to two minutes", failure(true), { ...NOTHING, retryAfterMs: 120_000 }, 120_000],
    ["and not beyond", failure(true), { ...NOTHING, retryAfterMs: 120_001 }, undefined],
  ])("%s", (_name, error, attempt, expected) => {
    expect(new RetryPolicy({ retries: 3, random: () => 0 }).delayAfter(error, attempt)).toBe(expected);
  });
});

describe("strongValidator()", () => {
  const NOW = Date.UTC(2026, 10, 21, 12);
  const [date, older, fresh] = [
    "Sat, 21 Nov 2026 12:00:00 GMT",
    "Sat, 21 Nov 2026 11:59:59 GMT",
    "Sat, 21 Nov 2026 12:00:00 GMT",
  ];
  test.each<[string, [string, string][], string | undefined]>([
    [
      "a strong tag",
      [
        ["ETag", '"a"'],
        ["Last-Modified", older],
        ["Date", date],
      ],
      '"a"',
    ],
    [
      "a weak tag is none, nor is its date (RFC 9110 §8.8.1)",
      [
        ["ETag", 'W/"a"'],
        ["Last-Modified", older],
        ["Date", date],
      ],
      undefined,
    ],
    [
      "two tags are none",
      [
        ["ETag", '"a"'],
        ["ETag", '"b"'],
      ],
      undefined,
    ],
    [
      "a date that is a second older than Date (§8.8.2.2)",
      [
        ["Last-Modified", older],
        ["Date", date],
      ],
      older,
    ],
    [
      "but no younger one",
      [
        ["Last-Modified", fresh],
        ["Date", date],
      ],
      undefined,
    ],
    ["nor one without a Date", [["Last-Modified", older]], undefined],
    [
      "nor what is no date",
      [
        ["Last-Modified", "yesterday"],
        ["Date", date],
      ],
      undefined,
    ],
    ["nothing", [], undefined],
  ])("%s", (_name, fields, expected) => {
    expect(strongValidator(new Fields(fields), NOW)?.value).toBe(expected);
  });
});

describe("the journal", () => {
  const entry = {
    url: "http://h/a",
    validator: { kind: "tag", value: '"a"' },
    totalBytes: 100,
    sha256: undefined,
    written: [
      { start: 0, end: 50 },
      { start: 60, end: 70 },
    ],
    synced: [{ start: 0, end: 40 }],
  } as const;
  const rewrite = (change: Record<string, unknown>) => {
    writeFileSync(
      journalPath(),
      JSON.stringify({ ...(JSON.parse(readFileSync(journalPath(), "utf8")) as object), ...change }),
    );
    return readJournal(journalPath(), entry.url);
  };

  test("gives back what was written, and after a restart of the machine what was on the disk", () => {
    writeJournal(journalPath(), entry, "disk");
    if (process.platform === "linux")
      expect(readJournal(journalPath(), entry.url)?.extents).toEqual(entry.written);
    expect(rewrite({ boot: "another" })?.extents).toEqual(entry.synced);
  });

  test.each<[string, Record<string, unknown>]>([
    ["another URL", { url: "http://h/b" }],
    ["another version of netfile's", { version: 2 }],
    ["no validator", { validator: undefined }],
    ["a span beyond the end", { written: [{ start: 0, end: 101 }], synced: [{ start: 0, end: 101 }] }],
    ["a span that is none", { written: [{ start: 9, end: 3 }], synced: [{ start: 9, end: 3 }] }],
    ["numbers that are none", { totalBytes: "100" }],
    ["a list that is none", { written: {}, synced: {} }],
  ])("is not believed with %s", (_name, change) => {
    writeJournal(journalPath(), entry, "system");
    expect(rewrite(change)).toBeUndefined();
  });

  test("is none when it is missing or cut off", () => {
    expect(readJournal(journalPath(), entry.url)).toBeUndefined();
    writeFileSync(journalPath(), '{"version":1,"url":"http://h/a"');
    expect(readJournal(journalPath(), entry.url)).toBeUndefined();
  });

  test("is not written through a link", () => {
    writeFileSync(folder.at("victim"), "mine");
    symlinkSync(folder.at("victim"), `${journalPath()}-next`);
    expect(() => writeJournal(journalPath(), entry, "system")).toThrow();
    expect(readFileSync(folder.at("victim"), "utf8")).toBe("mine");
  });
});

describe("PartLock", () => {
  test("is for one at a time", () => {
    const lock = takeLock();
    expect(takeLock).toThrow(/is fetching it; wait for it, or end it/);
    lock.release();
    takeLock().release();
    expect(folder.names()).toEqual([]);
  });

  test.each<[string, Partial<ProcessIdentity>]>([
    ["of a process that is gone", { pid: 2 ** 22 + 1 }],
    ["of an earlier process with the same number", { pid: process.ppid, start: "0" }],
    [
      "of a time before the machine was started",
      { pid: process.ppid, boot: "earlier", namespace: "earlier" },
    ],
  ])("is taken over when it is one %s", (_name, change) => {
    leaveLock(change);
    takeLock().release();
  });

  test.each<[string, Partial<ProcessIdentity>, RegExp]>([
    [
      "another machine",
      { host: "elsewhere", pid: 1 },
      /process 1 on "elsewhere" is fetching it; if that one is gone, remove "/,
    ],
    [
      "another PID namespace",
      { namespace: "pid:[1]", pid: 1 },
      /process 1 of another PID namespace on ".*" is fetching it; if that one is gone, remove "/,
    ],
  ])("of %s is respected", (_name, change, message) => {
    leaveLock(change);
    expect(takeLock).toThrow(message);
  });

  describe.each<[string, Partial<ProcessIdentity>]>([
    ["another machine", { host: "elsewhere" }],
    ["another PID namespace", { namespace: "pid:[1]" }],
  ])("of %s", (_name, change) => {
    test("is taken over when neither it nor the part file has changed for an hour", () => {
      leaveLock(change);
      writeFileSync(folder.at(".part"), "half");
      age(".l", 61);
      age(".part", 61);
      takeLock().release();
      expect(folder.names()).toEqual([".part"]);
    });

    test("is taken over when there is no part file", () => {
      leaveLock(change);
      age(".l", 61);
      takeLock().release();
    });

    test.each([
      [61, 59],
      [59, 61],
    ])("is respected %d minutes after it was made and %d after the last write", (lockAge, partAge) => {
      leaveLock(change);
      writeFileSync(folder.at(".part"), "half");
      age(".l", lockAge);
      age(".part", partAge);
      expect(takeLock).toThrow(/if that one is gone, remove "/);
    });

    test("is respected for ever where nothing tells whether its owner is at it", () => {
      leaveLock(change);
      age(".l", 999);
      expect(() => PartLock.take(folder.at(".l"), folder.at("a"))).toThrow(/if that one is gone, remove "/);
    });
  });

  test("of a running process is respected, however long nothing has moved", () => {
    leaveLock({});
    age(".l", 999);
    expect(takeLock).toThrow(/wait for it, or end it/);
  });

  test.skipIf(!hasProcessNamespaces())(
    "that a process in a PID namespace of its own holds is respected",
    async () => {
      const module = resolve(import.meta.dir, "../../src/client/part-lock.ts");
      const code = `import { PartLock } from ${JSON.stringify(module)};
      PartLock.take(process.argv[1], "a");
      console.log(process.pid);
      await Bun.stdin.text();`;
      const words = inProcessNamespace([process.execPath, "-e", code, folder.at(".l")]);
      const holder = Bun.spawn([...words], { stdin: "pipe", stdout: "pipe" });
      const { value } = await holder.stdout.getReader().read();
      expect(Buffer.from(value ?? []).toString()).toBe("1\n");
      expect(takeLock).toThrow(/process 1 of another PID namespace/);
      await holder.stdin.end();
      expect(await holder.exited).toBe(0);
    },
  );
});

describe("FileSink on a part that is there", () => {
  test("goes on with one's own", async () => {
    writeFileSync(folder.at(".part"), "hello");
    const sink = openPart();
    sink.write(Buffer.from("!"), 5, "soon");
    await sink.commit(() => {});
    expect(readFileSync(folder.at("a"), "utf8")).toBe("hello!");
  });

  test.each(["symbolic", "hard"])("never writes to what a %s link leads to", (kind) => {
    writeFileSync(folder.at("victim"), "mine");
    if (kind === "symbolic") symlinkSync(folder.at("victim"), folder.at(".part"));
    else linkSync(folder.at("victim"), folder.at(".part"));
    const sink = openPart();
    sink.write(Buffer.from("evil"), 0, "soon");
    expect(readFileSync(folder.at("victim"), "utf8")).toBe("mine");
    expect(lstatSync(folder.at(".part")).isFile()).toBe(true);
    sink.discard();
  });
});

describe("Pace", () => {
  test("lets so much through in a second, and a little at once", () => {
    const clock = new ManualClock();
    const pace = new Pace(1000, clock);
    let takenBytes = 0;
    for (let tick = 0; tick < 200; tick += 1) {
      // Whoever is told to wait takes nothing more until that is over: here, by the clock.
      if (pace.take(0, AbortSignal.abort()) === undefined) {
        takenBytes += 50;
        void pace.take(50, AbortSignal.abort());
      }
      clock.advance(10);
    }
    expect(takenBytes).toBeGreaterThan(1800);
    expect(takenBytes).toBeLessThan(2300);
  });
});
