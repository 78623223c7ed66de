"use strict";
/* Makes the container what it is on one host: code, libraries, the runner's own files, secrets and state. */
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { copyTree, extract } = require("./archive.cjs");
const { fetchObject } = require("./fetch.cjs");

const MEMORY = "/dev/shm";
/** Bytes that an archive may have besides its content. */
const SLACK_BYTES = 64 * 1024 * 1024;

/** Returns where the state came from; undefined if none is kept. Throws an error that says why the bot cannot start. */
async function prepare({ order, cache, berth, user, state }) {
  for (const archive of order.code.archives) await place(archive, { order, cache, berth, user });
  await placeRunnerFiles(order, cache);
  writeFiles(order, user);
  writeSecrets(order, user);
  return await placeState(order, user, state);
}

async function place(archive, parts) {
  const { cache, user } = parts;
  const name = archive.name ?? "code";
  const tree = await cache.tree(
    `${archive.sha256}.${name}`,
    (folder, beat) => fill(archive, name, folder, beat, parts),
  )
    .catch((error) => {
      throw new Error(`cannot get its ${name}: ${error.message}`);
    });
  const source = `${tree}/${name}`, { target } = archive;
  if (archive.how === "copy") {
    await copyTree(source, target, user.uid, user.gid);
    for (const [file, text] of Object.entries(archive.extra)) {
      const exists = fs.lstatSync(`${target}/${file}`, { throwIfNoEntry: false });
      if (!exists) write(`${target}/${file}`, text, 0o644, user);
    }
  } else if (archive.how === "link") {
    // The name in the path stays that of the folder, by which Node.js finds what is beside a package.
    link(target, source);
  } else {
    makeWay(target);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(`${source}/${archive.file}`, target);
    fs.chmodSync(target, 0o644);
  }
}

async function fill(archive, name, folder, beat, { order: { limits }, cache, berth }) {
  const file = `${cache.root}/work/${crypto.randomUUID()}`;
  try {
    await fetchObject(berth, archive.urls, file, archive.sha256, limits.maxTotalBytes + SLACK_BYTES, beat);
    await extract(file, `${folder}/${name}`, limits, beat);
  } finally {
    fs.rmSync(file, { force: true });
  }
  // Others read what is built, by a path that they are told; code is copied.
  fs.chmodSync(folder, archive.how === "copy" ? 0o700 : 0o711);
}

/** The runner's own files: one folder on a node for all containers that have the same. */
async function placeRunnerFiles({ runner: { folder, sha256, files, links } }, cache) {
  const tree = await cache.tree(`${sha256}.runner`, (made) => {
    for (const { path: file, text, mode } of files) write(`${made}/runner/${file}`, text, mode);
    for (const [name, target] of Object.entries(links)) link(`${made}/runner/${name}`, target);
    fs.chmodSync(made, 0o711);
  });
  link(folder, `${tree}/runner`);
}

function writeFiles({ files, links }, user) {
  for (const { path: file, text, mode, isBots } of files) write(file, text, mode, isBots ? user : undefined);
  for (const { path: file, target } of links) link(file, target);
}

/** Makes a link in the place of whatever is there. */
function link(file, target) {
  makeWay(file);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.symlinkSync(target, file);
}

function write(file, text, mode, owner) {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  fs.rmSync(file, { force: true });
  const descriptor = fs.openSync(file, "wx", 0o600);
  fs.writeFileSync(descriptor, text);
  // In this order: the supervisor may not change what belongs to the bot.
  fs.fchmodSync(descriptor, mode);
  if (owner) fs.fchownSync(descriptor, owner.uid, owner.gid);
  fs.closeSync(descriptor);
}

function writeSecrets({ secrets }, user) {
  if (!secrets) return;
  const folder = inMemory(secrets.folder);
  for (const [name, value] of Object.entries(secrets.values)) write(`${folder}/${name}`, value, 0o400, user);
  fs.chownSync(folder, 0, user.gid);
  fs.chmodSync(folder, 0o550);
}

async function placeState({ state: { mount } }, user, state) {
  if (!state) {
    fs.mkdirSync(mount, { recursive: true });
    fs.chmodSync(mount, 0o700);
    fs.chownSync(mount, user.uid, user.gid);
    return undefined;
  }
  const origin = await state.prepare();
  link(mount, state.data);
  return origin;
}

/** Removes what is in the place of something of Berth's, as a mount would hide it. */
function makeWay(file) {
  fs.rmSync(file, { recursive: true, force: true });
}

/** Returns a folder for secrets, which a link at the given place leads to unless a memory is mounted there. */
function inMemory(folder) {
  if (isInMemory(folder)) return folder;
  if (!isInMemory(MEMORY)) {
    throw new Error(`secrets are given in memory only, and neither ${folder} nor ${MEMORY} is a tmpfs`);
  }
  const target = `${MEMORY}/berth-secrets`;
  fs.mkdirSync(target, { mode: 0o700 });
  link(folder, target);
  return target;
}

/** Whether a file system in memory is mounted at a folder. */
function isInMemory(folder) {
  return fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n").some((line) => {
    const [left = "", right = ""] = line.split(" - ");
    return left.split(" ")[4] === folder && ["tmpfs", "ramfs"].includes(right.split(" ")[0]);
  });
}

module.exports = { prepare };
