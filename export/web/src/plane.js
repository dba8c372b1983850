// A plane of pictures: drag over it and see the picture under the pointer.
import { draw, latest, note, pixels } from "./pictures.js";

const TILES = 13; // a side, of the map in the background
const STEP = 0.1; // of the arrow keys

export async function plane(section, entry, decoder) {
  const map = section.querySelector(".map");
  const picture = section.querySelector(".picture");
  const words = section.querySelector("figcaption");
  const reach = entry.reach;
  const at = [0.4, -0.3];
  section.querySelector("h2").textContent = entry.title;
  map.setAttribute("aria-label", `Plane of latents of ${entry.name}; move with the arrow keys`);

  const [height, width] = entry.shape;
  map.width = TILES * width;
  map.height = TILES * height;
  const tiles = new OffscreenCanvas(map.width, map.height);
  const paper = tiles.getContext("2d");
  const show = latest(async () => {
    const latents = [...at];
    const { mean } = await decoder.run({ latents });
    draw(picture, mean, entry.shape);
    note(picture, { latents });
    picture.setAttribute("aria-label", `Decoded picture at ${spoken(latents)}`);
    words.textContent = `z = ${spoken(latents)}`;
    const pen = map.getContext("2d");
    pen.drawImage(tiles, 0, 0);
    const [x, y] = [((latents[0] + reach) / (2 * reach)) * map.width, ((reach - latents[1]) / (2 * reach)) * map.height];
    for (const [style, wide] of [["#000", 7], ["#ffd23f", 3.5]]) {
      pen.strokeStyle = style;
      pen.lineWidth = wide;
      pen.beginPath();
      pen.arc(x, y, 0.45 * Math.min(width, height), 0, 2 * Math.PI);
      pen.stroke();
    }
  });
  for (let row = 0; row < TILES; row++) {
    for (let column = 0; column < TILES; column++) {
      const latents = [((2 * column + 1) / TILES - 1) * reach, (1 - (2 * row + 1) / TILES) * reach];
      const { mean } = await decoder.run({ latents });
      paper.putImageData(pixels(mean, entry.shape), column * width, row * height);
    }
  }

  const move = (x, y) => {
    at[0] = Math.min(reach, Math.max(-reach, x));
    at[1] = Math.min(reach, Math.max(-reach, y));
    show();
  };
  const follow = (event) => {
    const box = map.getBoundingClientRect();
    move((((event.clientX - box.left) / box.width) * 2 - 1) * reach, (1 - ((event.clientY - box.top) / box.height) * 2) * reach);
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    follow(event);
  });
  map.addEventListener("pointermove", (event) => {
    if (map.hasPointerCapture(event.pointerId)) follow(event);
  });
  map.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(at[0] + STEP * way[0], at[1] + STEP * way[1]);
  });
  await show();
}

function spoken(latents) {
  return `(${latents.map((value) => value.toFixed(2)).join(", ")})`;
}
