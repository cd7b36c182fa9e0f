/**
 * Which file systems are this machine's own.
 */
import { statfsSync } from "node:fs";

/**
 * File systems whose every change goes through this kernel, by their magic numbers: ext2 to ext4, XFS, Btrfs, tmpfs,
 * F2FS, bcachefs, ZFS. Others (NFS, FUSE, overlays) can change behind its back.
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0xf2f5_2010, 0xca45_1a4e, 0x2fc1_2fc1,
]);

/** Whether `path` is on a disk whose every change goes through this kernel. @throws the system's error. */
export function isLocalDisk(path: string): boolean {
  return LOCAL_FILE_SYSTEMS.has(statfsSync(path).type);
}
