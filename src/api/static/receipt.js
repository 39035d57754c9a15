// Verifies a resident's receipt in the browser: C2SP tlog-proof, RFC 6962 and Ed25519, with
// WebCrypto alone. Whoever does not trust the server that sent this script uses another tool.
"use strict";

const utf8 = new TextEncoder();

function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== text) throw new Error("base64");
  return bytes;
}

function concatenated(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concatenated(...parts)));
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);

function bigEndian(bytes) {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

// The lines of a tlog-proof: extra, index, hashes, and the signed checkpoint after an empty line.
function parseProof(text) {
  const split = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, split).split("\n");
  if (split < 0 || header !== "c2sp.org/tlog-proof@v1") throw new Error("not a tlog-proof");
  if (!lines[0].startsWith("extra ")) throw new Error("no record");
  const record = fromBase64(lines.shift().slice("extra ".length));
  const index = lines.shift();
  if (!/^index (0|[1-9][0-9]*)$/.test(index)) throw new Error("no index");
  return {
    record,
    index: BigInt(index.slice("index ".length)),
    hashes: lines.map(fromBase64),
    note: parseNote(text.slice(split + 2)),
  };
}

// A signed note: text, empty line, lines of "— name base64(key id, signature)".
function parseNote(note) {
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw new Error("not a note");
  const text = note.slice(0, split + 1);
  const signatures = note.slice(split + 2).split("\n").filter((line) => line).map((line) => {
    const [dash, name, encoded] = line.split(" ");
    if (dash !== "—") throw new Error("not a signature");
    const content = fromBase64(encoded);
    return { name, id: hex(content.slice(0, 4)), signature: content.slice(4) };
  });
  const [origin, size, root] = text.split("\n");
  return { text, signatures, origin, size: BigInt(size), root: fromBase64(root) };
}

// RFC 9162, section 2.1.3.2.
async function rootFrom(leaf, index, size, hashes) {
  if (index >= size) throw new Error("index beyond the tree");
  let first = index, last = size - 1n, found = leaf;
  const node = (left, right) => sha256(Uint8Array.of(1), left, right);
  for (const sibling of hashes) {
    if (last === 0n) throw new Error("too long");
    if (first % 2n === 1n || first === last) {
      found = await node(sibling, found);
      while (first % 2n === 0n && first !== 0n) { first /= 2n; last /= 2n; }
    } else {
      found = await node(found, sibling);
    }
    first /= 2n; last /= 2n;
  }
  if (last !== 0n) throw new Error("too short");
  return found;
}

function parseKey(vkey) {
  const parts = vkey.split("+");
  const material = fromBase64(parts.slice(2).join("+"));
  return { name: parts[0], id: parts[1], type: material[0], public: material.slice(1) };
}

// Whether the key signed the checkpoint: true, false, or null where the browser cannot tell. A wrong
// signature of the key spoils the checkpoint, whatever else is on it (C2SP signed-note).
async function signedBy(vkey, note) {
  const key = parseKey(vkey);
  const own = note.signatures.filter((one) => one.name === key.name && one.id === key.id);
  if (!own.length) return false;
  if (key.type !== 1 && key.type !== 4) return null;
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  for (const { signature } of own) {
    const [signed, message] = key.type === 1 ? [signature, note.text] : cosigned(signature, note.text);
    const isGood = await crypto.subtle.verify({ name: "Ed25519" }, imported, signed, utf8.encode(message));
    if (!isGood) throw new Error(`wrong signature of ${key.name}`);
  }
  return true;
}

// A witness's signature says the time at which it looked (C2SP tlog-cosignature).
function cosigned(signature, text) {
  const time = bigEndian(signature.slice(0, 8));
  return [signature.slice(8), `cosignature/v1\ntime ${time}\n${text}`];
}

function mark(step, outcome, words) {
  const item = document.querySelector(`[data-step="${step}"]`);
  item.dataset.outcome = outcome;
  if (words) item.querySelector("small").textContent = words;
}

function conclude(outcome, words) {
  const verdict = document.getElementById("verdict");
  verdict.dataset.outcome = outcome;
  verdict.textContent = words;
}

const keys = (kind) =>
  Array.from(document.querySelectorAll(`[data-${kind}]`), (key) => key.dataset[kind]);

async function checkWitnesses(note) {
  const asked = keys("witness");
  if (!asked.length) return;
  const said = await Promise.all(asked.map((key) => signedBy(key, note)));
  const seen = said.filter((one) => one === true).length;
  mark("witnesses", seen ? "good" : "unknown", `${asked.length} 家见证机构中有 ${seen} 家确认账本只增不改`);
}

async function check() {
  if (!window.crypto || !crypto.subtle) {
    conclude("unknown", "浏览器只在 https 网址上提供核验所需的功能。请保存回执文件，用别的工具核验。");
    return;
  }
  conclude("busy", "正在核验……");
  let step = "leaf";
  try {
    const proof = parseProof(document.getElementById("proof").textContent);
    const leaf = await sha256(Uint8Array.of(0), proof.record);
    mark("leaf", "good");
    step = "inclusion";
    const root = await rootFrom(leaf, proof.index, proof.note.size, proof.hashes);
    if (!same(root, proof.note.root)) throw new Error("another root");
    mark("inclusion", "good");
    step = "signature";
    const said = await Promise.all(keys("log").map((key) => signedBy(key, proof.note)));
    if (said.includes(true)) {
      mark("signature", "good");
    } else if (said.includes(null)) {
      mark("signature", "unknown", "这个浏览器还不支持 Ed25519 签名，这一步没有核验。请换新版浏览器，或用别的工具核验。");
      conclude("unknown", "记录在账本里；签名没有核验，因为浏览器不支持。");
      return;
    } else {
      throw new Error("not signed");
    }
    step = "witnesses";
    await checkWitnesses(proof.note);
    conclude("good", `核验通过：您的记录在账本里，账本共有 ${proof.note.size} 条记录。`);
  } catch (error) {
    mark(step, "bad");
    conclude("bad", "核验不通过！请保存回执文件，并向审计或见证机构反映。");
    console.error(error);
  }
}

check();
