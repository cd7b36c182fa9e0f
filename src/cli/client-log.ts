/**
 * The log that `get`, `put` and `shell` keep with `--log-file`: one line for each request, appended.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";

import { systemClock } from "../base/clock.ts";
import { fileReason } from "../base/failure.ts";
import { printable } from "../base/printable.ts";
import { LocalFileError } from "./exit.ts";
import { readLogFile } from "./flag-values.ts";
import type { Log } from "./log.ts";
import type { StrictArgs } from "./strict-args.ts";
import { formatLogLine } from "./transfer-report.ts";
import type { Transfer } from "./transfer-report.ts";

/** It says what this user fetched: for the user alone. */
const LOG_MODE = 0o600;

export class ClientLog {
  readonly #fd: number;
  readonly #log: Log;

  /** @throws {LocalFileError} when the file can't be opened, before anything is transferred. */
  constructor(path: string, log: Log) {
    this.#log = log;
    try {
      this.#fd = openSync(resolve(path), "a", LOG_MODE);
    } catch (error) {
      const problem = `Cannot write the log file "${printable(path)}": ${fileReason(error)}`;
      throw new LocalFileError(`${problem}; name another with --log-file`);
    }
  }

  /** Appends one line; a failure is told and ends nothing. */
  append(transfer: Transfer): void {
    try {
      writeSync(this.#fd, `${formatLogLine(transfer, systemClock.nowMs())}\n`);
    } catch (error) {
      void this.#log.warn(`Cannot write the log file: ${fileReason(error)}`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Opens the log that `--log-file` names; `undefined` without that flag. @throws {UsageError | LocalFileError} */
export function openClientLog(args: StrictArgs, log: Log): ClientLog | undefined {
  const path = args.value("log-file");
  return path === undefined ? undefined : new ClientLog(readLogFile(path), log);
}
