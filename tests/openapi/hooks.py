"""Teaches schemathesis what an archive is, and not to revoke the token that it works with."""

import io
import os
import zipfile

import schemathesis
from hypothesis import strategies as st


def archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, "def main(id, config): pass\n")
    return buffer.getvalue()


schemathesis.openapi.media_type(
    "application/zip",
    st.one_of(
        st.binary(max_size=1000),
        st.sampled_from(["main.py", "src/main.py", "a/b/c.py"]).map(archive),
    ),
)


OWN_TOKEN = os.environ["BERTH_TOKEN"].split("_")[1]


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters and case.path_parameters.get("id") == OWN_TOKEN:
        case.path_parameters["id"] = "abcdefghijkl"
