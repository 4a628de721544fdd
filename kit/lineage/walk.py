"""The recursive SQL query for everything up- or downstream of a node."""

from __future__ import annotations

from typing import Literal

from kit.lineage.graph import BASELINE

Direction = Literal["upstream", "downstream"]

# Numbers of ML Metadata's enumerations, which its file has instead of names; for Event.Type, those of outputs and
# inputs. https://github.com/google/ml-metadata/blob/master/ml_metadata/proto/metadata_store.proto
OUTPUTS, INPUTS = "(1, 4, 6, 7)", "(2, 3, 5)"
# Artifacts are positive and executions negative, so that one column holds both and each step is a search in an index.
# An execution whose results came from the cache made nothing: it is not their origin, and nothing comes from it.
_WALK = """
WITH RECURSIVE reached(node) AS (
    SELECT value FROM json_each(?)
    UNION SELECT -Event.execution_id FROM reached JOIN Event ON Event.artifact_id = node
        JOIN Execution ON Execution.id = Event.execution_id
        WHERE node > 0 AND Event.type IN {of_artifact} AND Execution.last_known_state IS NOT 5 {unless}
    UNION SELECT Event.artifact_id FROM reached JOIN Event ON Event.execution_id = -node
        WHERE node < 0 AND Event.type IN {of_execution} {unless}
) SELECT node FROM reached
"""
_UNLESS_BASELINE = f"""
        AND NOT EXISTS (SELECT 1 FROM EventPath WHERE event_id = Event.id AND step_key = '{BASELINE}')"""  # noqa: S608  a constant


def walk_query(direction: Direction, *, baselines: bool) -> str:
    """Return a query with one parameter, a JSON list of nodes; its result is all that they reach, and themselves.

    Args:
        direction: the direction of the walk.
        baselines: whether to go on from a model to its baseline.
    """
    upstream = direction == "upstream"
    return _WALK.format(
        of_artifact=OUTPUTS if upstream else INPUTS,
        of_execution=INPUTS if upstream else OUTPUTS,
        unless="" if baselines else _UNLESS_BASELINE,
    )
