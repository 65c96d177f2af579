import importlib
import importlib.util


class AppConfig:
    pass


def populate(entries):
    for entry in entries:
        try:
            module = importlib.import_module(entry)
        except ModuleNotFoundError as error:
            path, _, name = entry.rpartition(".")
            if error.name != entry or not name[:1].isupper():
                raise
            module = importlib.import_module(getattr(importlib.import_module(path), name).name)
        if importlib.util.find_spec(f"{module.__name__}.models"):
            importlib.import_module(f"{module.__name__}.models")
