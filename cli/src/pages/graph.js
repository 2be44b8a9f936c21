// The graph page: boxes and arrows that move, fold by function, and lead to the source.
//
// `layout` is the layered method in its plainest form (Sugiyama, Tagawa, Toda 1981), as in the picture that is not a page: arrows
// that close a circle are turned round, boxes stand below all that leads to them, and move towards the middle of their neighbours.
"use strict";

const GAP = { x: 36, y: 70 };
const BEND = 18;
const SWEEPS = 12;

/** Places boxes of sizes `[{w, h}]`; `edges` are pairs of indices. Gives upper left corners, ways of arrows, and the size of all. */
function layout(sizes, edges) {
  const n = sizes.length;
  const turned = backwards(n, edges);
  const down = edges.map(([a, b], i) => (turned[i] ? [b, a] : [a, b]));
  const layer = layers(n, down);
  const width = sizes.map((s) => s.w);
  const at = [...layer];
  const links = [];
  const chains = down.map(([a, b]) => {
    const chain = [a];
    for (let l = layer[a] + 1; l < layer[b]; l++) {
      width.push(BEND);
      at.push(l);
      chain.push(width.length - 1);
    }
    chain.push(b);
    for (let i = 1; i < chain.length; i++) links.push([chain[i - 1], chain[i]]);
    return chain;
  });
  const above = width.map(() => []);
  const below = width.map(() => []);
  for (const [a, b] of links) {
    below[a].push(b);
    above[b].push(a);
  }
  const rows = [];
  at.forEach((l, cell) => (rows[l] ??= []).push(cell));
  for (let l = 0; l < rows.length; l++) rows[l] ??= [];
  order(rows, above, below);
  const x = columns(rows, width, above, below);
  const tall = rows.map((row) => Math.max(0, ...row.filter((c) => c < n).map((c) => sizes[c].h)));
  const top = [];
  let y = 0;
  for (const h of tall) {
    top.push(y);
    y += h + GAP.y;
  }
  const corners = sizes.map((s, i) => ({ x: x[i] - s.w / 2, y: top[layer[i]] + (tall[layer[i]] - s.h) / 2 }));
  const ways = chains.map((chain, i) => {
    const [a, b] = [chain[0], chain[chain.length - 1]];
    const way = [[x[a], corners[a].y + sizes[a].h]];
    for (const bend of chain.slice(1, -1)) way.push([x[bend], top[at[bend]]], [x[bend], top[at[bend]] + tall[at[bend]]]);
    way.push([x[b], corners[b].y]);
    return turned[i] ? way.reverse() : way;
  });
  const right = Math.max(0, ...x.map((c, i) => c + width[i] / 2));
  return { corners, ways, width: right, height: Math.max(0, y - GAP.y) };
}

/** Which edges lead back to a box on the way that is walked. */
function backwards(n, edges) {
  const out = Array.from({ length: n }, () => []);
  edges.forEach(([a, b], i) => out[a].push([i, b]));
  const state = new Array(n).fill(0);
  const turned = edges.map(([a, b]) => a === b);
  for (let root = 0; root < n; root++) {
    if (state[root] !== 0) continue;
    state[root] = 1;
    const stack = [[root, 0]];
    while (stack.length > 0) {
      const [box, next] = stack.pop();
      if (next >= out[box].length) {
        state[box] = 2;
        continue;
      }
      stack.push([box, next + 1]);
      const [edge, to] = out[box][next];
      if (state[to] === 1) turned[edge] = true;
      if (state[to] === 0) {
        state[to] = 1;
        stack.push([to, 0]);
      }
    }
  }
  return turned;
}

/** The longest way to each box; boxes that nothing leads to stand just above the first that they lead to. */
function layers(n, down) {
  const layer = new Array(n).fill(0);
  for (let round = 0; round <= n; round++) {
    let moved = false;
    for (const [a, b] of down) {
      if (a !== b && layer[b] <= layer[a]) {
        layer[b] = layer[a] + 1;
        moved = true;
      }
    }
    if (!moved) break;
  }
  for (let i = 0; i < n; i++) {
    const next = down.filter(([a, b]) => a === i && b !== i).map(([, b]) => layer[b]);
    if (next.length > 0 && !down.some(([a, b]) => b === i && a !== i)) layer[i] = Math.max(0, Math.min(...next) - 1);
  }
  return layer;
}

/** Sorts the cells of each row by the middle of their neighbours, above and below in turn. */
function order(rows, above, below) {
  const place = [];
  const note = () => rows.forEach((row) => row.forEach((cell, i) => (place[cell] = i)));
  note();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const [near, list] = sweep % 2 === 0 ? [above, rows] : [below, [...rows].reverse()];
    for (const row of list) {
      const key = new Map(row.map((cell, i) => [cell, near[cell].length ? mean(near[cell].map((c) => place[c])) : i]));
      row.sort((a, b) => key.get(a) - key.get(b));
      row.forEach((cell, i) => (place[cell] = i));
    }
  }
}

function mean(list) {
  return list.reduce((a, b) => a + b, 0) / list.length;
}

/** Middles of cells: side by side, then towards their neighbours as far as there is room. */
function columns(rows, width, above, below) {
  const x = [];
  for (const row of rows) {
    let left = 0;
    for (const cell of row) {
      x[cell] = left + width[cell] / 2;
      left += width[cell] + GAP.x;
    }
  }
  for (let round = 0; round < 2 * SWEEPS; round++) {
    for (const row of rows) {
      const offset = [];
      let groups = [];
      row.forEach((cell, i) => {
        const near = [...above[cell], ...below[cell]];
        const wanted = near.length ? mean(near.map((c) => x[c])) : x[cell];
        offset[i] = i === 0 ? 0 : offset[i - 1] + (width[row[i - 1]] + width[cell]) / 2 + GAP.x;
        let group = { from: i, n: 1, at: wanted - offset[i] };
        // Cells that would overlap move together to the mean of where they want to be.
        while (groups.length > 0 && groups[groups.length - 1].at > group.at) {
          const last = groups.pop();
          group = { from: last.from, n: last.n + group.n, at: (last.at * last.n + group.at * group.n) / (last.n + group.n) };
        }
        groups.push(group);
      });
      for (const { from, n, at } of groups) for (let i = from; i < from + n; i++) x[row[i]] = at + offset[i];
    }
  }
  const least = Math.min(...x.map((c, i) => c - width[i] / 2));
  return x.map((c) => c - least);
}

/** What is shown with these functions folded: boxes and arrows between them. */
function folded({ boxes, edges }, functions) {
  const shown = [];
  const at = new Map();
  const where = boxes.map((box, i) => {
    if (!functions.has(box.within)) return shown.push({ ...box, members: [i] }) - 1;
    if (!at.has(box.within)) {
      at.set(box.within, shown.push({ role: "many", within: box.within, note: "", lines: [], places: [], members: [] }) - 1);
    }
    const many = shown[at.get(box.within)];
    many.members.push(i);
    many.places = [...many.places, ...box.places];
    return at.get(box.within);
  });
  for (const many of shown.filter((box) => box.role === "many")) {
    const members = many.members.map((i) => boxes[i]);
    const letters = [...new Set(members.map((box) => box.role))].sort().join(" ");
    // What is not known of one of them is not known of all.
    const sum = (figure) => members.reduce((all, box) => (all === null || box[figure] === null ? null : all + (box[figure] ?? 0)), 0);
    const said = (figure) => sum(figure)?.toLocaleString("en") ?? "?";
    const sections = sum("sections");
    many.lines = [
      many.within,
      `${sections} section${sections === 1 ? "" : "s"}: ${letters}`,
      `${said("and")} AND, ${said("bytes")} bytes`,
    ];
  }
  const along = new Map();
  for (const { from, to, label, converts } of edges) {
    const [a, b] = [where[from], where[to]];
    if (a === b) continue;
    const key = `${a} ${b}`;
    const one = along.get(key) ?? { from: a, to: b, labels: [], converts: false };
    one.labels.push(label);
    one.converts ||= converts;
    along.set(key, one);
  }
  const merged = [...along.values()].map(({ labels, ...rest }) => ({
    ...rest,
    label: labels.length === 1 ? labels[0] : `${labels.length} kinds of values`,
    labels,
  }));
  return { boxes: shown, edges: merged };
}

/** Shows the page of a program. */
function show(data) {
  const picture = document.getElementById("picture");
  const source = document.getElementById("source");
  const tip = document.getElementById("tip");
  const functions = new Set(data.boxes.map((box) => box.within).filter((name) => name !== ""));
  // More than fit on a screen are shown by function first.
  let closed = new Set(data.boxes.length > 40 ? functions : []);
  let view = { x: 0, y: 0, scale: 1 };
  let scene;
  let chosen = null;

  const svg = (name, attributes, parent, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent?.append(element);
    return element;
  };
  const root = svg("svg", {}, picture);
  const defs = svg("defs", {}, root);
  const marker = svg("marker", { id: "head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, defs);
  svg("path", { d: "M0,0 L8,4 L0,8 z", fill: "var(--faint)" }, marker);
  const plane = svg("g", {}, root);
  const move = () => plane.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);

  /** Draws all that is not folded away. */
  function draw() {
    const now = folded(data, closed);
    const sizes = now.boxes.map(({ lines }) => ({
      w: Math.max(...lines.map((line) => line.length)) * 7.3 + 44,
      h: lines.length * 18 + 20,
    }));
    const placed = layout(sizes, now.edges.map(({ from, to }) => [from, to]));
    plane.replaceChildren();
    const arrows = now.edges.map((edge, i) => {
      const path = svg("path", { d: curve(placed.ways[i]), class: edge.converts ? "edge converts" : "edge", "marker-end": "url(#head)" }, plane);
      return { edge, path };
    });
    const drawn = now.boxes.map((box, i) => {
      const { x, y } = placed.corners[i];
      const { w, h } = sizes[i];
      const name = box.role === "learns" ? "gives" : box.role;
      const group = svg("g", { class: "box", transform: `translate(${x} ${y})` }, plane);
      const round = name === "gives" ? 16 : 4;
      svg("rect", { width: w, height: h, rx: round, fill: `var(--${name})`, stroke: `var(--${name}-line)`, ...(name === "many" ? { "stroke-dasharray": "6 3" } : {}) }, group);
      box.lines.forEach((line, k) => svg("text", { x: w / 2, y: 10 + 18 * (k + 0.75), "text-anchor": "middle", class: k === 0 ? "title" : "" }, group, line));
      if (box.within !== "") {
        const fold = svg("text", { x: w - 17, y: 19, class: "fold" }, group, name === "many" ? "▸" : "▾");
        fold.addEventListener("click", (event) => {
          event.stopPropagation();
          if (name === "many") closed.delete(box.within);
          else closed.add(box.within);
          choose(null);
          draw();
          fit();
        });
      }
      group.addEventListener("click", () => choose(chosen === box ? null : box));
      group.addEventListener("pointermove", (event) => say(event, [box.lines.join("\n"), box.within && `in ${box.within}`, box.note].filter(Boolean).join("\n\n")));
      group.addEventListener("pointerleave", hush);
      return { box, group };
    });
    const taken = [];
    const labels = arrows.map(({ edge, path }, i) => {
      const { x, y } = free(placed.ways[i], edge.label.length * 3.4, taken);
      const text = svg("text", { x, y, "text-anchor": "middle", class: "label" }, plane, edge.label);
      for (const element of [text, path]) {
        element.addEventListener("pointermove", (event) => say(event, edge.labels.join("\n")));
        element.addEventListener("pointerleave", hush);
      }
      return text;
    });
    scene = { ...placed, drawn, arrows, labels };
  }

  /** Looks at one box: its arrows, its neighbours, its lines. */
  function choose(box, scroll = true) {
    chosen = box;
    const at = scene.drawn.findIndex((d) => d.box === box);
    const near = new Set([at]);
    scene.arrows.forEach(({ edge, path }, i) => {
      const touches = edge.from === at || edge.to === at;
      if (touches) near.add(edge.from).add(edge.to);
      for (const element of [path, scene.labels[i]]) element.classList.toggle("far", at >= 0 && !touches);
    });
    scene.drawn.forEach(({ group }, i) => {
      group.classList.toggle("far", at >= 0 && !near.has(i));
      group.classList.toggle("chosen", i === at);
    });
    const lines = new Set((box?.places ?? []).map(([file, line]) => `${file}:${line}`));
    let first;
    for (const item of source.querySelectorAll("li")) {
      const here = lines.has(item.dataset.place);
      item.classList.toggle("here", here);
      if (here) first ??= item;
    }
    if (scroll) first?.scrollIntoView({ block: "center" });
  }

  function say(event, text) {
    tip.textContent = text;
    tip.style.display = "block";
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 8))}px`;
  }

  function hush() {
    tip.style.display = "none";
  }

  /** All of it on the screen; what is small is not blown up, and what is large stays legible and begins at its top and left. */
  function fit() {
    const { width, height } = picture.getBoundingClientRect();
    const whole = Math.min((width - 40) / scene.width, (height - 40) / scene.height);
    const scale = Math.min(1.25, Math.max(0.6, whole));
    view = { scale, x: Math.max(20, (width - scene.width * scale) / 2), y: Math.max(20, (height - scene.height * scale) / 2) };
    move();
  }

  function zoom(factor, x, y) {
    const scale = Math.min(4, Math.max(0.05, view.scale * factor));
    const real = scale / view.scale;
    view = { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
    move();
  }

  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = picture.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 500), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let grip = null;
  picture.addEventListener("pointerdown", (event) => (grip = { x: event.clientX - view.x, y: event.clientY - view.y, id: event.pointerId, moved: false }));
  picture.addEventListener("pointermove", (event) => {
    if (grip === null) return;
    const [x, y] = [event.clientX - grip.x, event.clientY - grip.y];
    if (!grip.moved && Math.hypot(x - view.x, y - view.y) < 4) return;
    if (!grip.moved) picture.setPointerCapture(grip.id);
    grip.moved = true;
    picture.classList.add("moving");
    view = { ...view, x, y };
    move();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    picture.addEventListener(end, () => {
      grip = null;
      picture.classList.remove("moving");
    });
  }
  const action = {
    fit,
    in: () => zoom(1.3, picture.clientWidth / 2, picture.clientHeight / 2),
    out: () => zoom(1 / 1.3, picture.clientWidth / 2, picture.clientHeight / 2),
    fold: () => refold(new Set(functions)),
    unfold: () => refold(new Set()),
    source: () => {
      document.body.classList.toggle("alone");
      fit();
    },
  };
  function refold(next) {
    closed = next;
    chosen = null;
    draw();
    fit();
  }
  for (const button of document.querySelectorAll("button")) button.addEventListener("click", action[button.dataset.does]);
  document.addEventListener("keydown", ({ key }) => ({ "+": action.in, "-": action.out, 0: fit, Escape: () => choose(null) })[key]?.());
  // In a frame the picture has no size yet when the page begins.
  new ResizeObserver(fit).observe(picture);

  const used = new Set(data.boxes.flatMap((box) => box.places.map(([file]) => file)));
  // The program's own files before those of the library.
  const own = ({ name }) => !name.startsWith("<std>");
  const files = data.files.map((file, i) => [file, i]).sort(([a], [b]) => own(b) - own(a));
  files.forEach(([{ name, text }, file]) => {
    if (!used.has(file)) return;
    const head = document.createElement("h2");
    head.textContent = name;
    const list = document.createElement("ol");
    text.split("\n").forEach((line, i) => {
      const item = document.createElement("li");
      item.dataset.n = i + 1;
      item.dataset.place = `${file}:${i + 1}`;
      item.textContent = line === "" ? " " : line;
      const of = (box) => box.places.some(([f, l]) => f === file && l === i + 1);
      if (data.boxes.some(of)) {
        item.classList.add("has");
        item.addEventListener("click", () => choose(scene.drawn.map((d) => d.box).find(of) ?? null, false));
      }
      list.append(item);
    });
    source.append(head, list);
  });
  if (used.size === 0) document.body.classList.add("alone");
  draw();
  fit();
}

/** A place for a label on the way of an arrow, beside those that are taken, and takes it. */
function free(way, half, taken) {
  const spots = [];
  for (let i = 0; i + 1 < way.length; i += 2) {
    const [[ax, ay], [bx, by]] = [way[i], way[i + 1]];
    for (const t of [0.5, 0.3, 0.7, 0.18, 0.82]) {
      // Arrows leave and enter upright: half-way they are half-way.
      const s = t * t * (3 - 2 * t);
      spots.push({ x: ax + (bx - ax) * s, y: ay + (by - ay) * t + 4, half });
    }
  }
  const clear = (a) => taken.every((b) => Math.abs(a.x - b.x) > a.half + b.half + 6 || Math.abs(a.y - b.y) > 14);
  const spot = spots.find(clear) ?? spots[0];
  taken.push(spot);
  return spot;
}

/** Straight through layers, curved between them. */
function curve(way) {
  let d = "";
  for (let i = 0; i + 1 < way.length; i += 2) {
    const [[ax, ay], [bx, by]] = [way[i], way[i + 1]];
    const middle = (ay + by) / 2;
    d += `${i === 0 ? "M" : "L"}${ax},${ay} C${ax},${middle} ${bx},${middle} ${bx},${by} `;
  }
  return d.trim();
}

if (typeof document !== "undefined") show(JSON.parse(document.getElementById("data").textContent));
