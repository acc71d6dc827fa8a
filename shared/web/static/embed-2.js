/* Idéslussen, EUPL-1.2. Puts the form for ideas, or that of an event, into this page:
   <script src=".../embed.js" data-sluice="krokom" async></script>
   <script src=".../embed.js" data-traff="kreativa-byrakrater" async></script>
   This version never changes, so it may be pinned by its hash: see docs/embed.md. */
(function () {
  "use strict";
  var script = document.currentScript;
  var isEvent = script && "traff" in script.dataset;
  var slug = script && (isEvent ? script.dataset.traff : script.dataset.sluice);
  if (!/^[a-z0-9-]{1,80}$/.test(slug || "")) return;
  var home = new URL(script.src).origin;
  var form = home + (isEvent ? "/traffar/" : "/ide/") + slug;
  var language = (script.dataset.lang || document.documentElement.lang || "").slice(0, 2).toLowerCase();
  var query = /^[a-z]{2}$/.test(language) ? "?lang=" + language : "";

  var frame = document.createElement("iframe");
  frame.src = home + (isEvent ? "/embed/traff/" : "/embed/") + slug + query;
  frame.title = script.dataset.title || "Idéslussen";
  frame.loading = "lazy";
  frame.referrerPolicy = "origin";
  frame.style.cssText = "display:block;width:100%;border:0;height:40rem;color-scheme:light dark";
  script.parentNode.insertBefore(frame, script.nextSibling);

  // The link that stands before the script, for whoever has no JavaScript; or one of our own, where the frame stays away.
  var before = script.previousElementSibling;
  var link = before && (before.matches("a[href]") ? before : before.querySelector("a[href]"));
  var own = link && link.href.split(/[?#]/)[0] === form ? before : null;
  var away = setTimeout(function () {
    if (own) return;
    own = document.createElement("a");
    own.href = form + query;
    own.textContent = form;
    script.parentNode.insertBefore(own, frame);
  }, 15000);

  var answered = false;
  window.addEventListener("message", function (event) {
    // Only our own frame, and only while it shows our own origin: nobody else may size anything here.
    if (event.source !== frame.contentWindow || event.origin !== home) return;
    var said = event.data;
    if (!said || said.idesluss !== 1) return;
    if (typeof said.height === "number" && said.height > 0 && said.height < 20000) frame.style.height = Math.ceil(said.height) + "px";
    if (typeof said.title === "string" && !script.dataset.title) frame.title = said.title.slice(0, 200);
    if (said.top === true && answered) frame.scrollIntoView({ block: "start" });
    if (!answered) {
      answered = true;
      clearTimeout(away);
      if (own) own.hidden = true;
    }
  });
  frame.addEventListener("load", function () {
    frame.contentWindow.postMessage({ idesluss: 1, hello: true }, home);
  });
})();
