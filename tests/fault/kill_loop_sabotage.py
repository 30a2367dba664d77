"""What the kill loop must find: stores that go back in silence, and a save that counts twice."""

import json
import random
import shutil

import kill_loop_control as control
import kill_loop_world as worlds

KINDS = ("node", "hub", "twice")
LINES = 3


def commit(world, kind):
    {"node": _node, "hub": _hub, "twice": _twice}[kind](world)


def _node(world):
    """Saves that the node acknowledged and nobody else has are gone after a kill."""
    node = world.nodes["a1"]
    _save(world, node)
    world.way.take_down()
    copy = _copy(world, node)
    _save(world, node)
    node.kill_now()
    worlds.put_back(node, copy)
    world.restart(node)
    world.way.bring_up()


def _hub(world):
    """What the hub receipted is gone after a kill."""
    node = world.nodes["b1"]
    copy = _copy(world, world.hub)
    _save(world, node)
    world.sync(node)
    world.status(node)
    world.hub.kill_now()
    worlds.put_back(world.hub, copy)
    world.restart(world.hub)


def _twice(world):
    """Saves that are taken again under another time, as if they were others."""
    node = world.nodes["c1"]
    _save(world, node)
    lines = []
    for line in world.oracle.last_batch[node.name].lines:
        event = json.loads(line)
        lines.append(json.dumps(event | {"t": event["t"] + 1}))
    control.call(node.data, "import", {"lines": lines})


def _copy(world, site):
    """Of a store that rests; the site runs again afterwards."""
    site.kill_now()
    copy = world.folder / "copy"
    copy.mkdir()
    for path in site.data.glob("tram.db*"):
        shutil.copy2(path, copy / path.name)
    down = site.is_hub
    site.start()
    if down:
        world.way.bring_up()
    return copy


def _save(world, node):
    world.take(node, world.oracle.plan(node.name, LINES, random.Random(world.seed)))
