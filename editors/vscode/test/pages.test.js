// The scripts of the pages that `smpcc` writes, as far as they compute: where boxes go, what folding makes of a graph, rows of a trace.
"use strict";

const assert = require("node:assert/strict");
const fs = require("fs");
const path = require("path");
const test = require("node:test");
const { repository } = require("./corpus.js");

/** Functions of a page's script. */
function functions(file, names) {
  const text = fs.readFileSync(path.join(repository, "cli/src/pages", file), "utf8");
  return new Function(`${text}\nreturn { ${names} };`)();
}

/** Numbers below `n` that follow from a seed. */
function draws(seed) {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % n;
  };
}

test("boxes do not overlap, arrows lead downwards but for circles, and 200 boxes are placed at once", () => {
  const { layout } = functions("graph.js", "layout");
  const draw = draws(7);
  for (const n of [1, 2, 9, 200]) {
    const sizes = Array.from({ length: n }, () => ({ w: 60 + draw(200), h: 40 + draw(60) }));
    const edges = Array.from({ length: 2 * n }, () => [draw(n), draw(n)]).filter(([a, b]) => a !== b);
    const began = performance.now();
    const { corners, ways, width, height } = layout(sizes, edges);
    assert.ok(performance.now() - began < 5000);
    const inside = corners.every(({ x, y }, i) => x >= -0.01 && y >= 0 && x + sizes[i].w <= width + 0.01 && y + sizes[i].h <= height + 0.01);
    assert.ok(inside, `${n} boxes are in the picture`);
    corners.forEach((a, i) => {
      corners.slice(0, i).forEach((b, j) => {
        const apart = a.x + sizes[i].w <= b.x || b.x + sizes[j].w <= a.x || a.y + sizes[i].h <= b.y || b.y + sizes[j].h <= a.y;
        assert.ok(apart, `boxes ${i} and ${j} of ${n}`);
      });
    });
    ways.forEach((way, i) => {
      const [from, to] = edges[i];
      const [[sx, sy], [ex, ey]] = [way[0], way[way.length - 1]];
      const ends = (x, y, box) => x >= corners[box].x && x <= corners[box].x + sizes[box].w && [corners[box].y, corners[box].y + sizes[box].h].some((edge) => Math.abs(edge - y) < 0.01);
      assert.ok(ends(sx, sy, from) && ends(ex, ey, to), `arrow ${i} of ${n} joins its boxes`);
    });
  }
  const { corners } = layout([{ w: 9, h: 9 }, { w: 9, h: 9 }, { w: 9, h: 9 }], [[0, 1], [1, 2], [0, 2]]);
  assert.ok(corners[0].y < corners[1].y && corners[1].y < corners[2].y);
});

test("a folded function is one box with the sums and the arrows of its sections", () => {
  const { folded } = functions("graph.js", "folded");
  const box = (role, within, bytes) => ({ role, within, bytes, and: 1, sections: 1, lines: [within], places: [[0, bytes]], note: "" });
  const data = {
    boxes: [box("gives", "", 0), box("A", "f", 10), box("B", "f", 20), box("Y", "g", 30)],
    edges: [[0, 1], [1, 2], [1, 3], [2, 3]].map(([from, to]) => ({ from, to, label: `${from}${to}`, converts: to === 3 })),
  };
  const open = folded(data, new Set());
  assert.equal(open.boxes.length, 4);
  assert.equal(open.edges.length, 4);
  const { boxes, edges } = folded(data, new Set(["f"]));
  assert.deepEqual(boxes.map(({ role }) => role), ["gives", "many", "Y"]);
  assert.deepEqual(boxes[1].lines, ["f", "2 sections: A B", "2 AND, 30 bytes"]);
  assert.deepEqual(boxes[1].places, [[0, 10], [0, 20]]);
  assert.deepEqual(edges.map(({ from, to, labels, converts }) => [from, to, labels, converts]), [
    [0, 1, ["01"], false],
    [1, 2, ["13", "23"], true],
  ]);
});

test("a trace is summed by section and by line", () => {
  const { rowsOf, step, time } = functions("trace.js", "rowsOf, step, time");
  const party = {
    sections: [{ domain: "A" }, { domain: "B" }],
    work: [[0, "a:1", 0, 5, 7], [1, "a:1", 5, 1, 0], [0, "a:2", 9, 2, 1]],
  };
  const sums = (kind) => rowsOf(party, kind).map(({ name, took, bytes }) => [name, took, bytes]);
  assert.deepEqual(sums("sections"), [["section 0", 7, 8], ["section 1", 1, 0]]);
  assert.deepEqual(sums("lines"), [["a:1", 6, 7], ["a:2", 2, 1]]);
  assert.deepEqual([step(100, 10), step(99, 5), step(3, 10)], [10, 20, 0.5]);
  assert.deepEqual([time(0.26), time(1500), time(2e6)], ["0.3 µs", "1.50 ms", "2.000 s"]);
});
