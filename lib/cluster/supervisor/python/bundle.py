# Finds the supervisor's modules in MODULES, which stands above: each file of its own would cost each container a mount.
import importlib.machinery
import sys


class Bundle:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in MODULES:  # noqa: F821
            return None
        spec = importlib.machinery.ModuleSpec(name, cls, origin=__file__)
        spec.has_location = True
        return spec

    @staticmethod
    def create_module(spec):
        return None

    @classmethod
    def exec_module(cls, module):
        exec(cls.get_code(module.__name__), module.__dict__)

    @staticmethod
    def get_source(name):
        return MODULES[name]  # noqa: F821

    @classmethod
    def get_code(cls, name):
        return compile(cls.get_source(name), f"{name}.py", "exec", dont_inherit=True)


sys.meta_path.insert(0, Bundle)
exec(Bundle.get_code("supervisor"))
