# Finds the supervisor's modules in MODULES, which stands above: each file of its own would cost each container a mount.
# The first supervisor on a node compiles them for all that follow, and what they import: many images have no bytecode.
import importlib.machinery
import marshal
import os
import sys


class Bundle:
    codes = {}  # for each module its code in the form of marshal, its file, and whether it is a package

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.codes:
            _, origin, is_package = cls.codes[name]
        elif name in MODULES:  # noqa: F821
            origin, is_package = __file__, False
        else:
            return None
        spec = importlib.machinery.ModuleSpec(name, cls, origin=origin, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(os.path.dirname(origin))
        return spec

    @staticmethod
    def create_module(spec):
        return None

    @classmethod
    def exec_module(cls, module):
        exec(cls.get_code(module.__name__), module.__dict__)

    @staticmethod
    def get_source(name):
        return MODULES.get(name)  # noqa: F821

    @classmethod
    def get_code(cls, name):
        if name in cls.codes:
            return marshal.loads(cls.codes[name][0])
        return compile(cls.get_source(name), f"{name}.py", "exec", dont_inherit=True)

    @classmethod
    def load(cls):
        """Compiles what no earlier supervisor has; a helper, which may not enter the folder, compiles as it goes."""
        import bytecode_cache

        name = f"{BUNDLE}-{bytecode_cache.python_build()}"  # noqa: F821
        data = bytecode_cache.read(name)
        if data is not None:
            cls.codes = marshal.loads(data)
        elif os.geteuid() == 0:
            bytecode_cache.write(name, marshal.dumps(cls.compile_all()))

    @classmethod
    def compile_all(cls):
        before = set(sys.modules)
        import session  # noqa: F401
        import state  # noqa: F401  (and what only some containers need)

        codes = {name: (marshal.dumps(cls.get_code(name)), __file__, False) for name in MODULES}  # noqa: F821
        for name in set(sys.modules) - before - set(codes):
            spec = getattr(sys.modules[name], "__spec__", None)
            if spec and type(spec.loader) is importlib.machinery.SourceFileLoader:
                code, is_package = spec.loader.get_code(spec.name), spec.submodule_search_locations is not None
                codes[name] = (marshal.dumps(code), spec.origin, is_package)
        return codes


sys.meta_path.insert(0, Bundle)
Bundle.load()
exec(Bundle.get_code("supervisor"))
