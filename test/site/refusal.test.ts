import { describe, expect, test } from "bun:test";
import { describeRefusal, REFUSAL_KINDS, type Refusal, refuseProtocol } from "../../src/site/refusal.ts";
import type { SitePolicy } from "../../src/site/policy.ts";
import { StoreError, type StoreErrorKind } from "../../src/store/store-error.ts";
import { ProtocolError } from "../../src/wire/protocol-error.ts";
import { MAX_FORM_FILES } from "../../src/site/upload-terms.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { makeSite, readReply, type ReadReply, send } from "../support/requests.ts";

type Scene = {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly policy?: Partial<SitePolicy>;
  readonly arrange?: (store: MemoryStore) => void;
};

const FORM = { "Content-Type": "multipart/form-data; boundary=b" };
const part = (name: string, content = "x") =>
  `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n${content}\r\n`;
const fails = (kind: StoreErrorKind) => (store: MemoryStore) => {
  store.uploads.writeFailure = new StoreError(kind, "detail");
};

/** Of uploads that are resumed, which have a test of their own. */
const RESUMED = ["partial-type", "bad-upload-fields", "upload-done", "upload-superseded"] as const;
type Played = Exclude<Refusal, (typeof RESUMED)[number]>;

function isPlayed(kind: Refusal): kind is Played {
  return !RESUMED.some((resumed) => resumed === kind);
}

/** How each refusal comes about. Every kind must have its scene. */
const SCENES: Readonly<Record<Played, Scene>> = {
  "bad-path": { method: "GET", path: "/%zz" },
  "not-found": { method: "GET", path: "/missing.txt" },
  "forbidden-type": { method: "GET", path: "/x.exe" },
  "method-not-allowed": { method: "DELETE" },
  "uploads-off": { policy: { upload: undefined } },
  "unknown-method": { method: "BREW" },
  "unmet-expectation": { method: "GET", fields: { Expect: "more" } },
  "not-acceptable": { method: "GET", path: "/old.txt", fields: { "Accept-Encoding": "identity;q=0" } },
  "precondition-failed": { method: "GET", path: "/old.txt", fields: { "If-Match": '"x"' } },
  "range-not-satisfiable": { method: "GET", path: "/old.txt", fields: { Range: "bytes=99-" } },
  "foreign-origin": { fields: { Origin: "https://evil.example" } },
  "hidden-name": { path: "/.env" },
  "upload-type": { path: "/x.exe" },
  "folder-path": { path: "/sub/" },
  "form-path": { method: "POST", path: "/new.txt", fields: FORM },
  "partial-upload": { fields: { "Content-Range": "bytes 0-1/2" } },
  "coded-upload": { fields: { "Content-Encoding": "gzip" } },
  "not-a-form": { method: "POST", path: "/" },
  "bad-form": { method: "POST", path: "/", fields: FORM, body: "garbage" },
  "empty-form": { method: "POST", path: "/", fields: FORM, body: "--b--" },
  "bad-file-name": { method: "POST", path: "/", fields: FORM, body: `${part("../x.txt")}--b--` },
  "too-many-files": {
    method: "POST",
    path: "/",
    fields: FORM,
    body: `${Array.from({ length: MAX_FORM_FILES + 1 }, (_, index) => part(`${index}.txt`)).join("")}--b--`,
    policy: { upload: { maxBytes: 1_000_000, onExist: "refuse" } },
  },
  "too-large": { body: "x".repeat(1001) },
  "bad-digest": { fields: { "Repr-Digest": "sha-256=x" } },
  "digest-mismatch": { fields: { "Repr-Digest": `sha-256=:${Buffer.alloc(32).toString("base64")}:` } },
  denied: { arrange: fails("denied") },
  exists: { path: "/old.txt" },
  conflict: { path: "/folder.txt" },
  changed: { arrange: fails("changed") },
  "bad-name": { path: "/a%2Fb.txt" },
  full: { arrange: fails("full") },
  busy: { arrange: fails("busy") },
  failed: { arrange: fails("failed") },
  unexpected: {
    arrange: (store) => {
      store.uploads.commitFailure = new TypeError("detail");
    },
  },
};

async function play(refusal: Played, accept: string): Promise<{ reply: ReadReply; store: MemoryStore }> {
  const scene = SCENES[refusal];
  const store = new MemoryStore({ "old.txt": "old", "folder.txt/a.txt": "a" });
  scene.arrange?.(store);
  const site = makeSite(store, { upload: { maxBytes: 1000, onExist: "refuse" }, ...scene.policy });
  const reply = await send(site, scene.method ?? "PUT", scene.path ?? "/new.txt", {
    fields: { ...scene.fields, Accept: accept },
    chunks: [scene.body ?? "new"],
  });
  return { reply, store };
}

describe("refuse()", () => {
  test.each(REFUSAL_KINDS.filter(isPlayed).map((kind) => [kind] as const))(
    "says %s with its status and no more than is told here",
    async (kind) => {
      const { status, text } = describeRefusal(kind);
      const { reply, store } = await play(kind, "application/json");
      expect([reply.status, JSON.parse(reply.text)]).toEqual([
        status,
        { status, error: expect.any(String), message: expect.stringContaining(text.slice(0, -1)) },
      ]);
      expect([store.openCount, store.uploads.openCount]).toEqual([0, 0]);
      expect([...store.files.keys()]).toEqual(["old.txt", "folder.txt/a.txt"]);
    },
  );

  test.each([
    ["text/html", "text/html; charset=utf-8", "<!doctype html>"],
    ["application/json", "application/json", '{"status":403'],
    ["text/plain", "text/plain; charset=utf-8", "403 Forbidden\n"],
    ["*/*", "text/plain; charset=utf-8", "403 Forbidden\n"],
    ["image/png", "text/plain; charset=utf-8", "403 Forbidden\n"],
    ["text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "<!doctype html>"],
  ])("speaks the client's language: Accept: %s gets %s", async (accept, type, start) => {
    const { reply } = await play("forbidden-type", accept);
    expect([reply.status, reply.fields.get("content-type"), reply.fields.get("vary")]).toEqual([
      403,
      type,
      "Accept",
    ]);
    expect(reply.text).toStartWith(start);
    expect(reply.fields.has("content-security-policy")).toBe(type.startsWith("text/html"));
  });

  test("tells when to come back, and which coding is taken", async () => {
    expect((await play("busy", "*/*")).reply.fields.get("retry-after")).toBe("2");
    expect((await play("coded-upload", "*/*")).reply.fields.get("accept-encoding")).toBe("identity");
  });
});

describe("refuseProtocol()", () => {
  test("answers what is no request, finished, and closes", async () => {
    const error = new ProtocolError("The head is too large", 431);
    const reply = refuseProtocol(error, makeSite(new MemoryStore(), { headers: [["X-Own", "1"]] }));
    const read = await readReply(reply);
    expect([read.status, reply.close, read.fields.get("x-own")]).toEqual([431, true, "1"]);
    expect(read.text).toBe("431 Request Header Fields Too Large\nThe head is too large.\n");
    expect(read.fields.get("server")).toBe("netfile");
  });
});
