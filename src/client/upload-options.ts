/**
 * What an upload is asked to do.
 */
import type { Answer } from "./answer.ts";
import type { RemoteUrl } from "./origin.ts";
import type { TransferProgress } from "./report.ts";

export type StreamUploadOptions = {
  readonly url: RemoteUrl;
  readonly method: "PUT" | "POST";
  readonly onAnswer?: (answer: Answer) => void;
  readonly onProgress?: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal;
};

export type UploadOptions = StreamUploadOptions & {
  readonly path: string;
  /** How often in a row, without progress, an upload that failed is sent again, or resumed; `DEFAULT_RETRIES` if left out. */
  readonly retries?: number;
  /** Where it is remembered how a later run goes on with a large upload that was ended; nowhere if left out. */
  readonly stateFolder?: string | undefined;
  /** Told of what does not end the transfer: that it was cut, and goes on. One sentence, printable. */
  readonly onNotice?: (text: string) => void;
};
