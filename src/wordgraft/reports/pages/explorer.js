"use strict";
const content = JSON.parse(document.getElementById("content").textContent);
const words = content.words, n = words.length, near = content.near;

const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
const kinds = { neighbours: Uint16Array, cosines: Int16Array, source: Uint8Array,
  pieces: Uint8Array, counts: Uint32Array, contexts: Uint32Array, spread: Float32Array,
  shrinkage: Float32Array, norms: Float32Array };
const tables = content.tables.map((packed) => {
  const table = { name: packed.name, maps: {} };
  for (const [name, kind] of Object.entries(kinds)) table[name] = new kind(bytes(packed[name]));
  for (const name in packed.maps) table.maps[name] = new Uint16Array(bytes(packed.maps[name]));
  return table;
});
const overlap = content.overlap && new Uint8Array(bytes(content.overlap));
const at = (id) => document.getElementById(id);
const element = (tag, text, properties = {}) =>
  Object.assign(document.createElement(tag), { textContent: text, ...properties });

// The map ------------------------------------------------------------------------------------
const canvas = at("map"), pen = canvas.getContext("2d");
let view = { x: 0.5, y: 0.5, zoom: 1 }, chosen = -1, hovered = -1, waiting = false;
const table = () => tables[+(at("which")?.value ?? 0)];
const plane = () => table().maps[at("plane")?.value ?? "PCA"];
const side = () => Math.min(canvas.clientWidth, canvas.clientHeight) * 0.94 * view.zoom;
const toX = (i, p = plane()) => (p[2 * i] / 65535 - view.x) * side() + canvas.clientWidth / 2;
const toY = (i, p = plane()) => (view.y - p[2 * i + 1] / 65535) * side() + canvas.clientHeight / 2;

const bins = {
  source: () => {
    const names = [...new Set(table().source)].sort((a, b) => a - b);
    return { of: Array.from(table().source, (code) => Math.min(names.indexOf(code), 5)),
             names: names.map((code) => content.sources[code]), palette: "p" };
  },
  frequency: () => {
    const most = Math.log1p(table().counts.reduce((a, b) => Math.max(a, b), 1));
    const of = Array.from(table().counts, (c) => Math.min(4, Math.floor(5 * Math.log1p(c) / most)));
    const bound = (k) => Math.round(Math.expm1(most * k / 5));
    return { of, names: [0, 1, 2, 3, 4].map((k) => `${bound(k).toLocaleString("en")} occurrences or more`),
             palette: "r" };
  },
  overlap: () => ({ of: Array.from(overlap, (share) => Math.min(4, Math.floor(share / 51.1))),
    names: [0, 1, 2, 3, 4].map((k) => `${20 * k} to ${20 * k + 20}% shared`), palette: "r" }),
};
let groups, ink;
function colour() {
  const style = getComputedStyle(document.documentElement);
  const { of, names, palette } = bins[at("colour").value]();
  groups = names.map((name, k) => ({ name, places: [],
    colour: style.getPropertyValue(`--${palette}${Math.min(k, 5)}`).trim() }));
  of.forEach((k, i) => groups[k].places.push(i));
  ink = { text: style.getPropertyValue("--ink").trim(), paper: style.getPropertyValue("--paper").trim() };
  at("legend").replaceChildren(...groups.filter((g) => g.places.length).map((group) => {
    const item = element("li", "");
    const patch = document.createElement("i");
    patch.style.background = group.colour;
    item.append(patch, `${group.name} (${group.places.length.toLocaleString("en")})`);
    return item;
  }));
  draw();
}

function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; paint(); });
}

function paint() {
  const ratio = devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, high);
  const p = plane(), s = side(), dot = Math.min(5, 1.6 + Math.log2(view.zoom) * 0.6);
  const left = wide / 2 - view.x * s, top = high / 2 + view.y * s, k = s / 65535;
  let shown = 0;
  for (const group of groups) {
    pen.fillStyle = group.colour;
    for (const i of group.places) {
      const x = left + p[2 * i] * k, y = top - p[2 * i + 1] * k;
      if (x < 0 || y < 0 || x > wide || y > high) continue;
      pen.fillRect(x - dot / 2, y - dot / 2, dot, dot);
      shown++;
    }
  }
  labels(wide, high);
  canvas.dataset.shown = shown;
  canvas.dataset.zoom = view.zoom.toFixed(2);
}

// Labels of frequent words that do not overlap; first the chosen word and its neighbours.
function labels(wide, high) {
  const p = plane(), taken = new Set();
  pen.font = "13px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const write = (i, bold) => {
    const x = toX(i, p), y = toY(i, p), room = pen.measureText(words[i]).width + 8;
    if (x < 0 || y < 0 || x + room > wide || y > high) return;
    const cells = [];
    for (let c = Math.floor(x / 12); c <= (x + room) / 12; c++)
      for (let r = Math.floor((y - 8) / 12); r <= (y + 8) / 12; r++) cells.push(`${c},${r}`);
    if (!bold && cells.some((cell) => taken.has(cell))) return;
    cells.forEach((cell) => taken.add(cell));
    pen.font = `${bold ? "bold " : ""}13px system-ui, sans-serif`;
    pen.lineWidth = 3;
    pen.strokeStyle = ink.paper;
    pen.strokeText(words[i], x + 5, y);
    pen.fillStyle = ink.text;
    pen.fillText(words[i], x + 5, y);
  };
  for (const i of [chosen, hovered]) if (i >= 0) {
    write(i, true);
    pen.beginPath();
    pen.arc(toX(i, p), toY(i, p), 6, 0, 7);
    pen.lineWidth = 2;
    pen.strokeStyle = ink.text;
    pen.stroke();
  }
  if (chosen >= 0) for (let k = 0; k < near; k++) write(table().neighbours[chosen * near + k], false);
  let tried = 0;
  const most = Math.round(wide * high / 9000);
  for (let i = 0; i < n && tried < most; i++) {
    const x = toX(i, p), y = toY(i, p);
    if (x < 0 || y < 0 || x > wide || y > high) continue;
    tried++;
    write(i, false);
  }
}

function zoomed(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const before = side();
  view.zoom = Math.min(400, Math.max(0.5, view.zoom * factor));
  const dx = x - canvas.clientWidth / 2, dy = y - canvas.clientHeight / 2;
  view.x += dx / before - dx / side();
  view.y -= dy / before - dy / side();
  draw();
}
function moved(dx, dy) { view.x -= dx / side(); view.y += dy / side(); draw(); }
function nearest(x, y) {
  const p = plane();
  let best = -1, least = 196;
  for (let i = 0; i < n; i++) {
    const dx = toX(i, p) - x, dy = toY(i, p) - y, far = dx * dx + dy * dy;
    if (far < least) { least = far; best = i; }
  }
  return best;
}
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
const fingers = new Map();
let dragged = 0;
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomed(Math.exp(-event.deltaY * 0.0015), ...place(event));
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, place(event));
  dragged = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const now = place(event), before = fingers.get(event.pointerId);
  if (!before) {
    const i = nearest(...now);
    if (i !== hovered) { hovered = i; draw(); }
    return;
  }
  dragged += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
    zoomed(apart(now) / Math.max(apart(before), 1), other[0], other[1]);
  } else moved(now[0] - before[0], now[1] - before[1]);
  fingers.set(event.pointerId, now);
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => {
  if (name === "pointerup" && dragged < 6 && fingers.size === 1) {
    const i = nearest(...place(event));
    if (i >= 0) choose(i);
  }
  fingers.delete(event.pointerId);
});
canvas.addEventListener("pointerleave", () => { hovered = -1; draw(); });
canvas.addEventListener("keydown", (event) => {
  const step = 60, keys = { ArrowLeft: () => moved(step, 0), ArrowRight: () => moved(-step, 0),
    ArrowUp: () => moved(0, step), ArrowDown: () => moved(0, -step),
    "+": () => zoomed(1.5), "=": () => zoomed(1.5), "-": () => zoomed(1 / 1.5), 0: home };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
function home() { view = { x: 0.5, y: 0.5, zoom: 1 }; draw(); }
at("in").addEventListener("click", () => zoomed(1.5));
at("out").addEventListener("click", () => zoomed(1 / 1.5));
at("all").addEventListener("click", home);
for (const id of ["colour", "plane", "which"]) at(id)?.addEventListener("change", colour);

// A word -------------------------------------------------------------------------------------
function choose(i, centre = false) {
  chosen = i;
  if (centre) {
    view.x = plane()[2 * i] / 65535;
    view.y = plane()[2 * i + 1] / 65535;
    view.zoom = Math.max(view.zoom, 8);
  }
  const all = tables.map((each) => new Set(each.neighbours.subarray(i * near, (i + 1) * near)));
  const parts = tables.map((each, number) => {
    const part = element("div", "");
    if (tables.length > 1) part.append(element("h3", each.name));
    part.append(facts(each, i), nearTable(each, i, all[1 - number]));
    return part;
  });
  const head = [element("h2", words[i])];
  if (overlap) {
    const same = Math.round(overlap[i] / 255 * near);
    head.push(element("p", `${same} of ${near} neighbours are the same in both tables.`));
  }
  const pair = element("div", "", { className: "pair" });
  pair.append(...parts);
  at("word").replaceChildren(...head, pair);
  draw();
}

function facts(each, i) {
  const list = document.createElement("dl");
  const add = (name, value) => list.append(element("dt", name), element("dd", value));
  add("source", content.sources[each.source[i]]);
  if (each.pieces[i]) add("pieces", each.pieces[i]);
  if (each.counts[i]) add("occurrences", each.counts[i].toLocaleString("en"));
  if (each.contexts[i]) {
    add("contexts", each.contexts[i].toLocaleString("en"));
    add("spread", each.spread[i].toFixed(3));
    if (!isNaN(each.shrinkage[i])) add("template weight", each.shrinkage[i].toFixed(3));
  }
  add("norm", each.norms[i].toFixed(3));
  return list;
}

function nearTable(each, i, other) {
  const table = document.createElement("table");
  const row = table.createTHead().insertRow();
  row.append(element("th", "neighbour", { scope: "col" }), element("th", "cosine", { scope: "col" }));
  const body = table.createTBody();
  for (let k = 0; k < near; k++) {
    const j = each.neighbours[i * near + k], line = body.insertRow();
    const button = element("button", words[j], { type: "button" });
    button.addEventListener("click", () => choose(j, true));
    const cell = line.insertCell();
    cell.append(button);
    if (other?.has(j)) {
      const sign = element("span", "✓", { className: "soft", title: "in both tables" });
      sign.setAttribute("role", "img");
      sign.setAttribute("aria-label", "in both tables");
      cell.className = "both";
      cell.append(" ", sign);
    }
    line.insertCell().textContent = (each.cosines[i * near + k] / 32767).toFixed(3);
  }
  return table;
}

// Search -------------------------------------------------------------------------------------
const search = at("search"), found = at("found"), lower = words.map((word) => word.toLowerCase());
let marked = -1;
search.addEventListener("input", () => {
  const sought = search.value.trim().toLowerCase(), hits = [[], [], []];
  if (sought) for (let i = 0; i < n && hits[1].length < 40; i++) {
    const where = lower[i].indexOf(sought);
    if (where >= 0) hits[lower[i] === sought ? 0 : where ? 2 : 1].push(i);
  }
  const some = hits.flat().slice(0, 40);
  marked = some.length ? 0 : -1;
  found.replaceChildren(...some.map((i, k) => {
    const item = element("li", words[i], { id: `found-${k}` });
    item.setAttribute("role", "option");
    item.dataset.word = i;
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i); });
    return item;
  }));
  if (sought && !some.length) found.append(element("li", "no matching word"));
  mark();
  shown(Boolean(sought));
});
search.addEventListener("keydown", (event) => {
  const items = found.querySelectorAll("[role=option]");
  if (event.key === "ArrowDown") marked = Math.min(marked + 1, items.length - 1);
  else if (event.key === "ArrowUp") marked = Math.max(marked - 1, 0);
  else if (event.key === "Escape") { shown(false); return; }
  else if (event.key === "Enter" && items[marked]) { take(+items[marked].dataset.word); return; }
  else return;
  event.preventDefault();
  mark();
});
search.addEventListener("blur", () => shown(false));
function mark() {
  found.querySelectorAll("[role=option]").forEach((item, k) => {
    item.setAttribute("aria-selected", String(k === marked));
    if (k === marked) { search.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
  });
}
function shown(yes) { found.hidden = !yes; search.setAttribute("aria-expanded", String(yes)); }
function take(i) { search.value = words[i]; shown(false); choose(i, true); }

if (overlap) {
  const order = Array.from(overlap.keys()).slice(0, 2000).sort((a, b) => overlap[a] - overlap[b] || a - b);
  at("changed").append(...order.slice(0, 40).map((i) => {
    const button = element("button", words[i], { type: "button" });
    button.addEventListener("click", () => choose(i, true));
    return button;
  }));
}
new ResizeObserver(draw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colour);
colour();
document.documentElement.dataset.ready = "";
