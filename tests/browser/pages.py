"""pages.py - opens the pages of executions in a real headless Chromium, light and dark, narrow and wide.

    python tests/browser/pages.py FOLDER        checks every FOLDER/*.html; ends with 1 if anything is wrong with one

What is looked at: nothing of what others wrote has become a part of the page; nothing was refused or failed while it
was loaded; the page is not wider than the window, closed or opened; texts stay within the boxes of the picture; texts
can be read on their ground, in light and in dark, which differ.

Chromium is found as STEPWRIGHT_BROWSER, in PATH, or, for root on Debian and its like, installed. Without one the pages
are not looked at; where CI is set, that is an error.
"""
import asyncio
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--remote-debugging-port=0")
SCHEMES = ("light", "dark")
WIDTHS = (400, 1280)
SECONDS = 60

# Runs in the page, whatever the page itself may run; tells what is wrong with it, and the colour of its ground.
LOOK = """
(() => {
  const wrong = [];
  if (window.pwned !== undefined) wrong.push('a script of a value has run');
  const made = document.querySelectorAll('script,img,iframe,object,embed,form,link').length;
  if (made) wrong.push(made + ' elements that no page of ours has');
  if (!document.querySelector('h1')?.textContent.trim()) wrong.push('no heading');
  const rows = document.querySelectorAll('.timeline details').length;
  const bars = document.querySelectorAll('.timeline details .bar:not(.around)').length;
  if (bars < rows) wrong.push(rows + ' rows and ' + bars + ' bars');
  const tooWide = when => {
    const more = document.documentElement.scrollWidth - window.innerWidth;
    if (more > 0) wrong.push(when + ' it is ' + more + ' px wider than the window');
  };
  tooWide('closed');
  document.querySelectorAll('details').forEach(it => it.open = true);
  tooWide('opened');
  document.querySelectorAll('.flow .node').forEach(node => {
    const box = node.querySelector('.shape,.group')?.getBBox();
    node.querySelectorAll('text').forEach(text => {
      const own = text.getBBox();
      if (box && own.width > 0 && own.x + own.width > box.x + box.width + 0.5) wrong.push('`' + text.textContent + '` leaves its box');
    });
  });
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = colour => {
    const [red, green, blue] = channels(colour).map(part => { part /= 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const own = channels(getComputedStyle(at).backgroundColor);
      if (own.length === 3 || own[3] > 0) return getComputedStyle(at).backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  const readable = (text, colour, behind) => {
    const [first, second] = [light(colour), light(behind)].sort((a, b) => b - a);
    const ratio = (first + 0.05) / (second + 0.05);
    if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(1) + ' of `' + text.trim().slice(0, 40) + '`');
  };
  document.querySelectorAll('h1,.outcome,dt,dd,.what b,.what small,pre,.why,.failure p,figcaption').forEach(element =>
    readable(element.textContent, getComputedStyle(element).color, ground(element)));
  document.querySelectorAll('.flow .node').forEach(node => {
    const shape = node.querySelector('.shape,.group');
    // What has not been entered is faint on purpose.
    if (!shape || node.classList.contains('dot') || node.classList.contains('is-waiting')) return;
    node.querySelectorAll('text').forEach(text => readable(text.textContent, getComputedStyle(text).fill, getComputedStyle(shape).fill));
  });
  return JSON.stringify({ wrong: [...new Set(wrong)], ground: getComputedStyle(document.body).backgroundColor, rows });
})()
"""


def browser():
    wanted = os.environ.get("STEPWRIGHT_BROWSER")
    found = next(filter(None, map(shutil.which, [wanted] if wanted else NAMES)), None)
    if not found and not wanted and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing Chromium ...", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        if subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quiet).returncode:
            subprocess.run(["apt-get", "update", "-qq"], **quiet)
            subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quiet)
        found = shutil.which("chromium")
    return found


class Tab:
    """A tab of the browser, by the protocol of its developer tools."""

    def __init__(self, socket):
        self.socket, self.numbers, self.said = socket, itertools.count(1), []

    async def call(self, method, **parameters):
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self.receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    async def receive(self):
        message = await asyncio.wait_for(self.socket.receive_json(), SECONDS)
        if message.get("method") == "Log.entryAdded":
            self.said.append(message["params"]["entry"]["text"])
        if message.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.said.append(str(message["params"]))
        return message

    async def open(self, address):
        self.said = []
        await self.call("Page.navigate", url=address)
        while (await self.receive()).get("method") != "Page.loadEventFired":
            pass


async def look(tab, page):
    """What is wrong with a page, and how many rows its timeline has."""

    wrong, grounds, rows = [], {}, 0
    for scheme, width in itertools.product(SCHEMES, WIDTHS):
        await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        await tab.open(page.as_uri())
        answer = await tab.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
        if "value" not in answer["result"]:
            wrong.append(f"{scheme}, {width}: it can't be looked at: {answer}")
            continue
        told = json.loads(answer["result"]["value"])
        grounds[scheme], rows = told["ground"], told["rows"]
        wrong += [f"{scheme}, {width}: {what}" for what in told["wrong"] + tab.said]
    if len(set(grounds.values())) != len(SCHEMES):
        wrong.append(f"light and dark look the same: {grounds}")
    return wrong, rows


async def check(executable, pages):
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen([executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            listening = pathlib.Path(profile) / "DevToolsActivePort"
            for _ in range(SECONDS * 10):
                if listening.exists() and listening.read_text().count("\n") >= 1:
                    break
                await asyncio.sleep(0.1)
            port = listening.read_text().split()[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = await answer.json(content_type=None)
                address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    tab = Tab(socket)
                    for domain in ("Page", "Runtime", "Log"):
                        await tab.call(f"{domain}.enable")
                    return {page.name: await look(tab, page) for page in pages}
        finally:
            process.terminate()
            process.wait(10)


def main():
    pages = sorted(pathlib.Path(sys.argv[1]).resolve().glob("*.html"))
    if not pages:
        sys.exit(f"there are no pages in {sys.argv[1]}")
    executable = browser()
    if not executable:
        what = "no Chromium was found: the pages of executions were not looked at (install it, or set STEPWRIGHT_BROWSER)"
        sys.exit(what) if os.environ.get("CI") else print(what)
        return
    found = asyncio.run(check(executable, pages))
    for name, (wrong, _) in found.items():
        for what in wrong:
            print(f"{name}: {what}")
    rows = sum(rows for _, rows in found.values())
    print(f"{len(found)} pages, {rows} rows, in {len(SCHEMES)} colours and {len(WIDTHS)} widths")
    sys.exit(any(wrong for wrong, _ in found.values()))


if __name__ == "__main__":
    main()
