/** Notices that something in the plugins folder changed. @module */

/** How closely a folder is watched. */
export interface WatchTimes {
  /** Waits so long after the last sign of a change. Default: 50 ms. */
  settleMs?: number;
  /** Looks for itself this often, where the system gives no sign (links, some mounts). Default: 1 s. */
  pollMs?: number;
}

/**
 * Calls `onChange` some time after a file in `folder` was added, changed, removed or replaced, once for what happens
 * together. Returns its undoing.
 */
export function watchFolder(folder: string, onChange: () => void, times: WatchTimes = {}): () => void {
  const { settleMs = 50, pollMs = 1000 } = times;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let seen = fingerprint(folder);
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      seen = fingerprint(folder);
      onChange();
    }, settleMs);
  };
  const watcher = open(folder);
  void (async () => {
    // An event of a folder just made may be all there is to be had of the files written with it, so every event counts.
    if (watcher) { for await (const event of watcher) if (event.kind !== "access") changed(); }
  })().catch(() => {}); // the looks go on
  const looks = setInterval(() => {
    if (fingerprint(folder) !== seen) changed();
  }, pollMs);
  return () => {
    clearTimeout(timer);
    clearInterval(looks);
    watcher?.close();
  };
}

function open(folder: string): Deno.FsWatcher | null {
  try {
    return Deno.watchFs(folder);
  } catch {
    return null; // no watches to be had: the looks have to do
  }
}

/** What tells one state of the folder from another, links followed. */
function fingerprint(folder: string): string {
  let text = "";
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) {
        text += `${entry.name}/${entry.name === "node_modules" ? "" : fingerprint(path)};`;
      } else text += `${entry.name}:${fileState(path)};`;
    }
  } catch {
    text += "?";
  }
  return text;
}

function fileState(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()},${size},${ino}`;
  } catch {
    return "-";
  }
}
