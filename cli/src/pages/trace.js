// The trace page: a row for each section or line of each party, on one axis of time, and the sums of all of it below.
"use strict";

const ROW = 20;
/** Room for names, where there is enough; narrow screens give them less, and shorter ones. */
const NAMES = 230;
const HEAD = 26;

/** The rows of a party by `kind`: what each is called, its letter, its pieces of work, and their sums. */
function rowsOf(party, kind) {
  const rows = new Map();
  for (const [section, line, from, took, bytes] of party.work) {
    const { domain, place } = party.sections[section];
    const name = kind === "sections" ? `section ${section}` : line;
    const row = rows.get(name) ?? { name, place, work: [], took: 0, bytes: 0, lines: new Set(), domain };
    row.work.push({ section, line, from, took, bytes, domain });
    row.took += took;
    row.bytes += bytes;
    row.lines.add(line);
    rows.set(name, row);
  }
  return [...rows.values()];
}

/** Distances between marks on the axis, so that about `n` of them cover `span`: 1, 2 or 5 times a power of ten. */
function step(span, n) {
  const rough = span / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((k) => k * power >= rough);
}

/** Microseconds for people. */
function time(us) {
  if (us === 0) return "0";
  if (us >= 1e6) return `${(us / 1e6).toFixed(3)} s`;
  if (us >= 1e3) return `${(us / 1e3).toFixed(2)} ms`;
  return `${us.toFixed(us < 10 ? 1 : 0)} µs`;
}

function count(n) {
  return n.toLocaleString("en");
}

/** Shows the page of a run. */
function show({ parties }) {
  const box = document.getElementById("times");
  const canvas = box.querySelector("canvas");
  const tip = document.getElementById("tip");
  const pen = canvas.getContext("2d");
  const ends = parties.flatMap(({ work, ticks }) => [...work.map(([, , from, took]) => from + took), ...ticks.map(([from, took]) => from + took)]);
  const end = Math.max(1, ...ends);
  let kind = "sections";
  let view = { from: 0, to: end };
  let rows = [];
  const left = () => Math.min(NAMES, Math.max(160, box.clientWidth / 3));

  /** The rows from top to bottom: of each party its name with its ticks, then its work. */
  function arrange() {
    rows = parties.flatMap((party) => [{ party, head: true }, ...rowsOf(party, kind).map((row) => ({ party, ...row }))]);
  }

  function draw() {
    const colour = getComputedStyle(document.body);
    const of = (name) => colour.getPropertyValue(`--${name}`).trim();
    const width = box.clientWidth;
    const height = Math.max(box.clientHeight, HEAD + rows.length * ROW + 10);
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.height = `${height}px`;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12.5px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const scale = (width - left() - 16) / (view.to - view.from);
    const x = (us) => left() + (us - view.from) * scale;
    const mark = step(view.to - view.from, Math.max(2, (width - left()) / 110));
    for (let at = Math.ceil(view.from / mark) * mark; at <= view.to; at += mark) {
      pen.fillStyle = of("line");
      pen.fillRect(x(at), HEAD - 6, 1, height - HEAD);
      pen.fillStyle = of("faint");
      pen.fillText(time(at), x(at) + 3, 11);
    }
    const bytes = Math.max(1, ...parties.flatMap(({ ticks }) => ticks.map(([, , sent], i) => sent - (i === 0 ? 0 : ticks[i - 1][2]))));
    rows.forEach((row, i) => {
      const y = HEAD + i * ROW;
      pen.save();
      pen.beginPath();
      pen.rect(0, y, left() - 8, ROW);
      pen.clip();
      pen.fillStyle = row.head ? of("ink") : of("faint");
      pen.font = `${row.head ? "600 " : ""}12.5px system-ui, sans-serif`;
      pen.fillText(row.head ? row.party.name : label(row), row.head ? 12 : 26, y + ROW / 2);
      pen.restore();
      pen.save();
      pen.beginPath();
      pen.rect(left(), y, width - left(), ROW);
      pen.clip();
      if (row.head) {
        pen.fillStyle = of("soft");
        pen.fillRect(left(), y, width - left(), ROW);
        pen.fillStyle = of("A-line");
        row.party.ticks.forEach(([from, took, sent], n) => {
          const now = sent - (n === 0 ? 0 : row.party.ticks[n - 1][2]);
          const tall = now === 0 ? 1 : 3 + (ROW - 5) * (Math.log1p(now) / Math.log1p(bytes));
          pen.fillRect(x(from), y + ROW - 1 - tall, Math.max(1.5, took * scale), tall);
        });
      } else {
        for (const work of row.work) {
          if (work.from + work.took < view.from || work.from > view.to) continue;
          pen.fillStyle = of(`${work.domain}-line`);
          pen.fillRect(x(work.from), y + 3, Math.max(1.5, work.took * scale), ROW - 6);
        }
      }
      pen.restore();
    });
  }

  function label(row) {
    const short = (line) => line.slice(line.lastIndexOf("/") + 1);
    if (kind !== "sections") return short(row.name);
    const line = short(row.place || "no line");
    if (left() < NAMES) return `s${row.name.slice("section ".length)} ${row.domain} · line ${line.slice(line.lastIndexOf(":") + 1)}`;
    return `${row.name} ${row.domain} · ${line}`;
  }

  /** What is under the pointer, in words. */
  function under(event) {
    const area = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - area.left, event.clientY - area.top];
    const row = rows[Math.floor((py - HEAD) / ROW)];
    if (row === undefined || py < HEAD) return undefined;
    const scale = (box.clientWidth - left() - 16) / (view.to - view.from);
    const at = view.from + (px - left()) / scale;
    const near = 3 / scale;
    if (row.head) {
      const { ticks, name, rounds, bytes, ms } = row.party;
      const n = ticks.findIndex(([from, took]) => from - near <= at && at <= from + took + near);
      if (px < left() || n < 0) return `${name}: ${count(rounds)} rounds, ${count(bytes)} bytes sent, ${ms.toFixed(1)} ms`;
      const sent = ticks[n][2] - (n === 0 ? 0 : ticks[n - 1][2]);
      return `${name}, tick ${n + 1} of ${ticks.length}\n${count(sent)} bytes sent\nat ${time(ticks[n][0])}`;
    }
    if (px < left()) return `${row.name}\n${[...row.lines].join("\n")}\n${time(row.took)} in ${count(row.work.length)} pieces, ${count(row.bytes)} bytes sent`;
    const work = row.work.find(({ from, took }) => from - near <= at && at <= from + took + near);
    return work && `${work.line}\nsection ${work.section} (${work.domain})\n${time(work.took)} from ${time(work.from)}\n${count(work.bytes)} bytes sent`;
  }

  function look(from, to) {
    const span = Math.min(end, Math.max(end / 1e6, to - from));
    const start = Math.min(end - span, Math.max(0, from));
    view = { from: start, to: start + span };
    draw();
  }

  box.addEventListener("wheel", (event) => {
    if (event.shiftKey) return;
    event.preventDefault();
    const area = canvas.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - area.left - left()) / (area.width - left() - 16)));
    const at = view.from + part * (view.to - view.from);
    const factor = Math.exp(event.deltaY / 500);
    look(at - (at - view.from) * factor, at + (view.to - at) * factor);
  }, { passive: false });
  let grip = null;
  box.addEventListener("pointerdown", (event) => (grip = { x: event.clientX, ...view }));
  addEventListener("pointerup", () => (grip = null));
  box.addEventListener("pointermove", (event) => {
    if (grip !== null) {
      const moved = ((grip.x - event.clientX) * (grip.to - grip.from)) / (box.clientWidth - left() - 16);
      look(grip.from + moved, grip.to + moved);
    }
    const text = grip === null ? under(event) : undefined;
    tip.style.display = text === undefined ? "none" : "block";
    if (text === undefined) return;
    tip.textContent = text;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 8))}px`;
  });
  box.addEventListener("pointerleave", () => (tip.style.display = "none"));

  /** The sums of what is shown. */
  function figures() {
    const under = document.getElementById("figures");
    const table = document.createElement("table");
    const add = (cells, tag) => {
      const line = document.createElement("tr");
      for (const text of cells) line.append(Object.assign(document.createElement(tag), { textContent: text }));
      table.append(line);
    };
    const all = parties.map((party) => new Map(rowsOf(party, kind).map((row) => [row.name, row])));
    const names = [...new Set(all.flatMap((rows) => [...rows.keys()]))];
    const rounds = kind === "sections";
    add([kind === "sections" ? "section" : "line", "domain", ...(rounds ? ["rounds"] : []), ...parties.flatMap(({ name }) => [`${name}: time`, "bytes sent"])], "th");
    for (const name of names) {
      const first = all.find((rows) => rows.has(name)).get(name);
      const { section } = first.work[0];
      add([
        rounds && first.place ? `${name}, ${first.place}` : name,
        first.domain,
        ...(rounds ? [count(Math.max(...parties.map((party) => party.sections[section].rounds)))] : []),
        ...all.flatMap((rows) => (rows.has(name) ? [time(rows.get(name).took), count(rows.get(name).bytes)] : ["", ""])),
      ], "td");
    }
    const left = Math.max(...parties.map((party) => party.left_out));
    const note = document.createElement("p");
    note.textContent = `Times of work have the waiting for messages in them. Bars beside a party's name are the messages that it sends, by their bytes.${left > 0 ? ` The run was longer than what is shown: ${count(left)} entries are left out.` : ""}`;
    under.replaceChildren(note, table);
  }

  function choose(next) {
    kind = next;
    arrange();
    figures();
    draw();
  }
  const action = { fit: () => look(0, end), sections: () => choose("sections"), lines: () => choose("lines") };
  for (const button of document.querySelectorAll("button")) button.addEventListener("click", action[button.dataset.does]);
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  choose(kind);
}

if (typeof document !== "undefined") show(JSON.parse(document.getElementById("data").textContent));
