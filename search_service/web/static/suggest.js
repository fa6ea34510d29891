// Suggestions under the search box: a combobox with a list box (WAI-ARIA 1.2). Without this script the
// box is a plain search box. Nothing typed is kept anywhere.
"use strict";

const WAIT = 120; // milliseconds without a key before the request
const KINDS = { title: "标题", heading: "小标题", term: "词语" };

for (const form of document.querySelectorAll("form[data-suggest]")) attach(form);

function attach(form) {
  const input = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  const status = document.createElement("p");
  let timer = 0;
  let request = null;
  let entries = [];
  let active = -1;
  let typed = input.value;

  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "建议");
  list.hidden = true;
  status.className = "unseen";
  status.setAttribute("role", "status");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  form.append(list, status);

  function forget() {
    clearTimeout(timer);
    request?.abort();
  }

  function close() {
    forget();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function show(found) {
    entries = found;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...found.map((entry, place) => {
      const option = document.createElement("li");
      const text = document.createElement("span");
      const kind = document.createElement("span");
      option.id = `${list.id}-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      text.textContent = entry.text;
      kind.textContent = KINDS[entry.kind];
      kind.className = "kind";
      option.append(text, kind);
      option.addEventListener("click", () => choose(entry));
      return option;
    }));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length > 0 ? `${found.length} 条建议，用上下键选择` : "";
  }

  // What is typed counts at once, not from the request on: an arrow pressed meanwhile leads back to it.
  function changed() {
    typed = input.value;
    forget();
    timer = setTimeout(ask, WAIT);
  }

  async function ask() {
    if (!typed.trim()) return close();
    const mine = new AbortController();
    request = mine;
    try {
      const address = `${form.dataset.suggest}?${new URLSearchParams({ q: typed.slice(0, 200) })}`;
      const answer = await fetch(address, { signal: mine.signal });
      const found = answer.ok ? (await answer.json()).suggestions : [];
      if (!mine.signal.aborted && document.activeElement === input) show(found);
    } catch {
      // Aborted by the next key, or the server is away: the box works without.
    }
  }

  function move(step) {
    forget(); // a list that arrives now would take the place of the one walked through
    const places = entries.length + 1; // one more: what was typed
    active = ((active + 1 + step + places) % places) - 1;
    [...list.children].forEach((option, place) => {
      option.setAttribute("aria-selected", String(place === active));
    });
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
      input.value = typed;
      return;
    }
    const option = list.children[active];
    input.setAttribute("aria-activedescendant", option.id);
    input.value = entries[active].text;
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(entry) {
    close();
    input.value = entry.text;
    if (entry.url) window.location.assign(entry.url);
    else form.requestSubmit();
  }

  input.addEventListener("input", (event) => {
    // While an input method composes, the letters are not yet what is meant.
    if (!event.isComposing) changed();
  });
  input.addEventListener("compositionend", changed);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
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
  list.addEventListener("mousedown", (event) => event.preventDefault());
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
}
