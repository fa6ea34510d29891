// What all pages do beside their HTML: suggestions, "/" for the box, arrow keys from result to result, copying,
// light and dark at once. Without it the box is a plain one and texts are selected by hand.
"use strict";

for (const form of document.querySelectorAll("form[data-suggest]")) attachSuggestions(form);
document.addEventListener("keydown", (event) => {
  const at = event.target;
  const writes = at instanceof Element && (at.isContentEditable || at.matches("input, textarea, select"));
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || writes) return;
  const box = document.querySelector("form[data-suggest] input[type=search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// On a page of results the arrow keys walk through them, where nothing else is in use.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const results = [...document.querySelectorAll(".hit h3 a")];
  const here = results.indexOf(document.activeElement);
  if (results.length === 0 || (here < 0 && document.activeElement !== document.body)) return;
  const next = results[here + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.closest(".hit").scrollIntoView({ block: "nearest" });
});

function copyByHand(text) {
  // The clipboard interface needs https; many of these networks have plain http.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

async function copy(text) {
  try {
    if (!window.isSecureContext) return copyByHand(text);
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

async function copyAndSay(button, text) {
  const label = button.innerHTML;
  const copied = await copy(text);
  button.textContent = copied ? "已复制" : "请手动选择复制";
  setTimeout(() => { button.innerHTML = label; }, 2000);
}

// A text with its citation, the text of an element as it is shown, or one that is given.
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const { passage, citation, copies, text: given } = button.dataset;
    const text = given ?? document.getElementById(passage ?? copies).innerText.trim();
    copyAndSay(button, citation ? `${text}\n（${citation}）` : text);
  });
}

// Who logs out leaves no draft on this machine: what was put into it may be for members alone.
const KEPT = "gongwen.draft";
let loggingOut = false;
for (const form of document.querySelectorAll("form.account")) {
  form.addEventListener("submit", (event) => {
    let isKept = false;
    try {
      isKept = localStorage.getItem(KEPT) !== null;
    } catch {
      // Nothing can be kept here.
    }
    if (isKept && !confirm("本机留着没有保存的稿子，退出登录就删去。仍要退出吗？")) {
      event.preventDefault();
      return;
    }
    loggingOut = true;
    if (isKept) localStorage.removeItem(KEPT);
  });
}

// Light or dark at once, without leaving the page.
for (const form of document.querySelectorAll("form.theme")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ theme: event.submitter.value });
    const sheet = document.querySelector("link[href*='/theme.css']");
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
    const fresh = sheet.cloneNode();
    fresh.href = `${sheet.getAttribute("href").split("?")[0]}?${Date.now()}`;
    fresh.addEventListener("load", () => sheet.remove());
    sheet.after(fresh);
  });
}
