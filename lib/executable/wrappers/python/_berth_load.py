"""Loads the bot's configuration and its script."""

import contextlib
import importlib.machinery
import importlib.util
import json
import os
import sys

from _berth_errors import CODE, HERE, BotError

SDK = os.path.join(HERE, "sdk", "python")  # the folder of the module `berth`
OWN_PATH = [folder for folder in sys.path if folder != HERE]
OWN_MODULES = dict(sys.modules)  # what the wrapper uses; completed when the bot is loaded


def read_config():
    path, text = os.environ.get("CONFIG_FILE", ""), os.environ.get("CONFIG")
    if path and (os.path.exists(path) or text is None):
        try:
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise BotError(f"Cannot read the configuration file {path}: {error}") from None
    if text is None:
        raise BotError("There is no configuration: neither CONFIG_FILE nor CONFIG is set")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BotError(f"The configuration ({path or 'CONFIG'}) is not valid JSON: {error}") from None


def load_script(script):
    """Imports the bot's script under its own name, so that pickle, dataclasses and multiprocessing find it."""
    path = find_script(script)
    folders = [CODE, os.path.join(CODE, "vendor"), os.path.dirname(path)]
    folders = list(dict.fromkeys(folder for folder in folders if os.path.isdir(folder)))
    sys.path[:] = [*folders, *OWN_PATH]
    sys.argv[:] = [path]
    sdk = [] if has_own_sdk() else [SDK]
    sys.path += sdk
    # Processes that the bot starts import the same.
    inherited = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*folders, *inherited, *sdk]))
    OWN_MODULES.update(sys.modules)
    give_way([CODE, os.path.dirname(path)])

    name, folder = os.path.splitext(os.path.basename(path))[0], os.path.dirname(path)
    while folder != CODE and os.path.isfile(os.path.join(folder, "__init__.py")):  # relative imports work
        name, folder = f"{os.path.basename(folder)}.{name}", os.path.dirname(folder)
    if name in sys.modules:
        name = f"bot_{name}"
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def find_script(script):
    """The path of the script. One whose name is composed otherwise (an umlaut as one character or as two) is found."""
    path = os.path.join(CODE, script)
    if script and os.path.isfile(path):
        return path
    if not script.isascii():
        import unicodedata

        found = CODE
        for part in script.split("/"):
            wanted = unicodedata.normalize("NFC", part)
            names = os.listdir(found) if os.path.isdir(found) else []
            alike = [name for name in names if unicodedata.normalize("NFC", name) == wanted]
            found = os.path.join(found, alike[0] if len(alike) == 1 else part)
        if os.path.isfile(found):
            return found
    raise BotError(f"The script {script!r} is not in {CODE}: check `entrypoints` in bot-config.yaml")


def give_way(folders):
    """Lets the bot import a module of its own that is named like one that only the wrapper has imported."""
    for name, module in OWN_MODULES.items():
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if "." in name or name in ("__main__", "encodings") or origin in (None, "built-in", "frozen"):
            continue
        if any(has_module(folder, name) for folder in folders):
            sys.modules.pop(name, None)


def has_own_sdk():
    """Whether the bot or its image has a module or a package named `berth`: Berth's own must not stand in for it.

    A folder of that name without Python files is no package.
    """
    spec = importlib.machinery.PathFinder.find_spec("berth")
    if spec is None or spec.origin is not None:
        return spec is not None
    found = (name for top in spec.submodule_search_locations for _, _, names in os.walk(top) for name in names)
    return any(name.endswith(".py") for name in found)


def has_module(folder, name):
    path = os.path.join(folder, name)
    return os.path.isfile(f"{path}.py") or os.path.isfile(os.path.join(path, "__init__.py"))


@contextlib.contextmanager
def standard_library():
    """For imports of the wrapper's own once the bot is loaded: past modules of the bot's with the same names."""
    path = sys.path[:]
    others = {name: sys.modules.get(name) for name in OWN_MODULES}
    sys.path[:] = OWN_PATH
    sys.modules.update(OWN_MODULES)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in others.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
