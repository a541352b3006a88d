"""The contenders' pages about themselves, opened in a real browser: they show every operation, and one can be tried."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.chromium import CHROMIUM, DRIVER, browser
from tests.serving import SOON_S, served
from tests.test_apps import CONTENDERS
from tests.test_documents import ROUTES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no chromium and chromedriver: apt-get install chromium-driver"
    ),
]
OPERATIONS = {name for name, _ in ROUTES.values()}


@pytest.fixture(scope="module", params=CONTENDERS)
def app(request, tmp_path_factory):
    with served(request.param, {}, tmp_path_factory.mktemp("logs") / "log") as server:
        yield server


@pytest.fixture(scope="module")
def chromium(app, tmp_path_factory):  # noqa: ARG001  # it is to outlive the browser
    """A browser for each app, which leaves before the app ends: gunicorn waits for connections that stay open."""
    with browser(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


def shown(chromium, css):
    """What a page shows under a selector, as soon as it shows something."""
    return WebDriverWait(chromium, SOON_S).until(
        expected_conditions.presence_of_all_elements_located((By.CSS_SELECTOR, css)), css
    )


def press(chromium, css):
    WebDriverWait(chromium, SOON_S).until(
        expected_conditions.element_to_be_clickable((By.CSS_SELECTOR, css)), css
    ).click()


def script_errors(chromium):
    """What went wrong in scripts. That a font or a favicon cannot be fetched without a network is no such thing."""
    return [line for line in chromium.get_log("browser") if line["level"] == "SEVERE" and line["source"] != "network"]


def test_swagger_ui_shows_every_operation_and_tries_one(app, chromium):
    chromium.get(f"{app.address}/docs")
    blocks = shown(chromium, ".opblock")
    assert "Shop" in chromium.title
    assert {block.get_attribute("id").rpartition("-")[2] for block in blocks} == OPERATIONS
    greeting = ".opblock[id$='-read_greeting']"
    press(chromium, f"{greeting} .opblock-summary-control")
    press(chromium, f"{greeting} .try-out__btn")
    press(chromium, f"{greeting} .execute")
    answer = shown(chromium, f"{greeting} .live-responses-table .response")[0].text
    assert "200" in answer
    assert "Hello, World!" in answer
    assert script_errors(chromium) == []


def test_redoc_shows_every_operation_and_opens_one(app, chromium):
    chromium.get(f"{app.address}/redoc")
    sections = shown(chromium, "[data-section-id*='operation/']")
    assert "Shop" in chromium.title
    assert {section.get_attribute("data-section-id").rpartition("/")[2] for section in sections} == OPERATIONS
    greeting = "[data-section-id$='operation/read_greeting']"
    press(chromium, f"{greeting} button:has(strong)")
    assert "message" in shown(chromium, f"{greeting} button:has(strong) + div table")[0].text
    assert script_errors(chromium) == []


def test_a_page_whose_scripts_fail_is_told(app, chromium):
    chromium.get(f"{app.address}/json")
    chromium.execute_script("setTimeout(() => { throw new Error('on purpose') })")
    WebDriverWait(chromium, SOON_S).until(
        lambda driver: any("on purpose" in one["message"] for one in script_errors(driver))
    )
