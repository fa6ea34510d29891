// What the pages of a draft do beside their HTML: the draft is kept on this machine while it is written, passages
// go in without a new page, so that they can be undone, what was put in is marked, and keys. Needs site.js.
"use strict";

const sheet = document.getElementById("text");
const draftForm = document.getElementById("draft");
const taken = document.getElementById("borrowed");

// --- kept on this machine -----------------------------------------------------------------------------

const SAVE_EVERY = 5000;
let stored = null; // what the site has of the draft (saved.js)
const said = document.createElement("p");
said.className = "saved";
said.setAttribute("role", "status");
sheet.closest(".paper, .sheet").after(said);

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return typeof found?.text === "string" && Array.isArray(found.quoted) ? found : null;
  } catch {
    return null;
  }
}

function quotedValues() {
  return [...draftForm.querySelectorAll("input[name=quoted]")].map((one) => one.value);
}

function clock(time) {
  return new Date(time).toTimeString().slice(0, 5);
}

function field(name) {
  return draftForm.querySelector(`input[name=${name}]`);
}

function keep() {
  const text = sheet.value;
  // A topic is no draft, and an empty sheet must not replace the draft that is offered.
  if (loggingOut || !text.includes("\n") || text === stored || kept()?.text === text) return;
  const from = { draft: field("draft")?.value, base: field("base")?.value };
  try {
    localStorage.setItem(KEPT, JSON.stringify({ text, quoted: quotedValues(), at: Date.now(), ...from }));
    said.textContent = `已存在本机 ${clock(Date.now())}`;
  } catch {
    said.textContent = "这台机器不让网页存稿，请自己留一份。";
  }
}

function addField(name, value) {
  const added = document.createElement("input");
  Object.assign(added, { type: "hidden", name, value });
  draftForm.append(added);
}

function setField(name, value) {
  if (field(name)) field(name).value = value;
  else addField(name, value);
}

function offer(found) {
  const button = (label, does) => {
    const one = document.createElement("button");
    Object.assign(one, { type: "button", className: "plain", textContent: label });
    one.addEventListener("click", () => {
      said.textContent = "";
      does();
    });
    return one;
  };
  said.append(
    `本机有 ${clock(found.at)} 的稿子，${found.text.length} 字：`,
    button("接着写", () => {
      sheet.value = found.text;
      for (const value of found.quoted) if (!quotedValues().includes(value)) addField("quoted", value);
      if (found.draft) {
        setField("draft", found.draft);
        setField("base", found.base);
        field("latest")?.remove();
      }
      changed();
    }),
    " ",
    button("删去", () => localStorage.removeItem(KEPT)),
  );
}

if (!sheet.value.trim() && kept()) offer(kept());
setInterval(keep, SAVE_EVERY);
addEventListener("pagehide", keep);
// Of any form: before somebody logs out they are asked about what was kept.
document.addEventListener("submit", keep, true);

// --- what was put in ----------------------------------------------------------------------------------

const ASK_AFTER = 800;
const ASTRAL = /[\u{10000}-\u{10ffff}]/u;
let behind = null;
let waiting = 0;

// The server counts characters, strings of scripts have two units for the rarest ones.
function unitsOf(text, offset) {
  return ASTRAL.test(text) ? [...text].slice(0, offset).join("").length : offset;
}

function marksIn(text) {
  for (const { dataset } of taken.querySelectorAll("li")) {
    dataset.start = unitsOf(text, Number(dataset.start));
    dataset.end = unitsOf(text, Number(dataset.end));
    const spans = JSON.parse(dataset.foreign).map((span) => span.map((offset) => unitsOf(text, offset)));
    dataset.foreign = JSON.stringify(spans);
  }
}

function drawMarks() {
  if (!behind) {
    behind = document.createElement("div");
    behind.className = "behind";
    behind.setAttribute("aria-hidden", "true");
    sheet.before(behind);
    sheet.addEventListener("scroll", () => { behind.scrollTop = sheet.scrollTop; });
  }
  const text = sheet.value;
  behind.replaceChildren();
  let end = 0;
  const until = (parent, offset) => {
    parent.append(text.slice(end, offset));
    end = offset;
  };
  for (const one of taken.querySelectorAll("li[data-start]")) {
    until(behind, Number(one.dataset.start));
    const line = document.createElement("span");
    line.className = "taken";
    for (const [first, last] of JSON.parse(one.dataset.foreign)) {
      until(line, first);
      const theirs = document.createElement("u");
      until(theirs, last);
      line.append(theirs);
    }
    until(line, Number(one.dataset.end));
    behind.append(line);
  }
  until(behind, text.length);
  behind.append("\n");
  behind.scrollTop = sheet.scrollTop;
}

// What is foreign, with the field for what is to replace it.
function exchanges() {
  const labels = [...taken.querySelectorAll("label")];
  return labels.map((one) => [one.querySelector("[name=old]").value, one.querySelector("[name=new]")]);
}

async function ask() {
  const values = quotedValues();
  if (values.length === 0) return;
  const text = sheet.value;
  const body = new URLSearchParams([["text", text], ...values.map((value) => ["quoted", value])]);
  try {
    const response = await fetch(taken.dataset.address, { method: "POST", body });
    const part = await response.text();
    if (!response.ok || text !== sheet.value) return;
    // What the author is typing there stays.
    const typed = new Map();
    let at = null;
    for (const [old, field] of exchanges()) {
      typed.set(old, field.value);
      if (field === document.activeElement) at = old;
    }
    taken.innerHTML = part;
    marksIn(text);
    for (const [old, field] of exchanges()) {
      field.value = typed.get(old) ?? "";
      if (old === at) field.focus();
    }
    drawMarks();
  } catch {
    // Without a connection the marks stay away until the next change.
  }
}

// Offsets, where passages go in and of what was put in, move with what is written before them.
const places = new Map();
let before = sheet.value;

function changed() {
  const now = sheet.value;
  const most = Math.min(before.length, now.length);
  let same = 0;
  while (same < most && before[same] === now[same]) same += 1;
  const moved = (offset) => (offset > same ? Math.max(same, offset + now.length - before.length) : offset);
  for (const [button, offset] of places) places.set(button, moved(offset));
  before = now;
  if (!taken) return;
  for (const { dataset } of taken.querySelectorAll("li")) {
    dataset.start = moved(Number(dataset.start));
    dataset.end = moved(Number(dataset.end));
    dataset.foreign = JSON.stringify(JSON.parse(dataset.foreign).map((span) => span.map(moved)));
  }
  if (behind) drawMarks();
  clearTimeout(waiting);
  waiting = setTimeout(ask, ASK_AFTER);
}

sheet.addEventListener("input", changed);
if (taken?.querySelector("li")) {
  marksIn(sheet.value);
  drawMarks();
}

function putIn(button) {
  const [, article, passage] = JSON.parse(button.value);
  const text = button.closest(".precedent").querySelector("blockquote").textContent.trim();
  const offset = Math.min(places.get(button), sheet.value.length);
  const next = sheet.value.indexOf("\n", Math.max(0, offset - 1));
  const end = next < 0 ? sheet.value.length : next;
  const lines = `${end > 0 ? "\n" : ""}${text}`;
  sheet.focus();
  sheet.setSelectionRange(end, end);
  // The only way that the browser can undo; not where another tab of the page is shown.
  if (document.activeElement === sheet) document.execCommand("insertText", false, lines);
  else sheet.setRangeText(lines, end, end, "end");
  const value = JSON.stringify([0, article, passage]);
  if (!quotedValues().includes(value)) addField("quoted", value);
  button.textContent = "已放入";
  changed();
  ask();
}

if (document.querySelector(".panes")) {
  for (const button of document.querySelectorAll("button[name=insert]")) {
    places.set(button, unitsOf(sheet.value, JSON.parse(button.value)[0]));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      putIn(button);
    });
  }
}

// --- keys ---------------------------------------------------------------------------------------------

const headings = [...document.querySelectorAll(".section > h3")];
let current = -1;

function goTo(number) {
  current = Math.max(0, Math.min(headings.length - 1, number));
  headings[current].scrollIntoView({ block: "start" });
  for (const [place, link] of document.querySelectorAll(".parts li a").entries()) {
    if (place === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const writes = event.target.matches("input, textarea, select");
  if (event.key === "Enter" && event.ctrlKey && draftForm.contains(event.target)) {
    event.preventDefault();
    draftForm.requestSubmit();
  } else if (event.altKey && headings.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    goTo(current + (event.key === "ArrowDown" ? 1 : -1));
  } else if (/^[1-9]$/.test(event.key) && !writes && !event.ctrlKey && !event.altKey && !event.metaKey && headings.length > 0) {
    const section = headings[Math.max(0, current)].closest(".section");
    const button = section.querySelectorAll("button[name=insert]")[Number(event.key) - 1];
    if (!button) return;
    event.preventDefault(); // else the digit is typed into the sheet, which has the focus now
    putIn(button);
  }
});
