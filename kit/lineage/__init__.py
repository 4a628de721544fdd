"""Where everything in a workspace comes from: artifacts and executions as a graph, and two runs of a step compared."""
