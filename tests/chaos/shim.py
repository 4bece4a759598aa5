"""The shim, compiled, and the environment that lets a process run under it. See shim.c."""
import os
import shutil
import subprocess
import tempfile

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim.c")
KILLS = ("kill-before", "kill-after", "torn")
FAILURES = ("full-once", "full", "eio")


class Shim:
    def __init__(self):
        compiler = os.environ.get("CC") or shutil.which("cc")
        if not compiler:
            raise SystemExit("chaos: a C compiler is needed; install cc, or say CC=/path/to/it")
        self.folder = tempfile.TemporaryDirectory(prefix="stepwright-chaos-shim-")
        self.library = os.path.join(self.folder.name, "shim.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", self.library, SOURCE, "-ldl"], check=True)

    def environment(self, state_folder, mode, nth, report):
        return {"LD_PRELOAD": self.library, "CHAOS_FOLDER": os.path.realpath(state_folder), "CHAOS_MODE": mode,
                "CHAOS_NTH": str(nth), "CHAOS_REPORT": report}


def read_report(path):
    """(how many steps there were, which of them was hit or None)"""
    with open(path, "rb") as file:
        text = file.read()
    hit = text[64:].strip(b"\0\n ").decode()
    return int(text[:64].split()[0]) if text.strip(b"\0") else 0, hit or None
