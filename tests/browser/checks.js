// What a page must be for everybody and axe-core does not ask, or asks of no mail: worked out from the page as drawn.
// Returns faults in words; none is well.
() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)];
  const said = (element) => `<${element.tagName.toLowerCase()}> ${(element.textContent || element.id || "").trim().slice(0, 40)}`;

  if (all("header").length !== 1) faults.push("not one header");
  if (all("h1").length !== 1) faults.push(`${all("h1").length} h1`);
  all("h1,h2,h3,h4").reduce((before, heading) => {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push(`heading jumps to ${said(heading)}`);
    return level;
  }, 0);
  for (const nav of all("nav")) if (!nav.getAttribute("aria-label")) faults.push("nav without a name");
  for (const picture of all("svg")) if (!picture.ariaHidden && !picture.getAttribute("aria-label")) faults.push("svg without a name");
  for (const pressed of all("a[href],button")) {
    const name = pressed.getAttribute("aria-label") || pressed.textContent.trim() || pressed.querySelector("img[alt]")?.alt;
    if (!name) faults.push(`no name: ${said(pressed)}`);
  }
  for (const described of all("[aria-describedby],[aria-labelledby]"))
    for (const id of `${described.getAttribute("aria-describedby") || ""} ${described.getAttribute("aria-labelledby") || ""}`.trim().split(/\s+/))
      if (!document.getElementById(id)) faults.push(`points at nothing: ${id}`);
  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push(`id twice: ${id}`);
  // A data block is no script: it is never run, and no policy asks for it.
  if (all("[style],style,script:not([src]):not([type='application/ld+json'])").length) faults.push("inline style or script");

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`${wide} px wider than the window`);
  for (const button of all("button"))
    if (shown(button) && button.getBoundingClientRect().height < 24) faults.push(`too small to hit: ${said(button)}`);

  // Contrast (WCAG 2.2, 1.4.3): text against the nearest ground that is painted.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) =>
    [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let here = element; here; here = here.parentElement) {
      const painted = rgba(getComputedStyle(here).backgroundColor);
      if (painted[3] === 255) return painted;
    }
    return rgba("Canvas");
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !shown(element)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgba(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${said(element)}`);
    if (size < 13.5) faults.push(`text of ${size} px: ${said(element)}`);
  }
  return faults;
}
