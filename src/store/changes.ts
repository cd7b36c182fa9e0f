/**
 * When something may have changed on the disk. A file that was looked at need not be looked at again as long as nothing
 * did: in folders that the kernel watches (Linux, inotify(7)) until it tells of a change; elsewhere until the turn of the
 * event loop ends, so that only requests which came together share a look.
 */
import { realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { encodeUtf8 } from "../base/bytes.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { libc } from "../base/libc.ts";
import { whenHeard } from "../base/turn.ts";
import type { DiskPath, DiskRoot } from "./confine.ts";
import { isLocalDisk } from "./local-disk.ts";

// Linux: <sys/inotify.h>. IN_NONBLOCK | IN_CLOEXEC; MODIFY, ATTRIB, MOVED_*, CREATE, DELETE, *_SELF, ONLYDIR.
const INIT_FLAGS = 0o2004000;
const WATCHED_EVENTS = 0x0100_0fc6;
/** A folder came, went or changed; a watch ended; events were lost: then it is not sure any more what is watched. */
const FOLDER_EVENTS = 0x4000_0000 | 0x0000_ec00;
/** An event: watch, mask, cookie, and the length of the name that follows; four bytes each. */
const EVENT_BYTES = 16;
const IN_MODIFY = 0x2;
const IN_MOVE_SELF = 0x800;
const IN_Q_OVERFLOW = 0x4000;
const IN_IGNORED = 0x8000;
const MASK_OFFSET = 4;
const NAME_LENGTH_OFFSET = 12;

/** So many changed files are told apart; when there are more, all count as changed. */
const MOST_MODIFIED = 4096;
/** So many folders are watched at most; the system gives a user some thousands for all programs. */
const MOST_FOLDERS = 1024;
/**
 * What no watch tells (a write through mapped memory, or by another name of the file) is noticed after so long; and so is a link
 * in the place of a folder, which a look at the end of the path doesn't tell.
 */
const DOUBT_MS = 1_000;

const events = Buffer.alloc(64 * 1024);

class DiskChanges {
  readonly #clock: Clock;
  // Never equal: one is no proof where the other is asked for.
  #turnMark = 1;
  #watchMark = 2;
  #lastMark = 2;
  #isTurnNoted = false;
  #doubtMs = 0;
  #doubtMark = 0;
  #descriptor: number | undefined;
  /** The folders that were to be watched, and whether they are; asked anew when one may have been replaced. */
  readonly #folders = new Map<string, boolean>();
  /** The folders that are watched, by the kernel's number, and the other way round. */
  readonly #watches = new Map<number, string>();
  readonly #numbers = new Map<string, number>();
  /** When the kernel told of a changed content, by its path; and for all whose marks are older than this one. */
  readonly #modifiedMarks = new Map<string, number>();
  #allModifiedMark = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    // What was read before sockets were heard again may be older than what they bring.
    whenHeard(this.#endTurn);
  }

  /** Another number in each turn of the event loop in which it is asked for. */
  get turnMark(): number {
    this.#beginTurn();
    return this.#turnMark;
  }

  /** Another number when something has changed in a watched folder. */
  get watchMark(): number {
    this.#beginTurn();
    return this.#watchMark;
  }

  /** Another number after each second: where a path leads, link by link, is as old as this. */
  get doubtMark(): number {
    this.#beginTurn();
    return this.#doubtMark;
  }

  /** Something was changed by this process: what was looked at before counts no more. */
  note(): void {
    this.#turnMark = this.#nextMark();
    this.#watchMark = this.#nextMark();
  }

  /**
   * Whether the kernel has told that the content of the watched file at `path` was changed since `mark`. Its times can be those of
   * the beginning of a long write, which somebody has read half of.
   */
  wasModified(path: DiskPath, mark: number): boolean {
    return mark < this.#allModifiedMark || mark < (this.#modifiedMarks.get(path) ?? 0);
  }

  /** Watches the folders from `root` down to the file at `path`. @returns whether its changes are told. */
  watch(root: DiskRoot, path: DiskPath): boolean {
    this.#beginTurn();
    return this.#watchFolder(root, dirname(path));
  }

  #watchFolder(root: DiskRoot, folder: string): boolean {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MOST_FOLDERS && !this.#numbers.has(folder)) return false;
    const isBelow = folder.length > root.path.length;
    const isWatched =
      (!isBelow || this.#watchFolder(root, dirname(folder))) &&
      this.#addWatch(folder) &&
      // Only now: from here on, a change of this is told, too. What links lead to can be changed where nobody looks.
      isRealAndLocal(folder);
    this.#folders.set(folder, isWatched);
    return isWatched;
  }

  #addWatch(folder: string): boolean {
    const calls = libc();
    if (calls === undefined) return false;
    this.#descriptor ??= calls.inotify_init1(INIT_FLAGS);
    const watch = calls.inotify_add_watch(this.#descriptor, encodeUtf8(`${folder}\0`), WATCHED_EVENTS);
    if (watch < 0) return false;
    const former = this.#numbers.get(folder);
    if (former !== undefined && former !== watch) this.#endWatch(former);
    this.#watches.set(watch, folder);
    this.#numbers.set(folder, watch);
    return true;
  }

  #beginTurn(): void {
    if (this.#isTurnNoted) return;
    this.#isTurnNoted = true;
    setImmediate(this.#endTurn);
    const isDoubtful = this.#beginDoubt();
    const hasEvents = this.#descriptor !== undefined && this.#readEvents(this.#descriptor);
    if (hasEvents || isDoubtful) this.#watchMark = this.#nextMark();
  }

  /** @returns whether it is time for it. */
  #beginDoubt(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#doubtMs) return false;
    this.#doubtMs = nowMs + DOUBT_MS;
    this.#doubtMark = this.#nextMark();
    this.#folders.clear();
    return true;
  }

  readonly #endTurn = (): void => {
    this.#isTurnNoted = false;
    this.#turnMark = this.#nextMark();
  };

  /** @returns whether there were any. */
  #readEvents(descriptor: number): boolean {
    let hasAny = false;
    for (;;) {
      const length = Number(libc()?.read(descriptor, events, events.length) ?? -1);
      if (length <= 0) return hasAny;
      hasAny = true;
      for (let at = 0; at < length;) at += this.#takeEvent(at);
    }
  }

  /** Takes the event that begins at `at`. @returns its length in bytes. */
  #takeEvent(at: number): number {
    const mask = events.readUInt32LE(at + MASK_OFFSET);
    const length = EVENT_BYTES + events.readUInt32LE(at + NAME_LENGTH_OFFSET);
    if ((mask & FOLDER_EVENTS) !== 0) this.#folders.clear();
    if ((mask & IN_MODIFY) !== 0) this.#noteModified(events.readInt32LE(at), at + EVENT_BYTES, at + length);
    if ((mask & IN_MOVE_SELF) !== 0) this.#endWatchesFrom(this.#watches.get(events.readInt32LE(at)));
    if ((mask & IN_IGNORED) !== 0) this.#forgetWatch(events.readInt32LE(at));
    if ((mask & IN_Q_OVERFLOW) !== 0) this.#allModifiedMark = this.#lastMark + 1;
    return length;
  }

  /** Of a folder that was moved, and of those below: what happens there now is no one's concern, or has another path. */
  #endWatchesFrom(moved: string | undefined): void {
    for (const [watch, folder] of this.#watches)
      if (folder === moved || folder.startsWith(`${moved}${sep}`)) this.#endWatch(watch);
  }

  /** The kernel tells of it (IN_IGNORED), and then it is forgotten. */
  #endWatch(watch: number): void {
    if (this.#descriptor !== undefined) libc()?.inotify_rm_watch(this.#descriptor, watch);
  }

  #forgetWatch(watch: number): void {
    const folder = this.#watches.get(watch);
    this.#watches.delete(watch);
    // Another folder may be watched in its place by now.
    if (folder !== undefined && this.#numbers.get(folder) === watch) this.#numbers.delete(folder);
  }

  /** The marks of this turn are given after its events. */
  #noteModified(watch: number, nameStart: number, nameEnd: number): void {
    const folder = this.#watches.get(watch);
    if (folder === undefined || this.#modifiedMarks.size >= MOST_MODIFIED) {
      this.#modifiedMarks.clear();
      this.#allModifiedMark = this.#lastMark + 1;
      return;
    }
    const name = events.toString("utf8", nameStart, nameEnd).replace(/\0+$/, "");
    this.#modifiedMarks.set(join(folder, name), this.#lastMark + 1);
  }

  #nextMark(): number {
    this.#lastMark += 1;
    return this.#lastMark;
  }
}

/** What may have changed, for the whole process: the system gives out few watchers. */
export const diskChanges = new DiskChanges(systemClock);

function isRealAndLocal(folder: string): boolean {
  try {
    return realpathSync.native(folder) === folder && isLocalDisk(folder);
  } catch {
    return false;
  }
}
