"""Execute one notebook from the repository's root and write it, with its output, to another file.

    execute.py NOTEBOOK OUT
"""

import os
import sys
import tempfile

# Nothing of the user's own Jupyter set-up has a say here.
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
os.environ["IPYTHONDIR"] = os.environ["JUPYTER_CONFIG_DIR"] = os.environ["JUPYTER_DATA_DIR"] = tempfile.mkdtemp()

import nbclient
import nbformat
from traitlets.config import Config


def main(source, target):
    notebook = nbformat.read(source, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": os.getcwd()}},
        config=Config({"KernelManager": {"transport": "ipc"}, "ConnectionFileMixin": {"transport": "ipc"}}),
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        print("%s failed: %s: %s" % (source, error.ename, error.evalue), file=sys.stderr)
        print(error.traceback, file=sys.stderr)
        return 1
    nbformat.write(notebook, target)
    return 0


sys.exit(main(*sys.argv[1:]))
