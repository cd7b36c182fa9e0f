/**
 * The icon that browsers ask for by themselves: the embedded one, where the folder has none.
 */
import { encodeBase64 } from "../semantics/base64.ts";
import { decideConditions } from "../semantics/conditions.ts";
import { formatEntityTag } from "../semantics/entity-tag.ts";
import type { UrlPath } from "../wire/target.ts";
import { iconBytes } from "./pages.ts";
import { refuse } from "./refusal.ts";
import { NO_CONTENT, type Reply } from "./reply.ts";
import type { Visit } from "./site.ts";

/** Whether `path` is `/favicon.ico`, the one address at which this program has something of its own. */
export function isFavicon(path: UrlPath): boolean {
  return path.names.length === 1 && path.names[0] === "favicon.ico" && !path.isFolder;
}

/** Answers GET and HEAD with the embedded icon. */
export function deliverIcon(visit: Visit): Reply {
  const bytes = iconBytes();
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest();
  const tag = { isWeak: false, opaque: `icon-${encodeBase64(hash.subarray(0, 9))}` };
  const decision = decideConditions(
    visit.request.method,
    visit.lookup,
    { tag, modifiedMs: undefined },
    visit.nowMs,
  );
  if (decision === "failed") return refuse(visit, "precondition-failed");
  const etag = ["ETag", formatEntityTag(tag)] as const;
  if (decision === "not-modified") {
    return { kind: "reply", status: 304, fields: [etag], body: NO_CONTENT };
  }
  return {
    kind: "reply",
    status: 200,
    fields: [["Content-Type", "image/png"], etag],
    body: { kind: "bytes", bytes },
  };
}
