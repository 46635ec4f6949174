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

function refuse(said) {
  const told = document.createElement("p");
  told.className = "refused";
  told.setAttribute("role", "alert");
  told.textContent = `${said} What is shown is older than what you ask.`;
  answer.querySelector(".refused")?.remove();
  answer.prepend(told);
}

async function ask() {
  asking?.abort();
  const unread = [...form.elements].find((each) => each.validity?.badInput);
  if (unread) {
    refuse(`“${unread.labels[0].textContent.trim()}” is no number.`);
    return;
  }
  asking = new AbortController();
  const query = asked();
  const shown = query.toString();
  history.replaceState(null, "", shown ? `?${shown}` : location.pathname);
  query.append("part", "answer");
  answer.setAttribute("aria-busy", "true");
  try {
    const found = await fetch(`${location.pathname}?${query}`, { signal: asking.signal });
    const told = await found.text();
    if (found.ok) {
      const open = [...answer.querySelectorAll("details")].map((each) => each.open);
      answer.innerHTML = told;
      answer.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? false; });
    } else {
      const page = new DOMParser().parseFromString(told, "text/html");
      refuse(page.querySelector(".refused, .lead")?.textContent ?? "The service cannot answer.");
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    refuse("The service does not answer.");
  }
  answer.removeAttribute("aria-busy");
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
