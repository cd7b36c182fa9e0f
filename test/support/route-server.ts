/** A server that answers by path, for tests that ask many things in an order that doesn't matter. */

export type Route = {
  readonly body?: string | Uint8Array;
  readonly status?: number;
  readonly fields?: Record<string, string>;
};

export type RouteServer = {
  readonly port: number;
  readonly url: (path: string) => string;
  /** `METHOD /path` of each request, in order. */
  readonly asked: readonly string[];
  readonly stop: () => Promise<void>;
};

/** Starts it on a free loopback port; a path without a route is answered 404. */
export function startRouteServer(routes: Readonly<Record<string, Route>>): RouteServer {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      const route = routes[pathname];
      if (route === undefined) return new Response("none", { status: 404 });
      return new Response(route.body ?? "", { status: route.status ?? 200, headers: route.fields ?? {} });
    },
  });
  return {
    port: server.port ?? 0,
    url: (path) => `http://127.0.0.1:${server.port}${path}`,
    asked,
    stop: () => server.stop(true),
  };
}

/** A listing as netfile writes it. */
export function jsonListing(entries: readonly object[]): Route {
  return { body: JSON.stringify({ path: "/", entries }), fields: { "Content-Type": "application/json" } };
}

/** A page of links as nginx writes it; the hrefs as they are to stand there. */
export function htmlListing(hrefs: readonly string[]): Route {
  const links = hrefs.map((href) => `<a href="${href}">x</a>`).join("\n");
  return {
    body: `<html><head><title>Index of /</title></head><body><pre><a href="../">../</a>\n${links}</pre></body></html>`,
    fields: { "Content-Type": "text/html" },
  };
}
