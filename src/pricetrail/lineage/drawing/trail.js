"use strict";
for (const trail of document.querySelectorAll(".trail")) {
  const find = (what) => trail.querySelector(what);
  const canvas = find(".trail-canvas"), picture = find(".trail-picture"), details = find(".trail-details");
  const steps = new Map(JSON.parse(find(".trail-data").textContent).steps.map((step) => [step.id, step]));
  const nodes = new Map([...picture.querySelectorAll("[data-step]")].map((node) => [node.dataset.step, node]));
  const whole = picture.viewBox.baseVal, full = { width: whole.width, height: whole.height };
  const ahead = new Map([...steps.keys()].map((id) => [id, []]));
  for (const step of steps.values()) for (const id of step.behind) ahead.get(id).push(step.id);
  let view = { x: 0, y: 0, width: full.width, height: full.height };

  const show = () => picture.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  const shape = () => canvas.clientHeight / canvas.clientWidth;
  function fit() {
    const width = Math.max(full.width, full.height / shape());
    view = { x: (full.width - width) / 2, y: 0, width, height: width * shape() };
    show();
  }
  function begin() {
    const width = Math.max(canvas.clientWidth / 1.05, 300);
    view = { x: 0, y: 0, width, height: width * shape() };
    const first = boxOf(nodes.values().next().value);
    view.x = first.x + first.width / 2 - width / 2;
    show();
  }
  function zoom(by, at = { x: view.x + view.width / 2, y: view.y + view.height / 2 }) {
    const width = Math.min(Math.max(view.width * by, 150), 6 * Math.max(full.width, full.height));
    const ratio = width / view.width;
    view = { x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio, width, height: view.height * ratio };
    show();
  }
  function boxOf(node) {
    const box = node.getBBox(), at = node.getCTM(), here = picture.getCTM();
    const matrix = here.inverse().multiply(at);
    return { x: box.x + matrix.e, y: box.y + matrix.f, width: box.width, height: box.height };
  }
  function reveal(node) {
    const box = boxOf(node), room = 30;
    if (box.x < view.x || box.x + box.width > view.x + view.width) view.x = box.x + box.width / 2 - view.width / 2;
    if (box.y - room < view.y || box.y + box.height + room > view.y + view.height) view.y = box.y - view.height / 3;
    show();
  }
  const point = (event) => {
    const frame = canvas.getBoundingClientRect();
    return { x: view.x + (event.clientX - frame.left) / frame.width * view.width, y: view.y + (event.clientY - frame.top) / frame.height * view.height };
  };

  function reached(id, next) {
    const met = new Set(), waiting = [id];
    while (waiting.length) for (const each of next(waiting.pop())) if (!met.has(each)) { met.add(each); waiting.push(each); }
    return met;
  }
  function light(id) {
    const lit = reached(id, (each) => steps.get(each).behind);
    for (const each of reached(id, (each) => ahead.get(each))) lit.add(each);
    lit.add(id);
    const boxes = new Set([...lit].map((each) => nodes.get(each).closest(".trail-box").dataset.box));
    for (const [each, node] of nodes) {
      node.classList.toggle("trail-chosen", each === id);
      node.classList.toggle("trail-faded", !lit.has(each));
    }
    for (const line of picture.querySelectorAll(".trail-line"))
      line.classList.toggle("trail-lit", boxes.has(line.dataset.above) && boxes.has(line.dataset.below));
  }

  const make = (tag, text) => Object.assign(document.createElement(tag), text === undefined ? {} : { textContent: text });
  const said = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 1);
  function links(title, ids) {
    const list = make("ul");
    for (const id of ids) {
      const button = Object.assign(make("button", `${steps.get(id).kind} ${steps.get(id).name}`), { type: "button" });
      button.addEventListener("click", () => choose(id));
      list.append(make("li"));
      list.lastChild.append(button);
    }
    return ids.length ? [make("h3", title), list] : [];
  }
  function choose(id) {
    const step = steps.get(id), facts = make("dl");
    for (const [name, value] of Object.entries(step.facts))
      if (value !== null) facts.append(make("dt", name), make("dd", said(value)));
    details.replaceChildren(make("h2", `${step.kind} ${step.name}`), make("code", step.digest ?? "no digest"),
      ...links("Came from", step.behind), ...links("Led to", ahead.get(id)), facts);
    details.scrollTop = 0;
    light(id);
    enter(nodes.get(id));
  }
  function enter(node) {
    for (const each of nodes.values()) each.tabIndex = each === node ? 0 : -1;
    node.focus({ preventScroll: true });
    reveal(node);
  }
  function clear() {
    for (const each of picture.querySelectorAll(".trail-chosen, .trail-faded, .trail-lit"))
      each.classList.remove("trail-chosen", "trail-faded", "trail-lit");
  }

  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  function neighbour(from, [across, down]) {
    const middle = (node) => { const box = boxOf(node); return [box.x + box.width / 2, box.y + box.height / 2]; };
    const [x, y] = middle(from);
    let best = null, least = Infinity;
    for (const node of nodes.values()) {
      const [a, b] = middle(node), along = across ? (a - x) * across : (b - y) * down, aside = across ? Math.abs(b - y) : Math.abs(a - x);
      if (along > 5 && along + 2 * aside < least) { least = along + 2 * aside; best = node; }
    }
    return best;
  }

  const found = find(".trail-found"), search = find(".trail-search");
  let hits = [], at = -1;
  function look() {
    const wanted = search.value.trim().toLowerCase();
    hits = [];
    for (const [id, step] of steps) {
      const hit = wanted !== "" && `${step.kind} ${step.name} ${step.digest ?? ""} ${step.facts.md5 ?? ""}`.toLowerCase().includes(wanted);
      nodes.get(id).classList.toggle("trail-match", hit);
      if (hit) hits.push(id);
    }
    at = -1;
    found.textContent = wanted === "" ? "" : `${hits.length} found`;
    if (hits.length) reveal(nodes.get(hits[0]));
  }
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits.length) { at = (at + 1) % hits.length; choose(hits[at]); search.focus(); }
    if (event.key === "Escape") { search.value = ""; look(); }
  });

  let held = null;
  canvas.addEventListener("pointerdown", (event) => { held = { x: event.clientX, y: event.clientY, moved: false, pointer: event.pointerId }; });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    const scale = view.width / canvas.clientWidth, across = event.clientX - held.x, down = event.clientY - held.y;
    if (!held.moved && Math.hypot(across, down) < 4) return;
    if (!held.moved) canvas.setPointerCapture(held.pointer);
    view.x -= across * scale; view.y -= down * scale;
    held = { ...held, x: event.clientX, y: event.clientY, moved: true };
    show();
  });
  canvas.addEventListener("pointerup", (event) => {
    const node = event.target.closest?.("[data-step]");
    if (held && !held.moved) node ? choose(node.dataset.step) : clear();
    held = null;
  });
  canvas.addEventListener("pointercancel", () => { held = null; });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(event.deltaY / 500), point(event)); }, { passive: false });

  picture.addEventListener("keydown", (event) => {
    const node = event.target.closest("[data-step]"), step = arrows[event.key];
    if (node && (event.key === "Enter" || event.key === " ")) choose(node.dataset.step);
    else if (node && step) { const next = neighbour(node, step); if (next) enter(next); }
    else if (event.key === "+" || event.key === "=") zoom(0.8);
    else if (event.key === "-") zoom(1.25);
    else if (event.key === "0") fit();
    else if (event.key === "/") search.focus();
    else if (event.key === "Escape") clear();
    else return;
    event.preventDefault();
  });
  trail.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () =>
    button.dataset.zoom === "fit" ? fit() : zoom(button.dataset.zoom === "in" ? 0.8 : 1.25)));
  new ResizeObserver(() => {
    if (!canvas.clientWidth) return;
    if (trail.classList.contains("trail-live")) { view.height = view.width * shape(); show(); return; }
    trail.classList.add("trail-live");
    begin();
  }).observe(canvas);
}
