// Loads what zoo.json lists, and puts a section on the page for each.
import { drawing } from "./drawing.js";
import { plane } from "./plane.js";
import { Build, Missing, described, start } from "./runtime.js";
import { sliders } from "./sliders.js";

const status = document.querySelector("#status");
const main = document.querySelector("main");

function say(words, wrong = false) {
  status.textContent = words;
  status.classList.toggle("wrong", wrong);
}

/** A section from its template; it shows when it is ready. */
async function add(template, fill) {
  const section = document.querySelector(`#${template}`).content.firstElementChild.cloneNode(true);
  main.append(section);
  main.hidden = false;
  await fill(section);
}

const decoder = (name) => Build.load(`models/${name}/decoder.tflite`);
const encoder = (name) => Build.load(`models/${name}/encoder.tflite`);

async function gallery(entry) {
  const found = await described(entry.gallery);
  const image = new Image();
  image.src = entry.pictures;
  try {
    await image.decode();
  } catch {
    throw new Missing(`${entry.pictures} is not there or damaged. Build the page anew with "make web".`);
  }
  return { ...found, image };
}

async function build() {
  say("Loading the runtime (9 MB, once) ...");
  const zoo = await described("zoo.json");
  await start();
  for (const entry of zoo.planes) {
    say(`Loading ${entry.name} ...`);
    const build = await decoder(entry.name);
    await add("plane", (section) => plane(section, entry, build));
  }
  for (const template of ["classes", "factors"]) {
    const entry = zoo[template];
    if (!entry) continue;
    say(`Loading ${entry.name} ...`);
    const build = await decoder(entry.name);
    await add(template, (section) => sliders(section, entry, build));
  }
  const entry = zoo.drawing;
  say(`Loading ${entry.name} ...`);
  const [encode, decode, pictures] = await Promise.all([encoder(entry.name), decoder(entry.name), gallery(entry)]);
  await add("drawing", (section) => drawing(section, entry, encode, decode, pictures));
  say("");
  document.documentElement.dataset.ready = "yes";
}

build().catch((error) => {
  say(error instanceof Missing ? error.message : `Something went wrong: ${error.message}`, true);
  if (!(error instanceof Missing)) throw error;
});
