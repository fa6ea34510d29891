// What the page of an article does beside its HTML: marks the current heading, finds in the text, copies a
// passage with its source, changes size and face of the letters, folds the facts on a phone. Needs site.js.
"use strict";

const text = document.getElementById("text");
const tools = document.querySelector(".tools");
const NARROW = matchMedia("(max-width: 39.99rem)");
const MOST_MARKS = 1000;

for (const one of document.querySelectorAll(".tools [hidden], .dock [hidden]")) one.hidden = false;
if (NARROW.matches) document.querySelector(".facts").open = false;
addEventListener("beforeprint", () => { document.querySelector(".facts").open = true; });

// --- the letters --------------------------------------------------------------------------------------

const LETTERS = "gongwen.letters";
const letters = { size: 2, song: false };
try {
  Object.assign(letters, JSON.parse(localStorage.getItem(LETTERS) ?? "{}"));
} catch {
  // Closed by the browser, or not ours.
}

function showLetters() {
  for (const size of [1, 2, 3, 4]) text.classList.toggle(`size-${size}`, letters.size === size);
  text.classList.toggle("song", letters.song);
  tools.querySelector("[data-does=song]").setAttribute("aria-pressed", String(letters.song));
}

function changeLetters(change) {
  Object.assign(letters, change);
  showLetters();
  try {
    localStorage.setItem(LETTERS, JSON.stringify(letters));
  } catch {
    // Then the next page has the usual letters.
  }
}

showLetters();

// --- the current heading ------------------------------------------------------------------------------

const entries = new Map();
for (const link of document.querySelectorAll(".contents a[href^='#h-']")) {
  const heading = document.getElementById(link.hash.slice(1));
  if (heading) entries.set(heading, link);
}

function markCurrent() {
  const line = innerHeight / 3;
  let current = null;
  for (const heading of entries.keys()) {
    if (heading.getBoundingClientRect().top > line) break;
    current = heading;
  }
  for (const [heading, link] of entries) {
    if (heading === current && !link.hasAttribute("aria-current")) {
      link.setAttribute("aria-current", "true");
      const list = link.closest(".contents");
      const above = link.offsetTop < list.scrollTop;
      if (above || link.offsetTop > list.scrollTop + list.clientHeight - 40) list.scrollTop = link.offsetTop - 80;
    } else if (heading !== current) {
      link.removeAttribute("aria-current");
    }
  }
}

if (entries.size > 0) {
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      markCurrent();
    });
  }, { passive: true });
  markCurrent();
}

// --- find in the text ---------------------------------------------------------------------------------

const within = tools.querySelector(".within");
const field = within.querySelector("input");
const place = within.querySelector(".place");
let marks = [];
let at = -1;

function unmark() {
  for (const mark of marks) {
    const parent = mark.parentNode;
    mark.replaceWith(...mark.childNodes);
    parent.normalize();
  }
  marks = [];
  at = -1;
}

function markAll(wanted) {
  const found = [];
  for (const one of wanted) {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (let node of nodes) {
      if (node.parentElement.closest("mark, .pilcrow, .for-passage")) continue;
      let start = node.data.toLowerCase().indexOf(one);
      while (start >= 0 && found.length < MOST_MARKS) {
        const match = node.splitText(start);
        node = match.splitText(one.length);
        const mark = document.createElement("mark");
        match.replaceWith(mark);
        mark.append(match);
        found.push(mark);
        start = node.data.toLowerCase().indexOf(one);
      }
    }
  }
  return found.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
}

function find(typed) {
  unmark();
  const whole = typed.trim().toLowerCase();
  if (whole) marks = markAll([whole]);
  if (marks.length === 0 && whole) {
    // As on the page of results: the parts of a query, without its signs.
    const parts = whole.split(/[\s“”"()（）|]+/).filter((one) => one.length > 1 && !/^(or|and|not|-.*)$/.test(one));
    if (parts.length > 1) marks = markAll([...new Set(parts)].sort((a, b) => b.length - a.length));
  }
  showPlace();
}

function showPlace() {
  if (!field.value.trim()) place.textContent = "";
  else if (marks.length === 0) place.textContent = "没有";
  else place.textContent = at < 0 ? `${marks.length} 处` : `${at + 1}/${marks.length}`;
}

function go(step) {
  if (marks.length === 0) return;
  marks[at]?.classList.remove("here");
  at = at < 0 && step < 0 ? marks.length - 1 : (at + step + marks.length) % marks.length;
  marks[at].classList.add("here");
  marks[at].scrollIntoView({ block: "center" });
  showPlace();
}

field.addEventListener("input", (event) => {
  if (!event.isComposing) find(field.value);
});
field.addEventListener("compositionend", () => find(field.value));
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.shiftKey && !event.isComposing) {
    event.preventDefault();
    go(-1);
  }
});
within.addEventListener("submit", (event) => {
  event.preventDefault();
  go(1);
});
try {
  const from = new URL(document.referrer);
  const asked = from.origin === location.origin && from.pathname.endsWith("/search") && from.searchParams.get("q");
  if (asked) {
    field.value = asked;
    find(asked);
  }
} catch {
  // No page before this one.
}

// --- passages -----------------------------------------------------------------------------------------

let menu = null;

function linesOf(element) {
  const lines = element.querySelectorAll("p:not(.gap), h2, h3, h4, tr");
  return [...lines].map((line) => line.innerText.trim()).join("\n");
}

function closeMenu() {
  menu?.previousElementSibling.setAttribute("aria-expanded", "false");
  menu?.remove();
  menu = null;
}

function openMenu(link) {
  const passage = link.closest(".passage");
  const words = linesOf(passage);
  const footnote = document.getElementById("cite-2").textContent.trim();
  const sentence = document.getElementById("cite-1").textContent.trim();
  menu = document.createElement("div");
  menu.className = "for-passage no-print";
  const actions = {
    复制本段: () => words,
    复制本段和出处: () => `${words}\n（${footnote.replace(/。$/, "")}）`,
    复制引用: () => sentence,
    复制链接: () => link.href,
  };
  for (const [name, copied] of Object.entries(actions)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => copyAndSay(button, copied()));
    menu.append(button);
  }
  link.after(menu);
  link.setAttribute("aria-expanded", "true");
  menu.querySelector("button").focus();
}

for (const link of document.querySelectorAll(".pilcrow")) {
  link.setAttribute("role", "button");
  link.setAttribute("aria-label", "本段：复制、引用");
  link.setAttribute("aria-expanded", "false");
}
document.addEventListener("click", (event) => {
  const link = event.target.closest(".pilcrow");
  const was = menu?.previousElementSibling;
  if (menu?.contains(event.target)) return;
  closeMenu();
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (link !== was) openMenu(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.(".pilcrow")) {
    event.preventDefault();
    event.target.click();
  }
  if (event.key !== "Escape") return;
  if (menu) {
    const link = menu.previousElementSibling;
    closeMenu();
    link.focus();
  } else if (location.hash === "#contents") {
    location.replace("#text");
  }
});

// --- buttons ------------------------------------------------------------------------------------------

const DOES = {
  all: (event) => copyAndSay(event.currentTarget, linesOf(text)),
  print: () => print(),
  smaller: () => changeLetters({ size: Math.max(1, letters.size - 1) }),
  larger: () => changeLetters({ size: NARROW.matches && letters.size === 4 ? 2 : Math.min(4, letters.size + 1) }),
  song: () => changeLetters({ song: !letters.song }),
  back: () => go(-1),
  cite: () => { document.getElementById("cite").open = true; },
  within: () => {
    within.scrollIntoView({ block: "center" });
    field.focus();
  },
};
for (const one of document.querySelectorAll("[data-does]")) {
  one.addEventListener("click", DOES[one.dataset.does]);
}
