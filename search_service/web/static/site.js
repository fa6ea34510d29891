// Copy a passage with its citation. Without it the passage is selected by hand.
"use strict";

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

for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const passage = document.getElementById(button.dataset.passage).textContent.trim();
    const text = `${passage}\n（${button.dataset.citation}）`;
    let copied = true;
    try {
      if (window.isSecureContext) await navigator.clipboard.writeText(text);
      else copied = copyByHand(text);
    } catch {
      copied = copyByHand(text);
    }
    button.textContent = copied ? "已复制" : "请手动选择复制";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
