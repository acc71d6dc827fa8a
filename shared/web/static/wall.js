/* The wall: what has just arrived is seen to arrive, and an answer that is no wall never wipes it. */
"use strict";

const stopped = document.getElementById("wall-stopped");
let known = new Set([...document.querySelectorAll("[data-idea]")].map((idea) => idea.dataset.idea));

document.addEventListener("htmx:beforeSwap", (event) => {
  const isWall = event.detail.xhr.status === 204 || event.detail.xhr.responseText.includes('id="wall-ideas"');
  if (!isWall) event.detail.shouldSwap = false;
  stopped.hidden = isWall;
});
document.addEventListener("htmx:sendError", () => { stopped.hidden = false; });
document.addEventListener("htmx:afterSettle", () => {
  const ideas = [...document.querySelectorAll("[data-idea]")];
  for (const idea of ideas) idea.classList.toggle("new", !known.has(idea.dataset.idea));
  known = new Set(ideas.map((idea) => idea.dataset.idea));
});
