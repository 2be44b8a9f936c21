"use strict";
// Splits what is typed into parts, in this browser, and sends each node its own, sealed to it. Nothing leaves this page before that.
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const subtle = crypto.subtle;
  const utf8 = new TextEncoder();
  const byId = (id) => document.getElementById(id);
  const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const join = (...parts) => {
    const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
    return all;
  };
  const big = (n, len) => {
    const bytes = new Uint8Array(len);
    for (let i = len - 1, rest = BigInt(n); i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
    return bytes;
  };
  const random = (len) => crypto.getRandomValues(new Uint8Array(len));
  const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));

  /** The integer that somebody means in a column, or a sentence that says what should stand there. */
  function read(column, text) {
    const typed = text.trim();
    if (typed === "") return { error: "Please fill this in." };
    if (column.kind === "choice") {
      const at = column.choices.indexOf(typed);
      return at >= 0 ? { word: BigInt(at) } : { error: `Please give one of ${column.choices.join(", ")}.` };
    }
    if (column.kind === "bool" || column.kind === "given") {
      const word = { yes: 1n, true: 1n, 1: 1n, no: 0n, false: 0n, 0: 0n }[typed.toLowerCase()];
      return word === undefined ? { error: "Please give yes or no." } : { word };
    }
    if (column.kind === "date") {
      const seconds = moment(`${typed}T00:00:00`);
      return seconds === null ? { error: "Please give a date: year, month, day." } : { word: seconds / 86400n };
    }
    if (column.kind === "datetime") {
      const seconds = moment(typed.replace(" ", "T").replace(/Z$/, ""));
      return seconds === null ? { error: "Please give a date and a time." } : { word: seconds };
    }
    if (column.kind === "text") {
      const bytes = utf8.encode(typed), len = column.width / 8;
      if (bytes.length > len || bytes.includes(0)) return { error: `Please give at most ${len} bytes.` };
      const padded = join(bytes, new Uint8Array(len - bytes.length));
      return { word: padded.reduce((n, b) => (n << 8n) | BigInt(b), 0n) };
    }
    const least = column.least, most = column.most;
    if (column.kind === "integer") {
      if (!/^[+-]?[0-9]+$/.test(typed)) return { error: "Please give a whole number, in digits." };
      const word = BigInt(typed);
      if (word < BigInt(least) || word > BigInt(most)) return { error: `Please give a number from ${least} to ${most}.` };
      return { word };
    }
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(typed)) return { error: "Please give a decimal number, in digits with a point." };
    if (column.kind === "float") {
      // Zero has no sign, as in input files.
      const number = (column.width === 32 ? single(typed) : Number(typed)) + 0;
      if (!Number.isFinite(number)) return { error: "Please give a smaller number." };
      const bytes = new DataView(new ArrayBuffer(8));
      if (column.width === 32) {
        bytes.setFloat32(0, number);
        return { word: BigInt(bytes.getUint32(0)) };
      }
      bytes.setFloat64(0, number);
      return { word: bytes.getBigUint64(0) };
    }
    const word = units(typed, column.frac);
    if (word < units(least, column.frac) || word > units(most, column.frac)) return { error: `Please give a number from ${least} to ${most}.` };
    return { word };
  }

  /** The seconds since 1970 of a date and a time; `null` if there is no such moment, as on a 30th of February. */
  function moment(text) {
    if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$/.test(text)) return null;
    const ms = Date.parse(`${text}Z`);
    return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? null : BigInt(ms / 1000);
  }

  /** What stands in a row of cells, by column: two words for what is filled in, whether it is there and what it is; nothing for what is not.
   * What is wrong, by column. */
  function row(columns, cells) {
    const typed = (c) => (cells[c] ?? "").trim();
    const given = [], errors = [];
    for (const [c, column] of columns.entries()) {
      if (!column.when.every(([of, choice]) => given[of]?.[1] === BigInt(choice))) {
        if (typed(c) !== "") errors.push([c, `Please leave ${column.name} empty: it belongs to another choice.`]);
        given.push(null);
      } else if (column.seen) {
        const depends = (other) => other.when.some(([of, choice]) => of === c && choice === 1);
        given.push([1n, columns.some((other, o) => depends(other) && typed(o) !== "") ? 1n : 0n]);
      } else if (column.optional && typed(c) === "") {
        given.push([0n, 0n]);
      } else {
        const { word, error } = read(column, typed(c));
        if (error !== undefined) errors.push([c, error]);
        given.push(error === undefined ? [1n, word] : null);
      }
    }
    return { given, errors };
  }

  /** The cells of a line: between tabs, else semicolons, else commas; one in quotes may hold what stands between others. */
  function cells(line) {
    const outside = line.replace(/"(?:[^"]|"")*"/g, "");
    const between = ["\t", ";"].find((mark) => outside.includes(mark)) ?? ",";
    const found = [];
    for (let rest = line; ;) {
      const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(rest);
      const after = quoted === null ? "" : rest.slice(quoted[0].length);
      if (quoted !== null && (after === "" || after.startsWith(between))) {
        found.push(quoted[1].replace(/""/g, '"'));
        rest = after;
      } else {
        const end = rest.indexOf(between);
        found.push(end < 0 ? rest : rest.slice(0, end));
        rest = end < 0 ? "" : rest.slice(end);
      }
      if (!rest.startsWith(between)) return found;
      rest = rest.slice(between.length);
    }
  }

  /** What stands in some lines of text: each repetition of the columns in each line, and how many there are of both. */
  function lines(input, text) {
    const all = text.replace(/^\ufeff/, "").replace(/\r/g, "").replace(/\n+$/, "").split("\n");
    const typed = all.length === 1 && all[0].trim() === "" && input.rows !== 1 ? [] : all;
    if (typed.length === 0) return { error: "Please fill this in." };
    if (input.rows !== "any" && typed.length !== input.rows) return { error: `Please give ${input.rows} lines: there are ${typed.length}.` };
    const columns = input.columns.flatMap((column, c) => (column.seen ? [] : [c]));
    const alone = input.repeats === null && columns.length === 1;
    const given = [];
    let repeats = input.repeats ?? 1;
    for (const [i, line] of typed.entries()) {
      const found = alone ? [line] : cells(line);
      if (repeats === "any" && found.length % columns.length === 0) repeats = found.length / columns.length;
      const expected = repeats === "any" ? `a multiple of ${columns.length}` : columns.length * repeats;
      if (found.length !== expected) return { error: `Line ${i + 1}: there are ${found.length} values instead of ${expected}.` };
      for (let at = 0; at < found.length; at += columns.length) {
        const filled = input.columns.map((_, c) => (columns.includes(c) ? found[at + columns.indexOf(c)] : ""));
        const { given: one, errors: [wrong] } = row(input.columns, filled);
        if (wrong !== undefined) return { error: `Line ${i + 1}: ${wrong[1]}` };
        given.push(one);
      }
    }
    return { given, rows: typed.length, repeats };
  }

  /** A decimal number as a fraction: numerator and denominator. */
  function fraction(text) {
    const [, sign, whole, after] = /^([+-]?)([0-9]*)\.?([0-9]*)$/.exec(text);
    const n = BigInt(whole + after || "0");
    return [sign === "-" ? -n : n, 10n ** BigInt(after.length)];
  }

  /** The number of units of 2^-frac that is nearest to a decimal number; of two that are equally near the even one. */
  function units(text, frac) {
    const [n, d] = fraction(text);
    const scaled = (n < 0n ? -n : n) << BigInt(frac);
    const down = scaled / d, rest = 2n * (scaled % d);
    const near = down + (rest > d || (rest === d && (down & 1n) === 1n) ? 1n : 0n);
    return n < 0n ? -near : near;
  }

  /** The number with 24 bits that is nearest to a decimal number; of two that are equally near the even one. */
  function single(text) {
    const near = Number(text), rounded = Math.fround(near);
    if (rounded === near || !Number.isFinite(rounded)) return rounded;
    // The number has been rounded twice: that goes wrong where the first result lies in the middle between two of 24 bits.
    const bits = new DataView(new ArrayBuffer(4));
    bits.setFloat32(0, rounded);
    const away = Math.abs(near) > Math.abs(rounded);
    bits.setUint32(0, bits.getUint32(0) + (away ? 1 : -1));
    const other = bits.getFloat32(0);
    if ((rounded + other) / 2 !== near) return rounded;
    // Both are whole numbers of units of 2^-160.
    const [n, d] = fraction(text), [m, e] = dyadic(near);
    const [exact, middle] = [abs(n) << 160n, abs(m) * d * 2n ** (160n - e)];
    if (exact === middle) return rounded;
    return exact > middle === Math.abs(other) > Math.abs(rounded) ? other : rounded;
  }

  const abs = (n) => (n < 0n ? -n : n);

  /** A double as a whole number of units of 2^-e. */
  function dyadic(number) {
    let e = 0n;
    for (; !Number.isInteger(number); e++) number *= 2;
    return [BigInt(number), e];
  }

  /** Words of a width as bytes, lowest bits first. */
  function packed(width, words) {
    const bytes = new Uint8Array(Math.ceil((width * words.length) / 8));
    let at = 0, waiting = 0n, n = 0n;
    for (const word of words) {
      waiting |= word << n;
      for (n += BigInt(width); n >= 8n; n -= 8n, waiting >>= 8n) bytes[at++] = Number(waiting & 255n);
    }
    if (n > 0n) bytes[at] = Number(waiting);
    return bytes;
  }

  /** The bytes of all parts: each word of a part is the XOR of some of what was typed and of random words. Each scalar begins with a new byte. */
  function dealt(scalars) {
    const known = scalars.map(({ width, words }) => words.map((word) => {
      const drawn = Array.from({ length: study.drawn }, () => {
        const bits = random(Math.ceil(width / 8)).reduce((n, b) => (n << 8n) | BigInt(b), 0n);
        return BigInt.asUintN(width, bits);
      });
      return [BigInt.asUintN(width, word), ...drawn];
    }));
    return study.dealing.map((part) => join(...known.map((lanes, i) => packed(scalars[i].width,
      lanes.flatMap((of) => part.map((terms) => terms.reduce((word, term) => word ^ of[term], 0n)))))));
  }

  /** The scalars of all inputs, each with the words of all its lanes. */
  function scalars(given) {
    return study.inputs.flatMap((input, i) => input.leaves.map(({ width, of }) => ({
      width, words: given[i].given.flatMap((filled) => of.map((lane) => {
        const cell = lane.find(([column]) => filled[column] !== null);
        return cell === undefined ? 0n : filled[cell[0]][cell[1] ? 0 : 1];
      })),
    })));
  }

  async function aes(key, number, context, bytes) {
    const aesKey = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    const iv = join(new Uint8Array(4), big(number, 8));
    return new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv, additionalData: context }, aesKey, bytes));
  }

  /** A data key, sealed to a node. */
  async function wrapped(data, node, context) {
    const seal = unhex(node.seal);
    const to = await subtle.importKey("raw", seal, "X25519", false, []);
    const pair = await subtle.generateKey("X25519", false, ["deriveBits"]);
    const fresh = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
    const agreed = await subtle.deriveBits({ name: "X25519", public: to }, pair.privateKey, 256);
    const secret = await subtle.importKey("raw", agreed, "HKDF", false, ["deriveBits"]);
    const key = await subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: utf8.encode("smpcc seal v1"), info: join(fresh, seal, context) },
      secret, 256);
    return join(fresh, await aes(new Uint8Array(key), 0, context, data));
  }

  /** Bytes of a share file that are sealed together. */
  const BLOCK = 1 << 20;

  /** One node's share file. */
  async function file(node, number, given, id, made, commitments, parts, blinders) {
    const head = unhex(node.header);
    study.inputs.forEach((input, i) => input.lengths.forEach(({ at, times, rows, repeats }) =>
      head.set(big(times * (rows ? given[i].rows : 1) * (repeats ? given[i].repeats : 1), 8), at)));
    head.set(id, study.at.id);
    head.set(made, study.at.made);
    commitments.forEach((c, i) => head.set(c, study.at.manifest + 32 * i));
    const data = random(32);
    const context = join(utf8.encode("smpcc share file v1\0"), unhex(study.id), id, big(number, 4));
    const plain = join(...node.parts.map((p) =>
      join(big(p, 2), new Uint8Array([1]), blinders[p], big(parts[p].length, 8), parts[p])));
    const before = join(utf8.encode("smpcc shares 1\n\n"), big(head.length, 4), head, new Uint8Array([0]),
      await wrapped(data, node, context), big(plain.length, 8));
    const hash = await sha256(before), blocks = [];
    for (let i = 0; i * BLOCK < plain.length; i++) blocks.push(await aes(data, i, hash, plain.slice(i * BLOCK, (i + 1) * BLOCK)));
    return join(before, ...blocks);
  }

  const SECRET = "smpcc-sign-secret-v1:";

  /** The invitation's key: what signs, and its public half. */
  async function invitation(text) {
    const digits = text.trim().startsWith(SECRET) ? text.trim().slice(SECRET.length) : text.trim();
    if (!/^[0-9a-f]{64}$/.test(digits)) throw new Error("This is no invitation: it begins with " + SECRET);
    const prefix = unhex("302e020100300506032b657004220420");
    const pkcs8 = join(prefix, unhex(digits));
    const key = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const jwk = await subtle.exportKey("jwk", key);
    const x = Uint8Array.from(atob(jwk.x.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return { key, shown: "smpcc-sign-v1:" + hex(x) };
  }

  /** What goes to each node. */
  async function contribution(given, invited) {
    const id = random(16);
    const parts = dealt(scalars(given));
    const blinders = parts.map(() => random(32));
    const label = utf8.encode("smpcc part v1\0");
    const commitments = await Promise.all(parts.map((part, i) =>
      sha256(join(label, unhex(study.id), id, big(i, 2), blinders[i], part))));
    const lines = ["smpcc contribution v1", `study ${study.id}`, `contribution ${hex(id)}`, `key ${invited.shown}`,
      ...commitments.map((c) => `part ${hex(c)}`), ""].join("\n");
    const signed = join(utf8.encode("smpcc contribution v1"), await sha256(utf8.encode(lines)));
    const signature = new Uint8Array(await subtle.sign("Ed25519", invited.key, signed));
    const manifest = utf8.encode(`${lines}signature ${hex(signature)}\n`);
    const made = big(Math.floor(Date.now() / 1000), 8);
    const digest = hex(await sha256(join(utf8.encode("smpcc manifest v1\0"), unhex(study.id), id,
      big(commitments.length, 2), ...commitments)));
    const bodies = await Promise.all(study.nodes.map(async (node, number) =>
      join(big(manifest.length, 4), manifest, await file(node, number, given, id, made, commitments, parts, blinders))));
    return { id: hex(id), digest, bodies, receipts: study.nodes.map(() => null) };
  }

  /** Whether a receipt is this node's, for this contribution. */
  async function confirms(text, node, sent) {
    const at = text.lastIndexOf("signature ");
    if (at < 0) return false;
    const key = await subtle.importKey("raw", unhex(node.sign), "Ed25519", false, ["verify"]);
    const signed = join(utf8.encode("smpcc receipt v1"), await sha256(utf8.encode(text.slice(0, at))));
    const good = await subtle.verify("Ed25519", key, unhex(text.slice(at + 10).trim()), signed);
    const lines = text.split("\n");
    return good && lines.includes(`contribution ${sent.id}`) && lines.includes(`manifest ${sent.digest}`)
      && lines.includes("deed stored");
  }

  async function send(sent, number) {
    const node = study.nodes[number];
    const url = `https://${node.address}/v1/studies/${study.id}/contributions/${sent.id}`;
    const options = { method: "POST", body: sent.bodies[number], headers: { "content-type": "application/octet-stream" },
      credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(3600000) };
    let answer;
    try {
      answer = await fetch(url, options);
    } catch {
      throw new Error("it does not answer");
    }
    const text = await answer.text();
    if (!answer.ok) {
      // It would refuse the same again; that it is closed may be because it is not open yet.
      throw Object.assign(new Error(text.trim().slice(0, 300)), { forGood: [400, 403, 409, 410, 413].includes(answer.status) });
    }
    if (!await confirms(text, node, sent)) throw new Error("its receipt is not good");
    sent.receipts[number] = text;
  }

  const form = byId("form"), button = byId("send"), status = byId("status"), nodes = byId("nodes");
  let sent = null;

  function wrong(field, message) {
    byId(`${field}-error`).textContent = message;
    byId(field).setAttribute("aria-invalid", message === "" ? "false" : "true");
    return message !== "";
  }

  /** The names of an input's controls, by column. */
  const controls = (input, i) => (input.rows === null && input.columns.length > 1
    ? input.columns.map((_, c) => `input-${i}-${c}`) : [`input-${i}`]);

  /** Shows those controls that belong to what is chosen in others. */
  function arrange(input, i) {
    const chosen = [];
    for (const [c, name] of controls(input, i).entries()) {
      const column = input.columns[c], field = byId(name);
      const asked = column.when.every(([of, choice]) => chosen[of] === choice);
      field.closest(".field").hidden = !asked;
      const { word } = asked ? read(column, field.value) : {};
      chosen.push(word === undefined ? null : Number(word));
    }
  }

  async function submit() {
    let first = null;
    const given = study.inputs.map((input, i) => {
      const names = controls(input, i);
      names.forEach((name) => wrong(name, ""));
      if (input.rows !== null) {
        const found = lines(input, byId(names[0]).value);
        if (wrong(names[0], found.error ?? "")) first ??= byId(names[0]);
        return found;
      }
      const typed = names.map((name) => (byId(name).closest(".field").hidden ? "" : byId(name).value));
      const found = row(input.columns, typed);
      for (const [c, error] of found.errors) {
        wrong(names[c], error);
        first ??= byId(names[c]);
      }
      return { given: [found.given], rows: 1, repeats: 1 };
    });
    let invited = null;
    try {
      invited = await invitation(byId("invitation").value);
      wrong("invitation", "");
    } catch (e) {
      wrong("invitation", e.message);
      first ??= byId("invitation");
    }
    if (first !== null) {
      status.textContent = "Nothing was sent: something is missing or wrong.";
      first.focus();
      return;
    }
    button.disabled = true;
    status.className = "";
    status.textContent = "Splitting and sending …";
    // What was begun is sent again as it was: the nodes know it by its name.
    sent ??= await contribution(given, invited);
    for (const field of form.elements) field.disabled = true;
    const failures = [];
    await Promise.all(study.nodes.map(async (node, i) => {
      if (sent.receipts[i] !== null) return;
      await send(sent, i).catch((e) => failures.push({ said: `${node.name}: ${e.message}`, forGood: e.forGood === true }));
    }));
    const said = failures.map((failure) => failure.said).join("; ");
    if (failures.length === study.nodes.length && failures.every((failure) => failure.forGood)) {
      // Nobody has it, and nobody will: what was typed may be changed.
      sent = null;
      for (const field of form.elements) field.disabled = false;
      nodes.replaceChildren();
      status.className = "bad";
      status.textContent = `Nothing was stored: ${said}.`;
      return;
    }
    nodes.replaceChildren(...study.nodes.map((node, i) => {
      const item = document.createElement("li");
      item.textContent = `${node.name}: ${sent.receipts[i] === null ? "not stored" : "stored, receipt checked"}`;
      item.className = sent.receipts[i] === null ? "bad" : "good";
      return item;
    }));
    if (failures.length > 0) {
      button.disabled = false;
      button.textContent = "Try again";
      status.className = "bad";
      status.textContent = failures.some((failure) => failure.forGood)
        ? `Not all nodes have it, and it takes no part: ${said}.`
        : `Not all nodes have it yet, so it does not take part. ${said}. Keep this page open and try again.`;
      return;
    }
    button.hidden = true;
    status.className = "good";
    status.textContent = "Thank you. All nodes have stored their parts.";
    const link = byId("receipts");
    const text = study.nodes.map((_, i) => sent.receipts[i]).join("\n");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = `${study.name}-${sent.id}.receipts.txt`;
    byId("kept").hidden = false;
    byId("name").textContent = sent.id;
  }

  const given = /^#i=([0-9a-f]{64})$/.exec(location.hash);
  if (given !== null) byId("invitation").value = SECRET + given[1];
  for (const [i, input] of study.inputs.entries()) {
    if (input.rows !== null || input.columns.every((column) => column.when.length === 0)) continue;
    arrange(input, i);
    byId(controls(input, i)[0]).closest("fieldset").addEventListener("change", () => arrange(input, i));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit().catch((e) => {
      button.disabled = false;
      status.className = "bad";
      status.textContent = `This browser cannot do it (${e.message}). It needs X25519 and Ed25519: any current browser has them.`;
    });
  });
  button.disabled = false;
})();
