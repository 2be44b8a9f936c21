// Whole programs through the grammar, and the other contributions of the manifest against what they are for.
//
// The assertion files beside this one pin single words; here are the properties that every program must have.
"use strict";

const assert = require("node:assert/strict");
const fs = require("fs");
const path = require("path");
const test = require("node:test");
const { extension, fences, manifest, programs, renderSnap, repository, snapshots, tokenise, under } = require("./corpus.js");

const json = (file) => JSON.parse(fs.readFileSync(path.join(extension, file), "utf8"));

/** Every visible character has a scope of its own, none is called invalid, and no rule is left open. */
async function sound(text) {
  const { lines, depth } = await tokenise(text);
  lines.forEach(({ src, tokens }, i) => {
    for (const { startIndex, endIndex, scopes } of tokens) {
      const word = src.slice(startIndex, endIndex).trim();
      if (word === "") continue;
      assert.ok(scopes.length > 1, `line ${i + 1}: \`${word}\` has no scope`);
      assert.ok(!scopes.some((scope) => scope.startsWith("invalid")), `line ${i + 1}: \`${word}\` is called invalid`);
    }
  });
  assert.equal(depth, 1, "a rule is still open at the end of the file");
}

/** The scopes of the one token that is exactly `word`. */
async function scopeOf(text, word) {
  const { lines } = await tokenise(text);
  const found = lines.flatMap(({ src, tokens }) => tokens.filter((t) => src.slice(t.startIndex, t.endIndex) === word));
  assert.equal(found.length, 1, `\`${word}\` is one token of \`${text}\``);
  return found[0].scopes.join(" ");
}

for (const { name, file, snapshot } of programs()) {
  test(`${name} is sound and as its snapshot`, async () => {
    const text = fs.readFileSync(file, "utf8");
    await sound(text);
    assert.ok(fs.existsSync(snapshot), "no snapshot; `npm run snapshots` writes it");
    const actual = renderSnap((await tokenise(text)).lines) + "\n";
    assert.equal(actual, fs.readFileSync(snapshot, "utf8"), "if the change is meant, run `npm run snapshots`");
  });
}

test("every snapshot has its program", () => {
  const expected = programs().map(({ snapshot }) => path.relative(snapshots, snapshot));
  assert.deepEqual(under(snapshots, ".snap"), expected.sort());
});

for (const { name, text } of fences()) {
  test(`${name} is sound`, () => sound(text));
}

test("an open string ends with its line, an open comment with the file", async () => {
  assert.match(await scopeOf('let a = "open\nlet b = 1;', "b"), /variable\.other/);
  assert.match(await scopeOf("/* open\nlet b", "let b"), /comment\.block/);
});

test("half a line leaves the items after it as they are", async () => {
  const broken = ["use std::stats", "party bid", "struct Row", "const N", "let x", "let x: [u8", "let f = (|a", "fn half", "fn half<T", "fn half(", "fn half(a: [u8", "fn half() -> (u8", "circuit aes: fn("];
  for (const text of broken) {
    assert.match(await scopeOf(`${text}\n\nfn whole() {}\n`, "whole"), /entity\.name\.function/, text);
    assert.match(await scopeOf(`${text}\n\nparty whole;\n`, "whole"), /entity\.name\.type\.party/, text);
  }
});

test("widths outside the language are not types", async () => {
  for (const width of [1, 2, 9, 10, 64, 99, 100, 127, 128]) {
    assert.match(await scopeOf(`fn f(a: u${width}) {}`, `u${width}`), /support\.type\.primitive/);
    const signed = await scopeOf(`fn f(a: i${width}) {}`, `i${width}`);
    assert.equal(/support\.type\.primitive/.test(signed), width > 1);
  }
  for (const name of ["u0", "i0", "u129", "i129", "u200", "u08", "u1000"]) {
    assert.doesNotMatch(await scopeOf(`fn f(a: ${name}) {}`, name), /primitive/);
  }
});

const source = path.join(repository, "compiler/syntax/src/lexer.rs");

/** A table of words in the compiler's lexer. */
function words(table) {
  const lexer = fs.readFileSync(source, "utf8");
  const [, list] = new RegExp(`pub const ${table}: [^=]*= &\\[([^\\]]*)\\]`).exec(lexer);
  return [...list.matchAll(/"(\w+)"/g)].map(([, word]) => word);
}

test("the words that the compiler reserves are coloured as such, and no others", async () => {
  const reserved = words("KEYWORDS");
  assert.ok(reserved.includes("secret"));
  for (const word of reserved) {
    const text = { crate: "use crate::a;", as: "let a = b as c;" }[word] ?? `{ ${word} Name `;
    assert.match(await scopeOf(text, word), / (keyword|storage|constant\.language)\./, word);
  }
  const contextual = words("CONTEXTUAL_KEYWORDS");
  assert.ok(contextual.includes("from"));
  for (const word of contextual) {
    assert.match(await scopeOf(`let a = b + ${word} * c;`, word), / variable\.other\.smpc$/, word);
    assert.match(await scopeOf(`struct A { ${word}: u8 }`, word), / variable\.other\.property\.smpc$/, word);
  }
  const guide = fs.readFileSync(path.join(repository, "docs/src/language.md"), "utf8");
  const [, named] = /The other keywords cannot be names: ([^.]*)\./.exec(guide);
  assert.deepEqual([...named.matchAll(/`(\w+)`/g)].map(([, word]) => word), reserved);
});

test("snippets are programs or parts of programs", async () => {
  const main = ["main", "mainfields", "party", "parties", "fn", "struct", "test", "program-mean", "program-auction"];
  const parameter = ["secret", "secrets"];
  const seen = new Set();
  for (const [title, { prefix, body, description }] of Object.entries(json("snippets/smpc.json"))) {
    assert.ok(description, title);
    assert.ok(!seen.has(prefix), `two snippets for ${prefix}`);
    seen.add(prefix);
    const text = []
      .concat(body)
      .join("\n")
      .replace(/\$\{\d+\|([^,}]*)[^}]*\}/g, "$1")
      .replace(/\$\{\d+:([^}]*)\}/g, "$1")
      .replace(/\$\{\d+\}|\$\d+/g, "");
    assert.doesNotMatch(text, /\$/, title);
    const whole = main.includes(prefix) ? text : parameter.includes(prefix) ? `fn main(${text}) {}` : `fn f() { ${text} }`;
    await sound(whole);
    if (parameter.includes(prefix)) assert.match(await scopeOf(whole, "secret"), /storage\.modifier\.secret/);
  }
  for (const wanted of ["main", "party", "secret", "struct", "for", "if", "test", "program-mean", "program-auction"]) {
    assert.ok(seen.has(wanted), wanted);
  }
});

/** What a problem matcher takes from lines, or null; a pattern of several lines takes them in order. */
function problem(name, lines) {
  const { pattern } = manifest.contributes.problemMatchers.find((matcher) => matcher.name === name);
  const found = {};
  for (const [i, { regexp, ...groups }] of pattern.entries()) {
    const match = new RegExp(regexp).exec(lines[i] ?? "");
    if (!match) return null;
    for (const [what, group] of Object.entries(groups)) found[what] = match[group];
  }
  return found;
}

test("the problem matchers read what the compiler prints", () => {
  const expected = { code: "E3002", message: "a secret: error of mine", file: "a b/avg.smpc", line: "5", column: "13" };
  const place = ["   ╭─[ a b/avg.smpc:5:13 ]", "  --> a b/avg.smpc:5:13", "   ,-[ a b/avg.smpc:5:13 ]", "a b/avg.smpc:5:13"];
  for (const second of place) {
    assert.deepEqual(problem("smpcc", ["[E3002] Error: a secret: error of mine", second]), { severity: "Error", ...expected });
    assert.deepEqual(problem("smpcc", ["error[E3002]: a secret: error of mine", second]), { severity: "error", ...expected });
  }
  assert.equal(problem("smpcc", ["[W0007] Warning: narrow", "  ╭─[ x.smpc:1:1 ]"]).severity, "Warning");
  assert.equal(problem("smpcc", ["thread main: error[E3002]: no", "x.smpc:1:1"]), null);
  assert.equal(problem("smpcc", ["error: no code", "x.smpc:1:1"]), null);
  assert.deepEqual(problem("smpcc-short", ["a b/avg.smpc:5:13: error[E3002]: a secret: error of mine"]), {
    severity: "error",
    ...expected,
  });
  assert.equal(problem("smpcc-short", ["avg.smpc:5: error[E3002]: no column"]), null);
});

test("indentation follows brackets, and Enter goes on with documentation", () => {
  const { indentationRules, onEnterRules, wordPattern } = json("language-configuration.json");
  const more = new RegExp(indentationRules.increaseIndentPattern);
  const less = new RegExp(indentationRules.decreaseIndentPattern);
  for (const line of ["fn main() {", "    for i in 0..3 { // each", "struct Row {", "    } else {", "fn main(", "let a = [", 'test "a { b" {', "a / b + f("]) {
    assert.match(line, more);
  }
  for (const line of ["fn main() {}", "// fn main() {", "let a = [1];", 'let a = "{";', "let x = 1; // {", "/* { */"]) {
    assert.doesNotMatch(line, more);
  }
  for (const line of ["}", "    } else {", ")", "  ];"]) assert.match(line, less);
  for (const line of ["let a = b }", "// }"]) assert.doesNotMatch(line, less);
  const after = (line) => onEnterRules.find((rule) => !rule.afterText && new RegExp(rule.beforeText).test(line))?.action.appendText;
  assert.equal(after("    /// says"), "/// ");
  assert.equal(after("//! says"), "//! ");
  assert.equal(after("// says"), undefined);
  assert.equal(after("//// says"), undefined);
  assert.deepEqual("mean_2(0xff, bid)".match(new RegExp(wordPattern, "g")), ["mean_2", "0xff", "bid"]);
});

test("the lock file names no registry", () => {
  const lock = fs.readFileSync(path.join(extension, "package-lock.json"), "utf8");
  assert.doesNotMatch(lock, /"resolved"/);
});

test("the licences are the repository's", () => {
  for (const file of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    assert.equal(fs.readFileSync(path.join(extension, file), "utf8"), fs.readFileSync(path.join(repository, file), "utf8"));
  }
});
