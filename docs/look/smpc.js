// Colours programs of the book, with the classes that mdBook's themes have for other languages.
"use strict";

(() => {
  const WORDS = new Set(
    "as assert break circuit const continue crate each else enum false fn for from if in let loop match mut party pub public return reveal struct test to true type use while".split(" "),
  );
  const TOKEN = /\/\/[^\n]*|"(?:\\.|[^"\\\n])*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?|[\s\S]/g;

  function kind(word) {
    if (word.startsWith("//")) return "hljs-comment";
    if (word[0] === '"') return "hljs-string";
    if (/^[0-9]/.test(word)) return "hljs-number";
    if (word === "secret") return "smpc-secret";
    return WORDS.has(word) ? "hljs-keyword" : "";
  }

  for (const code of document.querySelectorAll("code.language-smpc, code.language-smpc-part")) {
    const out = document.createDocumentFragment();
    for (const [word] of code.textContent.matchAll(TOKEN)) {
      const of = kind(word);
      if (!of) {
        out.append(word);
        continue;
      }
      const span = document.createElement("span");
      span.className = of;
      span.textContent = word;
      out.append(span);
    }
    code.replaceChildren(out);
  }
})();
