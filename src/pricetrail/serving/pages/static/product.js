// What-ifs: every change asks again, and the address keeps what was asked.
"use strict";

const form = document.getElementById("whatif");
const answer = document.getElementById("answer");
let waiting = null;
let asking = null;

function asked() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== "") query.append(name, value);
  }
  return query;
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const query = asked();
  const shown = query.toString();
  history.replaceState(null, "", shown ? `?${shown}` : location.pathname);
  query.append("part", "answer");
  answer.setAttribute("aria-busy", "true");
  try {
    const found = await fetch(`${location.pathname}?${query}`, { signal: asking.signal });
    const open = [...answer.querySelectorAll("details")].map((each) => each.open);
    answer.innerHTML = await found.text();
    answer.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? false; });
    answer.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    const said = document.createElement("p");
    said.className = "refused";
    said.setAttribute("role", "alert");
    said.textContent = "The service does not answer. What is shown is older than what you ask.";
    answer.querySelector(".refused")?.remove();
    answer.prepend(said);
    answer.removeAttribute("aria-busy");
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  ask();
});
