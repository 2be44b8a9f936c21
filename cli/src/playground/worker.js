// Holds the compiler's module and answers one question after the other. A panic ends the module, and this worker with it.
"use strict";

let module = null;

onmessage = async ({ data }) => {
  if (data.module) {
    const instance = await WebAssembly.instantiate(data.module, {});
    module = instance.exports;
    postMessage({ ready: true });
    return;
  }
  const { id, question } = data;
  try {
    postMessage({ id, answer: ask(question) });
  } catch (e) {
    postMessage({ id, ended: String(e) });
  }
};

function ask(question) {
  const bytes = new TextEncoder().encode(JSON.stringify(question));
  const room = module.room(bytes.length);
  new Uint8Array(module.memory.buffer, room, bytes.length).set(bytes);
  const length = module.answer();
  const answer = new Uint8Array(module.memory.buffer, module.answered(), length);
  return JSON.parse(new TextDecoder().decode(answer));
}
