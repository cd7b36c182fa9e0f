/**
 * Properties of the reader of forms. `NETFILE_FUZZ_RUNS` sets the number of runs of each.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { FormDataError, FormDataReader } from "../../src/semantics/form-data.ts";
import { FUZZ_TIMEOUT_MS } from "./runs.ts";

setDefaultTimeout(FUZZ_TIMEOUT_MS);

fc.configureGlobal({ numRuns: Number(process.env["NETFILE_FUZZ_RUNS"] ?? 300) });

type Part = { readonly name: string; readonly fileName: string | undefined; readonly content: string };

/** Reads `body` (Latin-1) cut at `cuts`; gives the parts, and last how it went: `end`, `unfinished` or `error`. */
function read(body: string, boundary: string, cuts: readonly number[]): readonly (Part | string)[] {
  const reader = new FormDataReader(boundary);
  const bytes = Buffer.from(body, "latin1");
  const result: (Part | string)[] = [];
  const drain = (): void => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === "part") result.push({ name: event.name, fileName: event.fileName, content: "" });
      if (event.kind === "end") result.push("end");
      if (event.kind !== "data") continue;
      const part = result.at(-1) as Part;
      result[result.length - 1] = {
        ...part,
        content: part.content + Buffer.from(event.bytes).toString("latin1"),
      };
    }
  };
  try {
    let start = 0;
    for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
      reader.receive(bytes.subarray(start, cut));
      drain();
      start = cut;
    }
    reader.receiveEnd();
    drain();
  } catch (error) {
    if (!(error instanceof FormDataError)) throw error;
    result.push("error");
  }
  return result;
}

// A short alphabet makes look-alikes of the delimiter likely.
const boundaries = fc.stringMatching(/^[ab-]{0,5}[ab]$/);
const content = fc
  .array(
    fc.constantFrom(
      "\r",
      "\n",
      "\r\n",
      "-",
      "--",
      "a",
      "b",
      " ",
      "\0",
      "\xff",
      "\r\n--",
      "\r\n--a",
      "\r\n--b",
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(""));
const cuts = fc.array(fc.nat(10_000), { maxLength: 40 });

/** As browsers write it (WHATWG HTML). */
function encodeName(name: string): string {
  const escaped = name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return Buffer.from(escaped, "utf8").toString("latin1");
}

function encode(parts: readonly Part[], boundary: string): string {
  const written = parts.map(({ name, fileName, content: text }) => {
    const file = fileName === undefined ? "" : `; filename="${encodeName(fileName)}"`;
    return `--${boundary}\r\nContent-Disposition: form-data; name="${encodeName(name)}"${file}\r\n\r\n${text}\r\n`;
  });
  return `${written.join("")}--${boundary}--\r\n`;
}

describe("FormDataReader", () => {
  const name = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('"', "\r", "\n", "ä", "€", "😀", ";", "="),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
    })
    // Backslashes and these three escapes are ambiguous in the format itself.
    .filter((text) => !/\\|%(?:22|0D|0A)/.test(text));
  const part = fc.record({ name, fileName: fc.option(name, { nil: undefined }), content });

  test("reads every form that a browser writes, however it is cut", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), boundaries, cuts, (parts, boundary, at) => {
        const delimiter = `\r\n--${boundary}`;
        fc.pre(parts.every((one) => !`\r\n${one.content}\r\n`.includes(delimiter)));
        expect(read(encode(parts, boundary), boundary, at)).toEqual([...parts, "end"]);
      }),
    );
  });

  test("gives the same parts whole, in pieces and byte by byte, of anything", () => {
    const anything = fc.array(
      fc.oneof(
        content,
        fc.constantFrom(
          "\r\n--ab\r\n",
          "--ab\r\n",
          "\r\n--ab--\r\n",
          "\r\n--ab \r\n",
          "\r\n--ab--x",
          "\r\n\r\n",
          'Content-Disposition: form-data; name="x"',
          "\r\nX: y",
        ),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(anything, fc.boolean(), cuts, (pieces, isOpened, at) => {
        const head = '--ab\r\nContent-Disposition: form-data; name="x"\r\n\r\n';
        const body = (isOpened ? head : "") + pieces.join("");
        const whole = read(body, "ab", []);
        expect(read(body, "ab", at)).toEqual(whole);
        expect(
          read(
            body,
            "ab",
            Array.from({ length: body.length }, (_, index) => index),
          ),
        ).toEqual(whole);
      }),
    );
  });
});
