// Saving a draft on the site, for who is logged in: with its button without a new page, and every so often while a
// draft that was saved is edited. Needs workbench.js.
"use strict";

const SEND_EVERY = 20000;
const saveButton = document.getElementById("save");
const savedAs = document.getElementById("saved-as");
const isShown = document.getElementById("versions") !== null; // the page of the draft, which lists its versions
let sending = Promise.resolve();
let isStopped = false;

function show(message, address, isFault) {
  savedAs.className = isFault ? "notice" : "saved";
  savedAs.replaceChildren(message);
  if (!address) return;
  const link = document.createElement("a");
  Object.assign(link, { href: address, textContent: "各个版本" });
  savedAs.append(" ", link);
}

async function send(isAutomatic) {
  const text = sheet.value;
  if (isAutomatic && (isStopped || text === stored)) return;
  keep();
  const body = new URLSearchParams(new FormData(draftForm));
  if (isAutomatic) body.set("automatic", "1");
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(saveButton.formAction, { method: "POST", body, headers });
    if (!response.ok && !isAutomatic) {
      // Sent as a form the reason is shown beside the draft, with what is needed to save again.
      isStopped = true;
      saveButton.click();
      return;
    }
    const answer = await response.json();
    // Whoever saved it elsewhere must not be overtaken with every few letters.
    isStopped = !response.ok || answer.elsewhere;
    if (!response.ok) {
      show(`没有自动保存：${answer.detail}`, "", true);
      return;
    }
    setField("draft", answer.draft);
    setField("base", answer.version);
    draftForm.querySelector("input[name=latest]")?.remove();
    stored = text;
    if (kept()?.text === text) localStorage.removeItem(KEPT);
    said.textContent = "";
    show(answer.message, answer.address, answer.elsewhere);
  } catch {
    isStopped = false;
    show("没有存到本站：网络不通，或已退出登录。", "", true);
  }
}

saveButton.addEventListener("click", (event) => {
  if (isShown || isStopped) return;
  event.preventDefault();
  sending = sending.then(() => send(false));
});

setInterval(() => {
  if (field("draft") && sheet.value.trim()) sending = sending.then(() => send(true));
}, SEND_EVERY);

if ("same" in savedAs.dataset) stored = sheet.value;
// What was written after the last save, when the browser was closed.
const unsaved = kept();
if (isShown && unsaved && unsaved.draft === field("draft")?.value && unsaved.text !== sheet.value) offer(unsaved);
