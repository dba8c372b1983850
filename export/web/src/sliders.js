// Latents under sliders, of a class or without one.
import { draw, latest, normal, note } from "./pictures.js";

export async function sliders(section, entry, decoder) {
  const picture = section.querySelector(".picture");
  const words = section.querySelector("figcaption");
  const latents = new Array(entry.latents).fill(0);
  let label = entry.num_classes ? 3 : null;

  const show = latest(async () => {
    const used = [...latents];
    const shown = label;
    const given = { latents: used };
    if (shown !== null) given.condition = Array.from({ length: entry.num_classes }, (_, i) => (i === shown ? 1 : 0));
    const { mean } = await decoder.run(given);
    draw(picture, mean, entry.shape);
    note(picture, { latents: used, label: shown });
    picture.setAttribute("aria-label", shown === null ? "Decoded picture" : `Decoded picture of a ${shown}`);
    words.textContent = `decoded by ${entry.name}`;
  });

  const group = section.querySelector(".sliders");
  const inputs = entry.order.map((index, place) => {
    const line = document.createElement("label");
    const name = document.createElement("span");
    const input = Object.assign(document.createElement("input"), { type: "range", min: -3, max: 3, step: 0.05, value: 0 });
    const output = document.createElement("output");
    name.textContent = entry.names ? `z[${index}] ${entry.names[place]}` : `z[${index}]`;
    line.append(name, input, output);
    group.append(line);
    const read = () => {
      latents[index] = Number(input.value);
      output.textContent = latents[index].toFixed(2);
    };
    input.addEventListener("input", () => {
      read();
      show();
    });
    read();
    return { index, input, output };
  });
  const settle = () => {
    for (const { index, input, output } of inputs) {
      input.value = latents[index];
      output.textContent = latents[index].toFixed(2);
    }
    return show();
  };

  const buttons = section.querySelector(".buttons");
  const pressed = () => {
    for (const button of buttons?.children ?? []) button.setAttribute("aria-pressed", String(Number(button.value) === label));
  };
  for (let i = 0; i < (entry.num_classes ?? 0); i++) {
    const button = Object.assign(document.createElement("button"), { type: "button", value: i, textContent: i });
    button.addEventListener("click", () => {
      label = i;
      pressed();
      show();
    });
    buttons.append(button);
  }
  pressed();
  section.querySelector(".draw").addEventListener("click", () => {
    for (let i = 0; i < latents.length; i++) latents[i] = normal();
    settle();
  });
  section.querySelector(".reset").addEventListener("click", () => {
    latents.fill(0);
    settle();
  });
  await settle();
}
