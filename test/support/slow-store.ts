/** A store whose files are read slowly, as those of terabytes are hashed slowly. */
import type { ReadableFile } from "../../src/base/piece.ts";
import type { Store } from "../../src/store/store.ts";

/** The same store, but every read of a file takes `readMs`, of an unfinished upload's too. */
export function slowReads(store: Store, readMs: number): Store {
  return wrap(store, {
    find: (path) => {
      const found = store.find(path);
      return found?.kind === "file" ? { ...found, file: slow(found.file, readMs) } : found;
    },
    ...(store.unfinished && {
      unfinished: wrap(store.unfinished, {
        find: (token) => {
          const upload = store.unfinished?.find(token);
          return upload === undefined ? undefined : slow(upload, readMs);
        },
      }),
    }),
  });
}

function slow<T extends ReadableFile>(file: T, readMs: number): T {
  const read: ReadableFile["read"] = (target, position) => {
    Bun.sleepSync(readMs);
    return file.read(target, position);
  };
  return wrap(file, { read } as Partial<T>);
}

/** `target` with some of its members replaced. */
export function wrap<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      if (key in replaced) return Reflect.get(replaced, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
