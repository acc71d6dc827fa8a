/* The receipt: what was a draft is sent, and the link can be copied. */
const sent = document.querySelector("[data-sent]");
try {
  localStorage.removeItem(`idesluss:utkast:${sent.dataset.sent}`);
} catch {
  // Kept from us, as in some frames: then there was no draft either.
}

const button = document.getElementById("copy");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const link = document.getElementById("follow-link");
    try {
      await navigator.clipboard.writeText(link.href);
      document.getElementById("copied").textContent = button.dataset.copied;
    } catch {
      // Not allowed here: mark it, so that the keyboard copies it.
      getSelection().selectAllChildren(link);
    }
  });
}
