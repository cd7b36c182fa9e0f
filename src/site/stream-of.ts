/**
 * A generator as the stream of a reply.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import type { ReplyStream } from "./reply.ts";

/**
 * Streams the texts of `texts` as UTF-8; nothing is made before it is asked for.
 *
 * @param close gives back what the generator holds, and ends what it waits for; called once.
 */
export function streamOf(texts: AsyncGenerator<string, void>, close: () => void): ReplyStream {
  let isClosed = false;
  return {
    async next(): Promise<Uint8Array | undefined> {
      try {
        for (;;) {
          const { value, done } = isClosed ? { value: undefined, done: true } : await texts.next();
          if (done === true || value === undefined) return undefined;
          if (value !== "") return encodeUtf8(value);
        }
      } catch (error) {
        // It may have ended because it was closed, and then there is nobody to be told.
        if (isClosed) return undefined;
        throw error;
      }
    },
    close(): void {
      if (isClosed) return;
      isClosed = true;
      close();
    },
  };
}
