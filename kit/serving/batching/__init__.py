"""Batching: rows of many requests go through the graph together.

It is switched on as in TensorFlow Serving, by `enable_batching` and its file of BatchingParameters. Requests that have
a thread each (REST, Classify, Regress, MultiInference) meet in TensorFlow's own batch scheduler, in which each
signature of each version has a queue. Predict through gRPC has no thread for each request: the requests that one thread
has read are put together before the session runs, by the same parameters (see `kit.serving.gathering`), unless their
rows must be padded to one length or split. With one batch thread the reading thread computes too, which is the fastest
on few processors. Compared with the real server:

| what | here |
| --- | --- |
| max_batch_size, batch_timeout_micros, max_enqueued_batches, allowed_batch_sizes | the same, with the same defaults |
| enable_large_batch_splitting, max_execution_batch_size | the same |
| num_batch_threads | shared by all Predict calls of gRPC, as there; the scheduler has them per version |
| thread_pool_name | ignored |
| pad_variable_length_inputs | the same; rows are padded with their request's first value |
| without it, requests of other lengths | run by themselves; there the batch fails |
| a request that the graph refuses | fails alone: each request of its batch is run again; there the batch fails |
| the queue is full, a request has more rows than max_batch_size | refused with the same codes and texts |
| some outputs only (output_filter), several signatures at once (MultiInference) | not batched; the same there |
| signatures whose first dimension is not the batch, or that have variables of TensorFlow 1 | not batched |

Actors: `Batching` holds the file's parameters, `BatchedServable` decides what goes together, `batch_op` puts the
scheduler around a signature, `padding` makes rows of several lengths fit each other, `kit.serving.gathering` puts
requests together before all of that, `forms` knows those that differ only in their values, so that little of them is
read, and `decoding` lets the graph read their texts.
"""

from kit.serving.batching.parameters import Batching
from kit.serving.batching.servable import BatchedServable, servable_class_of

__all__ = ["BatchedServable", "Batching", "servable_class_of"]
