/**
 * Builds netfile into one executable:
 *
 *     bun build.ts                  ./netfile for this machine
 *     bun build.ts --target NAME    dist/netfile-NAME, for another platform
 *     bun build.ts --all            dist/, for every platform
 *
 * What comes out is looked at before it counts: the head of the file must say that it is an executable of the platform
 * it was built for. Other platforms' runtimes are downloaded from the npm registry, once.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

/** The program, and the code of its threads, which is loaded when one is started. */
const ENTRY_POINTS = ["src/main.ts", "src/client/hash-worker.ts"];

/** Platforms that netfile is built for: the name that people use, and Bun's. */
export const TARGETS = {
  "linux-x64": "bun-linux-x64",
  "linux-arm64": "bun-linux-arm64",
  "linux-x64-musl": "bun-linux-x64-musl",
  "linux-arm64-musl": "bun-linux-arm64-musl",
  "darwin-x64": "bun-darwin-x64",
  "darwin-arm64": "bun-darwin-arm64",
  "windows-x64": "bun-windows-x64",
  "windows-arm64": "bun-windows-arm64",
} as const satisfies Record<string, Bun.Build.CompileTarget>;

export type TargetName = keyof typeof TARGETS;

/** A wish of the command line's that can't be fulfilled, or an executable that is not what was asked for. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

export type BuildOrder = {
  /** `"host"` is this machine, with the runtime that runs the build. */
  readonly target: TargetName | "host";
  readonly outfile: string;
};

/** An executable that was built and recognised. */
export type BuiltExecutable = {
  readonly target: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** In hex digits. */
  readonly sha256: string;
};

/**
 * Reads what to build from the words of the command line.
 * @throws {BuildError} on an unknown flag or target, or an `--outfile` for several targets.
 */
export function readOrders(words: readonly string[]): readonly BuildOrder[] {
  const { all, target, outfile } = readFlags(words);
  if (all !== true) {
    if (target === undefined) return [{ target: "host", outfile: outfile ?? hostFile() }];
    return [{ target: knownTarget(target), outfile: outfile ?? distFile(knownTarget(target)) }];
  }
  if (target !== undefined) throw new BuildError('"--all" and "--target" exclude each other; leave one out');
  if (outfile !== undefined) throw new BuildError('"--outfile" names one file; leave it out with "--all"');
  return targetNames().map((name) => ({ target: name, outfile: distFile(name) }));
}

/**
 * Builds one executable and checks that it is one for its target.
 * @throws {BuildError} when it does not compile or is for another platform.
 */
export async function buildExecutable(order: BuildOrder): Promise<BuiltExecutable> {
  await compile(order);
  const found = await identifyFile(order.outfile);
  // For this machine is what this machine runs: the runtime that runs the build.
  const wanted = order.target === "host" ? await identifyFile(process.execPath) : order.target;
  if (found === undefined || found !== wanted) {
    throw new BuildError(`${order.outfile} should be for ${wanted}, but is ${found ?? "no executable"}`);
  }
  const file = Bun.file(order.outfile);
  const sha256 = new Bun.CryptoHasher("sha256");
  for await (const chunk of file.stream()) sha256.update(chunk);
  return { target: found, path: order.outfile, sizeBytes: file.size, sha256: sha256.digest("hex") };
}

/** More than enough for every header and for the name of a Linux executable's loader. */
const HEAD_BYTES = 64 * 1024;

/**
 * Tells which platform an executable is for by the first bytes of its file: ELF, Mach-O or PE, the machine in its
 * header, and for Linux whose C library loads it.
 *
 * @param head the beginning of the file, up to {@link HEAD_BYTES}.
 * @returns a name as in {@link TARGETS}; `undefined` when it is none of them.
 */
export function identifyExecutable(head: Uint8Array): TargetName | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    const name = identifyElf(view) ?? identifyMachO(view) ?? identifyPe(view);
    return targetNames().find((target) => target === name);
  } catch (error) {
    // A header that points behind the end of the file.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

async function compile(order: BuildOrder): Promise<void> {
  const target = order.target === "host" ? {} : { target: TARGETS[order.target] };
  try {
    await Bun.build({
      entrypoints: ENTRY_POINTS.map((path) => join(import.meta.dir, path)),
      // All in one folder, as the chunks are: there a thread's code is found beside that which starts it.
      naming: { entry: "[name].[ext]" },
      target: "bun",
      format: "esm",
      minify: true,
      // Each command in a chunk of its own: without it every module of the system that any command uses is loaded at start.
      splitting: true,
      // Halves the start-up time; needs the format "esm" for the top-level await of main.ts.
      bytecode: true,
      sourcemap: "none",
      compile: {
        ...target,
        outfile: order.outfile,
        // SECURITY: by default an executable of Bun's runs the `preload` of a bunfig.toml and reads the .env of the
        // folder in which it is started, and a file server is started in other people's folders.
        autoloadBunfig: false,
        autoloadDotenv: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
  } catch (error) {
    throw new BuildError(`Cannot build ${order.outfile}: ${describeCause(error)}`, { cause: error });
  }
}

function describeCause(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(String).join("\n");
  return error instanceof Error ? error.message : String(error);
}

function readFlags(words: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        all: { type: "boolean" },
        target: { type: "string" },
        outfile: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    throw new BuildError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function knownTarget(text: string): TargetName {
  const found = targetNames().find((name) => name === text);
  if (found !== undefined) return found;
  throw new BuildError(`There is no target "${text}"; choose one of ${targetNames().join(", ")}`);
}

function targetNames(): readonly TargetName[] {
  // The keys of a literal: exactly these.
  return Object.keys(TARGETS) as TargetName[];
}

function hostFile(): string {
  return process.platform === "win32" ? "netfile.exe" : "netfile";
}

function distFile(target: TargetName): string {
  return join("dist", `netfile-${target}${target.startsWith("windows-") ? ".exe" : ""}`);
}

async function identifyFile(path: string): Promise<TargetName | undefined> {
  return identifyExecutable(await Bun.file(path).slice(0, HEAD_BYTES).bytes());
}

/** ELF, 64 bits, little-endian (System V ABI, chapter 4). */
function identifyElf(view: DataView): string | undefined {
  const isElf64 = view.getUint32(0) === 0x7f454c46 && view.getUint8(4) === 2 && view.getUint8(5) === 1;
  if (!isElf64) return undefined;
  const machine =
    view.getUint16(18, true) === 62 ? "x64" : view.getUint16(18, true) === 183 ? "arm64" : "other";
  return `linux-${machine}${readElfLoader(view).includes("/ld-musl-") ? "-musl" : ""}`;
}

/** The path in an ELF file's PT_INTERP segment, which differs between C libraries; empty when it has none. */
function readElfLoader(view: DataView): string {
  const PT_INTERP = 3;
  const table = Number(view.getBigUint64(32, true));
  const entryBytes = view.getUint16(54, true);
  for (let index = 0; index < view.getUint16(56, true); index++) {
    const entry = table + index * entryBytes;
    if (view.getUint32(entry, true) !== PT_INTERP) continue;
    const start = Number(view.getBigUint64(entry + 8, true));
    const length = Number(view.getBigUint64(entry + 32, true));
    return Buffer.from(view.buffer, view.byteOffset + start, length).toString("latin1");
  }
  return "";
}

/** Mach-O, 64 bits, an executable and no library (<mach-o/loader.h>). */
function identifyMachO(view: DataView): string | undefined {
  const MH_EXECUTE = 2;
  if (view.getUint32(0, true) !== 0xfeedfacf || view.getUint32(12, true) !== MH_EXECUTE) return undefined;
  const cpu = view.getUint32(4, true);
  return `darwin-${cpu === 0x01000007 ? "x64" : cpu === 0x0100000c ? "arm64" : "other"}`;
}

/** PE, found by way of the DOS header (PE Format, "Signature" and "COFF File Header"). */
function identifyPe(view: DataView): string | undefined {
  if (view.getUint16(0) !== 0x4d5a) return undefined;
  const signature = view.getUint32(0x3c, true);
  if (view.getUint32(signature) !== 0x50450000) return undefined;
  const machine = view.getUint16(signature + 4, true);
  return `windows-${machine === 0x8664 ? "x64" : machine === 0xaa64 ? "arm64" : "other"}`;
}

function formatBuilt({ target, sizeBytes, sha256, path }: BuiltExecutable): string {
  return `${target.padEnd(16)}  ${(sizeBytes / 1e6).toFixed(1).padStart(6)} MB  sha-256 ${sha256}  ${path}`;
}

async function main(words: readonly string[]): Promise<void> {
  for (const order of readOrders(words)) console.log(formatBuilt(await buildExecutable(order)));
}

if (import.meta.main) {
  try {
    await main(Bun.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
