// The articles related to the one that a page of a portal shows, in a shadow root. Where there are none, or the
// service is away, nothing appears. The server wraps it in a function (search_service/web/embedding.py).
const script = document.currentScript;

const STYLE = `
:host { display: block; }
section { all: initial; display: block; padding: 12px 16px; color: var(--gongwen-ink, #1f2329);
  font: 16px/1.6 var(--gongwen-font, "PingFang SC", "Microsoft YaHei", sans-serif);
  background: var(--gongwen-paper, #fff); border: 1px solid var(--gongwen-line, #d0d4da);
  border-radius: var(--gongwen-radius, 4px); }
h2 { margin: 0 0 4px; padding-left: 8px; border-left: 4px solid var(--gongwen-brand, #a61b1b); font-size: 18px; }
ul { margin: 0; padding: 0; list-style: none; }
li { padding: 6px 0; }
a { color: var(--gongwen-link, #0b4f9e); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
a:focus-visible { outline: 3px solid var(--gongwen-focus, #0b57d0); outline-offset: 2px; }
p { margin: 0; font-size: 13px; color: var(--gongwen-soft, #55606e); }
`;

// The parameter id of the address, else the last part of its path without its ending: show.asp?id=7, /a/7.html
function idOfPage() {
  const { search, pathname } = location;
  const last = pathname.split("/").pop().replace(/\.\w+$/, "");
  try {
    return new URLSearchParams(search).get("id") ?? decodeURIComponent(last);
  } catch {
    return ""; // percent-encoded GBK
  }
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

async function start() {
  const base = new URL("../", script.src);
  const { target, article, link, heading, size } = script.dataset;
  const id = article ?? idOfPage();
  if (!id) return;
  let found;
  try {
    const address = new URL(`api/v1/articles/${encodeURIComponent(id)}/related?size=${size ?? 6}`, base);
    const answer = await fetch(address);
    found = answer.ok ? (await answer.json()).results : [];
  } catch {
    return; // the service is away
  }
  if (!found.length) return;
  let host = target && document.querySelector(target);
  if (!host) {
    host = document.createElement("div");
    (document.body.contains(script) ? script : document.body.lastElementChild).after(host);
  }
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const title = element("h2", heading ?? "相关文章");
  title.id = "heading";
  const items = found.map((one) => {
    const anchor = element("a", one.title);
    anchor.href = link ? link.replace("{id}", encodeURIComponent(one.id)) : new URL(one.url, base);
    return element("li", "", anchor, element("p", [one.issuer, one.date, one.reason].filter(Boolean).join("　")));
  });
  const section = element("section", "", title, element("ul", "", ...items));
  section.setAttribute("aria-labelledby", "heading");
  root.append(section);
}

if (document.readyState === "complete") start();
else addEventListener("load", start);
