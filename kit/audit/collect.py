"""Collect the files that account for a pushed version, by their names in the pack, and list what is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kit.audit.plain_values import anomalies_of, signatures_of_version, slices_of, verdict_of
from kit.audit.seal import PackError
from kit.batch.record import RUN_FILE, UNFINISHED, list_runs, mark_killed_runs
from kit.card.files import MARKDOWN, PAGE, card_folder
from kit.data.data_file import files_of
from kit.digests import of_file
from kit.lineage.graph import Graph, Node
from kit.lineage.pushes import Push
from kit.lineage.query import Lineage, trace
from kit.lineage.read import read_graph
from kit.lineage.render import as_json, with_metrics
from kit.lineage.runs import run_of
from kit.reasons import DECISION_TYPE
from kit.release import history
from kit.release.versions import WITHDRAWN, read_package
from kit.setup.locked import LOCK
from kit.steps.origin import CHANGED, COMMIT, LOCKED, PACKAGES, environment_file
from kit.versions import committed_file
from kit.workspace import Workspace

# Artifacts that go into a pack as they are; models and examples are named by their digests only.
_WHOLE = ("Schema", "ExampleAnomalies", "ModelEvaluation", "ModelBlessing")


@dataclass
class Collected:
    """The members of a pack.

    Attributes:
        push: the version that they account for.
        members: contents by their names.
        missing: what should be there but is not, and why, a sentence each.
    """

    push: Push
    members: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add_json(self, name: str, content: Any) -> None:
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True, default=str)
        self.members[name] = (text + "\n").encode()

    def add_file(self, name: str, path: Path, otherwise: str) -> None:
        if path.is_file():
            self.members[name] = path.read_bytes()
        else:
            self.missing.append(otherwise)


def collect(workspace: Workspace, version: str) -> Collected:
    """Return all that is known of a pushed version.

    Args:
        workspace: the workspace that it was made in.
        version: its number, or `project/number`.

    Raises:
        PackError: when it is not a pushed version.
        SubjectError: when nothing has that name, or several things do.
    """
    lineage = with_metrics(trace(workspace, f"version:{version}", "upstream"))
    pushes = [push for push in lineage.pushes if push.key in lineage.own]
    if not pushes:
        raise PackError(
            f"An audit pack needs a pushed version, but {version} is not one. `kit versions` lists them."
        )
    collected = Collected(pushes[-1])
    chain = [node for node in lineage.graph.nodes.values() if node.key in lineage.upstream | set(lineage.own)]
    everything = read_graph(workspace, collected.push.project)
    collected.members["lineage.json"] = (as_json(lineage) + "\n").encode()
    _data_and_parameters(collected, chain)
    _runs(collected, workspace, chain)
    _environment(collected, workspace, chain)
    _artifacts(collected, [*chain, *_judged(everything, chain)])
    _push(collected, workspace)
    _decisions(collected, everything, chain)
    _card(collected, workspace, lineage)
    collected.add_json("missing.json", collected.missing)
    return collected


def _data_and_parameters(collected: Collected, chain: list[Node]) -> None:
    steps = {node.key: node for node in chain if node.kind == "execution"}
    files = [file.plain() for node in steps.values() for file in files_of(node.properties)]
    collected.add_json("data.json", files)
    collected.add_json(
        "parameters.json",
        {f"{node.name}, {key}": {**node.properties, **_origin(node)} for key, node in steps.items()},
    )


def _origin(node: Node) -> dict[str, str]:
    return {f"origin.{name}": value for name, value in node.origin.items()}


def _runs(collected: Collected, workspace: Workspace, chain: list[Node]) -> None:
    """Add the executed notebooks of every batch involved: an old step may be from an earlier one."""
    steps = [node for node in chain if node.kind == "execution"]
    mark_killed_runs(workspace.runs)  # the pack holds their records as they are on the disk
    batches = list_runs(workspace.runs)
    belongs = {node.key: run_of(batches, node) for node in steps}
    for run in sorted(filter(None, set(belongs.values()))):
        folder = workspace.runs / run
        collected.add_file(f"runs/{run}/{RUN_FILE}", folder / RUN_FILE, f"The folder of run {run} is gone.")
        # The notebook that makes the pack is not finished, and belongs to what comes after the push.
        executed = [path for path in folder.glob("*.ipynb") if not path.name.endswith(UNFINISHED)]
        for path in sorted([*executed, *folder.glob("parameters.yml")]):
            collected.members[f"runs/{run}/{path.name}"] = path.read_bytes()
    if by_hand := dict.fromkeys(node.name for node in steps if not belongs[node.key]):
        collected.missing.append(
            f"Executed notebooks of {', '.join(by_hand)}: these steps ran by hand or in a pipeline, not in a batch. "
            "`kit run` keeps what it executed."
        )


def _environment(collected: Collected, workspace: Workspace, chain: list[Node]) -> None:
    for digest in sorted({node.origin[PACKAGES] for node in chain if PACKAGES in node.origin}):
        path = environment_file(workspace, digest)
        collected.add_file(
            f"environment/{path.name}", path, f"The list of packages {digest} is gone from {path.parent}."
        )
    package = read_package(_folder(workspace, collected.push))
    wanted = {
        str(digest)
        for digest in (package.get(LOCKED), *(node.origin.get(LOCKED) for node in chain))
        if digest
    }
    commits = {node.origin[COMMIT].removesuffix(CHANGED) for node in chain if COMMIT in node.origin}
    commits |= {package.get("versions", {}).get("git commit", "HEAD")}
    candidates = [LOCK.read_bytes()] if LOCK.exists() else []
    candidates += [found for commit in sorted(commits) if (found := committed_file(commit, LOCKED))]
    locks = {digest: content for content in candidates if (digest := _sha256(content)) in wanted}
    for digest, content in locks.items():
        collected.members[f"environment/{LOCKED if len(wanted) == 1 else f'{digest[:16]}-{LOCKED}'}"] = (
            content
        )
    collected.missing += [
        f"{LOCKED} with SHA-256 {digest}: neither the checkout nor its git has it."
        for digest in sorted(wanted - locks.keys())
    ]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _judged(graph: Graph, chain: list[Node]) -> Iterator[Node]:
    """Yield the statistics and anomalies of the examples in the chain, which no step of it took."""
    examples = {node.key for node in chain if node.type == "Examples"}
    schemas = {node.key for node in chain if node.type == "Schema"}
    for key in sorted(examples):
        for step in graph.outputs(key):
            for statistics in graph.outputs(step):
                for validator in graph.outputs(statistics):
                    if schemas & set(graph.inputs(validator)):
                        found = (graph.nodes[made] for made in graph.outputs(validator))
                        yield from (node for node in found if node.type == "ExampleAnomalies")


def _artifacts(collected: Collected, nodes: list[Node]) -> None:
    for node in {node.key: node for node in nodes if node.type in _WHOLE}.values():
        folder, name = Path(node.uri), f"{node.name}-{node.key.split()[1]}"
        if not folder.is_dir():
            collected.missing.append(f"{node.type} {node.key}: its folder {folder} is gone ({node.state}).")
            continue
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            collected.members[f"artifacts/{name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
        if node.type == "ModelEvaluation":
            collected.add_json(_free(collected, "slices", node), slices_of(folder))
            collected.add_json(_free(collected, "verdicts", node), verdict_of(folder))
        if node.type == "ExampleAnomalies":
            collected.add_json(_free(collected, "anomalies", node), anomalies_of(folder))


def _free(collected: Collected, name: str, node: Node) -> str:
    """Return an unused name for a member; the same model may have been judged and pushed twice."""
    plain = f"{name}.json"
    return plain if plain not in collected.members else f"{name}-{node.key.split()[1]}.json"


def _push(collected: Collected, workspace: Workspace) -> None:
    push = collected.push
    base, folder = workspace.serving(push.project), _folder(workspace, push)
    about = [entry for entry in history.read(base) if push.version in history.named_in(entry)]
    facts = {name: value for name, value in asdict(push).items() if name != "state"}
    collected.add_json("push.json", {"push": facts, "history": about, "package": read_package(folder)})
    if (folder / "saved_model.pb").is_file():
        collected.add_json("signatures.json", signatures_of_version(folder))
        collected.add_json("model_files.json", _digests(folder))
    else:
        collected.missing.append(f"Signatures and files of the model: {folder} is gone.")


def _digests(folder: Path) -> Mapping[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): of_file(path) for path in paths}


def _folder(workspace: Workspace, push: Push) -> Path:
    base = workspace.serving(push.project)
    aside = base / WITHDRAWN / str(push.version)
    return aside if aside.is_dir() else base / str(push.version)


def _decisions(collected: Collected, everything: Graph, chain: list[Node]) -> None:
    """Add what people decided about anything in the chain."""
    keys = {node.key for node in chain}
    decisions = [
        {**node.properties, "about": sorted(about)}
        for node in everything.nodes.values()
        if node.type == DECISION_TYPE and (about := keys & set(everything.inputs(node.key)))
    ]
    collected.add_json("decisions.json", decisions)


def _card(collected: Collected, workspace: Workspace, lineage: Lineage) -> None:
    """Add the card of the pushed model: it has the number of the Model that the Pusher took."""
    graph = lineage.graph
    pushers = list(graph.inputs(collected.push.key))
    models = [key for run in pushers for key, name in graph.inputs(run).items() if name == "model"]
    number = models[0].split()[1] if models else ""
    folder = card_folder(workspace, collected.push.project, number)
    for name in (MARKDOWN, PAGE):
        collected.add_file(
            name, folder / name, f"The model card {folder / name} is not there. 05_release writes it."
        )
