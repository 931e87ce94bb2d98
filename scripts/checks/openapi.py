#!/usr/bin/env python3
"""docs/openapi.yaml and the routes in the sources name the same operations, and its references
lead somewhere."""
import re
import sys

sys.dont_write_bytecode = True
from common import ROOT, files, finish  # noqa: E402

import yaml  # noqa: E402

ROUTE = re.compile(r'\.add\(\s*(?:http::)?Method::(\w+),\s*"([^"]+)"')
METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
DESCRIPTION = ROOT / "docs/openapi.yaml"


def routes_of_sources():
    """(method, path) of every route; `*` at a path's end stands for one parameter, as {name} does."""
    found = set()
    for path in files("src/api/*.cpp", "src/admin/*.cpp", "src/app/*.cpp"):
        if not path.stem.endswith("_test"):
            found.update(ROUTE.findall(path.read_text(encoding="utf-8")))
    return {("delete" if method == "del" else method,
             re.sub(r"\*$|\{[^}]*\}", "{}", path)) for method, path in found}


def described(document):
    return {(method, re.sub(r"\{[^}]*\}", "{}", path))
            for path, item in document.get("paths", {}).items()
            for method in item if method in METHODS}


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolves(document, reference):
    node = document
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return reference.startswith("#/")


def operation_problems(document):
    identifiers = set()
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method not in METHODS:
                continue
            name = f"{method.upper()} {path}"
            identifier = operation.get("operationId")
            if not identifier or identifier in identifiers:
                yield f"{name}: operationId is missing or used twice"
            identifiers.add(identifier)
            if not operation.get("summary") or not operation.get("responses"):
                yield f"{name}: lacks a summary or responses"
            named = set(re.findall(r"\{([^}]+)\}", path))
            given = {parameter.get("name") for parameter in
                     operation.get("parameters", []) + item.get("parameters", [])
                     if parameter.get("in") == "path"}
            if named != given:
                yield f"{name}: path parameters {sorted(named)} and {sorted(given)} differ"


def main():
    document = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    problems = [] if str(document.get("openapi", "")).startswith("3.1") else ["not OpenAPI 3.1"]
    served, told = routes_of_sources(), described(document)
    # HEAD is answered wherever GET is.
    told = {(method, path) for method, path in told
            if not (method == "head" and ("get", path) in told)}
    problems += [f"{method.upper()} {path} is served and not described"
                 for method, path in sorted(served - told)]
    problems += [f"{method.upper()} {path} is described and not served"
                 for method, path in sorted(told - served)]
    problems += [f"{reference} leads nowhere" for reference in sorted(set(references(document)))
                 if not resolves(document, reference)]
    problems += operation_problems(document)
    finish(problems, f"{len(told)} operations")


main()
