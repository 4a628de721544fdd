"""REST as TensorFlow Serving has it: predict, classify, regress, status and metadata under /v1/models, and metrics.

What crosses the wire is translated here and nowhere else: `paths` reads addresses, `parsing` reads JSON, `decode` and
`dense` make tensors of it, `examples` makes tf.Examples, `encode` writes answers. `api` puts these around `Inference`,
and `server` puts HTTP around `api`.

Source of the formats and texts: tensorflow_serving/util/json_tensor.cc and
tensorflow_serving/model_servers/http_rest_api_handler.cc, http_rest_api_util.cc and http_server.cc.

| differs from the real server | here |
| --- | --- |
| a key twice in one JSON object | refused; there the first one counts |
| texts that are not UTF-8 | refused; there their bytes go to the model |
| the number words Inf and -Inf | refused; Infinity and -Infinity are taken by both |
| a number that does not fit int8, int16 or uint8 | refused; there its high bits are lost |
| lists nested deeper than 64 in a tensor, or some thousand in a body | refused; there the stack may overflow |
| an answer's texts that are not UTF-8 | U+FFFD for what is not; there no valid JSON |
| what is no address under /v1 | 404 with a JSON error; there an HTML page |
| a body that is too large | 413; there no limit |
| more connections than twice max_concurrent_requests | closed; there no limit |
| a gzip body that is broken | says so; there it counts as an empty one |

Limits: JSON is read in one go, and Python's other threads wait meanwhile, some 16 ms a megabyte. So where strangers may
ask, `max_message_bytes` (64 MiB) should be no more than the model's largest request needs. A request of 100 candidates
of the sample took 2.7 ms through REST and 2.1 ms through gRPC, median, on two cores.
"""

from kit.serving.rest.server import RestServer

__all__ = ["RestServer"]
