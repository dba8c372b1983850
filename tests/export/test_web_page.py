"""The page in a real browser: it loads, draws what the Keras models draw, follows a drag, and says plainly what is missing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from keras_vae import lite, zoo

ROOT = Path(__file__).parents[2]
WEB = ROOT / "export" / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PAGE_SECONDS = 120

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page as `make web` builds it, and the address where it is served."""
    if not (WEB / "node_modules").is_dir() and shutil.which("npm") is None:
        pytest.skip("npm is not on this machine, and LiteRT.js was not fetched before: install Node.js")
    folder = tmp_path_factory.mktemp("web")
    command = [sys.executable, str(WEB / "build.py"), "--serve", "--port", "0", "--out", str(folder / "site")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"The page is at (http://127\.0\.0\.1:\d+/)", line):
                break
        else:
            pytest.fail(f"the page was not served: {said}\n{(folder / 'log').read_text()}")
        yield found[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def browser():
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is on this machine: install Chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    # A browser that runs as root, as in a container, has no sandbox of its own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


def opened(browser, site, **options):
    page = browser.new_context(viewport={"width": 1000, "height": 900}, **options).new_page()
    page.errors, page.addresses = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.addresses.append(request.url))
    page.goto(site)
    return page


@pytest.fixture(scope="module")
def page(browser, site):
    page = opened(browser, site)
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'", timeout=1000 * PAGE_SECONDS)
    yield page
    page.context.close()


def shown(page, canvas):
    """The grey values 0 to 255 of a canvas, and what it says that it shows, read together."""
    pixels, width, facts = page.locator(canvas).evaluate(
        """canvas => [
            Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data),
            canvas.width, {...canvas.dataset}]"""
    )
    grey = np.array(pixels).reshape(-1, width, 4)[..., 0]
    return grey, {name: json.loads(value) for name, value in facts.items()}


def changed(page, canvas, act):
    """Do something, and wait until the canvas shows another picture."""
    before, _ = shown(page, canvas)
    act()
    for _ in range(100):
        page.wait_for_timeout(50)
        after, facts = shown(page, canvas)
        if after.shape != before.shape or (after != before).any():
            return after, facts
    raise AssertionError(f"{canvas} did not change")


def bar(preset, part="decoder"):
    """Grey levels by which a picture may differ: the error that the build was proved to have, and rounding."""
    return 255 * lite.read_proof(preset, "web").parity.errors[part].maximum + 1.0


def section(number):
    return f"main section:nth-of-type({number})"


PLANE, FACES, CLASSES, FACTORS, DRAWING = (section(i) for i in (1, 2, 3, 4, 5))


def test_it_loads_and_asks_nobody_else(page, site):
    assert page.errors == []
    assert page.locator("main section").count() == 5
    assert page.inner_text("#status") == ""
    assert all(address.startswith((site, "data:", "blob:")) for address in page.addresses), page.addresses


@pytest.mark.parametrize(("place", "preset"), [(PLANE, "mnist_vae_2d"), (FACES, "frey_vae_2d")])
def test_a_drag_over_a_plane_shows_what_the_keras_model_decodes(page, place, preset):
    model = zoo.load(preset)
    map_ = page.locator(f"{place} .map")
    map_.scroll_into_view_if_needed()
    box = map_.bounding_box()

    def drag():
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
        page.mouse.up()

    changed(page, f"{place} .picture", drag)
    page.wait_for_timeout(300)
    grey, facts = shown(page, f"{place} .picture")
    np.testing.assert_allclose(facts["latents"], [0.6 * 2.4, -0.4 * 2.4], atol=0.03)
    mean = model.decode(np.array([facts["latents"]], "float32")).mean().numpy()[0, ..., 0]
    np.testing.assert_allclose(grey, 255 * np.clip(mean, 0, 1), atol=bar(preset))


def test_the_arrow_keys_move_too(page):
    page.locator(f"{PLANE} .map").focus()
    _, before = shown(page, f"{PLANE} .picture")
    _, after = changed(page, f"{PLANE} .picture", lambda: page.keyboard.press("ArrowLeft"))
    np.testing.assert_allclose(np.subtract(after["latents"], before["latents"]), [-0.1, 0], atol=1e-6)


def test_a_class_and_its_sliders_show_what_the_keras_model_decodes(page):
    model = zoo.load("mnist_cvae")
    picture = f"{CLASSES} .picture"

    def expected(facts):
        mean = model.decode(np.array([facts["latents"]], "float32"), [facts["label"]]).mean().numpy()
        return 255 * mean[0, ..., 0]

    grey, facts = changed(page, picture, lambda: page.click(f"{CLASSES} .buttons button:nth-of-type(8)"))
    assert facts["label"] == 7
    np.testing.assert_allclose(grey, expected(facts), atol=bar("mnist_cvae"))
    assert page.get_attribute(f"{CLASSES} .buttons button:nth-of-type(8)", "aria-pressed") == "true"
    slider = page.locator(f"{CLASSES} input").first
    grey, moved = changed(page, picture, lambda: slider.fill("2"))
    assert np.subtract(moved["latents"], facts["latents"]).max() == 2
    np.testing.assert_allclose(grey, expected(moved), atol=bar("mnist_cvae"))
    grey, drawn = changed(page, picture, lambda: page.click(f"{CLASSES} .draw"))
    assert 0.6 < np.std(drawn["latents"]) < 1.5
    np.testing.assert_allclose(grey, expected(drawn), atol=bar("mnist_cvae"))
    _, reset = changed(page, picture, lambda: page.click(f"{CLASSES} .reset"))
    assert not np.any(reset["latents"])


def test_a_factor_moves_under_the_slider_of_its_name(page):
    model = zoo.load("shapes_beta_tc_vae")
    picture = f"{FACTORS} .picture"
    names = [name.split()[1] for name in page.locator(f"{FACTORS} label span").all_inner_texts()]
    assert {"brightness", "scale", "x", "y"} <= set(names)
    slider = page.locator(f"{FACTORS} input").nth(names.index("brightness"))
    dim, _ = changed(page, picture, lambda: slider.fill("-2"))
    grey, facts = changed(page, picture, lambda: slider.fill("2"))
    assert abs(np.median(grey) - np.median(dim)) > 30  # the ground
    mean = model.decode(np.array([facts["latents"]], "float32")).mean().numpy()
    np.testing.assert_allclose(grey, 255 * mean[0, ..., 0], atol=bar("shapes_beta_tc_vae"))
    changed(page, picture, lambda: page.click(f"{FACTORS} .reset"))


def test_a_drawn_digit_is_centred_encoded_and_given_back(page, site):
    model = zoo.load("mnist_vae")
    sheet = page.locator(f"{DRAWING} .sheet")
    page.click(f"{DRAWING} .clear")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()

    def stroke():  # a one, far from the middle
        page.mouse.move(box["x"] + 40, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 40, box["y"] + 120, steps=5)
        page.mouse.up()

    changed(page, f"{DRAWING} .seen", stroke)
    page.wait_for_timeout(500)
    seen, facts = shown(page, f"{DRAWING} .seen")
    data = np.array(facts["data"], "float32").reshape(1, 28, 28, 1)
    np.testing.assert_array_equal(seen, np.round(255 * data[0, ..., 0]))
    rows, _ = np.nonzero(seen > 60)
    assert 18 <= np.ptp(rows) + 1 <= 22
    weights = data[0, ..., 0] / data.sum()
    assert abs((weights.sum(axis=0) * np.arange(28)).sum() - 13.5) < 1
    assert abs((weights.sum(axis=1) * np.arange(28)).sum() - 13.5) < 1
    again, facts = shown(page, f"{DRAWING} .again")
    code = model.encode(data).mean().numpy()[0]
    np.testing.assert_allclose(
        facts["latents"],
        code,
        atol=lite.read_proof("mnist_vae", "web").parity.errors["encoder"].maximum + 0.02,
    )
    mean = model.decode(np.array([facts["latents"]], "float32")).mean().numpy()[0, ..., 0]
    np.testing.assert_allclose(again, 255 * mean, atol=bar("mnist_vae"))
    labels = page.locator(f"{DRAWING} .neighbours figcaption").all_inner_texts()
    with urllib.request.urlopen(f"{site}gallery.json") as answer:
        gallery = json.load(answer)
    distances = np.square(np.array(gallery["codes"]) - facts["latents"]).sum(axis=1)
    assert labels == [str(gallery["labels"][i]) for i in np.argsort(distances)[:8]]
    assert labels.count("1") >= 3


def test_a_digit_is_drawn_by_keys_alone(page):
    page.click(f"{DRAWING} .clear")
    page.locator(f"{DRAWING} .sheet").focus()

    def stroke():
        for key in ("ArrowUp",) * 6 + (" ",) + ("ArrowDown",) * 12 + (" ", "ArrowRight"):
            page.keyboard.press(key)

    changed(page, f"{DRAWING} .seen", stroke)
    page.wait_for_timeout(500)
    seen, _ = shown(page, f"{DRAWING} .seen")
    rows, columns = np.nonzero(seen > 60)
    assert 18 <= np.ptp(rows) + 1 <= 22
    assert np.ptp(columns) + 1 <= 5, "the pen was up when it moved to the side"
    labels = page.locator(f"{DRAWING} .neighbours figcaption").all_inner_texts()
    assert labels.count("1") >= 3


def colours(page):
    return page.evaluate("(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))")


def test_a_finger_moves_over_the_plane_on_a_phone(browser, site, page):
    light = colours(page)
    page = opened(browser, site, has_touch=True, is_mobile=True, color_scheme="dark")
    dark = colours(page)
    assert sum(map(int, re.findall(r"\d+", light[0]))) > 700 > 300 > sum(map(int, re.findall(r"\d+", dark[0])))
    assert light[1] != dark[1]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'", timeout=1000 * PAGE_SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(f"{PLANE} .map").bounding_box()
    changed(page, f"{PLANE} .picture", lambda: page.touchscreen.tap(box["x"] + 30, box["y"] + 30))
    finger = page.context.new_cdp_session(page)

    def touched(kind, *points):
        given = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

    def drag(canvas, far=90):
        page.locator(canvas).scroll_into_view_if_needed()
        box = page.locator(canvas).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 10
        touched("touchStart", (x, y))
        for step in range(1, 7):
            touched("touchMove", (x, y - far * step / 6))
        touched("touchEnd")
        page.wait_for_timeout(300)
        return page.evaluate("scrollY")

    before = page.evaluate("scrollY")
    changed(page, f"{PLANE} .picture", lambda: drag(f"{PLANE} .map"))
    assert page.evaluate("scrollY") == before, "a finger on the plane moves over it and not the page"
    before = page.evaluate("scrollY")
    assert drag(f"{PLANE} .picture") > before, "over a picture it scrolls"
    page.context.close()


def test_it_works_below_a_hosts_root(browser, site):
    page = browser.new_context().new_page()
    page.route(
        "**/somewhere/below/**", lambda route: route.continue_(url=route.request.url.replace("somewhere/below/", ""))
    )
    page.goto(f"{site}somewhere/below/index.html")
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'", timeout=1000 * PAGE_SECONDS)
    page.context.close()


@pytest.mark.parametrize("pattern", ["**/vendor/litert/index.js", "**/sliders.js"])
def test_a_missing_script_is_told(browser, site, pattern):
    page = browser.new_context().new_page()
    page.route(pattern, lambda route: route.fulfill(status=404))
    page.goto(site)
    page.wait_for_selector("#status.wrong", timeout=1000 * PAGE_SECONDS)
    assert "A script of this page is not there" in page.inner_text("#status")
    assert "make web" in page.inner_text("#status")
    page.context.close()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("**/litert_wasm_internal.wasm", "vendor/wasm/litert_wasm_internal.wasm is not there (404)"),
        ("**/mnist_vae_2d/decoder.tflite", "models/mnist_vae_2d/decoder.tflite is not there (404)"),
        ("**/gallery.png", "gallery.png is not there or damaged"),
    ],
)
def test_a_missing_file_is_named_with_the_remedy(browser, site, pattern, words):
    page = browser.new_context().new_page()
    page.route(pattern, lambda route: route.fulfill(status=404))
    page.goto(site)
    page.wait_for_selector("#status.wrong", timeout=1000 * PAGE_SECONDS)
    assert words in page.inner_text("#status")
    assert "make web" in page.inner_text("#status")
    page.context.close()


def test_a_damaged_model_is_named(browser, site):
    page = browser.new_context().new_page()
    page.route("**/mnist_cvae/decoder.tflite", lambda route: route.fulfill(body=b"not a model"))
    page.goto(site)
    page.wait_for_selector("#status.wrong", timeout=1000 * PAGE_SECONDS)
    assert "models/mnist_cvae/decoder.tflite is no model that LiteRT can run" in page.inner_text("#status")
    page.context.close()
