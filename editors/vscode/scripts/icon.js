// Draws the extension's icon: three parties, each joined to the others, around what they compute and none of them sees.
//
//     node scripts/icon.js     writes media/icon.png
//
// The picture is a function of a point, averaged over the part of each pixel; a PNG of it is a header, zlib's bytes and two checksums.
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const SIZE = 256;
const SAMPLES = 4;

const NIGHT = [23, 32, 58];
const LINE = [120, 150, 205];
const PARTY = [236, 241, 250];
const SECRET = [245, 178, 62];

const corners = [0, 1, 2].map((i) => {
  const angle = -Math.PI / 2 + (i * 2 * Math.PI) / 3;
  return [0.5 + 0.3 * Math.cos(angle), 0.55 + 0.3 * Math.sin(angle)];
});

/** The colour at a point of the unit square; nothing outside the rounded square. */
function colour(x, y) {
  const radius = 0.2;
  const [dx, dy] = [x, y].map((v) => Math.max(0, Math.abs(v - 0.5) - (0.5 - radius)));
  if (Math.hypot(dx, dy) > radius) return undefined;
  const party = corners.find(([cx, cy]) => Math.hypot(x - cx, y - cy) < 0.115);
  if (party !== undefined) return PARTY;
  if (Math.hypot(x - 0.5, y - 0.55) < 0.085) return SECRET;
  const joined = corners.some((from, i) => distance([x, y], from, corners[(i + 1) % 3]) < 0.016);
  return joined ? LINE : NIGHT;
}

/** How far a point is from the piece of a line between two others. */
function distance([x, y], [ax, ay], [bx, by]) {
  const [ux, uy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy)));
  return Math.hypot(x - ax - along * ux, y - ay - along * uy);
}

/** A chunk of a PNG file. */
function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, check]);
}

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let i = 0; i < 8; i++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** The pixels, row by row: four bytes each, and one before each row that says that it is not filtered. */
function pixels() {
  const rows = Buffer.alloc(SIZE * (1 + 4 * SIZE));
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const sum = [0, 0, 0];
      let inside = 0;
      for (let i = 0; i < SAMPLES * SAMPLES; i++) {
        const x = (column + ((i % SAMPLES) + 0.5) / SAMPLES) / SIZE;
        const y = (row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) / SIZE;
        const here = colour(x, y);
        if (here === undefined) continue;
        inside++;
        here.forEach((value, part) => (sum[part] += value));
      }
      const at = row * (1 + 4 * SIZE) + 1 + 4 * column;
      if (inside > 0) sum.forEach((value, part) => (rows[at + part] = Math.round(value / inside)));
      rows[at + 3] = Math.round((255 * inside) / (SAMPLES * SAMPLES));
    }
  }
  return rows;
}

/** The icon as the bytes of a PNG file: eight bits of red, green, blue and opacity. */
function icon() {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIZE, 0);
  header.writeUInt32BE(SIZE, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = zlib.deflateSync(pixels(), { level: 9 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

fs.writeFileSync(path.join(__dirname, "../media/icon.png"), icon());
