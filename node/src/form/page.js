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

  /** The integer that stands in a field, or a sentence that says what should. */
  function read(input, text) {
    const typed = text.trim();
    if (typed === "") return { error: "Please fill this in." };
    if (input.kind === "bool") return { word: typed === "yes" ? 1n : 0n };
    if (input.kind === "date") {
      const days = Date.parse(`${typed}T00:00:00Z`) / 86400000;
      return Number.isInteger(days) ? { word: BigInt(days) } : { error: "Please give a date: year, month, day." };
    }
    if (input.kind === "datetime") {
      const seconds = Date.parse(`${typed}Z`) / 1000;
      return Number.isInteger(seconds) ? { word: BigInt(seconds) } : { error: "Please give a date and a time." };
    }
    if (input.kind === "text") {
      const bytes = utf8.encode(typed), len = input.width / 8;
      if (bytes.length > len || bytes.includes(0)) return { error: `Please give at most ${len} bytes.` };
      const padded = join(bytes, new Uint8Array(len - bytes.length));
      return { word: padded.reduce((n, b) => (n << 8n) | BigInt(b), 0n) };
    }
    const least = input.least, most = input.most;
    if (input.kind === "integer") {
      if (!/^[+-]?[0-9]+$/.test(typed)) return { error: "Please give a whole number, in digits." };
      const word = BigInt(typed);
      if (word < BigInt(least) || word > BigInt(most)) return { error: `Please give a number from ${least} to ${most}.` };
      return { word };
    }
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(typed)) return { error: "Please give a decimal number, in digits with a point." };
    if (input.kind === "float") {
      // Zero has no sign, as in input files.
      const number = Number(typed) + 0;
      if (!Number.isFinite(number)) return { error: "Please give a smaller number." };
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setFloat64(0, number);
      return { word: bytes.getBigUint64(0) };
    }
    const word = units(typed, input.frac);
    if (word < units(least, input.frac) || word > units(most, input.frac)) return { error: `Please give a number from ${least} to ${most}.` };
    return { word };
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

  /** The words of all inputs as the bytes of a part: each input begins with a new byte, lowest bits first. */
  function packed(words) {
    return join(...words.map((of, i) => {
      const { width } = study.inputs[i];
      const bytes = new Uint8Array(Math.ceil((width * of.length) / 8));
      let rest = of.reduce((all, word, j) => all | (word << BigInt(width * j)), 0n);
      for (let b = 0; b < bytes.length; b++, rest >>= 8n) bytes[b] = Number(rest & 255n);
      return bytes;
    }));
  }

  /** The bytes of all parts: each word of a part is the XOR of some of what was typed and of random words. */
  function dealt(words) {
    const known = words.map((word, i) => {
      const { width } = study.inputs[i];
      const drawn = Array.from({ length: study.drawn }, () => {
        const bits = random(Math.ceil(width / 8)).reduce((n, b) => (n << 8n) | BigInt(b), 0n);
        return BigInt.asUintN(width, bits);
      });
      return [BigInt.asUintN(width, word), ...drawn];
    });
    return study.dealing.map((part) =>
      packed(known.map((of) => part.map((terms) => terms.reduce((word, term) => word ^ of[term], 0n)))));
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

  /** One node's share file. */
  async function file(node, number, id, made, commitments, parts, blinders) {
    const head = unhex(node.header);
    head.set(id, study.at.id);
    head.set(made, study.at.made);
    commitments.forEach((c, i) => head.set(c, study.at.manifest + 32 * i));
    const data = random(32);
    const context = join(utf8.encode("smpcc share file v1\0"), unhex(study.id), id, big(number, 4));
    const plain = join(...node.parts.map((p) =>
      join(big(p, 2), new Uint8Array([1]), blinders[p], big(parts[p].length, 8), parts[p])));
    const before = join(utf8.encode("smpcc shares 1\n\n"), big(head.length, 4), head, new Uint8Array([0]),
      await wrapped(data, node, context), big(plain.length, 8));
    return join(before, await aes(data, 0, await sha256(before), plain));
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
  async function contribution(words, invited) {
    const id = random(16);
    const parts = dealt(words);
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
      join(big(manifest.length, 4), manifest, await file(node, number, id, made, commitments, parts, blinders))));
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
      credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(60000) };
    let answer;
    try {
      answer = await fetch(url, options);
    } catch {
      throw new Error("it does not answer");
    }
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim().slice(0, 300));
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

  async function submit() {
    let first = null;
    const words = study.inputs.map((input, i) => {
      const { word, error } = read(input, byId(`input-${i}`).value);
      if (wrong(`input-${i}`, error ?? "")) first ??= byId(`input-${i}`);
      return word;
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
    sent ??= await contribution(words, invited);
    for (const field of form.elements) field.disabled = true;
    const failures = [];
    await Promise.all(study.nodes.map(async (node, i) => {
      if (sent.receipts[i] !== null) return;
      await send(sent, i).catch((e) => failures.push(`${node.name}: ${e.message}`));
    }));
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
      status.textContent = `Not all nodes have it yet, so it does not take part. ${failures.join("; ")}. Keep this page open and try again.`;
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
