"""TensorFlow Serving's REST API: predict, classify, regress, status and metadata under /v1/models, and metrics.

JSON is translated here and nowhere else: `paths` reads URL paths, `parsing` reads JSON, `decode` and `dense` make
tensors of it, `examples` makes tf.Examples, `encode` writes answers. `api` puts these around `Inference`, and `server`
puts HTTP around `api`.

Source of the formats and texts: tensorflow_serving/util/json_tensor.cc and
tensorflow_serving/model_servers/http_rest_api_handler.cc, http_rest_api_util.cc and http_server.cc.

| differs from the real server | here |
| --- | --- |
| a duplicate key in a JSON object | refused; there the first one counts |
| strings that are not UTF-8 | refused; there their bytes go to the model |
| the number words Inf and -Inf | refused; both accept Infinity and -Infinity |
| a number that does not fit int8, int16 or uint8 | refused; there its high bits are lost |
| lists nested deeper than 64 in a tensor, or some thousand in a body | refused; there the stack may overflow |
| an answer's strings that are not UTF-8 | U+FFFD for invalid bytes; there the JSON is invalid |
| a path that is not under /v1 | 404 with a JSON error; there an HTML page |
| a body that is too large | 413; there no limit |
| more connections than twice max_concurrent_requests | closed; there no limit |
| a gzip body that is broken | refused as such; there it counts as an empty one |

Limits: JSON is parsed in one go, and Python's other threads wait meanwhile, some 16 ms per megabyte. So where strangers
may send requests, `max_message_bytes` (64 MiB) should be no more than the model's largest request needs. A request with
100 candidates of the sample took 2.7 ms through REST and 2.1 ms through gRPC, median, on two cores.
"""

from kit.serving.rest.server import RestServer

__all__ = ["RestServer"]
