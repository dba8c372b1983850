// Models by name, run by LiteRT in WebAssembly.
import { Tensor, loadAndCompile, loadLiteRt } from "@litertjs/core";

/** An error whose words are for the one who looks at the page. */
export class Missing extends Error {}

/** Load LiteRT itself, once, before any model. */
export async function start() {
  // Asked for first: LiteRT's own error would not say which file is missing.
  await fetched("vendor/wasm/litert_wasm_internal.wasm");
  await loadLiteRt(new URL("vendor/wasm/", document.baseURI).href);
}

/** The bytes of one of the page's files. */
export async function fetched(path) {
  let answer;
  try {
    answer = await fetch(path);
  } catch (error) {
    throw new Missing(`${path} cannot be read (${error.message}). Is the page served, and not opened as a file? "make web" serves it.`);
  }
  if (!answer.ok) throw new Missing(`${path} is not there (${answer.status}). Build the page anew with "make web".`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** One of the page's JSON files. */
export async function described(path) {
  return JSON.parse(new TextDecoder().decode(await fetched(path)));
}

/** A build of the zoo. Its inputs and outputs are arrays of floats by name. */
export class Build {
  #model;
  #busy = Promise.resolve();

  constructor(model) {
    this.#model = model;
  }

  static async load(path) {
    const bytes = await fetched(path);
    try {
      return new Build(await loadAndCompile(bytes, { accelerator: "wasm" }));
    } catch (error) {
      throw new Missing(`${path} is no model that LiteRT can run (${error.message}). Build the page anew with "make web".`);
    }
  }

  /** Run it: `{latents: [..]}` -> `{mean: Float32Array, ..}`. Calls that come meanwhile wait. */
  run(arrays) {
    const result = this.#busy.then(() => this.#run(arrays));
    this.#busy = result.catch(() => undefined);
    return result;
  }

  async #run(arrays) {
    const given = {};
    for (const detail of this.#model.getInputDetails()) {
      given[detail.name] = new Tensor(Float32Array.from(arrays[detail.name]), Array.from(detail.shape));
    }
    const made = await this.#model.run(given);
    const found = {};
    for (const [name, tensor] of Object.entries(made)) {
      found[name] = Float32Array.from(await tensor.data());
      tensor.delete();
    }
    for (const tensor of Object.values(given)) tensor.delete();
    return found;
  }
}
