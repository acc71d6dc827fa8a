// The contacts' inbox by keyboard, and the idea beside the list. Everything here is also reached without it.
"use strict";

const WIDE = matchMedia("(min-width: 60rem)");
const SWITCH = "idesluss-keys";
const beside = document.getElementById("beside");
const keys = document.getElementById("keys");
const many = document.getElementById("many");
const links = () => [...document.querySelectorAll("a[data-idea]")];
const picks = () => [...document.querySelectorAll("input.pick")];
const rowOf = (link) => link.closest(".idea-row");
const shown = (name) => document.querySelector(`template[data-${name}]`).content.cloneNode(true);

// The row that keys are about: the one with focus, or the last one that had it.
let here = null;

function currentRow() {
  const focused = document.activeElement?.closest?.(".idea-row");
  return focused?.querySelector("a[data-idea]") ?? (here?.isConnected ? here : null);
}

function go(steps) {
  const all = links();
  if (all.length === 0) return;
  const at = all.indexOf(currentRow());
  const next = at < 0 ? (steps > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + steps, 0), all.length - 1);
  all[next].focus();
  rowOf(all[next]).scrollIntoView({ block: "nearest" });
}

// Fetches the idea's own page and shows its content beside the list; where that fails, the page itself is opened.
async function open(link, page = "") {
  here = link;
  const address = new URL(link.href);
  address.pathname += page;
  if (!WIDE.matches || !window.htmx) {
    location.assign(address);
    return;
  }
  for (const other of links()) rowOf(other).classList.toggle("open", other === link);
  links().forEach((other) => other.removeAttribute("aria-current"));
  link.setAttribute("aria-current", "true");
  beside.replaceChildren(shown("loading"));
  try {
    await htmx.ajax("GET", address.href, { target: beside, swap: "innerHTML", select: "#content > *" });
  } catch {
    beside.replaceChildren(shown("failed"));
  }
  for (const title of beside.querySelectorAll("h1")) below(title);
  const field = page && beside.querySelector("textarea, select, input:not([type=hidden])");
  (field || beside).focus();
  if (!field) beside.scrollTop = 0;
}

// The list's heading is the page's: the idea's own stands below it.
function below(title) {
  const heading = document.createElement("h2");
  heading.className = "title";
  heading.append(...title.childNodes);
  title.replaceWith(heading);
}

beside.addEventListener("htmx:responseError", () => beside.replaceChildren(shown("failed")));
beside.addEventListener("htmx:sendError", () => beside.replaceChildren(shown("failed")));

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-idea]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (!WIDE.matches || !window.htmx) return;
  event.preventDefault();
  open(link);
});
document.addEventListener("focusin", (event) => {
  const link = event.target.closest?.(".idea-row")?.querySelector("a[data-idea]");
  if (link) here = link;
});

const isTyping = (where) => where.closest?.("input:not(.pick, [type=checkbox]), textarea, select, [contenteditable]");
const areOn = () => localStorage.getItem(SWITCH) !== "off";

const ACTS = {
  j: () => go(1),
  k: () => go(-1),
  r: () => currentRow() && open(currentRow(), "/svara"),
  e: () => currentRow() && open(currentRow(), "/tilldela"),
  x: () => currentRow() && pick(rowOf(currentRow()).querySelector("input.pick")),
  "/": () => document.getElementById("q").focus(),
  "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keys.open) return;
  if (event.key === "Escape" && beside.contains(document.activeElement) && here) {
    here.focus();
    return;
  }
  const act = ACTS[event.key];
  if (!act || isTyping(event.target) || !areOn()) return;
  event.preventDefault();
  act();
});

// Choosing several: how many are chosen is told, and a group's all are chosen by one press.
function pick(box) {
  if (!box) return;
  box.checked = !box.checked;
  tell();
}

function tell() {
  const number = picks().filter((box) => box.checked).length;
  const words = many?.querySelector(".many-count");
  if (!words) return;
  words.textContent = (number === 1 ? words.dataset.one : words.dataset.other).replace("{n}", number);
}

document.addEventListener("change", (event) => event.target.matches?.("input.pick") && tell());
for (const button of document.querySelectorAll("[data-pick-all]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...button.closest(".group").querySelectorAll("input.pick")];
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => { box.checked = !all; });
    tell();
  });
}

const show = document.querySelector("[data-keys]");
if (show) {
  show.hidden = false;
  show.addEventListener("click", () => keys.showModal());
}
const on = document.getElementById("keys-on");
if (on) {
  on.checked = areOn();
  on.addEventListener("change", () => localStorage.setItem(SWITCH, on.checked ? "on" : "off"));
}
tell();
