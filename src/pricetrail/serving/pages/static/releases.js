// Promotions and rollbacks, with a key that is sent and not kept.
"use strict";

const said = document.getElementById("moved");
const buttons = document.querySelectorAll("[data-move]:not([disabled])");

function say(text, kind) {
  said.textContent = text;
  said.className = kind;
}

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
  else say(found.status === 403 ? "That is not the service's key. Nothing was moved." : told.detail, "bad");
}

for (const button of buttons) {
  button.addEventListener("click", async () => {
    say("The channel is being moved …", "quiet");
    buttons.forEach((each) => { each.disabled = true; });
    await move(button.dataset.move).catch(() => say("The service does not answer.", "bad"));
    buttons.forEach((each) => { each.disabled = false; });
  });
}
