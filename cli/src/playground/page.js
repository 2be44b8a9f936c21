// The playground: an editor of a program and its modules, and what the compiler says of them. All of it runs here; the page has no way to send
// anything.
//
// The text stands twice: in a text area that is typed into, with transparent letters, and under it coloured. Words are coloured at
// once, names as soon as the compiler has looked at the text.
"use strict";

const $ = (id) => document.getElementById(id);
const DATA = JSON.parse($("data").textContent);
/** After so long a question is given up, in milliseconds. */
const PATIENCE = { look: 10000, hover: 5000, audit: 120000 };
const PATIENCE_ELSE = 60000;

// --- The compiler, in a worker.

let compiled = null;
let worker = null;
let ready = null;
let asked = 0;
const waiting = new Map();

async function start() {
  compiled ??= await WebAssembly.compile(bytesOf($("module").textContent.trim()));
  const source = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const mine = new Worker(source);
  worker = mine;
  return new Promise((resolve) => {
    mine.onmessage = ({ data }) => {
      if (data.ready) return resolve();
      const question = waiting.get(data.id);
      if (!question) return;
      waiting.delete(data.id);
      clearTimeout(question.clock);
      if ("answer" in data) question.resolve(data.answer);
      else {
        question.resolve({ wrong: `the compiler has ended (${data.ended}); this is a bug in smpcc` });
        restart();
      }
    };
    mine.postMessage({ module: compiled });
  });
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function restart() {
  worker?.terminate();
  for (const question of waiting.values()) {
    clearTimeout(question.clock);
    question.resolve({ wrong: "given up" });
  }
  waiting.clear();
  ready = start();
}

async function ask(question) {
  await (ready ??= start());
  const id = ++asked;
  return new Promise((resolve) => {
    const clock = setTimeout(() => {
      waiting.delete(id);
      resolve({ wrong: "this takes too long for a page; `smpcc` on your machine has more time" });
      restart();
    }, PATIENCE[question.do] ?? PATIENCE_ELSE);
    waiting.set(id, { resolve, clock });
    worker.postMessage({ id, question });
  });
}

// --- The files of the program.

const MAIN = "main.smpc";
const text = $("text");
/** The text of each file; that of the one which is looked at is in the text area. */
let files = new Map([[MAIN, ""]]);
let current = MAIN;
/** Each file's text when it could last be read to its end. */
let whole = new Map();

function texts() {
  files.set(current, text.value);
  return Object.fromEntries(files);
}

/** The same text of all files, for an answer that came later. */
const state = () => JSON.stringify([current, texts()]);

function tabs() {
  const all = [...files.keys()].map((name) => {
    const tab = element("button", name, "tab");
    tab.setAttribute("aria-pressed", String(name === current));
    tab.onclick = () => turnTo(name);
    if (name === MAIN) return [tab];
    const drop = element("button", "×", "drop");
    drop.title = drop.ariaLabel = `Remove ${name}`;
    drop.onclick = () => {
      if (files.get(name).trim() && !confirm(`Remove ${name}?`)) return;
      turnTo(MAIN);
      files.delete(name);
      tabs();
      changed();
    };
    return [tab, drop];
  });
  const more = element("button", "+ module", "more");
  more.onclick = () => more.replaceWith(newName());
  $("files").replaceChildren(...all.flat(), more);
}

/** A field for the name of a new module. */
function newName() {
  const field = element("input");
  field.placeholder = "rules.smpc";
  field.ariaLabel = "The module's name";
  field.onkeydown = (event) => {
    if (event.key === "Escape") tabs();
    if (event.key !== "Enter") return;
    // What comes next is not to have a new line.
    event.preventDefault();
    const name = `${field.value.trim().replace(/\.smpc$/, "")}.smpc`;
    const fits = /^[a-z_][a-z0-9_]*\.smpc$/.test(name) && !WORDS.has(name.slice(0, -5)) && !files.has(name);
    field.setCustomValidity(fits ? "" : files.has(name) ? `There is a ${name}.` : "Small letters, digits and _, as in a name of the language.");
    if (!field.reportValidity()) return;
    files.set(name, "");
    turnTo(name);
    text.focus();
  };
  field.oninput = () => field.setCustomValidity("");
  field.onblur = () => setTimeout(tabs);
  setTimeout(() => field.focus());
  return field;
}

function turnTo(name) {
  if (files.has(current)) files.set(current, text.value);
  current = name;
  looked = { text: null, colours: [], diagnostics: [] };
  text.value = files.get(name);
  text.setSelectionRange(0, 0);
  tabs();
  changed();
}

// --- The editor.

const WORDS = new Set(DATA.words);
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\.|[^"\\\n])*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?|[\s\S]/g;
/** What the compiler said of a text. */
let looked = { text: null, colours: [], diagnostics: [] };

/** Pieces of the text: `[from, to, class]`, in order. */
function pieces(source) {
  const known = new Map();
  if (looked.text === source) for (const [from, to, , who] of looked.colours) known.set(from, [to, who]);
  const all = [];
  for (const { 0: word, index } of source.matchAll(TOKEN)) {
    const name = known.get(index);
    let kind = "";
    if (/^\/[/*]/.test(word) && word.length > 1) kind = "comment";
    else if (word[0] === '"') kind = "string";
    else if (/^[0-9]/.test(word)) kind = "number";
    else if (WORDS.has(word)) kind = word === "secret" ? "word secret" : "word";
    else if (name && name[0] === index + word.length) kind = name[1];
    all.push([index, index + word.length, kind]);
  }
  return all;
}

/** What is wrong with a text of the file that is looked at. */
function marks(source) {
  return looked.text === source ? looked.diagnostics.filter((d) => d.place.range) : [];
}

function paint() {
  const source = text.value;
  const wrong = marks(source).map((d) => ({ error: d.error, from: d.place.range[0], to: Math.max(d.place.range[1], d.place.range[0] + 1) }));
  const out = document.createDocumentFragment();
  for (const [from, to, kind] of pieces(source)) {
    const mark = wrong.find((m) => m.from < to && from < m.to);
    const classes = [kind, mark ? (mark.error ? "error" : "warning") : ""].join(" ").trim();
    if (!classes) out.append(source.slice(from, to));
    else {
      const span = document.createElement("span");
      span.className = classes;
      span.textContent = source.slice(from, to);
      out.append(span);
    }
  }
  // A last line that is empty has a height all the same.
  out.append("\n");
  $("paint").replaceChildren(out);
  const lines = source.split("\n").length;
  $("numbers").textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
}

let soon = null;
function changed() {
  paint();
  clearTimeout(soon);
  soon = setTimeout(look, 150);
}

async function look() {
  const asked = state();
  const source = text.value;
  const answer = await ask({ do: "look", files: texts(), file: current });
  if (state() !== asked || answer.wrong) return;
  looked = { text: source, ...answer };
  if (answer.whole) whole.set(current, source);
  paint();
  problems();
  caret();
}

/** A place in words: the line, and the file if it is another one. */
function placed({ file, line }) {
  return file === current ? `line ${line}` : `${file}, line ${line}`;
}

function problems() {
  const items = looked.diagnostics.map((d) => {
    const item = document.createElement("li");
    const code = document.createElement("button");
    code.textContent = d.code;
    code.title = "What this means";
    code.onclick = async (event) => {
      event.stopPropagation();
      const { page } = (await ask({ do: "explain", code: d.code })) ?? {};
      if (page) show([element("pre", page)]);
    };
    const said = element("p", `${placed(d.place)}: ${d.message}`, d.error ? "bad" : "mild");
    const more = [d.label, d.help, ...d.causes.map((c) => `${placed(c.place)}: ${c.text}`)].filter(Boolean);
    if (more.length) said.append(document.createElement("br"), element("small", more.join("; ")));
    item.append(code, said);
    item.onclick = () => goTo(d.place);
    return item;
  });
  $("problems").replaceChildren(...items);
}

function goTo({ file, line, range }) {
  if (!range && !files.has(file)) return;
  if (file !== current) turnTo(file);
  const start = text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(...(range ?? [start, start]));
  text.blur();
  text.focus();
}

/** What stands at the caret, in the strip under the text. */
let caretSoon = null;
function caret() {
  clearTimeout(caretSoon);
  caretSoon = setTimeout(async () => {
    const asked = state();
    const answer = await ask({ do: "hover", files: texts(), file: current, at: text.selectionStart });
    if (state() === asked) here(answer);
  }, 120);
}

function here(answer) {
  // The beginning of a file stands for its module, which has no name here.
  if (!answer || answer.wrong || answer.code.trim() === "module") return $("here").replaceChildren();
  $("here").replaceChildren(element("code", answer.code), element("div", plain(answer.text)));
}

function plain(markdown) {
  return markdown.replaceAll("`", "").replace(/\s*\n\s*\n\s*/g, "\n");
}

/** The offset under the mouse. */
function offsetAt(event) {
  const style = getComputedStyle(text);
  const box = text.getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top - parseFloat(style.paddingTop)) / parseFloat(style.lineHeight));
  const column = Math.round((event.clientX - box.left - parseFloat(style.paddingLeft)) / letter() - 0.5);
  const lines = text.value.split("\n");
  if (row < 0 || row >= lines.length || column < 0 || column >= lines[row].length) return null;
  return lines.slice(0, row).reduce((sum, line) => sum + line.length + 1, 0) + column;
}

let letterWidth = 0;
function letter() {
  if (!letterWidth) {
    const probe = element("span", "x".repeat(100));
    $("paint").append(probe);
    letterWidth = probe.getBoundingClientRect().width / 100;
    probe.remove();
  }
  return letterWidth;
}

let hoverSoon = null;
function hover(event) {
  clearTimeout(hoverSoon);
  $("tip").style.display = "none";
  const at = offsetAt(event);
  if (at === null) return;
  const { clientX: x, clientY: y } = event;
  hoverSoon = setTimeout(async () => {
    const asked = state();
    const mark = marks(text.value).find(({ place: { range } }) => range[0] <= at && at < range[1]);
    const answer = await ask({ do: "hover", files: texts(), file: current, at });
    if (state() !== asked) return;
    const lines = [mark && `${mark.code}: ${mark.message}`, answer?.code, answer?.text && plain(answer.text)].filter(Boolean);
    if (!lines.length) return;
    const tip = $("tip");
    tip.textContent = lines.join("\n");
    tip.style.display = "block";
    tip.style.left = `${Math.max(4, Math.min(x + 10, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 10 : y + 18}px`;
  }, 250);
}

// --- What may be written here.

/** The offer that is shown: what came for the word that begins at `start`, and which of it fits what is written of the word. */
let offer = null;

const wordStart = () => text.selectionStart - /[A-Za-z0-9_]*$/.exec(text.value.slice(0, text.selectionStart))[0].length;

/** Asks what may stand at the caret; by hand also where no word has begun. */
async function offers(byHand) {
  const start = wordStart();
  const before = text.value.slice(0, start);
  const begun = start < text.selectionStart && !/^[0-9]/.test(text.value.slice(start));
  if (text.selectionStart !== text.selectionEnd || !(byHand || begun || /(\.|::)$/.test(before))) return close();
  if (offer?.start === start && offer.before === before) return narrow();
  const answer = await ask({ do: "complete", files: texts(), file: current, at: start, whole: whole.get(current) ?? null });
  // Letters that were typed meanwhile narrow it.
  if (answer.wrong || wordStart() !== start || text.value.slice(0, start) !== before) return close();
  offer = { start, before, items: answer.items, fit: [], at: 0 };
  narrow();
}

function narrow() {
  const typed = text.value.slice(offer.start, text.selectionStart);
  const at = (item) => item.name.toLowerCase().indexOf(typed.toLowerCase());
  const order = (item) => (at(item) > 0 ? 8 : 0) + (item.name.includes(typed) ? 0 : 4) + (item.import ? 2 : 0) + (item.kind === "keyword" ? 1 : 0);
  offer.fit = offer.items.filter((item) => at(item) >= 0).sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1)).slice(0, 60);
  offer.at = 0;
  // What is written already needs no offer.
  if (!offer.fit.length || (offer.fit[0].name === typed && !offer.fit[0].import)) return close();
  shownOffer();
}

function shownOffer() {
  const items = offer.fit.map((item, i) => {
    const line = element("li", undefined, i === offer.at ? "chosen" : "");
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", String(i === offer.at));
    line.append(element("b", item.name), element("span", item.detail === item.name ? "" : item.detail));
    // The text keeps the caret.
    line.onmousedown = (event) => {
      event.preventDefault();
      accept(item);
    };
    return line;
  });
  const box = $("offer");
  const list = element("ul");
  list.setAttribute("role", "listbox");
  list.append(...items);
  const says = plain(offer.fit[offer.at].text);
  box.replaceChildren(list, ...(says ? [element("p", says)] : []));
  box.style.display = "block";
  const { x, y, height } = caretBox(offer.start);
  box.style.left = `${Math.max(4, Math.min(x, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${y + height + box.offsetHeight > innerHeight ? Math.max(4, y - box.offsetHeight - 2) : y + height}px`;
  items[offer.at].scrollIntoView({ block: "nearest" });
}

/** Where an offset stands in the window. */
function caretBox(offset) {
  const style = getComputedStyle(text);
  const box = text.getBoundingClientRect();
  const lines = text.value.slice(0, offset).split("\n");
  const height = parseFloat(style.lineHeight);
  return {
    x: box.left + parseFloat(style.paddingLeft) + lines.at(-1).length * letter(),
    y: box.top + parseFloat(style.paddingTop) + (lines.length - 1) * height,
    height,
  };
}

function close() {
  offer = null;
  $("offer").style.display = "none";
}

function accept(item) {
  const { start } = offer;
  close();
  text.setRangeText(item.name, start, text.selectionStart, "end");
  if (item.import) {
    const at = text.selectionStart + item.import.text.length - (item.import.range[1] - item.import.range[0]);
    text.setRangeText(item.import.text, ...item.import.range, "preserve");
    text.setSelectionRange(at, at);
  }
  changed();
}

/** Whether a key was meant for the offer. */
function chosen(event) {
  if (!offer) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    offer.at = (offer.at + step + offer.fit.length) % offer.fit.length;
    shownOffer();
  } else if (event.key === "Escape") close();
  else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) accept(offer.fit[offer.at]);
  else return false;
  event.preventDefault();
  return true;
}

// --- What is asked for by hand.

function element(name, content, kind) {
  const made = document.createElement(name);
  if (content !== undefined) made.textContent = content;
  if (kind) made.className = kind;
  return made;
}

function show(parts) {
  $("result").className = "";
  $("result").replaceChildren(...parts);
}

function question(verb) {
  const parties = parseInt($("parties").value, 10);
  return {
    do: verb,
    files: texts(),
    file: current,
    inputs: $("inputs").value,
    suite: $("suite").value,
    threat: $("threat").value,
    network: $("network").value,
    ...(parties > 0 ? { parties } : {}),
    ...(verb === "run" ? { seed: crypto.getRandomValues(new Uint32Array(1))[0] } : {}),
  };
}

const SHOWN = { run: ran, stats: counted, graph: framed("graph", "allow-scripts"), audit: framed("audit", "") };

async function does(verb) {
  if (verb === "format") {
    const answer = await ask({ do: "format", files: texts(), file: current });
    if (answer.wrong) return show([element("p", answer.wrong, "wrong")]);
    text.value = answer.text;
    return changed();
  }
  show([element("p", verb === "audit" ? "Trying it on some thousands of inputs …" : "…")]);
  const answer = await ask(question(verb));
  if (answer.wrong) return show([element("p", answer.wrong, "wrong")]);
  SHOWN[verb](answer);
}

function ran(answer) {
  const parts = [element("h2", "Who learns what")];
  for (const one of answer.learns) parts.push(element("p", `${one.party}: ${one.value}`, "learns"));
  if (answer.revealed.length) {
    parts.push(element("h2", "Revealed on the way"));
    for (const one of answer.revealed) parts.push(element("p", `${one.place}: ${one.value}`, "learns"));
  }
  parts.push(element("p", "Computed in the clear, in this browser: nothing was sent and nothing was protected."));
  parts.push(element("p", `Between machines: ${answer.protection}.`));
  show(parts);
}

const figure = (n) => (n === null || n === undefined ? "?" : Number(n).toLocaleString("en"));
const time = (ms) => (ms === null || ms === undefined ? "?" : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toPrecision(2)} ms`);

function table(heads, rows) {
  const made = element("table");
  const line = (cells, tag) => {
    const row = element("tr");
    for (const cell of cells) row.append(element(tag, cell, tag === "td" && /^[0-9,.?–]+( m?s)?$/.test(cell) ? "figure" : ""));
    return row;
  };
  made.append(line(heads, "th"), ...rows.map((cells) => line(cells, "td")));
  return made;
}

/** The lines of a section, with their file if it is a module's. */
function lines({ file, lines: [first, last] }) {
  const shown = first === last ? `${first}` : `${first}–${last}`;
  return file && file !== MAIN ? `${file}:${shown}` : shown;
}

function counted(stats) {
  const t = stats.totals;
  show([
    element("h2", "All of it"),
    table(["", ""], [
      ["ANDs", figure(t.and)], ["levels of ANDs", figure(t.and_depth)], ["products", figure(t.mul)], ["rounds", figure(t.rounds)], ["bytes, of all parties", figure(t.bytes)],
      ["on a local network", time(stats.estimate_ms.lan)], ["on a wide one", time(stats.estimate_ms.wan)],
    ]),
    element("p", `${stats.protection}.`),
    ...(stats.exact ? [] : [element("p", "Revealed values steer this program: what is not known before it runs is a question mark.")]),
    element("h2", "By section"),
    table(["", "lines", "lanes", "ANDs", "rounds", "bytes", "why"], stats.sections.map((s) => [s.domain, lines(s), figure(s.lanes), figure(s.and), figure(s.rounds), figure(s.bytes), s.why])),
    element("h2", "By line"),
    table(["line", "ANDs", "products", "bytes"], stats.lines.map((l) => [`${l.file}:${l.line}`, figure(l.and), figure(l.mul), figure(l.bytes)])),
  ]);
}

/** Shows a page that the compiler has written, without a way out of its frame. */
function framed(name, may) {
  return ({ page }) => {
    const frame = element("iframe");
    frame.title = name;
    frame.setAttribute("sandbox", may);
    frame.srcdoc = page;
    const save = element("button", "save this page");
    save.onclick = () => {
      const link = element("a");
      link.href = URL.createObjectURL(new Blob([page], { type: "text/html" }));
      link.download = `${name}.html`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    const bar = element("div", undefined, "save");
    bar.append(save);
    $("result").className = "framed";
    $("result").replaceChildren(bar, frame);
  };
}

// --- The page.

function take(sample) {
  files = new Map([[MAIN, sample.text]]);
  whole = new Map();
  current = MAIN;
  text.value = sample.text;
  $("inputs").value = sample.inputs;
  $("parties").value = "";
  show([element("p", "Run it, or ask what it costs and what it gives away.")]);
  $("problems").replaceChildren();
  tabs();
  changed();
}

function begin() {
  const samples = $("sample");
  for (const { name } of DATA.samples) samples.append(element("option", name));
  samples.onchange = () => take(DATA.samples[samples.selectedIndex]);
  for (const button of document.querySelectorAll("button[data-does]")) button.onclick = () => does(button.dataset.does);
  text.oninput = (event) => {
    changed();
    if (event.inputType === "insertText" || (offer && event.inputType === "deleteContentBackward")) offers(false);
    else close();
  };
  text.onblur = close;
  text.onpointerdown = close;
  document.querySelector(".editor").onscroll = close;
  text.onmousemove = hover;
  text.onmouseleave = () => {
    clearTimeout(hoverSoon);
    $("tip").style.display = "none";
  };
  document.onselectionchange = () => document.activeElement === text && caret();
  // A tab indents; after Escape it leaves the text, for those who have no mouse.
  let leave = false;
  text.onkeydown = (event) => {
    if (chosen(event)) return;
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
    if (event.key === " " && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      offers(true);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      does("run");
    } else if (event.key === "Tab" && !event.shiftKey && !leave) {
      event.preventDefault();
      text.setRangeText("    ", text.selectionStart, text.selectionEnd, "end");
      changed();
    }
    leave = event.key === "Escape";
  };
  take(DATA.samples[0]);
}

begin();
