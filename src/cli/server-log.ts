/**
 * What the server tells of itself goes to the terminal, to the access log, or to both.
 */
import type { AccessLog } from "../server/access-log.ts";
import type { AnswerRecord, ConnectionRecord, ServerObserver } from "../server/observer.ts";
import type { LinePrinter } from "./line-printer.ts";
import type { Log } from "./log.ts";
import { formatConnectionLine } from "./panel.ts";
import type { PeerNames } from "./peer-names.ts";
import { formatRequestLine } from "./request-line.ts";
import type { Colors } from "./terminal.ts";

export type ServerLogOptions = {
  /** Where lines for people go; `undefined` for none (`--quiet`). */
  readonly printer: LinePrinter | undefined;
  readonly colors: Colors;
  readonly isVerbose: boolean;
  readonly accessLog: AccessLog | undefined;
  readonly log: Log;
  readonly names: PeerNames;
};

export class ServerLog implements ServerObserver {
  readonly answered?: (record: AnswerRecord) => void;
  readonly wantsRtt: boolean;
  readonly #options: ServerLogOptions;

  constructor(options: ServerLogOptions) {
    const { printer, accessLog } = options;
    this.#options = options;
    this.wantsRtt = printer !== undefined || accessLog?.tellsRtt === true;
    if (printer !== undefined || accessLog !== undefined) this.answered = (record) => this.#log(record);
  }

  connected(record: ConnectionRecord): void {
    const { printer, names } = this.#options;
    if (printer === undefined) return;
    const name = names.find(record.endpoint.peerAddress);
    if (name instanceof Promise) void name.then((found) => this.#printConnection(printer, record, found));
    else this.#printConnection(printer, record, name);
  }

  #log(record: AnswerRecord): void {
    const { printer, accessLog, colors, isVerbose } = this.#options;
    accessLog?.append(record);
    printer?.print(formatRequestLine(record, colors, { isVerbose }));
  }

  disconnected(id: number): void {
    const { printer, colors, isVerbose } = this.#options;
    if (isVerbose) printer?.print(colors.dim(`#${id} closed`));
  }

  failed(text: string): void {
    void this.#options.log.warn(text);
  }

  #printConnection(printer: LinePrinter, record: ConnectionRecord, name: string | undefined): void {
    printer.print(formatConnectionLine(record, name, this.#options.colors));
  }
}
