"""Serving: a stand-in for TensorFlow Serving that speaks its protocol, for notebooks, tests and small deployments.

No package index carries the real server's binary, so a notebook could not start it. This one is Python around
TensorFlow's own sessions: existing clients talk to it unchanged, it reads the same files, and it answers bad requests
with the same codes and texts. It is no replacement where the real one can run: `kit deploy` writes the configuration
for that.

| what | here |
| --- | --- |
| PredictionService: Predict, Classify, Regress, MultiInference, GetModelMetadata | yes |
| ModelService: GetModelStatus, HandleReloadConfigRequest | yes |
| SessionService, PredictStreamed, the profiler | no: UNIMPLEMENTED |
| gRPC health service, reflection | yes, always; the real one has health behind a flag and no reflection |
| models.config: several models, policies latest n, specific, all, version_labels; taken again when it changes | yes |
| custom_model_config, platforms other than tensorflow | no: refused |
| logging_config in models.config | with the interceptor of `kit.serving.prediction_log`, else ignored |
| base_path on a remote file system (gs://, s3://) | no: refused |
| versions: load before unload, a broken one is reported and takes no traffic, labels only to loaded ones | yes |
| a broken version is tried again | when its files change; max_num_load_retries is 0 here, 5 there |
| warm-up files, assets.extra/tf_serving_warmup_requests | yes, except SessionRunLog |
| TensorFlow's graph optimizers | once for all signatures (`improved_graph`); there for each that is asked |
| tensorflow_inter_op_parallelism 0 | each request is computed by one thread; there by a thread for each core |
| a model without a warm-up file | each signature is called once with zeros; there nothing happens |
| enable_batching, batching parameters file | yes; see the table in `kit.serving.batching` |
| monitoring config file: Prometheus metrics on the REST port | yes; see the table in `kit.serving.metrics` |
| dtype and shape of inputs | checked before the graph runs; the real one leaves a wrong shape to the graph |
| REST: predict, classify, regress, metadata, status; versions, labels | yes; see the table in `kit.serving.rest` |
| TLS (ssl_config_file), ALTS | no: `kit.gateway` does that |
| GPU, TPU, TensorFlow Lite models, XLA flags, platform_config_file | no |
| command-line flags | those of `Settings`; an unknown flag ends the process with a usage text |
| port 0 | a free port; there the API is off |
| listens on | this machine only, unless `host` says otherwise; there every address |
| deadline of a request | checked before the model runs, not within it |

Limits: `max_message_bytes` per message, `max_concurrent_requests` at once (more get RESOURCE_EXHAUSTED), and
`drain_seconds` for requests that still run when the server stops. Python threads share one lock, which TensorFlow
releases while it computes; loading a version holds it for some 10 ms at a time with the sample's model, and rests in
between (`turns`), so that is how long a request may wait for it during a swap. Predict through gRPC has no thread for
each request (`grpc_api.front`), unless an interceptor is not the kit's own: such an interceptor may block. It refuses a
message that is too large only once that is read. With options of gRPC that it does not know (the age of connections,
say), and on other systems than Linux, threads answer Predict too, which is slower.

Actors: `Manager` keeps versions loaded, `Servable` is one loaded version, `batching` lets requests share a run of its
graph and `gathering` puts requests together before that, `answers` makes responses, `Inference` joins these with the
interceptors of `hooks`, `grpc_api` and `rest` translate, `ModelServer` starts and stops all of it, and
`process.Server` does so in a process of its own.
"""
