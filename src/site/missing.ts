/**
 * The answer to a request for what isn't there (404): for people the root's `404.html`, or else its `index.html`, or else the
 * page in this program; for programs a short error.
 */
import { extensionOf } from "./access.ts";
import { mediaKindOf } from "./media-types.ts";
import { contentSecurityPolicy, defaultPage, HTML_TYPE } from "./pages.ts";
import { refuse } from "./refusal.ts";
import type { Reply } from "./reply.ts";
import { acceptsHtml, findMissingPage } from "./resolve.ts";
import { wholeOf } from "./selection.ts";
import type { Visit } from "./site.ts";

/** Answers 404 in a form that the client accepts. */
export function refuseMissing(visit: Visit): Reply {
  if (!acceptsHtml(visit)) return refuse(visit, "not-found");
  const page = findMissingPage(visit.site);
  if (page === undefined) {
    return {
      kind: "reply",
      status: 404,
      fields: [HTML_TYPE, contentSecurityPolicy(), ["Vary", "Accept"]],
      body: { kind: "bytes", bytes: defaultPage() },
    };
  }
  const { file, name } = page;
  const { mediaType } = mediaKindOf(extensionOf(name));
  const length = file.sizeBytes;
  if (visit.request.method === "HEAD") file.close();
  return {
    kind: "reply",
    status: 404,
    fields: [
      ["Content-Type", mediaType],
      ["Vary", "Accept"],
    ],
    body: {
      kind: "pieces",
      pieces: visit.request.method === "HEAD" ? [] : wholeOf(file),
      length,
      holder: file,
    },
  };
}
