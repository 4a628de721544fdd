"""Lineage: artifacts and executions of a workspace as a graph, and runs of a step compared."""
