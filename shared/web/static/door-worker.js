/* The door's service worker: a reload without a net shows the door's page again. It keeps that page without a single
   name in it, and its style and program; the names lie in the tab (see door.js). Its scope is one event's door. */
"use strict";

const SCOPE = new URL(self.registration.scope).pathname;
const NAME = `idesluss-door ${SCOPE}`;
const SHELL = `${SCOPE}/skal`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep(event.data).then(() => event.source?.postMessage("kept"))));

async function keep({ shell, files }) {
  const cache = await caches.open(NAME);
  const page = await fetch(shell, { credentials: "same-origin" });
  // Somebody who is signed out by now was led elsewhere.
  if (!page.ok || new URL(page.url).pathname !== SHELL) return;
  // A page that was led here by way of the session's renewal may not answer a navigation as it is.
  await cache.put(SHELL, new Response(await page.blob(), { headers: page.headers }));
  const wanted = files.map((file) => new URL(file, self.location).href);
  for (const old of await cache.keys()) {
    if (new URL(old.url).pathname !== SHELL && !wanted.includes(old.url)) await cache.delete(old);
  }
  for (const file of wanted) if (!(await cache.match(file))) await cache.add(file);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname === SCOPE) event.respondWith(page(request));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

async function page(request) {
  const kept = async () => (await caches.open(NAME)).match(SHELL);
  try {
    const response = await fetch(request);
    // What stands before the server answers for it while it is away.
    return [502, 503, 504].includes(response.status) ? ((await kept()) ?? response) : response;
  } catch (fault) {
    const shell = await kept();
    if (shell) return shell;
    throw fault;
  }
}

async function file(request) {
  return (await (await caches.open(NAME)).match(request.url)) ?? fetch(request);
}
