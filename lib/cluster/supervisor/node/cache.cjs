"use strict";
/*
 * The archives of a node, extracted once for all its containers.
 *
 *   trees/NAME/   a tree, whole since it was renamed to its place; only root may list `trees`
 *   uses/NAME/ID  a container that uses it: the start of the machine, and the time of the last sign of life
 *   locks/NAME    the container that fetches it
 *   work/         what is not complete
 *
 * Several supervisors work here at once, in Python and in Node.js, and each may be killed at any moment. The time is that
 * of the machine, which all containers of a node share.
 */
const { spawn } = require("node:child_process");
const crypto = require("node:crypto");
const fs = require("node:fs");
const { bootId, now, sleep } = require("./clock.cjs");
const { say } = require("./words.cjs");

const STALE_LOCK_MS = 15_000;
const STALE_USE_MS = 600_000;
const USE_EVERY_MS = 60_000;
const STALE_WORK_MS = 3_600_000;
const MODES = { trees: 0o711, uses: 0o700, locks: 0o700, work: 0o700, states: 0o711 };

class Cache {
  constructor(root, owner, maxBytes) {
    Object.assign(this, { root, owner, maxBytes, boot: bootId(), held: new Set(), usedAt: 0 });
    fs.mkdirSync(root, { recursive: true });
    fs.chmodSync(root, 0o711);
    for (const [name, mode] of Object.entries(MODES)) {
      fs.mkdirSync(`${root}/${name}`, { recursive: true });
      fs.chmodSync(`${root}/${name}`, mode);
    }
  }

  /** Returns the folder of a tree. `make(folder, beat)` fills a new folder if there is none yet. */
  async tree(name, make) {
    const path = `${this.root}/trees/${name}`;
    while (true) {
      this.use(name);
      // A remover of trees looks at their uses first, so a tree that is there now stays.
      if (fs.existsSync(path)) {
        fs.utimesSync(path, new Date(), new Date());
        return path;
      }
      if (this.lock(name)) {
        try {
          if (!fs.existsSync(path)) await this.make(name, make);
        } finally {
          this.unlock(name);
        }
        this.evict();
      } else {
        await sleep(250);
      }
    }
  }

  async make(name, make) {
    const work = this.newWork();
    fs.mkdirSync(work, { mode: 0o755 });
    try {
      await make(work, this.beatOf(name));
      fs.writeFileSync(`${work}/.berth-tree.json`, JSON.stringify({ bytes: await sizeOf(work) }));
      // A machine that loses its power must not keep a tree of empty files.
      await runSync(["-f", work]) || await runSync([]);
      try {
        fs.renameSync(work, `${this.root}/trees/${name}`);
      } catch (error) {
        if (!fs.existsSync(`${this.root}/trees/${name}`)) throw error;
      }
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  }

  /** Shows now and then that whoever holds a lock is alive. */
  beatOf(name) {
    const path = `${this.root}/locks/${name}`;
    let at = now();
    return () => {
      if (now() - at < 2000) return;
      at = now();
      if (fs.existsSync(path)) this.mark(path);
    };
  }

  use(name) {
    fs.mkdirSync(`${this.root}/uses/${name}`, { recursive: true });
    this.mark(`${this.root}/uses/${name}/${this.owner}`);
    this.held.add(name);
  }

  /** Shows that the container still uses its trees. Cheap enough to be called every second. Never throws. */
  alive() {
    if (now() - this.usedAt < USE_EVERY_MS) return;
    this.usedAt = now();
    try {
      for (const name of this.held) this.mark(`${this.root}/uses/${name}/${this.owner}`);
    } catch (error) {
      // The disk is full, perhaps. At worst a tree is removed that is in use, and no bot ends for that.
      say(`the cache of the node cannot be written: ${error.message}`);
    }
  }

  release() {
    try {
      for (const name of this.held) fs.rmSync(`${this.root}/uses/${name}/${this.owner}`, { force: true });
    } catch {
      // The mark grows old by itself.
    }
    this.held.clear();
  }

  lock(name) {
    const path = `${this.root}/locks/${name}`;
    try {
      fs.closeSync(fs.openSync(path, "wx", 0o600));
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      // If several find it stale, one of them moves it away.
      if (this.age(path) > STALE_LOCK_MS) this.moveAway(path);
      return false;
    }
    this.mark(path);
    return true;
  }

  moveAway(path) {
    const work = this.newWork();
    try {
      fs.renameSync(path, work);
      fs.rmSync(work, { recursive: true });
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }

  unlock(name) {
    const path = `${this.root}/locks/${name}`;
    if (read(path).endsWith(` ${this.owner}`)) fs.rmSync(path, { force: true });
  }

  /** Writes whole or not at all. */
  mark(path) {
    const part = this.newWork();
    try {
      fs.writeFileSync(part, `${this.boot} ${(now() / 1000).toFixed(2)} ${this.owner}`);
      fs.renameSync(part, path);
    } catch (error) {
      fs.rmSync(part, { force: true });
      if (error.code !== "ENOENT") throw error;
    }
  }

  /** Time since the last sign of life in ms; endless if there was none since the start of the machine. */
  age(path) {
    const words = read(path).split(" ");
    if (words.length === 3) return words[0] === this.boot ? now() - 1000 * Number(words[1]) : Infinity;
    // Just created, perhaps, and not marked yet.
    const info = fs.statSync(path, { throwIfNoEntry: false });
    return info && Math.abs(Date.now() - info.mtimeMs) < STALE_LOCK_MS ? 0 : Infinity;
  }

  isUsed(name) {
    const folder = `${this.root}/uses/${name}`;
    return listed(folder).some((user) => this.age(`${folder}/${user}`) < STALE_USE_MS);
  }

  /** Removes the trees that were used least recently until the rest fits, and what dead supervisors have left. */
  evict() {
    const place = (name) => `${this.root}/trees/${name}`;
    const trees = listed(`${this.root}/trees`).map((name) => ({
      name,
      at: fs.statSync(place(name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
      bytes: this.bytesOf(name),
    })).sort((a, b) => a.at - b.at);
    let total = trees.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of trees) {
      if (total <= this.maxBytes) break;
      if (this.isUsed(name)) continue;
      total -= bytes;
      const away = this.newWork();
      try {
        fs.renameSync(place(name), away);
      } catch {
        continue;
      }
      if (this.isUsed(name) && !fs.existsSync(place(name))) {
        fs.renameSync(away, place(name));
        continue;
      }
      fs.rmSync(away, { recursive: true, force: true });
      fs.rmSync(`${this.root}/uses/${name}`, { recursive: true, force: true });
    }
    this.sweep();
  }

  sweep() {
    for (const name of listed(`${this.root}/work`)) {
      const path = `${this.root}/work/${name}`;
      const entries = [path, ...listed(path).map((entry) => `${path}/${entry}`)];
      const newest = Math.max(
        ...entries.map((entry) => fs.lstatSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0),
      );
      if (Date.now() - newest > STALE_WORK_MS) fs.rmSync(path, { recursive: true, force: true });
    }
  }

  bytesOf(name) {
    try {
      return JSON.parse(read(`${this.root}/trees/${name}/.berth-tree.json`)).bytes;
    } catch {
      return 0;
    }
  }

  newWork() {
    return `${this.root}/work/${crypto.randomUUID()}`;
  }
}

/** Has the kernel write to the disk what it still holds. Renewals go on meanwhile. Returns whether it was done. */
function runSync(args) {
  return new Promise((resolve) => {
    const sync = spawn("sync", args, { stdio: "ignore" });
    sync.on("error", () => resolve(false));
    sync.on("close", (code) => resolve(code === 0));
  });
}

/** Bytes on the disk, folders included. */
async function sizeOf(folder) {
  let total = 0;
  for (const entry of await fs.promises.readdir(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    total += (await fs.promises.lstat(path)).blocks * 512 + (entry.isDirectory() ? await sizeOf(path) : 0);
  }
  return total;
}

function listed(folder) {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

module.exports = { Cache };
