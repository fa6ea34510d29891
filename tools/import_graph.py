"""Print the rooms of a package, their layers and the arrows between them, from the actual imports.

    python -m tools.import_graph                  # search_service, indexer, analyzers
    python -m tools.import_graph search_service --arrows

A room is a module or sub-package directly below the package; an arrow is an import between rooms. The layer
of a room is one more than the highest layer that it imports.
"""

import argparse
from graphlib import CycleError, TopologicalSorter

import grimp

PACKAGES = ("search_service", "indexer", "analyzers")
Arrows = dict[str, set[str]]


def arrows_of(package: str) -> Arrows:
    """For each room of the package, the rooms that it imports."""
    graph = grimp.build_graph(package)

    def room(module: str) -> str:
        return module.removeprefix(f"{package}.").split(".")[0]

    arrows: Arrows = {room(child): set() for child in graph.find_children(package)}
    for importer in graph.modules - {package}:
        for imported in graph.find_modules_directly_imported_by(importer) - {package}:
            if room(importer) != room(imported):
                arrows[room(importer)].add(room(imported))
    return arrows


def layers_of(arrows: Arrows) -> list[list[str]]:
    """The rooms by layer, the lowest first; raises ``CycleError`` if there is a cycle."""
    depth: dict[str, int] = {}
    for room in TopologicalSorter(arrows).static_order():
        depth[room] = max((depth[below] + 1 for below in arrows[room]), default=0)
    return [
        sorted(room for room in arrows if depth[room] == layer)
        for layer in range(max(depth.values(), default=-1) + 1)
    ]


def main() -> None:
    """Print rooms, layers and arrows of each package."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument(
        "--arrows", action="store_true", help="print each room with what it imports"
    )
    arguments = parser.parse_args()
    for package in arguments.packages:
        arrows = arrows_of(package)
        count = sum(map(len, arrows.values()))
        try:
            layers = layers_of(arrows)
        except CycleError as cycle:
            print(f"{package}: {len(arrows)} rooms, {count} arrows, a cycle: {cycle.args[1]}")
            continue
        print(f"{package}: {len(arrows)} rooms, {len(layers)} layers, {count} arrows, no cycle")
        for number, rooms in reversed(list(enumerate(layers, start=1))):
            print(f"  {number}  {' '.join(rooms)}")
        if arguments.arrows:
            for room in sorted(arrows):
                print(f"  {room} -> {' '.join(sorted(arrows[room])) or '(nothing)'}")


if __name__ == "__main__":
    main()
