// What a page of results does beside its HTML: at a desk a filter applies when it is chosen; in the sheet of a
// phone nothing applies before the button, which says how many articles there will be.
"use strict";

const WIDE = matchMedia("(min-width: 60rem)");
const CHOSEN = "gongwen.chosen";
const facets = document.querySelector("form.facets");

async function count(form) {
  const query = new URLSearchParams(new FormData(form));
  for (const name of ["date_from", "date_to"]) if (!query.get(name)) query.delete(name);
  for (const name of ["size", "page", "explain"]) query.delete(name);
  query.set("size", "1");
  const live = form.querySelector(".live");
  try {
    const answer = await fetch(`${form.dataset.count}?${query}`);
    live.textContent = answer.ok ? ` ${(await answer.json()).total} 篇` : "";
  } catch {
    live.textContent = ""; // The button works without.
  }
}

if (facets) {
  facets.classList.add("at-once");
  // Of many values those that contain what is typed.
  for (const field of facets.querySelectorAll(".pick")) {
    field.hidden = false;
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const line of field.closest("fieldset").querySelectorAll("li:has([type=checkbox])")) {
        line.hidden = !line.textContent.toLowerCase().includes(wanted);
      }
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }
  facets.addEventListener("change", (event) => {
    if (event.target.matches(".pick")) return;
    if (!WIDE.matches) count(facets);
    else if (event.target.type === "checkbox") {
      sessionStorage.setItem(CHOSEN, `${event.target.name}=${event.target.value}`);
      facets.requestSubmit();
    }
  });
  // Who chose with the keyboard goes on where they were.
  const chosen = sessionStorage.getItem(CHOSEN);
  sessionStorage.removeItem(CHOSEN);
  for (const box of facets.querySelectorAll("[type=checkbox]")) {
    if (chosen === `${box.name}=${box.value}`) box.focus({ preventScroll: true });
  }
  facets.addEventListener("submit", () => {
    // An empty date is none; the address is shorter without.
    for (const field of facets.querySelectorAll("input:not([type])")) field.disabled = !field.value.trim();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#filters") location.replace("#results");
});
