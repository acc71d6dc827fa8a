/* What a browser with JavaScript adds to the public form: a draft, a count, files by drag, progress, and faults in place.
   Without it the form is whole: everything here may fail. */
const form = document.getElementById("idea-form");
const words = form.dataset;
const fill = (text, facts) => Object.entries(facts).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, value), text);
const counted = new Intl.NumberFormat(document.documentElement.lang);

/* ---- a draft, in this browser alone; never files, never consent ---- */
const key = `idesluss:utkast:${words.slug}`;
const status = document.getElementById("draft");
const kept = () => [...form.elements].filter((one) => one.name && !["hidden", "file", "submit", "button"].includes(one.type) && !["consent", "homepage"].includes(one.name));
const store = {
  read() { try { return JSON.parse(localStorage.getItem(key)) || null; } catch { return null; } },
  write(value) { try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; } },
  clear() { try { localStorage.removeItem(key); } catch { /* there was none */ } },
};

function say(text, canDiscard) {
  status.replaceChildren(text);
  if (!canDiscard) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "ds-button", textContent: words.discard });
  button.dataset.variant = "tertiary";
  button.dataset.size = "sm";
  button.addEventListener("click", () => {
    clearTimeout(later);
    store.clear();
    form.reset();
    for (const one of kept()) one.type === "radio" || one.type === "checkbox" ? (one.checked = false) : (one.value = "");
    form.querySelectorAll("textarea").forEach(count);
    say(words.discarded, false);
    form.elements.title.focus();
  });
  status.append(" ", button);
}

const valuesNow = () => kept().flatMap((one) => {
  if (one.type === "radio" || one.type === "checkbox") return one.checked ? [[one.name, one.value]] : [];
  return one.value ? [[one.name, one.value]] : [];
});
let later;
function save() {
  const values = valuesNow();
  if (values.length && store.write(values)) say(words.saved, true);
  if (!values.length) store.clear();
}
form.addEventListener("input", () => { clearTimeout(later); later = setTimeout(save, 400); });
window.addEventListener("pagehide", () => { if (later && !sentAway) save(); });

const draft = store.read();
if (Array.isArray(draft) && valuesNow().length === 0) {
  for (const [name, value] of draft) {
    const field = form.elements.namedItem(String(name));
    if (field instanceof RadioNodeList) field.value = value;
    else if (field?.type === "checkbox") field.checked = field.value === value;
    else if (field && "value" in field && !["hidden", "file"].includes(field.type)) field.value = value;
  }
  if (draft.length) say(words.restored, true);
}

/* ---- how long the text is ---- */
function count(area) {
  const line = document.getElementById(`${area.id}-count`);
  if (!line) return;
  const number = [...area.value].length;
  const limit = Number(area.dataset.limit);
  line.textContent = fill(number > limit ? line.dataset.overWords : line.dataset.countWords, { number: counted.format(number), limit: counted.format(limit) });
  line.classList.toggle("over", number > limit);
  // Told aloud only when it begins to matter.
  line.setAttribute("aria-live", number > limit * 0.9 ? "polite" : "off");
}
for (const area of form.querySelectorAll("textarea")) {
  area.addEventListener("input", () => count(area));
  if (area.value) count(area);
}

/* ---- files: several, one by one, by drag, and away again ---- */
const input = form.elements.files;
const list = document.getElementById("file-list");
const drop = input.closest(".drop");
let chosen = [];
const sizeOf = (file) => (file.size < 1048576 ? `${counted.format(Math.ceil(file.size / 1024))} kB` : `${counted.format(Math.round(file.size / 104857.6) / 10)} MB`);

function choose(files) {
  const known = new Set(chosen.map((file) => `${file.name}/${file.size}/${file.lastModified}`));
  chosen = [...chosen, ...[...files].filter((file) => !known.has(`${file.name}/${file.size}/${file.lastModified}`))];
  showFiles();
}
function showFiles() {
  const transfer = new DataTransfer();
  chosen.forEach((file) => transfer.items.add(file));
  input.files = transfer.files;
  list.hidden = !chosen.length;
  list.replaceChildren(...chosen.map((file) => {
    const row = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { dir: "auto", textContent: `${file.name} (${sizeOf(file)})` });
    const away = Object.assign(document.createElement("button"), { type: "button", className: "ds-button", textContent: words.removeWord });
    away.dataset.variant = "tertiary";
    away.dataset.size = "sm";
    away.setAttribute("aria-label", fill(words.remove, { name: file.name }));
    away.addEventListener("click", () => { chosen = chosen.filter((one) => one !== file); showFiles(); input.focus(); });
    row.append(name, away);
    return row;
  }));
  tellFault("files", fileFault());
}
function fileFault() {
  if (chosen.length > Number(words.maxFiles)) return words.tooMany;
  return chosen.reduce((sum, file) => sum + file.size, 0) > Number(words.maxBytes) ? words.tooLarge : "";
}
input.addEventListener("change", () => choose(input.files));
drop.querySelector(".drop-words").hidden = false;
for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => { event.preventDefault(); choose(event.dataTransfer.files); });

/* ---- faults, where they are ---- */
function tellFault(name, text) {
  const slot = form.querySelector(`[data-slot="${CSS.escape(name)}"]`);
  if (!slot) return;
  const field = document.getElementById(name);
  slot.querySelectorAll(".ds-validation-message").forEach((old) => old.remove());
  const described = (field.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && !id.endsWith("-fault"));
  field.removeAttribute("aria-invalid");
  if (text) {
    const message = Object.assign(document.createElement("p"), { className: "ds-validation-message", id: `${name}-fault`, textContent: text });
    message.dataset.field = "validation";
    slot.append(message);
    described.push(message.id);
    field.setAttribute("aria-invalid", "true");
  }
  described.length ? field.setAttribute("aria-describedby", described.join(" ")) : field.removeAttribute("aria-describedby");
}
const summary = document.getElementById("summary");
function summarise(...nodes) {
  const box = Object.assign(document.createElement("div"), { className: "ds-error-summary", tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.append(...nodes);
  summary.replaceChildren(box);
  box.focus();
}
function headed(text) { return Object.assign(document.createElement("h2"), { textContent: text }); }

/* ---- the similar ideas: no more of the text than what is compared ---- */
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.target.id !== "similar") return;
  const { title, text } = form.elements;
  Object.assign(event.detail.parameters, { title: title.value.slice(0, 200), text: text.value.slice(0, 2000) });
});

/* ---- sending: seen as it goes, and stopped where somebody wants to ---- */
const progress = document.getElementById("progress");
const bar = document.getElementById("bar");
const telling = document.getElementById("sending");
const button = form.querySelector('button[type="submit"]');
let sentAway = false;
let under = null;

form.addEventListener("submit", (event) => {
  if (under) return event.preventDefault();
  const fault = fileFault();
  if (fault) {
    event.preventDefault();
    tellFault("files", fault);
    const way = Object.assign(document.createElement("a"), { href: "#files", className: "ds-link", textContent: fault });
    const item = document.createElement("li");
    item.append(way);
    const all = document.createElement("ul");
    all.append(item);
    return summarise(headed(words.faultTitle), all);
  }
  event.preventDefault();
  send();
});

function send() {
  const request = (under = new XMLHttpRequest());
  request.open("POST", form.action);
  request.responseType = "document";
  const bytes = chosen.reduce((sum, file) => sum + file.size, 0);
  telling.textContent = words.sending;
  if (bytes > 200000) {
    progress.hidden = false;
    bar.value = 0;
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.round((event.loaded / event.total) * 100);
      bar.textContent = fill(words.sentPart, { percent: bar.value });
    });
  }
  request.addEventListener("load", () => { done(); answer(request); });
  request.addEventListener("error", () => { done(); summarise(headed(words.broken)); });
  request.addEventListener("abort", () => { done(); telling.textContent = words.stopped; button.focus(); });
  request.send(new FormData(form));
}
document.getElementById("stop").addEventListener("click", () => under?.abort());
function done() { under = null; progress.hidden = true; telling.textContent = ""; }

function answer(request) {
  const page = request.response;
  if (request.status === 200 && page) {
    sentAway = true;
    store.clear();
    return location.assign(request.responseURL);
  }
  const told = page?.querySelector("#summary .ds-error-summary");
  if (!told) return summarise(headed(page?.querySelector("h1")?.textContent || words.broken), page?.querySelector(".lead")?.textContent || "");
  form.querySelectorAll("[data-slot]").forEach((slot) => tellFault(slot.dataset.slot, ""));
  // The files are still here: nobody need choose them again.
  page.querySelectorAll("[data-again]").forEach((one) => one.remove());
  page.querySelectorAll(".ds-validation-message").forEach((message) => tellFault(message.closest("[data-slot]").dataset.slot, message.textContent));
  form.elements.form_token.value = page.querySelector('[name="form_token"]').value;
  summarise(...told.childNodes);
}
