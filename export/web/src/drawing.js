// A digit drawn by hand: what the model makes of it, its code, and the digits whose codes are nearest.
import { draw, latest, note } from "./pictures.js";

const SIDE = 28; // of the model's pictures
const BOX = 20; // MNIST's digits fill a box of this side, their centre of mass in the middle
const NEIGHBOURS = 8;
const STEP = 14; // of the pen that keys move, a twentieth of the sheet

export async function drawing(section, entry, encoder, decoder, gallery) {
  const sheet = section.querySelector(".sheet");
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  const [seen, again, bars] = [".seen", ".again", ".bars"].map((one) => section.querySelector(one));
  const neighbours = section.querySelector(".neighbours");

  const show = latest(async () => {
    const data = normalised(sheet);
    const { mean: code } = await encoder.run({ data });
    const { mean } = await decoder.run({ latents: code });
    draw(seen, data, entry.shape);
    draw(again, mean, entry.shape);
    note(seen, { data: Array.from(data) });
    note(again, { latents: Array.from(code) });
    chart(bars, code, entry.order);
    neighbours.replaceChildren(...nearest(code, gallery).map((index) => figure(index, gallery)));
  });

  const clear = () => {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, sheet.width, sheet.height);
  };
  const line = (x, y, begin) => {
    if (begin) {
      pen.beginPath();
      pen.moveTo(x, y);
    }
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: 22, lineCap: "round", lineJoin: "round" });
    pen.lineTo(x, y + (begin ? 0.1 : 0));
    pen.stroke();
    show();
  };
  const pointed = (event, begin) => {
    const box = sheet.getBoundingClientRect();
    line(((event.clientX - box.left) / box.width) * sheet.width, ((event.clientY - box.top) / box.height) * sheet.height, begin);
  };
  sheet.addEventListener("pointerdown", (event) => {
    sheet.setPointerCapture(event.pointerId);
    pointed(event, true);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (sheet.hasPointerCapture(event.pointerId)) pointed(event, false);
  });
  keys(sheet, section.querySelector(".nib"), line);
  section.querySelector(".clear").addEventListener("click", () => {
    clear();
    show();
  });
  const example = () => {
    clear();
    pen.imageSmoothingEnabled = true;
    pen.drawImage(tile(Math.floor(Math.random() * gallery.labels.length), gallery), 0, 0, sheet.width, sheet.height);
    return show();
  };
  section.querySelector(".example").addEventListener("click", example);
  await example();
}

/** A pen that the arrow keys move, and that the space bar puts down and lifts. */
function keys(sheet, nib, line) {
  const place = [sheet.width / 2, sheet.height / 2];
  let down = false;
  const shown = () => {
    nib.style.left = `${(100 * place[0]) / sheet.width}%`;
    nib.style.top = `${(100 * place[1]) / sheet.height}%`;
    nib.classList.toggle("down", down);
  };
  sheet.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key];
    if (!way) return;
    event.preventDefault(); // of the page's scrolling
    const begins = event.key === " " && !down;
    if (event.key === " ") down = !down;
    [0, 1].forEach((i) => (place[i] = Math.min(sheet.width - STEP, Math.max(STEP, place[i] + STEP * way[i]))));
    if (down) line(...place, begins);
    shown();
  });
  shown();
}

/** The drawing as the model knows digits: in a box of 20 pixels, its centre of mass in the middle of 28. */
export function normalised(sheet) {
  const { data, width, height } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[4 * (y * width + x)] < 40) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (right < 0) return new Float32Array(SIDE * SIDE); // nothing is drawn
  const scale = BOX / Math.max(right - left + 1, bottom - top + 1);
  let small = shrunk(sheet, scale, SIDE / 2 - (scale * (left + right + 1)) / 2, SIDE / 2 - (scale * (top + bottom + 1)) / 2);
  let [sum, x0, y0] = [0, 0, 0];
  for (let i = 0; i < small.length; i++) {
    sum += small[i];
    x0 += small[i] * (i % SIDE);
    y0 += small[i] * Math.floor(i / SIDE);
  }
  const [dx, dy] = [Math.round((SIDE - 1) / 2 - x0 / sum), Math.round((SIDE - 1) / 2 - y0 / sum)];
  const moved = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < small.length; i++) {
    const [x, y] = [(i % SIDE) + dx, Math.floor(i / SIDE) + dy];
    if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) moved[y * SIDE + x] = small[i];
  }
  return moved;
}

function shrunk(sheet, scale, x, y) {
  const small = new OffscreenCanvas(SIDE, SIDE);
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.drawImage(sheet, x, y, scale * sheet.width, scale * sheet.height);
  const { data } = pen.getImageData(0, 0, SIDE, SIDE);
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i] / 255);
}

function chart(canvas, code, order) {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = box.width * ratio;
  canvas.height = box.height * ratio;
  const pen = canvas.getContext("2d");
  const middle = canvas.height / 2;
  const wide = canvas.width / order.length;
  pen.fillStyle = getComputedStyle(canvas).color;
  pen.fillRect(0, middle - 0.5, canvas.width, 1);
  order.forEach((index, place) => {
    const tall = Math.min(1, Math.abs(code[index]) / 3) * middle;
    pen.fillRect((place + 0.15) * wide, code[index] > 0 ? middle - tall : middle, 0.7 * wide, tall);
  });
  canvas.setAttribute("aria-label", `The code: ${order.slice(0, 5).map((i) => `z[${i}] ${code[i].toFixed(1)}`).join(", ")} and so on`);
}

function nearest(code, gallery) {
  const far = gallery.codes.map((other) => other.reduce((sum, value, i) => sum + (value - code[i]) ** 2, 0));
  return far.map((_, i) => i).sort((a, b) => far[a] - far[b]).slice(0, NEIGHBOURS);
}

function tile(index, gallery) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const [x, y] = [index % gallery.columns, Math.floor(index / gallery.columns)];
  canvas.getContext("2d").drawImage(gallery.image, x * SIDE, y * SIDE, SIDE, SIDE, 0, 0, SIDE, SIDE);
  return canvas;
}

function figure(index, gallery) {
  const made = document.createElement("figure");
  const words = document.createElement("figcaption");
  words.textContent = gallery.labels[index];
  made.append(tile(index, gallery), words);
  return made;
}
