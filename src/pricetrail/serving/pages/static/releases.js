// Promotions and rollbacks, with a key that is sent and not kept.
"use strict";

const said = document.getElementById("moved");

async function move(path) {
  const body = { why: document.getElementById("why").value };
  const who = document.getElementById("who").value;
  if (who) body.who = who;
  const found = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${document.getElementById("key").value}` },
    body: JSON.stringify(body),
  });
  const told = await found.json();
  if (found.ok) location.reload();
  else said.textContent = told.detail;
}

for (const button of document.querySelectorAll("[data-move]")) {
  button.addEventListener("click", () => {
    said.textContent = "";
    move(button.dataset.move).catch(() => { said.textContent = "The service does not answer."; });
  });
}
