// Suggestions under a search box: a combobox with a list box of groups (WAI-ARIA 1.2). site.js attaches them to
// the box of our pages, embed/search.js to that of a portal. Without this script the box is a plain search box.
// Recent searches stay in this browser (localStorage); nothing typed is kept anywhere else.
"use strict";

const WAIT = 120; // milliseconds without a key before the request
const GROUPS = { recent: "最近检索", open: "直接打开", title: "标题", name: "单位/人名", phrase: "说法" };
const RECENT = { key: "gongwen.recent", most: 6, length: 50 };

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT.key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(0, RECENT.most) : [];
  } catch {
    return []; // closed by the browser, or not ours
  }
}

function keep(texts) {
  try {
    localStorage.setItem(RECENT.key, JSON.stringify(texts.slice(0, RECENT.most)));
  } catch {
    // Full or closed: then there are no recent searches.
  }
}

function remember(text) {
  const typed = text.trim();
  if (typed && typed.length <= RECENT.length) keep([typed, ...recent().filter((one) => one !== typed)]);
}

// addressOf: where a suggestion that is one document opens.
function attachSuggestions(form, addressOf = (entry) => entry.url) {
  const input = form.querySelector("input[type=search]");
  const panel = document.createElement("div");
  const list = document.createElement("div");
  const foot = document.createElement("p");
  const clear = document.createElement("button");
  const status = document.createElement("p");
  let timer = 0;
  let request = null;
  let entries = [];
  let options = [];
  let active = -1;
  let typed = input.value;

  panel.className = "suggestions";
  panel.hidden = true;
  list.id = `${input.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "建议");
  foot.className = "keys";
  foot.setAttribute("aria-hidden", "true");
  foot.textContent = "↑↓ 选择 · Enter 打开 · Esc 收起";
  clear.type = "button";
  clear.textContent = "× 清除最近检索";
  clear.addEventListener("click", () => {
    keep([]);
    close();
  });
  status.className = "unseen";
  status.setAttribute("role", "status");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  panel.append(list, clear, foot);
  form.append(panel, status);

  function forget() {
    clearTimeout(timer);
    request?.abort();
  }

  function close() {
    forget();
    panel.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function optionOf(entry, place) {
    const option = document.createElement("div");
    const text = document.createElement("span");
    option.id = `${list.id}-${place}`;
    option.className = "option";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    text.textContent = entry.text;
    option.append(text);
    const note = document.createElement("span");
    note.className = "note";
    if (entry.url) note.textContent = "→";
    else if (entry.count) note.textContent = `${entry.count.toLocaleString("zh-CN")} 篇`;
    if (note.textContent) option.append(note);
    option.addEventListener("click", () => choose(entry));
    return option;
  }

  function headingOf(name) {
    const heading = document.createElement("p");
    heading.className = "group";
    heading.id = `${list.id}-${name}`;
    heading.textContent = GROUPS[name];
    return heading;
  }

  function show(found) {
    entries = found.filter((entry) => entry.group in GROUPS);
    active = -1;
    input.removeAttribute("aria-activedescendant");
    options = entries.map(optionOf);
    const groups = Object.keys(GROUPS).filter((name) => entries.some((entry) => entry.group === name));
    list.replaceChildren(...groups.map((name) => {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-labelledby", `${list.id}-${name}`);
      group.append(headingOf(name), ...options.filter((_, place) => entries[place].group === name));
      return group;
    }));
    clear.hidden = groups[0] !== "recent";
    panel.hidden = entries.length === 0;
    input.setAttribute("aria-expanded", String(entries.length > 0));
    status.textContent = entries.length > 0 ? `${entries.length} 条建议，用上下键选择` : "";
  }

  function showRecent() {
    show(recent().map((text) => ({ text, group: "recent" })));
  }

  // What is typed counts at once, not from the request on: an arrow pressed meanwhile leads back to it.
  function changed() {
    typed = input.value;
    forget();
    timer = setTimeout(ask, WAIT);
  }

  async function ask() {
    if (!typed.trim()) return showRecent();
    const mine = new AbortController();
    request = mine;
    try {
      const address = `${form.dataset.suggest}?${new URLSearchParams({ q: typed.slice(0, 200) })}`;
      const answer = await fetch(address, { signal: mine.signal });
      const found = answer.ok ? (await answer.json()).suggestions : [];
      if (!mine.signal.aborted && input.getRootNode().activeElement === input) show(found);
    } catch {
      // Aborted by the next key, or the server is away: the box works without.
    }
  }

  function move(step) {
    forget(); // a list that arrives now would take the place of the one walked through
    const places = entries.length + 1; // one more: what was typed
    active = ((active + 1 + step + places) % places) - 1;
    options.forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === active));
    });
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
      input.value = typed;
      return;
    }
    input.setAttribute("aria-activedescendant", options[active].id);
    input.value = entries[active].text;
    options[active].scrollIntoView({ block: "nearest" });
  }

  function choose(entry) {
    close();
    input.value = entry.query ?? entry.text;
    if (entry.url) window.location.assign(addressOf(entry));
    else form.requestSubmit();
  }

  input.addEventListener("input", (event) => {
    // While an input method composes, the letters are not yet what is meant.
    if (!event.isComposing) changed();
  });
  input.addEventListener("compositionend", changed);
  input.addEventListener("focus", () => {
    if (!input.value) showRecent();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || panel.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      choose(entries[active]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      input.value = typed;
      close();
    }
  });
  // A press on an option must not take the focus before its click.
  panel.addEventListener("mousedown", (event) => event.preventDefault());
  input.addEventListener("blur", close);
  form.addEventListener("submit", () => {
    remember(input.value);
    close();
  });
}
