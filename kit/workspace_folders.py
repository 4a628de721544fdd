"""What lies where in a workspace; the rooms share these names, and each has those that only it uses.

workspace/
    metadata.sqlite          ML Metadata: artifacts, executions, contexts
    .place                   the workspace's path in these; if it lies elsewhere, it was moved
    artifacts/<project>/     what the components write, one folder per component; in .trash here, in runs and in sweeps
                             what `kit gc` is deleting
    serving/<project>/<n>/   pushed models, numeric versions as TensorFlow Serving wants them; beside them what was
                             rolled back, and what was done to versions (see `kit.release.versions`)
    serving/models.config    which of them `kit serve` serves, with their policies and labels
    serving/protect.yml      what their answers hide from whoever would copy them (see `kit.serving.protect`)
    serving/<project>.batching.pbtxt   how its requests are batched, once `kit tune-batching` has found that
    serving/monitoring.config   MonitoringConfig: enables Prometheus metrics
    runs/<run id>/           executed notebooks, run.json, log, report and times of a batch
    checkpoints/<project>/   how far trainings came, one folder per digest (see `kit.training.checkpoints`)
    logs/<project>/          one log per component, one of a pipeline (see `kit.export.local`), and TensorBoard's event
                             files
    projects/<name>/         projects that `kit new` wrote
    schemas/<project>/       the curated schema of a built-in project, once somebody has changed it here
    clusters/<project>/      what `kit train-cluster` gives a cluster on other machines, and what that leaves here
    predictions/<project>/   what the models answered, one folder per day (see `kit.monitoring.log`)
    labels/<project>/        the labels of those predictions, by the day on which they arrived
    served/                  the logs of servers, and what they are to log (see `kit.serving.prediction_log`)
    experiments/<project>/   candidates that a part of the users gets (see `kit.canary`)
    statistics/<project>/    of each span that was looked at, by content (see `kit.data.span_statistics`)
    environments/            the packages that executions ran with, one file per set of them (see `kit.steps.origin`)
    cards/<project>/<n>/     the model card of model n in ML Metadata, as a page and as Markdown
    schedules/<name>/        when a chain runs by itself, and what became of it (see `kit.schedule.schedule`)
    sweeps/<name>/           one chain at many parameter points, each in a workspace of its own (see `kit.sweep`)
    tuning/<project>/        searches, and the trials that they share (see `kit.tuning.records`)
    audit/                   audit packs, one file per pushed version (see `kit.audit.layout`)
    private/                 the key that signs them; only its owner can read it
    gateway/<project>/       Envoy's configuration, keys for learning and the access log (see `kit.gateway.plan`)
    load/<project>/          what `kit tune-batching` has measured, one file per point; sweep.json is the last
                             sweep, and `small` has that of `06_serve`
    drills/<project>.json    what `kit drill` found last (see `kit.drill.outcomes`)
    parity/<project>.json    the last comparison of all ways from a row to a score (see `kit.release.parity`)
    workshop/                scores of the exercises, and their copies of project.yml (see `kit.workshop`)
    alerts/                  incidents and messages that wait (alerts.sqlite), and what was told, one folder per project
    .locks/                  what one process at a time may do, and who does it (see `Workspace.lock`)
"""

from __future__ import annotations

PROJECTS, SCHEMAS, STATISTICS = "projects", "schemas", "statistics"
ARTIFACTS, SERVING, EXPERIMENTS = "artifacts", "serving", "experiments"
PREDICTIONS, LABELS = "predictions", "labels"
RUNS, LOGS = "runs", "logs"
METADATA_FILE, MODELS_CONFIG = "metadata.sqlite", "models.config"


def experiment_lock(model: str) -> str:
    """Return the name of the lock (see `Workspace.lock`) of whoever moves versions that an experiment may compare."""
    return f"experiment-{model}"
