"""Execute notebooks in their own folder, as Jupyter does, and write each, with its output, to a folder.

    execute.py OUT NOTEBOOK...

Fails where a cell raises something, and where a notebook is stored with outputs: they would be of some other log.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

# Nothing of the user's own Jupyter set-up has a say here.
ROOM = tempfile.TemporaryDirectory()
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
os.environ["IPYTHONDIR"] = os.environ["JUPYTER_CONFIG_DIR"] = os.environ["JUPYTER_DATA_DIR"] = ROOM.name

import nbclient
import nbformat
from traitlets.config import Config


def execute(source, out):
    """What is wrong with a notebook; None where nothing is."""
    notebook = nbformat.read(source, as_version=4)
    nbformat.validate(notebook)
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells):
        return "is stored with outputs: clear them"
    # The kernel and we are in different folders: the sockets between us need a place.
    sockets = {"transport": "ipc", "ip": os.path.join(ROOM.name, "kernel")}
    client = nbclient.NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        config=Config({"KernelManager": sockets, "ConnectionFileMixin": sockets}),
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        return "%s: %s\n%s" % (error.ename, error.evalue, error.traceback)
    nbformat.write(notebook, out / source.name)
    return None


def main(out, *sources):
    failed = False
    for source in map(Path, sources):
        began = time.monotonic()
        wrong = execute(source.resolve(), Path(out).resolve())
        failed |= wrong is not None
        print("%s: %s" % (source.name, wrong or "%.1f s" % (time.monotonic() - began)), file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
