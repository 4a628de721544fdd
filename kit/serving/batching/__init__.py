"""Batching: rows of many requests go through the graph together.

It is switched on as in TensorFlow Serving, by `enable_batching` and its file of BatchingParameters. Requests that have
a thread each (REST, Classify, Regress, MultiInference) meet in TensorFlow's own batch scheduler, in which each
signature of each version has a queue. Predict through gRPC has no thread for each request: what one thread has read is
put together before the session runs, by the same parameters (see `kit.serving.gathering`), unless its rows are to be
filled up to one length or split. With one batch thread the one that reads computes too, which is the fastest on few
processors. Beside the real server:

| what | here |
| --- | --- |
| max_batch_size, batch_timeout_micros, max_enqueued_batches, allowed_batch_sizes | the same, with the same defaults |
| enable_large_batch_splitting, max_execution_batch_size | the same |
| num_batch_threads | all Predict of gRPC share them, as there; in the scheduler those of a version |
| thread_pool_name | ignored |
| pad_variable_length_inputs | the same; a request's first value fills its rows up |
| without it, requests of other lengths | run by themselves; there the batch fails |
| a request that the graph refuses | fails by itself: each of its batch runs again alone; there the batch fails |
| the queue is full, a request has more rows than max_batch_size | refused with the same codes and texts |
| some outputs only (output_filter), several signatures at once (MultiInference) | not batched; the same there |
| signatures whose first dimension is not the batch, or that have variables of TensorFlow 1 | not batched |

Actors: `Batching` is what the file says, `BatchedServable` decides what goes together, `batch_op` puts the scheduler
around a signature, `padding` makes rows of several lengths fit each other, `kit.serving.gathering` puts requests
together before all of that.
"""

from kit.serving.batching.parameters import Batching
from kit.serving.batching.servable import BatchedServable, servable_class_of

__all__ = ["BatchedServable", "Batching", "servable_class_of"]
