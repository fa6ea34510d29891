// The search box for a page of a portal, in a shadow root, so that neither page's styles reach the other's.
// The server puts suggest.js before it (search_service/web/embedding.py) and wraps both in a function.
const script = document.currentScript;

const STYLE = `
:host { display: block; }
form { all: initial; position: relative; display: flex; max-width: 40em; color: var(--gongwen-ink, #1f2329);
  font: 16px/1.5 var(--gongwen-font, "PingFang SC", "Microsoft YaHei", sans-serif); }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
input { flex: 1; min-width: 0; height: 44px; padding: 0 12px; box-sizing: border-box; font: inherit; color: inherit;
  background: var(--gongwen-paper, #fff); border: 1px solid var(--gongwen-line, #7a828e); border-right: 0;
  border-radius: var(--gongwen-radius, 4px) 0 0 var(--gongwen-radius, 4px); appearance: none; }
button { font: inherit; cursor: pointer; }
form > button { height: 44px; padding: 0 20px; color: var(--gongwen-on-brand, #fff);
  background: var(--gongwen-brand, #a61b1b); border: 1px solid transparent;
  border-radius: 0 var(--gongwen-radius, 4px) var(--gongwen-radius, 4px) 0; }
:focus-visible { outline: 3px solid var(--gongwen-focus, #0b57d0); outline-offset: 2px; }
.suggestions { position: absolute; z-index: 9999; top: 100%; left: 0; right: 0; margin-top: 4px;
  background: var(--gongwen-paper, #fff); border: 1px solid var(--gongwen-line, #7a828e);
  border-radius: var(--gongwen-radius, 4px); box-shadow: 0 4px 16px #0003; }
.group, .keys { margin: 0; padding: 6px 12px 2px; font-size: 13px; color: var(--gongwen-soft, #55606e); }
.option { display: flex; gap: 12px; justify-content: space-between; padding: 8px 12px; cursor: pointer; }
.option:hover, .option[aria-selected=true] { background: var(--gongwen-chosen, #f0ede8); }
.option[aria-selected=true] { outline: 2px solid transparent; outline-offset: -2px; }
.note { flex: none; font-size: 13px; color: var(--gongwen-soft, #55606e); }
.suggestions button { margin: 4px 12px; padding: 4px 0; border: 0; background: none; color: inherit; font-size: 13px; }
`;

function start() {
  const base = new URL("../", script.src);
  const { target, results, link, placeholder } = script.dataset;
  let host = target && document.querySelector(target);
  if (!host) {
    host = document.createElement("div");
    (document.body.contains(script) ? script : document.body.lastElementChild).after(host);
  }
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const form = document.createElement("form");
  const input = document.createElement("input");
  const button = document.createElement("button");
  form.setAttribute("role", "search");
  form.action = new URL("search", base);
  form.acceptCharset = "utf-8"; // also on a page in GBK
  form.dataset.suggest = new URL("api/v1/suggest", base);
  Object.assign(input, { id: "q", name: "q", type: "search", autocomplete: "off", placeholder: placeholder ?? "检索公文" });
  input.setAttribute("aria-label", "检索公文");
  button.textContent = "检索";
  form.append(input, button);
  root.append(form);
  attachSuggestions(form, (entry) => (link ? link.replace("{id}", encodeURIComponent(entry.id)) : new URL(entry.url, base)));
  form.addEventListener("submit", (event) => {
    if (!results) return;
    event.preventDefault();
    location.assign(results.replace("{query}", encodeURIComponent(input.value)));
  });
}

if (document.readyState === "complete") start();
else addEventListener("load", start);
