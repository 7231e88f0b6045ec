// What forms and links cannot do: counting what was chosen, dropping a file, and short keys.
// Every page works without this file.
"use strict";

document.documentElement.classList.add("js");

const one = (selector) => document.querySelector(selector);
const items = () => [...document.querySelectorAll("input[data-item]")];
const WORDS = {
  cluster: ["Choose two clusters or more to merge them", "1 cluster chosen; choose one more", "clusters chosen"],
  member: ["Choose members to move", "1 member chosen", "members chosen"],
};

function count() {
  const place = one("[data-count]");
  if (!place) return;
  const words = WORDS[place.dataset.count];
  const chosen = items().filter((item) => item.checked).length;
  place.textContent = chosen > 1 ? `${chosen.toLocaleString("en")} ${words[2]}` : words[chosen];
  place.closest(".bar").classList.toggle("ready", chosen > 0);
}

function step(by) {
  const all = items();
  if (!all.length) return;
  const place = document.activeElement.closest("li");
  const at = place ? all.indexOf(place.querySelector("input[data-item]")) : -1;
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  all[Math.min(all.length - 1, Math.max(0, next))].focus();
}

const press = (selector) => one(selector)?.click();
const go = (selector) => one(selector)?.focus();
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  m: () => go("#into") ?? go(".bar button"),
  u: () => press("#undo"),
  r: () => press("#redo"),
  n: () => press("a[rel=next]"),
  p: () => press("a[rel=prev]"),
  e: () => press("nav a[href='/search']"),
  c: () => press("nav a[href='/']"),
  "/": () => (one("#find") ? go("#find") : press("nav a[href='/']")),
  "?": () => press("nav a[href='/keys']"),
};

// Browsers may refuse to remember anything; the keys then work as they do at first.
function remembered(value) {
  try {
    if (value) localStorage.setItem("quantal-keys", value);
    return localStorage.getItem("quantal-keys");
  } catch {
    return null;
  }
}
const areKeysOn = () => remembered() !== "off";

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (field || event.ctrlKey || event.metaKey || event.altKey || !areKeysOn()) return;
  if (event.key === "Enter" && event.target.matches("input[data-item]")) {
    event.preventDefault();
    event.target.closest("li").querySelector("h2 a, .figures a:last-of-type")?.click();
    return;
  }
  const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-item]")) count();
  if (event.target.id === "keys-on") {
    remembered(event.target.checked ? "on" : "off");
  }
  // Lists that order or filter act at once; their button serves those without scripts.
  if (event.target.matches(".choose select")) event.target.form.requestSubmit();
});

// A picture dropped anywhere on the search page becomes the file of its form.
const drop = () => one("#drop");
document.addEventListener("dragover", (event) => {
  if (!drop()) return;
  event.preventDefault();
  drop().classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (drop() && !event.relatedTarget) drop().classList.remove("over");
});
document.addEventListener("drop", (event) => {
  if (!drop()) return;
  event.preventDefault();
  drop().classList.remove("over");
  if (event.dataTransfer.files.length) {
    one("#image").files = event.dataTransfer.files;
    one("#image").form.requestSubmit();
  }
});

function arrived() {
  count();
  const keys = one("#keys-on");
  if (keys) keys.checked = areKeysOn();
}

let wasForm = false;
document.addEventListener("htmx:beforeRequest", (event) => {
  wasForm = event.target.matches("form[action^='/edits/']");
  document.body.classList.add("busy");
});
document.addEventListener("htmx:afterRequest", () => document.body.classList.remove("busy"));
document.addEventListener("htmx:afterSettle", () => {
  document.body.classList.remove("busy");
  arrived();
  // After an edit, say what was done and stay where the person was looking.
  if (wasForm) one("#status")?.focus({ preventScroll: true });
  wasForm = false;
});
arrived();
