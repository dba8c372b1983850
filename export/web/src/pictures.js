// From the means of a likelihood to pixels, and back.

/** Draw one picture of values from 0 to 1, `shape` = [height, width, 1 or 3], into a canvas of just that size. */
export function draw(canvas, values, shape) {
  const [height, width] = shape;
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels(values, shape), 0, 0);
}

/** The same as ImageData. */
export function pixels(values, [height, width, channels]) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const value = values[i * channels + (channels === 3 ? c : 0)];
      image.data[4 * i + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** Remember on a canvas what it shows: for tests, and for the curious. */
export function note(canvas, facts) {
  for (const [name, value] of Object.entries(facts)) canvas.dataset[name] = JSON.stringify(value);
}

/** A number drawn from the standard normal distribution. */
export function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** Run `work` after each change, but never twice at once: of changes meanwhile the last one counts. */
export function latest(work) {
  let running = false;
  let again = false;
  return async function ask() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      await work();
    } while (again);
    running = false;
  };
}
