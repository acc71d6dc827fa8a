// Builds shared/web/static: face.css (theme + the components we use + look.css and look/*.css, unused parts left out),
// the fonts, and the scripts of others that pages load.
// Run by hand (`npm ci && npm run build`) when the face changes; what it writes is committed, so nobody else needs Node.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { transform } from "lightningcss";

const STATIC = "../shared/web/static";
const COMPONENTS = [
  "alert", "base", "button", "details", "divider", "error-summary", "field", "fieldset", "input", "label", "link",
  "pagination", "search", "skip-link", "table", "tag", "validation-message",
];
// The colour families that pages use by `data-color`; the theme's own file has nine.
const FAMILIES = ["accent", "neutral", "danger", "warning", "success", "info"];

// One build at a time: the tool writes into folders of fixed names.
try {
  mkdirSync(".building");
} catch {
  console.error("Another build is running, or one was broken off: then remove theme/.building and try again.");
  process.exit(1);
}
process.on("exit", () => rmSync(".building", { recursive: true, force: true }));

const tool = "node_modules/@digdir/designsystemet/dist/bin/designsystemet.js";
for (const step of ["create", "build"]) {
  execFileSync(process.execPath, [tool, "tokens", step, "--config", "designsystemet.config.json", "--clean"], { stdio: "ignore" });
}

const theme = readFileSync("design-tokens-build/slussen.css", "utf8")
  .replaceAll(/@layer ds\.theme\.color \{\s*\[data-color="(\w+)"\][^}]*\}\s*\}/g, (block, family) => (FAMILIES.includes(family) ? block : ""))
  .replaceAll(/@layer ds\.theme\.typography\.secondary \{\s*\[[^}]*\}\s*(?:\[[^}]*\}\s*)*\}/g, "");
const components = COMPONENTS.map((name) => `@layer ds.${name === "base" ? "base" : "components"}{${read(name)}}`).join("\n");
// A font's address bears its fingerprint, as `asset` in shared/web/app.py makes it, so that preload and sheet agree.
let look = ours();
for (const [font, name] of [["inter", "inter"], ["source-serif-4", "source-serif"]]) {
  const file = `node_modules/@fontsource-variable/${font}/files/${font}-latin-wght-normal.woff2`;
  copyFileSync(file, `${STATIC}/${name}.woff2`);
  look = look.replace(`v=${name.toUpperCase()}`, `v=${createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12)}`);
}
const sheet = `@layer ds.theme, ds.base, ds.components;\n${theme}\n${components}\n${look}`;

const { code } = transform({ filename: "face.css", code: Buffer.from(withoutUnused(sheet)), minify: true });
// The fingerprint of our own sheets lets a test see that somebody changed it and forgot to build.
const made = createHash("sha256").update(ours()).digest("hex").slice(0, 12);
const named = `/*! Idéslussen, EUPL-1.2, look ${made}. With @digdir/designsystemet and designsystemet-css, MIT: see LICENSES.txt */\n`;
writeFileSync(`${STATIC}/face.css`, named + code.toString() + "\n");

copyFileSync("node_modules/htmx.org/dist/htmx.min.js", `${STATIC}/htmx.js`);
copyFileSync("node_modules/altcha/dist/external/altcha.min.js", `${STATIC}/altcha.js`);
copyFileSync("node_modules/altcha/dist/workers/pbkdf2.js", `${STATIC}/altcha-worker.js`);

writeFileSync(`${STATIC}/LICENSES.txt`, licences());
for (const folder of ["design-tokens", "design-tokens-build"]) rmSync(folder, { recursive: true, force: true });

// look.css, and beside it one sheet for each part of the house.
function ours() {
  const parts = readdirSync("look").filter((name) => name.endsWith(".css")).sort();
  return ["look.css", ...parts.map((name) => `look/${name}`)].map((name) => readFileSync(name, "utf8")).join("\n");
}

function read(name) {
  return readFileSync(`node_modules/@digdir/designsystemet-css/dist/src/${name}.css`, "utf8");
}

// Takes away custom properties that nothing reads, until there is nothing left to take away.
function withoutUnused(css) {
  for (;;) {
    const used = new Set([...css.matchAll(/var\(\s*(--[\w-]+)/g)].map((match) => match[1]));
    const smaller = css.replaceAll(/(--dsc?-[\w-]+)\s*:[^;{}]*(;|(?=\}))/g, (declaration, name) => (used.has(name) ? declaration : ""));
    if (smaller.length === css.length) return css;
    css = smaller;
  }
}

function licences() {
  const parts = [
    ["@digdir/designsystemet", "LICENSE"], ["@digdir/designsystemet-css", "LICENSE"],
    ["@fontsource-variable/inter", "LICENSE"], ["@fontsource-variable/source-serif-4", "LICENSE"],
    ["altcha", "LICENSE.txt"], ["htmx.org", "LICENSE"],
  ];
  return parts
    .map(([name, file]) => {
      const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
      return `== ${name} ${version} ==\n\n${readFileSync(`node_modules/${name}/${file}`, "utf8").trim()}\n`;
    })
    .join("\n");
}
