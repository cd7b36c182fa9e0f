/**
 * Several requests for one unfinished upload at the same time (draft-ietf-httpbis-resumable-upload-12 §4.6). Their order is
 * forced: what is made durable waits for the test.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Intake, Outcome } from "../../src/site/reply.ts";
import { respond, type Site } from "../../src/site/respond.ts";
import { UploadDesk, type UploadWriter } from "../../src/site/upload-desk.ts";
import { openDiskStore } from "../../src/store/disk.ts";
import { Fields } from "../../src/wire/fields.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../support/client-session.ts";
import { HeldStore } from "../support/held-store.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { makeRequest, makeSite, readReply, send } from "../support/requests.ts";

type FieldValues = Readonly<Record<string, string>>;

let folder: TemporaryFolder;
let held: HeldStore;
let site: Site;
beforeEach(() => {
  const clock = new ManualClock(Date.now());
  folder = makeTemporaryFolder();
  held = new HeldStore(openDiskStore(folder.path, { clock }));
  site = { ...makeSite(held.store, { upload: { maxBytes: 1000, onExist: "refuse" } }), clock };
});
afterEach(() => folder.remove());

/** Begins an upload with its first part, cut before it was acknowledged: what came is not durable. */
async function beginCut(text: string): Promise<string> {
  const fields = { "Upload-Complete": "?0", "Upload-Draft-Interop-Version": "8" };
  const request = makeRequest("PUT", "/a.txt", { fields, framing: { kind: "chunked" } });
  const intake = intakeOf(await respond(request, site));
  intake.receive(Buffer.from(text));
  intake.abort();
  return new Fields(intake.informational?.fields ?? []).get("location") ?? "";
}

/** Asks now; what comes of it may wait for others. */
async function ask(method: string, location: string, fields: FieldValues = {}): Promise<Outcome> {
  return respond(makeRequest(method, location, { fields }), site);
}

const patchFields = (offset: number, fields: FieldValues) => ({
  "Upload-Complete": "?1",
  "Upload-Offset": `${offset}`,
  "Content-Type": "application/partial-upload",
  ...fields,
});

/** Asks now to append; the text comes later. */
async function append(location: string, offset: number, fields: FieldValues = {}): Promise<Outcome> {
  const options = { fields: patchFields(offset, fields), framing: { kind: "chunked" } } as const;
  return respond(makeRequest("PATCH", location, options), site);
}

/** Appends a part that doesn't end the upload, as one that has come whole at once. */
async function appendPart(location: string, offset: number, text: string) {
  const fields = patchFields(offset, { "Upload-Complete": "?0" });
  return send(site, "PATCH", location, { fields, chunks: [text] });
}

function intakeOf(outcome: Outcome): Intake {
  if (outcome.kind !== "intake") throw new Error(`It was refused: ${outcome.status}`);
  return outcome;
}

async function answerTo(outcome: Promise<Outcome>): Promise<readonly unknown[]> {
  const reply = await outcome;
  if (reply.kind !== "reply") throw new Error("It wants a body");
  const { status, fields } = await readReply(reply, "HEAD");
  return [status, fields.get("upload-complete"), fields.get("upload-offset"), fields.get("upload-length")];
}

/** Sends the rest of a body. */
async function finish(outcome: Promise<Outcome>, text: string): Promise<number> {
  const intake = intakeOf(await outcome);
  const refusal = intake.receive(Buffer.from(text));
  return (refusal ?? (await intake.finish(Fields.NONE))).status;
}

function makeWriter(finishing?: Promise<unknown>): UploadWriter & { readonly cuts: readonly string[] } {
  const cuts: string[] = [];
  return { finishing, cuts, cut: () => void cuts.push("cut") };
}

const saved = () => readFileSync(folder.at("a.txt"), "utf8");
const records = () => folder.names().filter((name) => name.endsWith(".json"));

describe("requests that wait for a writer that finishes", () => {
  test("take their turns: of two that go on from there, the older is cut", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const first = appendPart(location, 4, "BBBB");
    await work.begun;
    const [older, newer] = [append(location, 8), append(location, 8)];
    work.goOn();
    expect((await first).status).toBe(204);
    expect(intakeOf(await older).receive(Buffer.from("CC"))?.status).toBe(409);
    expect(await finish(newer, "DDDD")).toBe(201);
    expect([saved(), folder.names()]).toEqual(["AAAABBBBDDDD", ["a.txt"]]);
  });

  test("take their turns: an offset that is told is one from which the next may go on", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const first = appendPart(location, 4, "BBBB");
    await work.begun;
    const older = append(location, 8);
    const state = ask("HEAD", location);
    const newer = append(location, 8);
    work.goOn();
    await first;
    expect(await answerTo(state)).toEqual([204, "?0", "8", undefined]);
    expect(await finish(older, "CCCC")).toBe(409);
    expect(await finish(newer, "DDDD")).toBe(201);
    expect(saved()).toBe("AAAABBBBDDDD");
  });

  test("are told that it is complete", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const last = finish(append(location, 4), "BBBB");
    await work.begun;
    const waiting = [append(location, 8), ask("HEAD", location), append(location, 4)] as const;
    work.goOn();
    expect(await last).toBe(201);
    expect(await Promise.all(waiting.map((each) => answerTo(each)))).toEqual([
      [400, "?1", "8", "8"],
      [204, "?1", "8", "8"],
      [400, "?1", "8", "8"],
    ]);
    expect(saved()).toBe("AAAABBBB");
  });

  test("find nothing any more behind one that drops it", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const first = appendPart(location, 4, "BBBB");
    await work.begun;
    const waiting = [ask("DELETE", location), append(location, 8), ask("HEAD", location)] as const;
    work.goOn();
    await first;
    const statuses = (await Promise.all(waiting.map((each) => answerTo(each)))).map(([status]) => status);
    expect([statuses, folder.names()]).toEqual([[204, 404, 404], []]);
  });

  test("go on when it fails", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const first = appendPart(location, 4, "BBBB");
    await work.begun;
    const waiting = [ask("HEAD", location), append(location, 8)] as const;
    work.fail(new Error("The disk is broken"));
    expect((await first).status).toBe(500);
    expect(await answerTo(waiting[0])).toEqual([204, "?0", "8", undefined]);
    expect(await finish(waiting[1], "CCCC")).toBe(201);
  });

  test("leave the upload to those behind them when their own clients are gone", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const first = appendPart(location, 4, "BBBB");
    await work.begun;
    const gone = append(location, 8).then((outcome) => intakeOf(outcome).abort());
    const newer = append(location, 8);
    work.goOn();
    await Promise.all([first, gone]);
    expect(await finish(newer, "CCCC")).toBe(201);
    expect(saved()).toBe("AAAABBBBCCCC");
  });
});

describe("a request that makes an offset durable before it tells it", () => {
  const WRONG_OFFSET = 1;
  const tellers = [
    ["HEAD", (location: string) => ask("HEAD", location), [204, "?0", "4", undefined]],
    [
      "a PATCH that is at the wrong offset",
      (location: string) => append(location, WRONG_OFFSET),
      [409, "?0", "4", undefined],
    ],
  ] as const;

  test.each(tellers)("%s: the length that a PATCH tells meanwhile is kept", async (_, tell, answer) => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const told = tell(location);
    await work.begun;
    const next = append(location, 4, { "Upload-Complete": "?0", "Upload-Length": "12" });
    work.goOn();
    expect(await answerTo(told)).toEqual(answer);
    intakeOf(await next).abort();
    expect(await answerTo(ask("HEAD", location))).toEqual([204, "?0", "4", "12"]);
  });

  test.each(tellers)("%s: nothing is left of an upload that completes meanwhile", async (_, tell, answer) => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const told = tell(location);
    await work.begun;
    const last = append(location, 4);
    work.goOn();
    expect(await finish(last, "BBBB")).toBe(201);
    expect(await answerTo(told)).toEqual(answer);
    expect([saved(), folder.names()]).toEqual(["AAAABBBB", ["a.txt"]]);
  });

  test.each(tellers)(
    "%s: nothing is left of an upload that is dropped meanwhile",
    async (_, tell, answer) => {
      const location = await beginCut("AAAA");
      const work = held.holdNext();
      const told = tell(location);
      await work.begun;
      const dropped = ask("DELETE", location);
      expect(records().length).toBe(1);
      work.goOn();
      expect(await answerTo(told)).toEqual(answer);
      expect([(await answerTo(dropped))[0], folder.names()]).toEqual([204, []]);
    },
  );

  test("is not disturbed by the writer that it has cut", async () => {
    const location = await beginCut("AAAA");
    const writer = intakeOf(await append(location, 4));
    writer.receive(Buffer.from("BB"));
    const work = held.holdNext();
    const told = ask("HEAD", location);
    await work.begun;
    expect(writer.receive(Buffer.from("BB"))?.status).toBe(409);
    expect((await writer.finish(Fields.NONE)).status).toBe(409);
    writer.abort();
    const next = append(location, 6);
    work.goOn();
    expect(await answerTo(told)).toEqual([204, "?0", "6", undefined]);
    expect(await finish(next, "CC")).toBe(201);
    expect(saved()).toBe("AAAABBCC");
  });

  test("may fail, and those behind it go on", async () => {
    const location = await beginCut("AAAA");
    const work = held.holdNext();
    const told = ask("HEAD", location);
    await work.begun;
    const waiting = [ask("HEAD", location), append(location, 4)] as const;
    work.fail(new Error("The disk is broken"));
    expect((await answerTo(told))[0]).toBe(500);
    expect(await answerTo(waiting[0])).toEqual([204, "?0", "4", undefined]);
    expect(await finish(waiting[1], "BBBB")).toBe(201);
  });
});

describe("UploadDesk", () => {
  const TOKEN = "token";

  test("lets nobody write beside another", () => {
    const desk = new UploadDesk();
    desk.enter(TOKEN, makeWriter());
    expect(() => desk.enter(TOKEN, makeWriter())).toThrow("Two requests write to one upload");
    desk.enter("another", makeWriter());
  });

  test("acts at once, without a promise, where there is nothing to wait for", () => {
    const desk = new UploadDesk();
    expect(desk.inTurn(TOKEN, () => "done")).toBe("done");
    const writer = makeWriter();
    desk.enter(TOKEN, writer);
    expect([desk.inTurn(TOKEN, () => "done"), writer.cuts]).toEqual(["done", ["cut"]]);
  });

  test("gives thousands who wait their turns, each in its place", async () => {
    const desk = new UploadDesk();
    const { promise, resolve } = Promise.withResolvers<void>();
    const writer = makeWriter(promise);
    desk.enter(TOKEN, writer);
    const order: number[] = [];
    const turns = Array.from({ length: 20_000 }, async (_, index) =>
      desk.inTurn(TOKEN, async () => {
        order.push(index);
        await Promise.resolve();
        order.push(index);
      }),
    );
    desk.leave(TOKEN, writer);
    resolve();
    await Promise.all(turns);
    expect(order).toEqual(Array.from({ length: 40_000 }, (_, index) => Math.floor(index / 2)));
    expect(writer.cuts).toEqual([]);
  });
});
