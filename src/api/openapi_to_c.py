"""Turns docs/openapi.yaml into a C file that holds it as compact JSON.

    openapi_to_c.py VERSION OPENAPI_YAML OUTPUT_C

Fails when a key is given twice, when a $ref leads nowhere, or when an operationId is used twice.
"""

import json
import sys

import yaml


class StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys; leaves dates and yes/no as the text they are."""


def mapping(loader, node):
    pairs = [(loader.construct_object(key), loader.construct_object(value, deep=True))
             for key, value in node.value]
    keys = [key for key, _ in pairs]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise SystemExit(f"line {node.start_mark.line + 1}: given twice: {', '.join(twice)}")
    return {str(key): value for key, value in pairs}


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def walk(value):
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from walk(child)


def check_refs(document):
    for part in walk(document):
        ref = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(ref, str):
            continue
        target = document
        for step in ref.removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        if not ref.startswith("#/") or target is None:
            raise SystemExit(f"$ref leads nowhere: {ref}")


def check_operation_ids(document):
    ids = [part["operationId"] for part in walk(document["paths"])
           if isinstance(part, dict) and "operationId" in part]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise SystemExit(f"operationId used twice: {', '.join(twice)}")


def c_array(data):
    rows = [data[at:at + 24] for at in range(0, len(data), 24)]
    return "".join("    " + "".join(f"{byte}," for byte in row) + "\n" for row in rows)


def main():
    version, source, output = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = yaml.load(file, StrictLoader)
    document["info"]["version"] = version
    check_refs(document)
    check_operation_ids(document)
    # \uXXXX keeps every byte within char's range, signed or not.
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    with open(output, "w", encoding="ascii") as file:
        file.write('#include "api/openapi.h"\n\n')
        file.write("const char hy_api_openapi_json[] = {\n" + c_array(text) + "    0};\n")
        file.write("const size_t hy_api_openapi_json_size = sizeof hy_api_openapi_json - 1;\n")


main()
