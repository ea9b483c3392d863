"""
Runs reproductions on Twisted, or on one with a fault, and names those that fail, one a line.

python driver.py ADAPTER FAULT LIST: the adapter's folder has the faults; LIST names the files, one a line.
"""

import gc
import sys
import types

_, adapter, fault, names = sys.argv
sys.path.insert(0, adapter)
if fault:
    import faults

    faults.install(fault)

# All that is here by now stays, so that a collection looks at one program's objects only.
import twisted.internet.defer, twisted.internet.task  # noqa: E401, E402, F401

gc.collect()
gc.freeze()

for path in open(names).read().splitlines():
    # A warning names the module of the function that it is about.
    module = sys.modules["repro"] = types.ModuleType("repro")
    module.__file__ = path
    try:
        exec(compile(open(path).read(), path, "exec"), module.__dict__)
    except BaseException as error:
        print(f"{path}: {type(error).__name__} {error}".replace("\n", " "), flush=True)
    # Nothing of it may be reported to the next one.
    module.__dict__.clear()
    gc.collect()
