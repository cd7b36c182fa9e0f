/**
 * The build: what it is asked for, and that what comes out is recognised for what it is.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BuildError, buildExecutable, identifyExecutable, readOrders, TARGETS } from "../../build.ts";
import packageJson from "../../package.json";
import { netfileBinary, runNetfile } from "../support/netfile-binary.ts";
import { ScratchFolder, sha256 } from "../support/scratch-folder.ts";

setDefaultTimeout(60_000);

const HOST_FILE = process.platform === "win32" ? "netfile.exe" : "netfile";

describe("readOrders()", () => {
  test("without words is for this machine, in the current folder", () => {
    expect(readOrders([])).toEqual([{ target: "host", outfile: HOST_FILE }]);
  });

  test("--outfile names the file", () => {
    expect(readOrders(["--outfile", "elsewhere/nf"])).toEqual([{ target: "host", outfile: "elsewhere/nf" }]);
  });

  test("--target goes to dist, under the target's name", () => {
    expect(readOrders(["--target", "linux-arm64-musl"])).toEqual([
      { target: "linux-arm64-musl", outfile: "dist/netfile-linux-arm64-musl" },
    ]);
    expect(readOrders(["--target=windows-x64"])[0]?.outfile).toBe("dist/netfile-windows-x64.exe");
  });

  test("--all is for every target, each under a name of its own", () => {
    const orders = readOrders(["--all"]);
    expect(orders.map(({ target }) => target as string)).toEqual(Object.keys(TARGETS));
    expect(new Set(orders.map(({ outfile }) => outfile)).size).toBe(8);
  });

  test.each([
    [["--target", "beos-ppc"], 'There is no target "beos-ppc"'],
    [["--target", "toString"], 'There is no target "toString"'],
    [["--all", "--target", "linux-x64"], "exclude each other"],
    [["--all", "--outfile", "x"], "names one file"],
    [["--everything"], "--everything"],
    [["linux-x64"], "linux-x64"],
    [["--outfile"], "--outfile"],
  ])("refuses %p", (words, message) => {
    expect(() => readOrders(words)).toThrow(BuildError);
    expect(() => readOrders(words)).toThrow(message);
  });
});

describe("identifyExecutable()", () => {
  test.each([
    ["linux-x64", elf(62, "/lib64/ld-linux-x86-64.so.2\0")],
    ["linux-arm64", elf(183, "/lib/ld-linux-aarch64.so.1\0")],
    ["linux-x64-musl", elf(62, "/lib/ld-musl-x86_64.so.1\0")],
    ["linux-arm64-musl", elf(183, "/lib/ld-musl-aarch64.so.1\0")],
    ["linux-x64", elf(62, undefined)],
    ["darwin-x64", machO(0x01000007, 2)],
    ["darwin-arm64", machO(0x0100000c, 2)],
    ["windows-x64", pe(0x8664)],
    ["windows-arm64", pe(0xaa64)],
  ])("recognises %s", (target, head) => {
    expect(identifyExecutable(head)).toBe(target as keyof typeof TARGETS);
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a text", Buffer.from("#!/bin/sh\necho hello, I am no binary at all\n")],
    ["ELF for another machine", elf(243, undefined)],
    ["ELF of 32 bits", edited(elf(62, undefined), 4, 1)],
    ["big-endian ELF", edited(elf(62, undefined), 5, 2)],
    ["ELF whose loader lies behind the end", elf(62, "/lib/ld-musl").subarray(0, 100)],
    ["a Mach-O library", machO(0x01000007, 6)],
    ["Mach-O for another machine", machO(0x01000012, 2)],
    ["PE for another machine", pe(0x14c)],
    ["a DOS program", edited(pe(0x8664), 0x80, 0)],
    ["PE whose signature lies behind the end", pe(0x8664).subarray(0, 0x70)],
    ["cut short after the magic", elf(62, undefined).subarray(0, 6)],
  ])("does not recognise %s", (_, head) => {
    expect(identifyExecutable(head)).toBeUndefined();
  });

  test("reads a view into a larger buffer where it begins", () => {
    const within = Buffer.concat([Buffer.alloc(13), elf(183, "/lib/ld-musl-aarch64.so.1\0")]).subarray(13);
    expect(identifyExecutable(within)).toBe("linux-arm64-musl");
  });
});

describe("buildExecutable()", () => {
  test("makes an executable for this machine and tells its size and digest", async () => {
    using folder = new ScratchFolder();
    const built = await buildExecutable({ target: "host", outfile: folder.at(HOST_FILE) });
    const bytes = readFileSync(built.path);
    expect(built).toEqual({
      target: identifyExecutable(readFileSync(process.execPath).subarray(0, 65_536)) ?? "none",
      path: folder.at(HOST_FILE),
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    });
    expect(folder.names()).toEqual([HOST_FILE]);
  });

  test("makes the same bytes from the same sources under the same name", async () => {
    using one = new ScratchFolder();
    const built = await buildExecutable({ target: "host", outfile: one.at(HOST_FILE) });
    expect(built.sha256).toBe(sha256(readFileSync(await netfileBinary())));
  });

  test("says so in one sentence when it can't write", async () => {
    const order = { target: "host", outfile: "/proc/no/such/folder/netfile" } as const;
    const failure = await buildExecutable(order).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BuildError);
  });
});

test("the executable knows the version of package.json", async () => {
  using folder = new ScratchFolder();
  const { code, stdout } = await runNetfile(["--version"], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `netfile ${packageJson.version}\n` });
});

/** An ELF head with one PT_INTERP segment that names `loader`, or with none. */
function elf(machine: number, loader: string | undefined): Buffer {
  const head = Buffer.alloc(64 + 56 + (loader?.length ?? 0));
  head.write("\x7fELF", "latin1");
  head[4] = 2;
  head[5] = 1;
  head.writeUInt16LE(machine, 18);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(loader === undefined ? 1 : 3, 64);
  head.writeBigUInt64LE(120n, 64 + 8);
  head.writeBigUInt64LE(BigInt(loader?.length ?? 0), 64 + 32);
  head.write(loader ?? "", 120, "latin1");
  return head;
}

function machO(cpu: number, fileType: number): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(0xfeedfacf, 0);
  head.writeUInt32LE(cpu, 4);
  head.writeUInt32LE(fileType, 12);
  return head;
}

function pe(machine: number): Buffer {
  const head = Buffer.alloc(0x100);
  head.write("MZ", "latin1");
  head.writeUInt32LE(0x80, 0x3c);
  head.write("PE\0\0", 0x80, "latin1");
  head.writeUInt16LE(machine, 0x84);
  return head;
}

function edited(head: Buffer, offset: number, byte: number): Buffer {
  head[offset] = byte;
  return head;
}
