// Follows what changes on a page without loading it anew: parts marked data-live are fetched again and put
// in the place of what they were. A part that holds the focus, or an opened fold, is left as the reader has it.
"use strict";

const EVERY_MS = 2000;

function renew(here, there) {
  if (here.innerHTML === there.innerHTML || here.contains(document.activeElement)) return;
  const open = new Set(Array.from(here.querySelectorAll("details[open]"), (fold) => fold.id));
  here.replaceChildren(...there.childNodes);
  for (const fold of here.querySelectorAll("details")) fold.open = open.has(fold.id);
}

// Whether there is more to come.
async function look() {
  const answer = await fetch(location.href, { redirect: "manual" });
  if (!answer.ok) {
    if (answer.type === "opaqueredirect") location.reload();
    return answer.status >= 500;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const here of document.querySelectorAll("[data-live]")) {
    const there = fresh.getElementById(here.id);
    if (there === null) {
      location.reload();
      return false;
    }
    renew(here, there);
  }
  return fresh.querySelector("script[src]") !== null;
}

async function follow() {
  let goesOn = true;
  try {
    goesOn = document.hidden || (await look());
  } catch {
    // The server is away for a moment.
  }
  if (goesOn) setTimeout(follow, EVERY_MS);
}

setTimeout(follow, EVERY_MS);
