/** Whether there is room for the store to grow. @module */
import { statfsSync } from "node:fs";
import { type Finding, findingsOf } from "./finding.ts";

/** Room on the disk that holds the store, in bytes. */
export interface Room {
  free: number;
  /** How big the store is now. */
  store: number;
}

const MIB = 2 ** 20;
/** With less than this SQLite may fail at any commit. */
const LEAST_BYTES = 100 * MIB;
/** With less than this it is time to look. */
const LOW_BYTES = 1024 * MIB;

const { right, note, wrong, unknown } = findingsOf("disk");

/** Looks at the disk that holds `folder`; null where the system does not tell. */
export function readRoom(folder: string, storeBytes: number): Room | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return { free: Number(bavail) * Number(bsize), store: storeBytes };
  } catch {
    return null;
  }
}

/** Judges. */
export function judgeRoom(room: Room | null): Finding {
  if (room === null) return unknown("the system does not tell how much room is left");
  const words = `${inMiB(room.free)} free; the store takes ${inMiB(room.store)}`;
  const remedy = "make room, or keep events for fewer days: retention.days in config.json";
  if (room.free < LEAST_BYTES) {
    return wrong(`${words}: a full disk answers the provider 503, and it disables webhooks that do`, remedy);
  }
  if (room.free < LOW_BYTES) return note(words, remedy);
  if (room.free < room.store) {
    return note(`${words}: a backup beside it does not fit`, "write backups to another disk");
  }
  return right(words);
}

const inMiB = (bytes: number) =>
  bytes < 10_240 * MIB ? `${Math.round(bytes / MIB)} MiB` : `${Math.round(bytes / MIB / 1024)} GiB`;
