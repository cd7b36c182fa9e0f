/**
 * The servers that are compared, each with the configuration that its users would choose for speed, and with one worker.
 */
import { join } from "node:path";

/** Where and how a server runs. */
export type Place = {
  readonly program: string;
  readonly root: string;
  readonly port: number;
  /** A folder of its own. */
  readonly scratch: string;
  /** The access log; `undefined` for none. */
  readonly logFile: string | undefined;
};

export type ServerKind = {
  readonly name: string;
  /** Programs that would do; the first that is installed is taken. */
  readonly programs: readonly string[];
  readonly versionWords: readonly string[];
  /** What a reader of the results should know of the configuration. */
  readonly note: string;
  readonly command: (place: Place) => readonly string[];
  /** Files in the scratch folder that the command needs. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it can't do in a comparison: write a log of its own, or hold thousands of connections. */
  readonly lacks: readonly ("log" | "idle" | "listing")[];
};

/** netfile stands first; it is given by its path. */
export const NETFILE: ServerKind = {
  name: "netfile",
  programs: [],
  versionWords: ["--version"],
  note: "`netfile serve --quiet`, one process",
  command: ({ program, root, port, logFile }) => [
    program,
    "serve",
    String(port),
    root,
    "--quiet",
    "--timeout-min",
    "120",
    "--timeout-max",
    "120",
    ...(logFile === undefined ? [] : ["--log-file", logFile]),
  ],
  lacks: [],
};

const NGINX: ServerKind = {
  name: "nginx",
  programs: ["nginx", "/usr/sbin/nginx"],
  versionWords: ["-v"],
  note: "one worker; sendfile, open_file_cache, tcp_nopush; the log with `buffer=64k flush=1s`",
  command: ({ program, scratch }) => [
    program,
    "-e",
    join(scratch, "error.log"),
    "-c",
    join(scratch, "nginx.conf"),
  ],
  files: (place) => ({ "nginx.conf": formatNginxConfig(place) }),
  lacks: [],
};

const LIGHTTPD: ServerKind = {
  name: "lighttpd",
  programs: ["lighttpd", "/usr/sbin/lighttpd"],
  versionWords: ["-v"],
  note: "one process; sendfile, the stat cache at its default",
  command: ({ program, scratch }) => [program, "-D", "-f", join(scratch, "lighttpd.conf")],
  files: (place) => ({ "lighttpd.conf": formatLighttpdConfig(place) }),
  lacks: [],
};

const CADDY: ServerKind = {
  name: "caddy",
  programs: ["caddy"],
  versionWords: ["version"],
  note: "`file_server browse`, GOMAXPROCS=1",
  command: ({ program, scratch }) => [
    program,
    "run",
    "--adapter",
    "caddyfile",
    "--config",
    join(scratch, "Caddyfile"),
  ],
  files: (place) => ({ Caddyfile: formatCaddyfile(place) }),
  environment: { GOMAXPROCS: "1" },
  lacks: [],
};

const OTHERS: readonly ServerKind[] = [
  {
    name: "darkhttpd",
    programs: ["darkhttpd"],
    versionWords: ["--version"],
    note: "as it comes",
    command: ({ program, root, port, logFile }) => [
      program,
      root,
      "--port",
      String(port),
      "--addr",
      "127.0.0.1",
      ...(logFile === undefined ? [] : ["--log", logFile]),
    ],
    lacks: [],
  },
  {
    name: "webfs",
    programs: ["webfsd"],
    versionWords: ["-h"],
    note: "as it comes",
    command: ({ program, root, port, logFile }) => [
      program,
      "-F",
      "-p",
      String(port),
      "-i",
      "127.0.0.1",
      "-r",
      root,
      ...(logFile === undefined ? [] : ["-l", logFile]),
    ],
    lacks: ["idle"],
  },
  {
    name: "http.server",
    programs: ["python3"],
    versionWords: ["--version"],
    note: "`python3 -m http.server`, a thread for each connection, its log to /dev/null",
    command: ({ program, root, port }) => [
      program,
      "-m",
      "http.server",
      String(port),
      "--bind",
      "127.0.0.1",
      "--directory",
      root,
      "--protocol",
      "HTTP/1.1",
    ],
    lacks: ["log", "idle"],
  },
  {
    name: "serve",
    programs: ["serve"],
    versionWords: ["--version"],
    note: "npm's `serve`, as it comes",
    command: ({ program, root, port }) => [program, "-L", "-l", `tcp://127.0.0.1:${port}`, root],
    lacks: ["log"],
  },
];

/** All that netfile is compared with; nginx is what ratios refer to. */
export const OTHER_KINDS: readonly ServerKind[] = [NGINX, LIGHTTPD, CADDY, ...OTHERS];

function formatNginxConfig({ root, port, scratch, logFile }: Place): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${join(scratch, name)};`)
    .join("\n");
  return `${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
worker_rlimit_nofile 40000;
pid ${join(scratch, "nginx.pid")};
error_log ${join(scratch, "error.log")} crit;
events { worker_connections 16384; }
http {
${temporary}
  types { text/plain txt; text/html html; image/jpeg jpg; }
  access_log ${logFile === undefined ? "off" : `${logFile} combined buffer=64k flush=1s`};
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 120s;
  keepalive_requests 1000000000;
  open_file_cache max=40000 inactive=120s;
  open_file_cache_valid 60s;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${root};
    autoindex on;
  }
}
`;
}

function formatLighttpdConfig({ root, port, scratch, logFile }: Place): string {
  return `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${join(scratch, "error.log")}"
server.modules = ( "mod_dirlisting"${logFile === undefined ? "" : ', "mod_accesslog"'} )
${logFile === undefined ? "" : `accesslog.filename = "${logFile}"`}
server.network-backend = "sendfile"
server.max-fds = 40000
server.max-connections = 16384
server.listen-backlog = 4096
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 120
mimetype.assign = ( ".txt" => "text/plain", ".html" => "text/html", ".jpg" => "image/jpeg" )
dir-listing.activate = "enable"
`;
}

function formatCaddyfile({ root, port, logFile }: Place): string {
  return `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  root * "${root}"
  file_server browse
  ${logFile === undefined ? "" : `log {\n    output file "${logFile}"\n  }`}
}
`;
}
