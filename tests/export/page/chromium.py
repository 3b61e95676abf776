"""A headless Chromium, spoken to through a pipe by its DevTools protocol: no server, no library."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SECONDS = 120
"""Longest wait for an answer: a busy machine takes its time."""


def find_chromium():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A browser without any network.

    Attributes:
        events: Everything that pages told, as (method, params).
    """

    def __init__(self, path):
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        commands, self._send = os.pipe()
        self._receive, answers = os.pipe()
        # Above 4, so that neither is in the way of the two that the browser wants.
        commands, answers = (os.dup2(pipe, 60 + i) for i, pipe in enumerate((commands, answers)))

        def connect():
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
                   "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--force-color-profile=srgb",
                   f"--user-data-dir={self._profile.name}"]  # fmt: skip
        self._process = subprocess.Popen(
            [path, *options, "about:blank"], pass_fds=(3, 4), preexec_fn=connect, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._rest, self._count, self.events = b"", 0, []

    def close(self):
        self._process.terminate()
        self._process.wait(30)
        os.close(self._send)
        os.close(self._receive)
        self._profile.cleanup()

    def command(self, method, session=None, **params):
        """The result of a command; events that come before it are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        os.write(self._send, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def wait_for(self, method):
        """The parameters of the next event of a kind."""
        start = len(self.events)
        while True:
            for name, params in self.events[start:]:
                if name == method:
                    return params
            start = len(self.events)
            self._next()

    def _next(self):
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._receive], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"Chromium did not answer within {SECONDS} s"
            content = os.read(self._receive, 1 << 20)
            assert content, "Chromium has ended"
            self._rest += content
        line, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(line)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def open(self, url, width=1280, height=800, dark=False, before=""):
        """A page in a tab of its own.

        Args:
            url: Of the page.
            width: Of the window, in CSS pixels.
            height: Likewise.
            dark: Whether the user likes it dark.
            before: A script that runs before the page's own.
        """
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.command(f"{domain}.enable")
        tab.command("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1,
                    uploadThroughput=-1)  # fmt: skip
        tab.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                    mobile=width < 600)  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        tab.command("Emulation.setEmulatedMedia", features=features)
        if before:
            tab.command("Page.addScriptToEvaluateOnNewDocument", source=before)
        tab.command("Page.navigate", url=url)
        tab.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return tab


class Tab:
    """One page."""

    def __init__(self, browser, target, session):
        self.browser, self._target, self._session = browser, target, session

    def command(self, method, **params):
        return self.browser.command(method, self._session, **params)

    def evaluate(self, expression):
        """The value of an expression; a promise is waited for."""
        found = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition):
        """Until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.evaluate(condition):
            assert time.monotonic() < deadline, f"not within {SECONDS} s: {condition}"
            time.sleep(0.05)

    def text(self, selector):
        """What an element says; empty if it is hidden."""
        found = f"document.querySelector({json.dumps(selector)})"
        return self.evaluate(f"{found}.checkVisibility() ? {found}.innerText.trim() : ''")

    def press(self, key, modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=modifiers,
                         **({"text": key} if len(key) == 1 and kind == "keyDown" else {}))  # fmt: skip

    def mouse(self, kind, x, y):
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def screenshot(self, path, full=False):
        content = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(content["data"]))

    def close(self):
        self.browser.command("Target.closeTarget", targetId=self._target)
