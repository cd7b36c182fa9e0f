/**
 * The two streams that netfile writes to, standard output and standard error, and what each of them can show.
 */
import { fstatSync, statSync, write as writeDescriptor, writeSync } from "node:fs";

import { errorCode } from "../base/failure.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import type { Environment } from "./environment.ts";

/** Functions that colour a text for a terminal, or leave it as it is. */
export type Colors = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>
>;

/** Width that is assumed where a terminal does not tell. */
const DEFAULT_COLUMNS = 80;

/** How long to wait before a full non-blocking pipe is tried again, in ms. */
const RETRY_MS = 5;

export interface Output {
  /** Whether a person looks at it, so that a line may be drawn again. */
  readonly isTerminal: boolean;
  /** Functions that colour a text, or leave it when there are to be no colours. */
  readonly colors: Colors;
  /** Width in columns at this moment. */
  columns(): number;
  /** Writes the whole text before it returns. Does nothing once the reader has gone. */
  print(text: string): void;
  /**
   * Writes all of `bytes` at the reader's pace.
   * @returns false when the reader has gone (EPIPE): nothing more needs to be written.
   */
  write(bytes: Uint8Array): Promise<boolean>;
}

export type Terminal = {
  readonly environment: Environment;
  /** Content and results: what a pipe behind netfile gets. */
  readonly out: Output;
  /** Words for the person: panels, progress, errors. */
  readonly err: Output;
};

/** The streams of this process. */
export async function systemTerminal(environment: Environment): Promise<Terminal> {
  const [out, err] = await Promise.all([openOutput(1, environment), openOutput(2, environment)]);
  return { environment, out, err };
}

async function openOutput(fd: 1 | 2, environment: Environment): Promise<Output> {
  const isTerminal = isTerminalDescriptor(fd) && !environment.isDumb;
  const colors = wantsColors(environment, isTerminal) ? await loadColors() : PLAIN;
  return new DescriptorOutput(fd, { isTerminal, colors });
}

/** picocolors looks at process.stdout when it is loaded, which costs more than all else of a start without colours. */
async function loadColors(): Promise<Colors> {
  const { default: picocolors } = await import("picocolors");
  return picocolors.createColors(true);
}

function asItIs(text: string): string {
  return text;
}

/** No colours at all. */
export const PLAIN: Colors = {
  bold: asItIs,
  dim: asItIs,
  red: asItIs,
  green: asItIs,
  yellow: asItIs,
  cyan: asItIs,
};

/** Writes to a descriptor, as it is. */
export class DescriptorOutput implements Output {
  readonly isTerminal: boolean;
  readonly colors: Colors;
  readonly #fd: number;
  #hasReader = true;

  constructor(fd: number, { isTerminal, colors }: Pick<Output, "isTerminal" | "colors">) {
    this.#fd = fd;
    this.isTerminal = isTerminal;
    this.colors = colors;
  }

  columns(): number {
    if (!this.isTerminal) return DEFAULT_COLUMNS;
    const stream = this.#fd === 1 ? process.stdout : process.stderr;
    return stream.columns > 0 ? stream.columns : DEFAULT_COLUMNS;
  }

  print(text: string): void {
    let rest = encodeUtf8(text);
    while (rest.length > 0 && this.#hasReader) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        // A pipe that somebody made non-blocking is full: wait, since half a line helps nobody.
        if (errorCode(error) === "EAGAIN") Bun.sleepSync(RETRY_MS);
        else this.#hasReader = false;
      }
    }
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    let rest = bytes;
    while (rest.length > 0 && this.#hasReader) {
      const outcome = await writeSome(this.#fd, rest);
      if (typeof outcome === "number") rest = rest.subarray(outcome);
      else if (errorCode(outcome) === "EAGAIN") await Bun.sleep(RETRY_MS);
      else if (errorCode(outcome) === "EPIPE") this.#hasReader = false;
      else throw outcome;
    }
    return this.#hasReader;
  }
}

/** Whether colours are wanted: NO_COLOR wins, then FORCE_COLOR, then whether it is a terminal. */
export function wantsColors(environment: Environment, isTerminal: boolean): boolean {
  if (environment.noColor) return false;
  return environment.forceColor || isTerminal;
}

/** Whether descriptor `fd` is a terminal at this moment. */
export function isTerminalDescriptor(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    // node:tty brings sockets with it, a third of a short run; a pipe, a file or /dev/null is told without.
    if (!stats.isCharacterDevice() || stats.rdev === nullDevice()) return false;
    return process.getBuiltinModule("node:tty").isatty(fd);
  } catch {
    return false;
  }
}

/** The number of /dev/null; `undefined` where there is none. */
function nullDevice(): number | undefined {
  return statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
}

/** Writes on a thread of its own: a slow reader then stops this transfer, not the event loop. */
function writeSome(fd: number, bytes: Uint8Array): Promise<number | Error> {
  return new Promise((resolve) => {
    writeDescriptor(fd, bytes, 0, bytes.length, null, (error, written) => {
      resolve(error ?? written);
    });
  });
}
