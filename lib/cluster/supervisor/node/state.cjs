"use strict";
/* The state of a bot: kept on its node, and brought to another one by snapshots. */
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { Refused } = require("./berth_client.cjs");
const { FetchError, fetchObject, sendObject } = require("./fetch.cjs");

/** How much larger than its limit a state may be and still become a snapshot. */
const TOLERANCE = 2;
const SLACK_BYTES = 16 * 1024 * 1024;

/** The state cannot be had, or stored. */
class StateError extends Error {}

/** The folder of the bot, which only this container writes to while it holds the lease. */
class State {
  constructor(settings, cacheRoot, berth, user) {
    Object.assign(this, { settings, berth, user });
    this.work = `${cacheRoot}/work`;
    this.home = `${cacheRoot}/states/${settings.folder}`;
    this.data = `${this.home}/data`;
    this.stored = undefined; // fingerprint of what was stored last
  }

  /** Makes the folder ready; returns where its content came from. */
  async prepare() {
    fs.mkdirSync(this.home, { recursive: true });
    fs.chmodSync(this.home, 0o711);
    fs.rmSync(`${this.home}/new`, { recursive: true, force: true });
    const meta = this.readMeta();
    const { last, snapshot, follows, restore } = this.settings;
    // The start that had the state last, or one after it that did not get to say so, was on this node.
    const isNewest = meta && [meta.mark, meta.base].includes(last?.mark ?? null);
    let origin = { from: "empty" };
    if (isNewest && !restore && fs.existsSync(this.data)) {
      await this.give(meta.uid);
      origin = { from: "kept" };
    } else if (last && !follows && !restore) {
      throw new StateError(
        `its state is on node ${last.node}, and stays there (state.follow: false): start it there, or let its state follow`,
      );
    } else if (snapshot) {
      await this.restore(snapshot);
      origin = { from: "restored", snapshot: snapshot.name, snapshotAt: snapshot.at };
    } else {
      this.replaceBy(this.newFolder());
    }
    this.writeMeta();
    return { ...origin, ...(restore && { restore }) };
  }

  async restore({ name, urls, sha256, archiveBytes, bytes }) {
    const archive = this.newWork();
    try {
      await fetchObject(this.berth, urls, archive, sha256, archiveBytes);
      const folder = this.newFolder();
      const input = fs.openSync(archive, "r");
      const helper = this.user.helper(["unpack", folder, String(bytes), this.settings.bot], [
        input,
        "ignore",
        "pipe",
      ]);
      fs.closeSync(input);
      await factsOf(helper);
      this.replaceBy(folder);
    } catch (error) {
      if (!(error instanceof FetchError)) throw error;
      throw new StateError(`cannot fetch snapshot ${name} of its state: ${error.message}`);
    } finally {
      fs.rmSync(archive, { force: true });
    }
  }

  newFolder() {
    const folder = `${this.home}/new`;
    fs.mkdirSync(folder, { mode: 0o700 });
    fs.chownSync(folder, this.user.uid, this.user.gid);
    return folder;
  }

  /** The files here are older than the last snapshot, or belong to a history that was abandoned. */
  replaceBy(folder) {
    fs.rmSync(`${this.home}/meta.json`, { force: true });
    fs.rmSync(this.data, { recursive: true, force: true });
    fs.renameSync(folder, this.data);
  }

  /** Gives the files to the bot's user. Only those that its last user had: a link to any other file gives nothing. */
  async give(uid) {
    if (uid === this.user.uid) return;
    if (fs.lstatSync(this.data).uid === uid) fs.lchownSync(this.data, this.user.uid, this.user.gid);
    for await (const [file, info] of walk(this.data)) {
      if (info.uid === uid) fs.lchownSync(file, this.user.uid, this.user.gid);
    }
  }

  readMeta() {
    try {
      const { mark, base, uid } = JSON.parse(fs.readFileSync(`${this.home}/meta.json`, "utf8"));
      return { mark: String(mark), base, uid: Number(uid) };
    } catch {
      return undefined;
    }
  }

  writeMeta() {
    const part = this.newWork();
    const file = fs.openSync(part, "wx", 0o600);
    const { mark, last } = this.settings;
    fs.writeSync(file, JSON.stringify({ mark, base: last?.mark ?? null, uid: this.user.uid }));
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(part, `${this.home}/meta.json`);
  }

  /** Stores a snapshot; returns its name, or undefined if nothing has changed since the last one. */
  async snapshot(reason, isRunning) {
    const before = await fingerprint(this.data);
    if (before === this.stored && reason !== "request") return undefined;
    const archive = this.newWork();
    try {
      const { name, urls } = await this.berth.call("POST", "/supervisor/v1/snapshots", {});
      const facts = await this.pack(archive, name);
      await sendObject(this.berth, urls, archive);
      const consistency = isRunning ? "crash" : "clean";
      await this.berth.call("POST", `/supervisor/v1/objects/snapshots/${name}`, {
        ...facts,
        reason,
        consistency,
      });
      this.stored = before;
      return name;
    } catch (error) {
      if (!(error instanceof FetchError || error instanceof Refused)) throw error;
      throw new StateError(`cannot store a snapshot of the state: ${error.message}`);
    } finally {
      fs.rmSync(archive, { force: true });
    }
  }

  async pack(archive, at) {
    const { bot, version, maxBytes } = this.settings;
    const most = TOLERANCE * maxBytes;
    const helper = this.user.helper(["pack", this.data, String(most), JSON.stringify({ bot, at, version })], [
      "ignore",
      "pipe",
      "pipe",
    ]);
    const told = factsOf(helper);
    told.catch(() => {});
    const hash = crypto.createHash("sha256");
    let archiveBytes = 0;
    const file = await fs.promises.open(archive, "wx", 0o600);
    try {
      for await (const chunk of helper.stdout) {
        archiveBytes += chunk.length;
        if (archiveBytes > most + SLACK_BYTES) throw new StateError("the archive of the state is too large");
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } catch (error) {
      helper.kill("SIGKILL");
      throw error;
    } finally {
      await file.close();
    }
    return { ...await told, archiveBytes, sha256: hash.digest("hex") };
  }

  /** Bytes of all files. */
  async size() {
    let total = 0;
    for await (const [, info] of walk(this.data)) if (info.isFile()) total += info.size;
    return total;
  }

  newWork() {
    return `${this.work}/${crypto.randomUUID()}`;
  }
}

/** Reads the last line of a helper. Throws a StateError if it failed. */
function factsOf(helper) {
  return new Promise((resolve, reject) => {
    let told = "";
    helper.stderr.on("data", (chunk) => told = `${told}${chunk}`.slice(-100_000));
    helper.on("error", reject);
    helper.on("close", (code, signal) => {
      const last = told.trim().split("\n").at(-1);
      let facts;
      try {
        facts = JSON.parse(last);
      } catch {
        facts = { problem: last || `the helper ended with ${code ?? signal}` };
      }
      if (code !== 0 || "problem" in facts) reject(new StateError(String(facts.problem)));
      else resolve(facts);
    });
  });
}

/** Everything below a folder, and what is known of it. Renewals go on meanwhile, however much there is. */
async function* walk(folder) {
  // A file that has gone since the listing is left out.
  const names = await fs.promises.readdir(folder).catch(() => []);
  for (const name of names.sort()) {
    const file = path.join(folder, name);
    const info = await fs.promises.lstat(file).catch(() => undefined);
    if (!info) continue;
    yield [file, info];
    if (info.isDirectory()) yield* walk(file);
  }
}

/** Changes when a file does. */
async function fingerprint(folder) {
  const hash = crypto.createHash("sha256");
  for await (const [file, { mode, size, mtimeMs }] of walk(folder)) {
    hash.update(`${file}\0${mode}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

module.exports = { factsOf, State, StateError };
