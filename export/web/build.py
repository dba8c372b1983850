"""Put the page together: its own files, LiteRT.js, and the web builds of the zoo, all in one folder for any static host.

python export/web/build.py            # writes export/web/site; needs npm, once
python export/web/build.py --serve    # and serves it on this machine
"""

import functools
import http.server
import json
import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from keras_vae import _files, lite
from keras_vae.cli.app import plain_errors

HERE = Path(__file__).parent
TARGET = "web"
# What the page shows of which preset, where it has a web build.
PLANES = {"mnist_vae_2d": "A plane of digits", "frey_vae_2d": "A plane of one man's faces"}
CLASSES = "mnist_cvae"
DRAWING = "mnist_vae"
FACTORS = "shapes_beta_tc_vae"
SLIDERS = 8
AWAKE = 0.2  # a latent whose mean varies less, in units of the one that varies most, moves nothing
NEIGHBOURS = 2000  # digits to look for neighbours among, drawn by the model of classes
COLUMNS = 50
REACH = 2.4  # of a plane, in standard deviations of the prior


def build(out: Path) -> None:
    """Write the page to `out`, whole or not at all.

    Raises:
        RuntimeError: if npm is missing or fails.
    """
    packages = fetch_packages()
    with _files.replacing_folder(out, overwrite=True) as aside:
        shutil.copytree(HERE / "src", aside, dirs_exist_ok=True)
        vendor = aside / "vendor"
        # LiteRT.js takes one of two, by what the browser can do; the others are for what this page does not ask for.
        shutil.copytree(
            packages / "core" / "wasm", vendor / "wasm", ignore=shutil.ignore_patterns("*_jspi_*", "*_threaded_*")
        )
        for package, name in (("core", "litert"), ("wasm-utils", "wasm-utils")):
            (vendor / name).mkdir()
            shutil.copyfile(packages / package / "dist" / "index.js", vendor / name / "index.js")
        zoo = described(aside)
        for name in sorted(
            {entry["name"] for entry in [*zoo["planes"], zoo["classes"], zoo["drawing"], zoo["factors"]] if entry}
        ):
            shutil.copytree(lite.build_folder(name, TARGET), aside / "models" / name)
        _files.write_json(aside / "zoo.json", zoo)


def fetch_packages() -> Path:
    """Let npm fetch LiteRT.js, the version of package-lock.json, unless it is there; returns the folder of its packages."""
    packages = HERE / "node_modules" / "@litertjs"
    if not (packages / "core" / "dist" / "index.js").is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The page needs npm, to fetch LiteRT.js once: install Node.js, which brings npm.")
        print("Fetching LiteRT.js (npm ci), once ...", flush=True)
        if subprocess.run([npm, "ci", "--ignore-scripts"], cwd=HERE, check=False).returncode:
            raise RuntimeError(f"npm ci failed in {HERE}: see above. It needs a network, once.")
    return packages


def described(out: Path) -> dict[str, Any]:
    """What the page has to know of the models; the neighbours' pictures and codes go into `out`."""
    from keras_vae import data  # loads TensorFlow, which `main` has silenced by now

    there = {name for name, targets in lite.list_builds().items() if TARGET in targets}
    images, labels = data.read("digits", "train")
    factors = None
    if FACTORS in there:
        factors = _factors(data.Shapes())
    return {
        "planes": [
            {"name": name, "title": title, "reach": REACH, "shape": _shape(name)}
            for name, title in PLANES.items()
            if name in there
        ],
        "classes": _sliders(CLASSES, _scaled(images), labels),
        "factors": factors,
        "drawing": _drawing(out),
    }


def _sliders(name: str, x: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
    codes = _codes(name, x, labels)
    count = lite.read_proof(name, TARGET).num_classes
    classes = {} if count is None else {"num_classes": count}
    deviation = codes.std(axis=0)
    awake = [i for i in _busiest(codes) if deviation[i] > AWAKE * deviation.max()]
    return {
        "name": name,
        "shape": _shape(name),
        "latents": codes.shape[1],
        "order": awake[:SLIDERS],
        **classes,
    }


def _factors(shapes: Any) -> dict[str, Any]:
    """Sliders with the name of the factor that each latent says most of."""
    from sklearn.metrics import normalized_mutual_info_score as share

    drawn = shapes.factors(2000, seed=0)
    x = _scaled(shapes.images(drawn))
    codes, entry = _codes(FACTORS, x, None), _sliders(FACTORS, x, None)
    names = []
    for latent in entry["order"]:
        bins = np.digitize(codes[:, latent], np.histogram_bin_edges(codes[:, latent], 20)[1:-1])
        said = [share(column, bins) for column in drawn.T]
        names.append(list(shapes.values)[int(np.argmax(said))])
    return {**entry, "names": names}


def _drawing(out: Path) -> dict[str, Any]:
    labels = np.arange(NEIGHBOURS) % 10
    drawn = np.asarray(lite.load(CLASSES, TARGET).sample(labels=labels, seed=0))
    images = np.round(255 * drawn).astype("uint8")
    codes = _codes(DRAWING, _scaled(images), None)
    rows = [np.concatenate(list(images[i : i + COLUMNS, ..., 0]), axis=1) for i in range(0, len(images), COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(out / "gallery.png", optimize=True)
    gallery = {"columns": COLUMNS, "labels": labels.tolist(), "codes": np.round(codes, 2).tolist()}
    (out / "gallery.json").write_text(json.dumps(gallery, separators=(",", ":")), encoding="utf-8")
    entry = {"name": DRAWING, "shape": _shape(DRAWING), "latents": codes.shape[1], "order": _busiest(codes)}
    return {**entry, "gallery": "gallery.json", "pictures": "gallery.png"}


def _codes(name: str, x: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    model = lite.load(name, TARGET)
    return np.asarray(model.encode(x, labels).mean)


def _scaled(images: np.ndarray) -> np.ndarray:
    return (images / 255.0).astype("float32")


def _busiest(codes: np.ndarray) -> list[int]:
    """The latents, the one whose mean varies most first."""
    return np.argsort(-codes.std(axis=0)).tolist()


def _shape(name: str) -> list[int]:
    return list(lite.read_proof(name, TARGET).data_shape)


def serve(out: Path, port: int) -> None:
    """Serve the page on this machine until it is stopped."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The page is at http://127.0.0.1:{server.server_port}/ (stop it with Ctrl-C).", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = HERE / "site",
    serve_it: Annotated[bool, typer.Option("--serve", help="Serve it on this machine afterwards.")] = False,
    port: Annotated[int, typer.Option(help="Port to serve it on; 0 for any free one.")] = 8000,
) -> None:
    """Put the page together, and serve it."""
    with plain_errors():
        build(out)
        print(f"Wrote {out.resolve()}: put it on any static host.", flush=True)
        if serve_it:
            serve(out, port)


if __name__ == "__main__":
    typer.run(main)
