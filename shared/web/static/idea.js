// The contact's page of one idea by keyboard: r answers, e moves, n writes a note. Everything is also reached without it.
"use strict";

// The inbox has the switch that turns keys off, for all pages.
const areOn = () => localStorage.getItem("idesluss-keys") !== "off";
const isTyping = (where) => where.closest?.("input, textarea, select, [contenteditable]");
const PLACES = { r: "answer-text", e: "move", n: "text" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const place = document.getElementById(PLACES[event.key] ?? "");
  if (!place || isTyping(event.target) || !areOn()) return;
  event.preventDefault();
  const box = place.closest("details");
  const go = () => {
    place.focus();
    place.scrollIntoView({ block: "center" });
  };
  if (box && !box.open) {
    // What a closed box holds takes no focus until it has opened.
    box.addEventListener("toggle", () => requestAnimationFrame(go), { once: true });
    box.open = true;
  } else {
    go();
  }
});
