"""Export the chain to other orchestrators: TFX's LocalDagRunner and Kubeflow Pipelines."""
