/* The door of an event, on a telephone that may lose its net. Ticks go into a queue in the telephone and leave it when
   the server says that they are kept. The list of names lives in this tab alone (sessionStorage) and at most for twelve
   hours; the queue outlives the tab and names nobody but those who walked in while there was no net. Without this file
   the page is whole: each row is a form. */
"use strict";

const room = document.getElementById("door");
const words = room.dataset;
const list = room.querySelector("[data-list]");
const search = document.getElementById("q");
const status = room.querySelector("[data-status]");
const countLine = room.querySelector("[data-count-words]");
const empty = room.querySelector("[data-empty]");
const find = room.querySelector("[data-find]");
const walkIn = document.getElementById("walk-in-form");
const LIST = `idesluss-door:${words.slug}`;
const QUEUE = `idesluss-door-queue:${words.slug}`;
const LIST_LIVES = 12 * 3600 * 1000;
const TICK_LIVES = 3 * 24 * 3600 * 1000;
const EVERY = 5000;
const REFRESH = 15000;
const AT_ONCE = 200;
const fill = (text, facts) => Object.entries(facts).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, value), text);

/* ---- what the telephone keeps ---- */
function stored(where, key, otherwise) {
  try { return JSON.parse(where.getItem(key)) ?? otherwise; } catch { return otherwise; }
}
function store(where, key, value) {
  try { where.setItem(key, JSON.stringify(value)); return true; } catch { return false; }
}
let spare = []; // where a browser lets nothing be stored: as long as the page is open
const queue = () => stored(localStorage, QUEUE, spare).filter((one) => Date.now() - Date.parse(one.at) < TICK_LIVES);
function setQueue(items) {
  spare = items;
  store(localStorage, QUEUE, items);
  tell();
}
const forgetList = () => { try { sessionStorage.removeItem(LIST); } catch { /* there was none */ } };

function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/* ---- the list ---- */
const rows = () => [...list.querySelectorAll(".door-row")];

function show(row, came) {
  const party = Number(row.dataset.party);
  row.dataset.came = came;
  row.querySelector(".door-not-here").hidden = came > 0;
  row.querySelector(".door-here").hidden = came === 0;
  row.querySelector("[data-told]").textContent = party > 1 || came > 1 ? fill(words.hereOf, { came, of: party }) : words.here;
}

function applyQueue() {
  for (const row of rows()) row.classList.remove("waits");
  for (const one of queue()) {
    const row = one.guest && rows().find((other) => other.dataset.guest === one.guest);
    if (!row) continue;
    show(row, one.came);
    row.classList.add("waits");
  }
}

function filter() {
  const wanted = search.value.trim().toLowerCase();
  const code = wanted.replace(/[\s-]/g, "");
  let seen = 0;
  for (const row of rows()) {
    const fits = row.dataset.words.includes(wanted) || (code.length >= 4 && row.dataset.code.startsWith(code));
    row.hidden = wanted ? !fits : row.dataset.expected === "no" && row.dataset.came === "0";
    seen += row.hidden ? 0 : 1;
  }
  empty.hidden = seen > 0;
  find.hidden = seen > 0 || isOffline || !wanted || wanted === words.wanted.toLowerCase();
  if (rows().length) empty.textContent = words.none;
  return seen;
}

function render(html) {
  const focused = document.activeElement?.closest?.(".door-row");
  const name = focused && document.activeElement.value;
  list.innerHTML = html; // our own server's markup, escaped there
  applyQueue();
  filter();
  if (focused) document.getElementById(focused.id)?.querySelector(`button[value="${name}"]`)?.focus();
}

function count({ came, coming }) {
  countLine.textContent = fill(words.count, { came, coming });
}

/* ---- the net ---- */
let token = room.querySelector("input[name=form_token]")?.value ?? walkIn.elements.form_token.value;
let isOffline = false;
let isSignedOut = false;
let isRefused = "";
let busy = false;

function tell() {
  const waiting = queue().length;
  const parts = [];
  if (waiting === 1) parts.push(words.oneWaits);
  if (waiting > 1) parts.push(fill(words.wait, { n: waiting }));
  if (isSignedOut) parts.push(words.signedOut);
  else if (isOffline) parts.push(words.offline);
  if (isRefused) parts.push(isRefused);
  const said = parts.join(" ") || (wasSent ? words.saved : "");
  if (status.textContent !== said) status.textContent = said;
  room.dataset.waiting = waiting;
}
let wasSent = false;

// The answer as data; null where there is no net, or somebody must sign in again.
async function ask(path, options) {
  let response;
  try {
    response = await fetch(words.base + path, { credentials: "same-origin", ...options });
  } catch {
    isOffline = true;
    return null;
  }
  const isOurs = (response.headers.get("Content-Type") ?? "").includes("json");
  isOffline = response.status >= 500;
  isSignedOut = !isOurs && !isOffline;
  if (isSignedOut) forgetList();
  if (!response.ok || !isOurs) return null;
  return response.json();
}

async function refresh() {
  const asked = new URLSearchParams({ lang: words.lang });
  // Those who have not answered are looked for by the server alone: there may be thousands.
  if (words.wanted) asked.set("q", words.wanted);
  const found = await ask(`/lista?${asked}`);
  if (!found) return false;
  token = found.token;
  store(sessionStorage, LIST, { html: found.html, came: found.came, coming: found.coming, until: Date.now() + LIST_LIVES });
  const isTyping = document.activeElement?.matches?.(".door-list input");
  if (!isTyping && list.dataset.html !== found.html) render(found.html);
  count(found);
  return true;
}

async function send() {
  const items = queue().slice(0, AT_ONCE);
  if (!items.length) return true;
  const body = new URLSearchParams({ form_token: token, queue: JSON.stringify(items) });
  const told = await ask("/kryss", { method: "POST", body });
  if (!told) return false;
  const done = new Set([...told.kept, ...told.unknown, ...told.refused]);
  const back = items.filter((one) => told.refused.includes(one.id));
  for (const one of back) {
    // What could not be taken comes back into the form, to be mended.
    isRefused = fill(words.refused, { name: one.walk_in.name });
    for (const [name, value] of Object.entries(one.walk_in)) if (walkIn.elements[name]) walkIn.elements[name].value = value;
  }
  wasSent = true;
  setQueue(queue().filter((one) => !done.has(one.id)));
  return queue().length ? send() : true;
}

let lastRefresh = 0;
async function sync(wantsList = false) {
  if (busy) return;
  busy = true;
  try {
    const had = queue().length;
    // A session that was renewed, or another one, has another token: the list brings it.
    let went = await send();
    if (!went && isSignedOut && (await refresh())) went = await send();
    if (went && (wantsList || had || Date.now() - lastRefresh > REFRESH) && (await refresh())) lastRefresh = Date.now();
  } finally {
    busy = false;
    tell();
  }
}

/* ---- what people do ---- */
list.addEventListener("submit", (event) => {
  const form = event.target.closest("form");
  const row = form.closest(".door-row");
  const undo = event.submitter?.value === "undo";
  const given = Number(form.elements.came?.value || 1);
  const came = undo ? 0 : Math.min(Math.max(Math.round(given) || 1, 1), 99);
  event.preventDefault();
  isRefused = "";
  show(row, came);
  row.classList.add("waits");
  setQueue([...queue(), { id: uuid(), at: new Date().toISOString(), guest: row.dataset.guest, came }]);
  row.querySelector(`button[value="${undo ? "came" : "undo"}"]`).focus();
  sync();
});

walkIn.addEventListener("submit", (event) => {
  const given = Object.fromEntries(["name", "address", "party_size", "diet"].map((name) => [name, walkIn.elements[name]?.value.trim() ?? ""]));
  if (!given.name) return; // the server says what is wrong
  event.preventDefault();
  isRefused = "";
  given.party_size = Math.min(Math.max(Math.round(Number(given.party_size)) || 1, 1), Number(walkIn.elements.party_size.max));
  setQueue([...queue(), { id: walkIn.elements.id.value, at: new Date().toISOString(), walk_in: given }]);
  walkIn.reset();
  for (const name of Object.keys(given)) if (walkIn.elements[name]) walkIn.elements[name].value = name === "party_size" ? 1 : "";
  walkIn.elements.id.value = uuid();
  walkIn.elements.name.focus();
  sync(true);
});

search.addEventListener("input", filter);
search.form.addEventListener("submit", (event) => find.hidden && event.preventDefault());
document.querySelector("form[action*='/kontakt/ut']")?.addEventListener("submit", forgetList);
addEventListener("online", () => sync(true));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sync(true));
setInterval(() => document.visibilityState === "visible" && sync(), EVERY);

/* ---- the camera, where the browser reads codes by itself ---- */
const scan = room.querySelector("[data-scan]");
const camera = room.querySelector("[data-camera]");
const video = camera.querySelector("video");
let stream = null;

if ("BarcodeDetector" in globalThis && navigator.mediaDevices?.getUserMedia) {
  BarcodeDetector.getSupportedFormats().then((formats) => { scan.hidden = !formats.includes("qr_code"); }, () => {});
}
function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  camera.hidden = true;
  scan.focus();
}
function found(content) {
  const code = content.split(/[?#]/)[0].split("/").pop().toLowerCase();
  const row = rows().find((other) => other.dataset.code === code);
  search.value = row ? row.dataset.code : "";
  filter();
  isRefused = row ? "" : words.noCode;
  tell();
  if (row) row.querySelector("button:not([hidden] *)").focus();
}
scan.addEventListener("click", async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    scan.hidden = true;
    return;
  }
  video.srcObject = stream;
  camera.hidden = false;
  await video.play();
  const reader = new BarcodeDetector({ formats: ["qr_code"] });
  const look = async () => {
    if (!stream) return;
    const [code] = await reader.detect(video).catch(() => []);
    if (code) {
      stop();
      found(code.rawValue);
    } else {
      setTimeout(look, 150);
    }
  };
  look();
});
camera.querySelector("[data-stop]").addEventListener("click", stop);

/* ---- begin ---- */
const known = stored(sessionStorage, LIST, null);
if (known && known.until < Date.now()) forgetList();
if (words.shell === "yes") {
  isOffline = true;
  if (known && known.until >= Date.now()) {
    render(known.html);
    count(known);
  }
}
applyQueue();
filter();
tell();
sync(true);

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(`${words.base}/vakt.js`, { scope: words.base }).then(() => navigator.serviceWorker.ready).then((ready) => {
    if (words.shell === "no") ready.active.postMessage({ shell: `${words.base}/skal?lang=${words.lang}`, files: words.keep.split(" ") });
  }, () => { /* without it a reload needs the net */ });
}
