/* The proof of work of our open forms: begins when somebody starts to write, shows nothing, and never stands in the way.
   The widget is ALTCHA's own, loaded only then. Where it fails the form is sent without, and a person looks at it first. */
const LONGEST_WAIT = 20000;

for (const place of document.querySelectorAll("[data-proof]")) guard(place, place.closest("form"));

function guard(place, form) {
  let begun = null;
  const begin = () => (begun ??= solve(place).catch(() => "failed"));
  form.addEventListener("focusin", begin, { once: true });
  form.addEventListener("input", begin, { once: true });
  // Whoever sends before it is done waits a moment; nobody waits for ever.
  form.addEventListener("submit", (event) => {
    if (form.querySelector('input[name="altcha"][value]:not([value=""])') || form.dataset.proofGivenUp) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const status = form.querySelector("[role=status]#sending");
    if (status) status.textContent = place.dataset.wait;
    const limit = new Promise((done) => setTimeout(done, LONGEST_WAIT, "late"));
    Promise.race([begin(), limit]).then((became) => {
      if (became !== "solved") form.dataset.proofGivenUp = "1";
      if (status) status.textContent = "";
      form.requestSubmit(event.submitter instanceof HTMLElement && event.submitter.isConnected ? event.submitter : undefined);
    });
  }, { capture: true });
  form.addEventListener("proof-used", () => {
    begun = null;
    delete form.dataset.proofGivenUp;
    place.replaceChildren();
    form.querySelector('input[name="altcha"]')?.remove();
  });
}

async function solve(place) {
  await import(place.dataset.widget);
  const { $altcha } = globalThis;
  $altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(place.dataset.worker));
  const { label, done, wait, failed } = place.dataset;
  const words = { label, verified: done, verifying: wait, waitAlert: wait, loading: wait, error: failed, expired: failed, verificationRequired: label };
  const language = document.documentElement.lang;
  $altcha.i18n.set(language, { ...$altcha.i18n.get("en"), ...words });
  const widget = document.createElement("altcha-widget");
  for (const [name, value] of Object.entries({ challenge: place.dataset.proof, language, display: "invisible", auto: "off" })) widget.setAttribute(name, value);
  widget.setAttribute("configuration", JSON.stringify({ minDuration: 0, humanInteractionSignature: false, hideFooter: true, hideLogo: true }));
  const kept = document.createElement("input");
  kept.type = "hidden";
  kept.name = "altcha";
  return new Promise((settle) => {
    widget.addEventListener("statechange", (event) => {
      const { state, payload } = event.detail;
      if (state === "verified") {
        // The widget's own field goes with the widget: one field, and no leftover in the form.
        kept.value = payload;
        kept.setAttribute("value", payload);
        widget.remove();
        place.after(kept);
        settle("solved");
      }
      if (state === "error" || state === "expired") settle("failed");
    });
    widget.addEventListener("load", () => widget.verify(), { once: true });
    place.append(widget);
  });
}
